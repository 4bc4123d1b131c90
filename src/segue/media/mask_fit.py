"""Masks of nearly the frame's size, of the size at which a video is shown, or of any size, brought to the frame's."""

from dataclasses import replace
from fractions import Fraction

from segue.errors import MaskError
from segue.media.mask_given import GivenMasks
from segue.media.mask_values import size_text
from segue.media.masks import object_ids
from segue.media.resize import ResizedLabels, resize_labels
from segue.types import Labels

_ROUNDING = 2
"""Pixels by which a side may differ from rounding alone (ours): 853x480 for 854x480."""
_ROUNDING_SHARE = 0.005
_SQUARE = Fraction(1)


def fit_given(
    masks: GivenMasks,
    size_hw: tuple[int, int],
    *,
    pixel_aspect: Fraction = _SQUARE,
    fit: bool = False,
) -> GivenMasks:
    """Masks of the frame's size, with a doubt about each size that was fitted.

    Fitted are masks that are off by rounding, and masks of the size at which a video with oblong pixels is shown;
    others only if ``fit``.

    Args:
        masks: As given.
        size_hw: Height and width of the frames.
        pixel_aspect: Width of a pixel divided by its height.
        fit: Masks of any other size are fitted too.

    Raises:
        MaskError: A mask of another size, or an object that vanishes in the resizing.
    """
    doubts = list(masks.doubts)
    by_frame = {}
    for index, labels in masks.by_frame.items():
        reason = _reason(labels, size_hw, pixel_aspect, fit)
        name = str(masks.paths.get(index, f"The mask of frame {index}"))
        by_frame[index] = fit_mask(labels, size_hw, bool(reason), pixel_aspect, name)
        if reason:
            doubts.append(
                f"{name}: {size_text(labels.shape)} fitted to {size_text(size_hw)} ({reason})"
            )
    return replace(masks, by_frame=by_frame, doubts=tuple(doubts))


def fit_mask(
    labels: Labels,
    size_hw: tuple[int, int],
    fit: bool = False,
    pixel_aspect: Fraction = _SQUARE,
    name: str = "The mask",
) -> ResizedLabels:
    """Labels of a frame's size; resized by nearest neighbour only if ``fit``.

    Args:
        labels: Of any size.
        size_hw: Height and width of the frame.
        fit: Whether they may be resized.
        pixel_aspect: Width of a pixel of the video divided by its height, for the message.
        name: What messages call the mask.

    Raises:
        MaskError: Another size and not ``fit``, or an object that vanishes in the resizing.
    """
    if labels.shape == size_hw:
        return labels
    if not fit:
        raise MaskError(
            f"{name} is {size_text(labels.shape)}, the frame {size_text(size_hw)} (width x height)."
            f"{_aspect_words(size_hw, pixel_aspect)} Give a mask of the frame's size, or have it resized.",
            option="Pass --fit-mask to resize it.",
        )
    fitted = resize_labels(labels, size_hw)
    lost = sorted(set(object_ids(labels)) - set(object_ids(fitted)))
    if lost:
        raise MaskError(
            f"{name}: object {lost[0]} is too small: it vanishes when the mask is resized from "
            f"{size_text(labels.shape)} to {size_text(size_hw)}. Draw it larger or leave it out."
        )
    return fitted


def _reason(
    labels: Labels, size_hw: tuple[int, int], pixel_aspect: Fraction, fit: bool
) -> str | None:
    """Why a mask of another size may be fitted; ``None`` if it may not, or need not."""
    mask_hw = (labels.shape[0], labels.shape[1])
    if mask_hw == size_hw:
        return None
    if _is_rounding(mask_hw, size_hw):
        return "off by rounding"
    for shown_hw in _shown_sizes(size_hw, pixel_aspect):
        if _is_rounding(mask_hw, shown_hw):
            shape = f"{pixel_aspect.numerator}:{pixel_aspect.denominator}"
            return f"the size at which the video is shown: its pixels are {shape}"
    return "as asked" if fit else None


def _is_rounding(mask_hw: tuple[int, int], size_hw: tuple[int, int]) -> bool:
    """True if no side is off by more than two pixels or half a percent, and the mask is not a small one."""
    pairs = list(zip(mask_hw, size_hw, strict=True))
    off = [abs(ours - theirs) for ours, theirs in pairs]
    near = all(d <= max(_ROUNDING, _ROUNDING_SHARE * s) for d, s in zip(off, size_hw, strict=True))
    return near and all(d <= 0.05 * s for d, s in zip(off, size_hw, strict=True))


def _shown_sizes(size_hw: tuple[int, int], pixel_aspect: Fraction) -> list[tuple[int, int]]:
    """Sizes at which players show a video with oblong pixels: one side stretched, or the other shrunk."""
    if pixel_aspect in (0, 1):
        return []
    height, width = size_hw
    return [(height, round(width * pixel_aspect)), (round(height / pixel_aspect), width)]


def _aspect_words(size_hw: tuple[int, int], pixel_aspect: Fraction) -> str:
    shown = _shown_sizes(size_hw, pixel_aspect)
    if not shown:
        return ""
    shape = f"{pixel_aspect.numerator}:{pixel_aspect.denominator}"
    return f" The pixels of the video are {shape}, so that it is shown at {size_text(shown[0])}."

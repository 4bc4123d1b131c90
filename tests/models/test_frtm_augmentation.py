"""Views of the first frame: right count, right pixels, repeatable."""

import cv2
import numpy as np
import pytest

from segue.errors import MaskError
from segue.models.frtm.augmentation import draw_views, views
from segue.models.frtm.settings import AugmentationSettings
from segue.types import Frame, Mask

NOTHING_BLURRED = AugmentationSettings(samples=8, blurs=(0.0,), background_blurs=(0.0,))


def scene(size_hw: tuple[int, int] = (65, 97)) -> tuple[Frame, Mask]:
    """A red box on grey."""
    frame = np.full((*size_hw, 3), 120, np.uint8)
    mask = np.zeros(size_hw, bool)
    mask[20:41, 30:60] = True
    frame[mask] = (230, 20, 20)
    return frame, mask


def make(settings: AugmentationSettings, seed: int = 0) -> list[tuple[Frame, Mask, Mask]]:
    frame, mask = scene()
    known = np.ones_like(mask)
    found = views(frame, mask, known, settings, np.random.default_rng(seed))
    return [(view.frame, view.mask, view.known) for view in found]


def test_the_frame_itself_comes_first() -> None:
    frame, mask = scene()
    seen = make(AugmentationSettings())
    assert len(seen) == 5
    assert np.array_equal(seen[0][0], frame)
    assert np.array_equal(seen[0][1], mask)
    assert len(make(AugmentationSettings(samples=1))) == 1


def test_object_and_mask_move_together() -> None:
    kernel = np.ones((5, 5), np.uint8)
    for frame, mask, _ in make(NOTHING_BLURRED)[1:]:
        red = (frame[..., 0].astype(int) - frame[..., 1]) > 105
        inner = cv2.erode(mask.astype(np.uint8), kernel, borderValue=1).astype(bool)
        outer = cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)
        assert inner.any()
        assert red[inner].all()
        assert not red[~outer].any()


def test_views_differ_and_repeat() -> None:
    one, again, other = make(NOTHING_BLURRED), make(NOTHING_BLURRED), make(NOTHING_BLURRED, 1)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one, again, strict=True))
    assert not any(np.array_equal(a[1], b[1]) for a, b in zip(one[1:], other[1:], strict=True))
    assert len({mask.tobytes() for _, mask, _ in one}) == 8


def test_blur_softens_the_frame_but_not_the_mask() -> None:
    sharp = AugmentationSettings(samples=4, blurs=(0.0,), background_blurs=(0.0,))
    soft = AugmentationSettings(samples=4, blurs=(5.0,), background_blurs=(0.0,))
    for a, b in zip(make(sharp)[1:], make(soft)[1:], strict=True):
        assert not np.array_equal(a[0], b[0])
        assert np.array_equal(a[1], b[1])


def test_scales_respect_the_image_and_the_smallest_side() -> None:
    settings = AugmentationSettings(samples=19, scales=(0.01, 50.0))
    records = draw_views((3, 3, 20, 40), 65, 97, settings, np.random.default_rng(0))
    assert {round(r.scale, 6) for r in records} == {10 / 20, 65 / 40}


def test_values_are_drawn_without_replacement() -> None:
    settings = AugmentationSettings(samples=11, candidates=10)
    records = draw_views((3, 3, 20, 40), 65, 97, settings, np.random.default_rng(0))
    assert sorted(r.rotation for r in records) == sorted(settings.rotations)
    assert sum(r.flip for r in records) == 2


def test_void_moves_with_the_background_and_under_the_object() -> None:
    frame, mask = scene()
    known = np.ones_like(mask)
    known[:10] = False
    settings = AugmentationSettings(samples=6, background_scales=(1.0,))
    for view in views(frame, mask, known, settings, np.random.default_rng(0)):
        assert np.array_equal(view.known, known | view.mask)


def test_an_object_that_cannot_be_placed_is_an_error() -> None:
    settings = AugmentationSettings(scales=(1e-4,), smallest=1e-3, retries=3)
    with pytest.raises(MaskError, match="after 3 tries"):
        make(settings)


@pytest.mark.parametrize("pixels", [slice(0, 1), slice(None)])
def test_the_smallest_and_the_largest_object(pixels: slice) -> None:
    frame, _ = scene()
    mask = np.zeros(frame.shape[:2], bool)
    mask[pixels, pixels] = True
    found = views(frame, mask, ~mask, AugmentationSettings(), np.random.default_rng(0))
    assert all(view.mask.any() for view in found)

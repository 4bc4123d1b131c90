"""What was understood, as a block of lines for a person."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from segue.app.cli.closing import object_line, plural
from segue.inference.find.found import Found, Looking
from segue.inference.understood import GivenMask, Understood
from segue.media.frames import SourceDescription

_MOST = 8
"""Masks, objects of a mask, and doubts that are shown; ``run.json`` has all."""
_WIDTH = 11
_ASPECT_SLACK = Fraction(1, 100)
"""Files say 427:426 where a width was rounded; nobody sees that."""
_START_SLACK = Fraction(1, 10)
"""Seconds: where sound begins first, pictures often start a few hundredths later."""
_DIRECTIONS = {
    "backward": "backward, from the last mask to the first frame",
    "both": "both, from each mask forward and backward",
}


def block(understood: Understood, model: str) -> list[str]:
    """The lines: what is plain is left out, each doubt has a line of its own.

    Args:
        understood: Of the job.
        model: The model and its dials.
    """
    rows = [*_video(understood), ("model", model), *_masks(understood, model)]
    return _lined(rows, understood.doubts)


def short_block(
    name: str, parts: Sequence[Understood], model: str, refused: Sequence[str] = ()
) -> list[str]:
    """A data set in a few lines.

    Args:
        name: Of its layout.
        parts: What was understood of each sequence.
        model: As in ``block``.
        refused: Doubts about the data set as a whole.
    """
    frames = sum(part.num_frames or 0 for part in parts)
    objects = sum(len(part.objects) for part in parts)
    size = (
        f"{plural(len(parts), 'sequence')}, {plural(frames, 'frame')}, {plural(objects, 'object')}"
    )
    rows = [
        ("data set", f"{name}: {size}"),
        ("model", model),
    ]
    looking = next((part.looking for part in parts if part.looking), None)
    if looking:
        rows.append(("masks", f"not read: {_looking(looking)}"))
    # What is doubtful about every sequence is said once.
    return _lined(
        rows, list(dict.fromkeys([*(d for part in parts for d in part.doubts), *refused]))
    )


def find_block(source: SourceDescription, num_frames: int | None, looking: Looking) -> list[str]:
    """What ``segue find`` is going to do.

    Args:
        source: Of the video.
        num_frames: As of ``Video``.
        looking: Who looks for objects.
    """
    looks = min(looking.looks, num_frames or looking.looks)
    rows = [
        ("video", ", ".join(filter(None, (source.place, source.stream)))),
        ("frames", f"{num_frames or 'an unknown number'}"),
        ("model", f"{looking.finder}, looks at {plural(looks, 'frame')}"),
    ]
    return _lined(rows, source.doubts)


def sequence_line(name: str, understood: Understood) -> str:
    """One sequence of a data set."""
    objects = plural(len(understood.objects), "object")
    return f"{name}: {understood.num_frames} frames, {size_line(understood)}, {objects}"


def size_line(understood: Understood) -> str:
    """Size and working size."""
    own, working = understood.size_hw, understood.working_hw
    seen = "all pixels" if own == working else _size(working)
    return f"{_size(own)}, the model sees {seen}{', enlarged' if working > own else ''}"


def _lined(rows: Sequence[tuple[str, str]], doubts: Sequence[str]) -> list[str]:
    """Rows as lines, and under them the doubts."""
    marked = [("check", doubt) for doubt in doubts[:_MOST]]
    if len(doubts) > _MOST:
        marked.append(("check", f"and {len(doubts) - _MOST} more, all in run.json"))
    return [f"{label:{_WIDTH}}{' '.join(text.split())}" for label, text in (*rows, *marked)]


def _video(understood: Understood) -> Iterator[tuple[str, str]]:
    source = understood.source
    yield "video", ", ".join(filter(None, (source.place, source.stream)))
    rate = understood.frame_rate
    shown = f"{float(Fraction(rate)):g} per second" if rate else "no rate in the file"
    yield "frames", f"{understood.num_frames or 'an unknown number'}, {shown}"
    yield "size", size_line(understood) + _all_pixels(understood)
    if source.colour:
        yield "colour", source.colour
    aspect = source.pixel_aspect
    if abs(aspect - 1) > _ASPECT_SLACK:
        yield "pixels", f"not square: {aspect.numerator}:{aspect.denominator} (width:height)"
    if source.start_time >= _START_SLACK:
        yield "start", f"the first frame is at {float(source.start_time):g} s"


def _all_pixels(understood: Understood) -> str:
    """How to have the model see the video as it is, where it does not."""
    own, working = understood.size_hw, understood.working_hw
    if own == working:
        return ""
    return f" (--max-side 0: {'not enlarged' if working > own else 'all pixels'})"


def _masks(understood: Understood, model: str) -> Iterator[tuple[str, str]]:
    masks = understood.masks
    if understood.direction != "forward":
        yield "direction", _DIRECTIONS[understood.direction]
    if understood.found and understood.looking:
        yield from _found(understood.found, understood.looking)
    elif understood.looking:
        yield "no mask", _looking(understood.looking)
    if understood.finds:
        yield "no mask", f"{model.partition(',')[0]} finds objects by itself"
    if understood.frames_before:
        yield (
            "no mask",
            f"on the first {plural(understood.frames_before, 'frame')}: no objects there",
        )
    if understood.frames_after != 0:
        count = understood.frames_after
        where = (
            f"after frame {masks[-1].name}"
            if count is None
            else f"on the last {plural(count, 'frame')}"
        )
        yield "no mask", f"{where}: no objects there"
    for mask in masks[:_MOST]:
        yield "mask", f"frame {_place(mask)}: {_some(mask.effects)}"
    if len(masks) > _MOST:
        yield "mask", f"and {len(masks) - _MOST} more, all in run.json"


def _looking(looking: Looking) -> str:
    wanted = "the best object" if looking.objects == 1 else f"the best {looking.objects} objects"
    return (
        f"{looking.finder} looks for objects on {plural(looking.looks, 'frame')} at most, and {wanted} found "
        f"{'is' if looking.objects == 1 else 'are'} carried"
    )


def _found(found: Found, looking: Looking) -> Iterator[tuple[str, str]]:
    count = len(found.objects)
    carried = min(count, looking.objects)
    rest = "" if carried == count else f"; carried: the best {carried} (--objects {count}: all)"
    yield (
        "no mask",
        f"{looking.finder} found {plural(count, 'object')} on {plural(len(found.looks), 'frame')} looked at{rest}",
    )
    for item in found.objects[: min(carried, _MOST)]:
        yield "found", object_line(item, len(found.looks))


def _place(mask: GivenMask) -> str:
    """The frame's name, and its number where a person could take one for the other."""
    same = mask.name.isdecimal() and int(mask.name) == mask.index
    return mask.name if same else f"{mask.name} (number {mask.index})"


def _some(effects: Sequence[str]) -> str:
    more = f", and {plural(len(effects) - _MOST, 'more object')}" if len(effects) > _MOST else ""
    return ", ".join(effects[:_MOST]) + more


def _size(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[1]}x{size_hw[0]}"

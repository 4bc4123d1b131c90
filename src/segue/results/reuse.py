"""What the reuse gate did in a video, and how often each object was reused."""

from collections.abc import Mapping

from segue.results.records import FrameRecord, ObjectRecord
from segue.results.results import Results


def reuse_rows(results: Results, record: FrameRecord) -> Mapping[str, ObjectRecord]:
    """The records on which the gate decided on a frame, by name: every object, or all classes as one.

    Of classes the record with the lowest score of the gate is taken: that score decides for all classes.
    """
    if results.classes is None:
        return {str(number): one for number, one in sorted(record.objects.items())}
    classes = record.objects.values()
    return {"all classes": min(classes, key=lambda one: one.gate or 0.0)} if classes else {}


def reuse_rates(results: Results) -> dict[str, float | None]:
    """Reused frames per frame after the first, by name; ``None`` for what was seen on one frame only.

    An object's first frame is left out because nothing could have been reused on it; the paper's released code counts
    it as reused.
    """
    frames: dict[str, int] = {}
    reused: dict[str, int] = {}
    for record in results.records:
        for name, one in reuse_rows(results, record).items():
            frames[name] = frames.get(name, 0) + 1
            reused[name] = reused.get(name, 0) + bool(one.reused)
    return {n: round(reused[n] / (k - 1), 4) if k > 1 else None for n, k in frames.items()}

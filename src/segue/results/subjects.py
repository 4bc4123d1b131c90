"""What documents for other programs say about frames: masks with numbers and names, and the names of pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from segue.errors import FormatError
from segue.results.reading import present
from segue.results.records import FrameRecord
from segue.results.results import Results
from segue.types import BACKGROUND, VOID, Labels, Mask


@dataclass(frozen=True)
class Subject:
    """One object, or one class, on one frame."""

    number: int
    """Object id, or class number."""
    mask: Mask
    """Holds at least one pixel."""
    confidence: float


@dataclass(frozen=True)
class Subjects:
    """The objects or classes of results, as other programs want them. Void belongs to nothing."""

    results: Results

    @cached_property
    def _categories(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for record in self.results.records:
            for number, item in record.objects.items():
                if item.category:
                    found.setdefault(number, item.category)
        return found

    @cached_property
    def _pictures(self) -> dict[str, str]:
        video = self.results.video
        if video is None or video.frame_names is None:
            return {}
        files = {path.stem: path.name for path in video.files}
        return {name: files[name] for name in video.frame_names if name in files}

    def category(self, number: int) -> str:
        """Name of a class, or of what an object is; ``object`` where nobody says."""
        classes = self.results.classes
        if classes is not None:
            return classes[number]
        return self._categories.get(number, "object")

    def picture(self, record: FrameRecord) -> str:
        """File name of a frame: the source's own, else the frame's name as PNG."""
        return self._pictures.get(record.name, f"{record.name}.png")

    def numbers(self) -> list[int]:
        """All objects that a record names, or all classes."""
        if self.results.classes is not None:
            return list(range(len(self.results.classes)))
        return sorted({n for record in self.results.records for n in record.objects})

    def of(self, record: FrameRecord) -> Iterator[Subject]:
        """Those that are on a frame, by number."""
        yield from self.of_labels(record, self.results.labels(record))

    def of_labels(self, record: FrameRecord, labels: Labels) -> Iterator[Subject]:
        """Those of a label map that is read already.

        Raises:
            FormatError: The record does not know one.
        """
        skipped = {VOID} if self.results.classes is not None else {BACKGROUND, VOID}
        for number in present(labels):
            if number in skipped:
                continue
            if number not in record.objects:
                raise FormatError(
                    f"Frame {record.name} has pixels of {number}, which its record does not name. Make the frame anew."
                )
            yield Subject(number, labels == number, record.objects[number].confidence)

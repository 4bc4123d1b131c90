"""Answers that are stored: read, checked, counted, and handed to documents."""

from collections.abc import Mapping
from dataclasses import dataclass

from segue.data.class_colours import class_colours
from segue.errors import NotFoundError, OutputError
from segue.inference.session.answers import lost_sentence
from segue.inference.session.ground import Ground
from segue.models.interface import ReusingModel, SemanticModel
from segue.results.records import FrameRecord
from segue.results.results import Results
from segue.types import Labels


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one frame."""

    record: FrameRecord
    labels: Labels
    """At the size of the video."""


class StoredAnswers:
    """The answers in the store of a session.

    Args:
        ground: Of the session.
        sources: Where each object came from, in words.
    """

    def __init__(self, ground: Ground, sources: Mapping[int, str]) -> None:
        self.ground, self.sources = ground, sources

    def get(self, frame: int) -> Answer:
        """See ``Session.result``."""
        record = self.ground.store.records.get(frame)
        if record is None:
            raise NotFoundError(f"Frame {frame} has no result yet. Run the session first.")
        labels = self._read(record)
        if labels is None:
            raise NotFoundError(f"{lost_sentence([record.name])[:-1]} by the next run.")
        return Answer(record, labels)

    def results(self) -> Results:
        """What documents are written from."""
        store, video, model = self.ground.store, self.ground.video, self.ground.model
        records = tuple(store.records[index] for index in sorted(store.records))
        reuse = model.reuse if isinstance(model, ReusingModel) else None
        classes = model.classes if isinstance(model, SemanticModel) else None
        return Results(
            name=video.name,
            size_hw=video.size_hw,
            frame_rate=video.frame_rate,
            records=records,
            labels=store.labels,
            video=video,
            time_base=video.time_base,
            pixel_aspect=video.description.pixel_aspect,
            sources=self.sources,
            classes=classes,
            colours=class_colours(classes) if classes else None,
            threshold=reuse.threshold if reuse else None,
        )

    def num_fresh(self) -> int:
        """See ``Session.num_fresh``."""
        return sum(1 for record in self.ground.store.records.values() if not self._is_stale(record))

    def repair(self) -> list[str]:
        """See ``Session.repair``."""
        records = list(self.ground.store.records.values())
        return [record.name for record in records if self._read(record) is None]

    def _is_stale(self, record: FrameRecord) -> bool:
        edits, index = self.ground.ledger.edits, record.index
        return record.edit < edits.needed(index) and not edits.checked(index)

    def _read(self, record: FrameRecord) -> Labels | None:
        """A label map of the right size; the frame of another one is dropped."""
        try:
            labels = self.ground.store.labels(record)
            if labels.shape == self.ground.video.size_hw:
                return labels
        except OutputError:
            pass
        self.ground.store.drop(record.index)
        return None

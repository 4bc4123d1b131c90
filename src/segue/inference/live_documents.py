"""Documents that see the frames while they are answered."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from segue.files import writing
from segue.inference.session.events import Answered, Event, Passed
from segue.inference.stopwatch import Stopwatch
from segue.media.video import VideoFrame
from segue.results.formats.catalog import find_format
from segue.results.records import FrameRecord
from segue.results.results import LiveDocument, LiveWriter, Results, Written
from segue.types import Labels


class LiveDocuments:
    """Listens to a session that answers all frames of a video in order.

    Args:
        names: Of formats; those that can only be written afterwards are left alone.
        results: Of the video, still without records.
        out: The folder of the results.
        scratch: A folder for unfinished files, which is made.

    Raises:
        WriteError: The system refuses.
    """

    def __init__(self, names: Sequence[str], results: Results, out: Path, scratch: Path) -> None:
        self.watch = Stopwatch()
        self.num_frames = 0
        """Frames taken so far."""
        self._labels = results.labels
        self._scratch = scratch
        with writing(scratch):
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
        self._writers: dict[str, LiveWriter] = {}
        for name in names:
            document = find_format(name)
            if isinstance(document, LiveDocument):
                self._writers[name] = document.live(results, out, scratch)

    def __call__(self, event: Event) -> None:
        """Take a frame.

        Raises:
            WriteError: The system refuses.
        """
        if isinstance(event, Answered):
            self._add(event.frame, event.record, event.prediction.labels)
        elif isinstance(event, Passed):
            self._add(event.frame, event.record, self._labels(event.record))

    def _add(self, frame: VideoFrame, record: FrameRecord, labels: Labels) -> None:
        self.num_frames += 1
        for name, writer in self._writers.items():
            with self.watch.part(name):
                writer.add(frame, record, labels)

    def finish(self) -> dict[str, Written]:
        """Put the documents into their places; returns what each left, by name.

        Raises:
            WriteError: The system refuses.
        """
        written = {}
        for name, writer in self._writers.items():
            with self.watch.part(name):
                written[name] = writer.finish()
        self.close()
        return written

    def close(self) -> None:
        """Let go of all files, also after a failure; never raises."""
        for writer in self._writers.values():
            writer.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

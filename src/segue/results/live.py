"""Live documents written afterwards: the frames are decoded once for all of them."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from segue.files import writing
from segue.results.results import LiveDocument, Results, Written


def write_live(
    documents: Sequence[LiveDocument], results: Results, out: Path
) -> tuple[Written, ...]:
    """Show every frame to live documents, and return what each left behind.

    Args:
        documents: What to write.
        results: With their video.
        out: The folder of the results.

    Raises:
        VideoError: The video is not there.
        DecodeError: A frame does not decode; nothing is written.
        WriteError: The system refuses.
        FormatError: As in ``Document``.
    """
    with scratch_folder(out) as scratch, ExitStack() as open_writers:
        writers = []
        for document in documents:
            writers.append(document.live(results, out, scratch))
            open_writers.callback(writers[-1].close)
        for frame, record in results.frames():
            labels = results.labels(record)
            for writer in writers:
                writer.add(frame, record, labels)
        return tuple(writer.finish() for writer in writers)


@contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """A hidden folder in ``out`` for unfinished files, gone after the block.

    Raises:
        WriteError: The system refuses.
    """
    scratch = out / f".documents.{os.getpid()}.part"
    with writing(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)

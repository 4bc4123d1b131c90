"""Label maps from picture files, as results: what formats made of PNG files read back."""

from collections.abc import Callable, Sequence
from pathlib import Path

from segue.errors import FormatError, MaskError
from segue.media.frames import DEFAULT_FRAME_RATE
from segue.media.label_file import read_label_values
from segue.results.describe import describe_labels
from segue.results.records import FrameRecord
from segue.results.results import Results
from segue.types import VOID, Labels


def pictures_of(folder: Path) -> dict[str, Path]:
    """Name of the frame -> file, of the PNG files of a folder, by name."""
    return {path.stem: path for path in sorted(folder.glob("*.png")) if path.is_file()}


def results_of(
    name: str, frames: Sequence[str], labels_of: Callable[[str], Labels], size_hw: tuple[int, int]
) -> Results:
    """Results whose label maps are read when they are asked for; each is read once now, for its record.

    Args:
        name: Of the video.
        frames: Names, in order.
        labels_of: The label map of a frame.
        size_hw: That all of them must have.

    Raises:
        FormatError: A label map is not readable or of another size.
    """

    def read(frame: str) -> Labels:
        labels = labels_of(frame)
        if labels.shape != size_hw:
            found, expected = (f"{w}x{h}" for h, w in (labels.shape, size_hw))
            raise FormatError(
                f"Frame {frame} of {name} is {found}, expected {expected}. All frames need the same size."
            )
        return labels

    records = tuple(
        describe_labels(read(frame), index=index, name=frame, time=index / DEFAULT_FRAME_RATE)
        for index, frame in enumerate(frames)
    )

    def labels(record: FrameRecord) -> Labels:
        return read(record.name)

    return Results(name=name, size_hw=size_hw, frame_rate=None, records=records, labels=labels)


def read_picture(path: Path) -> Labels:
    """The stored numbers of a PNG file.

    Raises:
        FormatError: The file is damaged, holds colours or numbers beyond 255.
    """
    try:
        values = read_label_values(path)
    except MaskError as error:
        raise FormatError(str(error)) from None
    if values.max(initial=0) > VOID:
        raise FormatError(f"{path} holds the number {values.max()}, expected 0 to 255.")
    labels: Labels = values.astype("uint8", copy=False)
    return labels

"""Label maps from picture files, as results: what formats made of PNG files read back."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from segue.errors import FormatError
from segue.media.label_file import read_label_values
from segue.media.mask_values import size_text
from segue.results.reading import FrameOnFile, damage_told, numbers_of_names, read_frames
from segue.results.results import Results
from segue.types import VOID, Labels


def pictures_of(folder: Path) -> dict[str, Path]:
    """Name of the frame -> file, of the PNG files of a folder, by name."""
    return {path.stem: path for path in sorted(folder.glob("*.png")) if path.is_file()}


def results_of_pictures(
    name: str,
    frames: Sequence[str],
    labels_of: Callable[[str], Labels],
    size_hw: tuple[int, int] | None = None,
) -> Results:
    """Results whose label maps come from pictures.

    Args:
        name: Of the video.
        frames: Names, in order; at least one.
        labels_of: The label map of a frame.
        size_hw: That all of them must have; that of the first where nobody says.

    Raises:
        FormatError: A label map is not readable or of another size.
    """
    size = size_hw or labels_of(frames[0]).shape

    def draw(frame: str) -> Labels:
        labels = labels_of(frame)
        if labels.shape != size:
            raise FormatError(
                f"Frame {frame} of {name} is {size_text(labels.shape)}, expected {size_text(size)} "
                "(width x height). All frames need one size."
            )
        return labels

    numbers = numbers_of_names(frames)
    on_file = [
        FrameOnFile(number, frame, partial(draw, frame))
        for number, frame in zip(numbers, frames, strict=True)
    ]
    return read_frames(name, size, on_file)


def read_picture(path: Path) -> Labels:
    """The stored numbers of a PNG file.

    Raises:
        FormatError: The file is damaged, holds colours or numbers beyond 255.
    """
    with damage_told():
        values = read_label_values(path)
    if values.max(initial=0) > VOID:
        raise FormatError(f"{path} holds the number {values.max()}, expected 0 to 255.")
    labels: Labels = values.astype("uint8", copy=False)
    return labels

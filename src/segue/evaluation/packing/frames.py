"""Archives of ``<sequence>/<frame>.png``: what DAVIS, YouTube-VOS and VSPW have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from segue.data.check import visible
from segue.errors import NotFoundError
from segue.evaluation.packing.interface import Member, Submission
from segue.evaluation.packing.masks import (
    MaskFile,
    Rule,
    indexed_png,
    judge,
    masks_of,
    read_mask,
)
from segue.problems import Problem

_NAMED = 5


@dataclass(frozen=True)
class WantedSequence:
    """What a server asks for in one sequence."""

    name: str
    frames: tuple[str, ...]
    rule: Rule
    optional: frozenset[str] = frozenset()
    """Frames that it takes as well, without asking for them."""


@dataclass(frozen=True)
class FramePacker:
    """Packs indexed PNGs, one folder per sequence; see ``Packer``."""

    summary: str
    wanted: Callable[[Path, str | None], Iterable[WantedSequence | Problem]]
    """What a dataset and a split ask for, and what is to be said about the dataset."""
    guessed: Callable[[Path], Rule]
    """What is asked of a sequence when there is no dataset; from the first file of its predictions."""
    prefix: str = ""
    """Folder in the archive, with ``/`` at its end."""

    def prepare(self, predictions: Path, root: Path | None, split: str | None) -> Submission:
        """See ``Packer``."""
        folder = _folder_of_sequences(predictions)
        asked = list(self.wanted(root, split) if root else self._guess(folder))
        wanted = [item for item in asked if isinstance(item, WantedSequence)]
        problems = [item for item in asked if isinstance(item, Problem)]
        _refuse_strangers(folder, wanted)
        problems += _extra_sequences(folder, wanted)
        members: list[Member] = []
        for sequence in wanted:
            files = masks_of(folder / sequence.name)
            problems += _check(folder / sequence.name, files, sequence)
            members += self._members(files, sequence)
        return Submission(tuple(members), tuple(problems))

    def _members(self, files: dict[str, Path], sequence: WantedSequence) -> Iterator[Member]:
        for frame, path in files.items():
            if frame in sequence.optional or frame in sequence.frames:
                name = f"{self.prefix}{sequence.name}/{frame}.png"
                yield Member(name, partial(indexed_png, path))

    def _guess(self, folder: Path) -> Iterator[WantedSequence | Problem]:
        yield no_dataset()
        for name in _sequences_in(folder):
            files = masks_of(folder / name)
            yield WantedSequence(name, tuple(files), self.guessed(next(iter(files.values()))))


def _folder_of_sequences(predictions: Path) -> Path:
    """The folder itself, or ``Annotations`` in it, where some tools put their masks.

    Raises:
        NotFoundError: There is no such folder, or no folder with PNG files in it.
    """
    if not predictions.is_dir():
        raise NotFoundError(f"No folder {predictions}. Give the folder of the predictions.")
    for folder in (predictions, predictions / "Annotations"):
        if _sequences_in(folder):
            return folder
    raise NotFoundError(
        f"{predictions} holds no folders of PNG files, expected <sequence>/<frame>.png. Found: "
        f"{_some([path.name for path in visible(predictions)])}."
    )


def _sequences_in(folder: Path) -> list[str]:
    return [path.name for path in visible(folder) if path.is_dir() and masks_of(path)]


def _refuse_strangers(folder: Path, wanted: Sequence[WantedSequence]) -> None:
    """Not one sequence fits: the wrong folder or the wrong dataset was given."""
    if not any(masks_of(folder / sequence.name) for sequence in wanted):
        raise NotFoundError(
            f"{folder} holds none of the {len(wanted)} sequences asked for, such as {wanted[0].name}. "
            f"It holds {_some(_sequences_in(folder))}. Check the dataset and its split.",
            option="They are --data and --split.",
        )


def no_dataset() -> Problem:
    """What is to be said where there is no dataset to hold the predictions to."""
    message = (
        "No dataset was given, so nobody knows which sequences, frames, sizes and ids are asked for. "
        "What is there is checked against itself."
    )
    return Problem("listing", "", "", message)


def _extra_sequences(folder: Path, wanted: Sequence[WantedSequence]) -> Iterator[Problem]:
    known = {sequence.name for sequence in wanted}
    for name in _sequences_in(folder):
        if name not in known:
            message = f"{folder / name} is not asked for. It is left out."
            yield Problem("extra-sequence", name, "", message)


def _check(folder: Path, files: dict[str, Path], sequence: WantedSequence) -> Iterator[Problem]:
    if not files:
        message = (
            f"No PNG files in {folder}, expected {len(sequence.frames)}. Predict the sequence."
        )
        yield Problem("missing-sequence", sequence.name, "", message, fatal=True)
        return
    for frame in sequence.frames:
        if frame not in files:
            message = f"No {folder / frame}.png. Predict the frame, or copy the given mask."
            yield Problem("missing-frame", sequence.name, frame, message, fatal=True)
    for frame, path in files.items():
        if frame not in sequence.optional and frame not in sequence.frames:
            message = f"{path} is not asked for. It is left out."
            yield Problem("extra-frame", sequence.name, frame, message)
            continue
        file = MaskFile(path, sequence.name, frame)
        values = read_mask(file)
        if isinstance(values, Problem):
            yield values
        else:
            yield from judge(file, values, sequence.rule)


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return listed or "nothing"

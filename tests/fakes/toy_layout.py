"""A new dataset layout, as it looks before it is committed: frames and masks of a video beside each other."""

from collections.abc import Iterator
from pathlib import Path

from segue.data.check import check_sequence, only
from segue.data.layout import Layout
from segue.data.sample import VideoSequence
from segue.errors import NotFoundError
from segue.problems import Problem


def _sequences(root: Path, split: str) -> list[VideoSequence]:
    folders = sorted((root / "toys" / split).glob("*"))
    if not folders:
        raise NotFoundError(f"No videos in {root / 'toys' / split}. Give the folder of toys.")
    found = []
    for folder in folders:
        frames = tuple(sorted(folder.glob("*.jpg")))
        found.append(
            VideoSequence(folder.name, frames, tuple(f.with_suffix(".png") for f in frames))
        )
    return found


def _check(root: Path, split: str) -> Iterator[Problem]:
    for sequence in _sequences(root, split):
        yield from check_sequence(sequence, only((0, 1, 2)))


TOYS = Layout(
    name="toy",
    summary="frames and masks of toys",
    tree="toys/<split>/<sequence>/<frame>.jpg, <frame>.png",
    default_split="val",
    holds="objects",
    sequences=_sequences,
    check=_check,
    recognise=lambda root: (root / "toys").is_dir(),
)

"""The table of writers: name of a layout -> how a synthetic dataset in that layout is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segue.errors import SettingsError
from segue.settings import load_place, look_up
from segue.synthetic.scene import Scene, SceneKind

Write = Callable[[Path, Sequence[Scene], str], None]
"""``write(root, scenes, split)`` adds one split to a dataset, complete with lists and metadata."""


@dataclass(frozen=True, slots=True)
class Writer:
    """One line of the table."""

    function: str
    """``module:attribute`` of a ``Write``."""
    kind: SceneKind
    """The scenes that suit the layout."""
    size_hw: tuple[int, int]
    """Default size of frames: small, in the proportions of the real dataset."""
    splits: tuple[str, ...] = ("train", "val")
    """What a whole dataset is made of, in the order of writing; holds the layout's default split."""

    @property
    def kinds(self) -> tuple[SceneKind, ...]:
        """All scenes that can be written, first those that suit best."""
        return ("objects", "lookalikes") if self.kind == "objects" else (self.kind,)


_HERE = "segue.synthetic"

WRITERS: dict[str, Writer] = {
    "davis2016": Writer(f"{_HERE}.write_davis:write_davis2016", "objects", (120, 214)),
    "davis2017": Writer(f"{_HERE}.write_davis:write_davis2017", "objects", (120, 214)),
    "davis2017-unsupervised": Writer(
        f"{_HERE}.write_davis:write_davis2017_unsupervised", "objects", (120, 214)
    ),
    "youtube-vos-2018": Writer(
        f"{_HERE}.write_youtube_vos:write", "objects", (120, 214), ("train", "valid")
    ),
    "youtube-vos-2019": Writer(
        f"{_HERE}.write_youtube_vos:write", "objects", (120, 214), ("train", "valid")
    ),
    "kitti-mots": Writer(f"{_HERE}.write_kitti_mots:write", "street", (96, 320)),
    "mots-challenge": Writer(
        f"{_HERE}.write_mots_challenge:write", "street", (120, 214), ("train",)
    ),
    "cityscapes": Writer(f"{_HERE}.write_cityscapes:write", "street", (128, 256)),
    "vspw": Writer(f"{_HERE}.write_vspw:write", "street", (120, 214)),
    "camvid": Writer(f"{_HERE}.write_camvid:write", "street", (120, 160)),
    "folder": Writer(f"{_HERE}.write_folder:write", "objects", (120, 214), ("all",)),
}


def find_writer(name: str) -> Writer:
    """The line of a layout.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    return look_up(WRITERS, "layout", name)


def suitable_kind(layout: str, kind: str | None = None) -> SceneKind:
    """The kind of scenes of a dataset in a layout.

    Args:
        layout: A name from ``WRITERS``.
        kind: What is asked for; ``None``: what suits best.

    Raises:
        SettingsError: No such layout or kind, or the layout cannot hold them; the message says which can.
    """
    kinds = find_writer(layout).kinds
    for one in kinds:
        if kind in (one, None):
            return one
    every = dict.fromkeys(one for writer in WRITERS.values() for one in writer.kinds)
    having = ", ".join(name for name, writer in WRITERS.items() if kind in writer.kinds)
    if not having:
        raise SettingsError(f"No scenes of kind {kind!r}. Kinds are: {', '.join(every)}.")
    raise SettingsError(
        f"The layout {layout} holds no scenes of kind {kind!r}, but {' and '.join(kinds)}. Layouts for {kind}: "
        f"{having}."
    )


def write_dataset(layout: str, root: Path, scenes: Sequence[Scene]) -> None:
    """A whole dataset with every split of its layout, each with an equal share of the scenes.

    Raises:
        SettingsError: No such layout.
        WriteError: The system refuses to write.
    """
    writer = find_writer(layout)
    write: Write = load_place(writer.function)
    share = len(scenes) // len(writer.splits)
    for number, split in enumerate(writer.splits):
        write(root, scenes[number * share : (number + 1) * share], split)

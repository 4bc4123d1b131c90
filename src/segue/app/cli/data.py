"""Check a dataset on disk, or write a synthetic one.

segue data check DAVIS --layout davis2017 --split val
segue data synthesize toy --layout youtube-vos-2019 --videos 6 --frames 40 --seed 0
segue data synthesize copies --layout davis2017 --kind lookalikes --size 480x854

A check that finds problems ends with exit code 2.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.arguments import from_one
from segue.app.cli.output import (
    STDOUT,
    FrameProgress,
    add_json_argument,
    check_json_target,
    write_document,
)
from segue.data.catalog import LAYOUTS, find_layout
from segue.errors import InputError, NotFoundError, SegueError

if TYPE_CHECKING:
    from segue.data.layout import Layout
    from segue.problems import Problem
    from segue.synthetic.scene import Scene, SceneFrame, SceneObject

_PROBLEMS_FOUND = 2
_SHOWN = 20


class LayoutHelp(argparse.RawDescriptionHelpFormatter):
    """Help that ends with the table of layouts, whose modules are imported only to be listed."""

    def format_help(self) -> str:
        """The usual text and the table."""
        width = max(map(len, LAYOUTS))
        lines = [f"  {name:{width}}  {find_layout(name).summary}" for name in LAYOUTS]
        return f"{super().format_help()}\nlayouts:\n" + "\n".join(lines) + "\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue data``."""
    parser.usage = "segue data check PATH --layout NAME | segue data synthesize OUT --layout NAME"
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="check | synthesize", prog=parser.prog
    )
    usual: dict[str, Any] = {"formatter_class": LayoutHelp, "allow_abbrev": False}
    check = actions.add_parser("check", help="read every file and report problems", **usual)
    check.set_defaults(act=_check)
    check.add_argument("path", type=Path, metavar="PATH", help="the dataset's folder")
    check.add_argument("--split", metavar="NAME", help="which part (the layout's usual one)")
    check.add_argument("--all", action="store_true", help=f"every problem, not only {_SHOWN}")
    add_json_argument(check)
    synthesize = actions.add_parser(
        "synthesize", help="write a dataset of synthetic videos", **usual
    )
    synthesize.set_defaults(act=_synthesize)
    synthesize.add_argument("path", type=Path, metavar="OUT", help="a new folder")
    add = synthesize.add_argument
    add("--videos", type=from_one, default=6, metavar="N", help="videos in each split (6)")
    add("--frames", type=from_one, default=40, metavar="N", help="frames of a video (40)")
    add("--seed", type=int, default=0, metavar="N", help="same seed, same bytes (0)")
    add(
        "--kind",
        metavar="NAME",
        help="what is in the videos: objects, lookalikes (two or four copies of one object that cross and hide one "
        "another) or street (default: what suits the layout)",
    )
    add("--size", type=_size, metavar="HEIGHTxWIDTH", help="size of frames (small, by layout)")
    for action in (check, synthesize):
        action.add_argument("--layout", required=True, metavar="NAME", help="see below")


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says, and return the exit code."""
    code: int = arguments.act(arguments)
    return code


def _check(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    check_json_target(arguments.json)
    layout = find_layout(arguments.layout)
    split = arguments.split or layout.default_split
    with Console(stderr=True).status("reading every file"):
        problems = _problems(layout, arguments.path, split)
        found, fault = _found(layout, arguments.path, split)
    if arguments.json:
        document = {
            "layout": layout.name,
            "root": str(arguments.path),
            "split": split,
            "found": found,
            "problems": [asdict(problem) for problem in problems],
        }
        write_document(document, arguments.json)
    if arguments.json != STDOUT:
        place = f"{arguments.path} as {layout.name}, split {split}"
        print(f"{place}: {_counts(found) if found else fault}")
        _show(problems, len(problems) if arguments.all else _SHOWN)
    return _PROBLEMS_FOUND if problems or fault else 0


def _problems(layout: "Layout", root: Path, split: str) -> list["Problem"]:
    """All findings; where there is nothing to check, an error that knows what the folder may be instead."""
    from segue.data.recognise import explain_wrong_layout, recognise

    try:
        return list(layout.check(root, split))
    except (NotFoundError, InputError) as error:
        hint = explain_wrong_layout(root, layout.name)
        if not hint and not recognise(root):
            lines = (" ".join(line.split()) for line in layout.tree.splitlines())
            hint = f"A {layout.name} folder holds: {'; '.join(lines)}"
        raise type(error)(f"{error} {hint}".rstrip()) from None


def _found(layout: "Layout", root: Path, split: str) -> tuple[dict[str, int], str]:
    """How much there is, or why the split cannot be read as it is."""
    try:
        sequences = layout.sequences(root, split)
    except SegueError as error:
        return {}, f"not usable yet. {error}"
    return {
        "sequences": len(sequences),
        "frames": sum(len(sequence.frame_paths) for sequence in sequences),
        "masks": sum(mask is not None for s in sequences for mask in s.mask_paths),
        "objects": sum(len(sequence.objects) for sequence in sequences),
        "track files": sum(sequence.tracks_path is not None for sequence in sequences),
    }, ""


def _counts(counts: Mapping[str, int]) -> str:
    """What there is, in words; the names are plurals."""
    parts = (f"{n} {name.removesuffix('s') if n == 1 else name}" for name, n in counts.items() if n)
    return ", ".join(parts)


def _show(problems: Sequence["Problem"], most: int) -> None:
    """Counts by kind, then the problems under the name of their sequence."""
    from segue.problems import count_by_kind

    if not problems:
        print("Nothing is wrong.")
        return
    fatal = sum(problem.fatal for problem in problems)
    kinds = ", ".join(f"{kind} {count}" for kind, count in count_by_kind(problems).items())
    print(f"{_counts({'problems': len(problems)})}, {fatal} fatal: {kinds}")
    groups: dict[str, list[Problem]] = {}
    for problem in problems[:most]:
        groups.setdefault(problem.sequence, []).append(problem)
    for name, group in groups.items():
        print(f"\n{name or 'the dataset'}")
        for problem in group:
            kind = problem.kind if problem.fatal else f"{problem.kind}, not fatal"
            print(f"  {problem.frame or '-'}  ({kind}) {problem.message}")
    if len(problems) > most:
        print(f"\nand {len(problems) - most} more; --all shows them")


def _synthesize(arguments: argparse.Namespace) -> int:
    from segue.synthetic.catalog import find_writer, suitable_kind, write_dataset
    from segue.synthetic.world import scenes
    from segue.synthetic.writing import whole_folder

    writer = find_writer(arguments.layout)
    size_hw = arguments.size or writer.size_hw
    videos = arguments.videos * len(writer.splits)
    kind = suitable_kind(arguments.layout, arguments.kind)
    drawn = scenes(kind, videos, arguments.frames, arguments.seed, size_hw)
    with whole_folder(arguments.path) as folder, FrameProgress("") as progress:
        titles = (f"{scene.name} ({number}/{videos})" for number, scene in enumerate(drawn, 1))
        watched = [_Watched(*item, progress) for item in zip(drawn, titles, strict=True)]
        write_dataset(arguments.layout, folder, watched)
    splits = ", ".join(writer.splits)
    print(f"{videos} videos of {arguments.frames} frames ({splits}) -> {arguments.path}")
    return 0


@dataclass(frozen=True)
class _Watched:
    """A scene that tells a progress display about each frame it gives."""

    scene: "Scene"
    title: str
    progress: FrameProgress

    @property
    def name(self) -> str:
        return self.scene.name

    @property
    def num_frames(self) -> int:
        return self.scene.num_frames

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.scene.size_hw

    @property
    def objects(self) -> "tuple[SceneObject, ...]":
        return self.scene.objects

    def frames(self) -> "Iterator[SceneFrame]":
        self.progress.begin(self.title)
        for done, frame in enumerate(self.scene.frames(), start=1):
            yield frame
            self.progress.advance(done, self.num_frames)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or "0" in match.groups():
        raise argparse.ArgumentTypeError(f"expected HEIGHTxWIDTH such as 120x214, got {text!r}")
    return int(match[1]), int(match[2])

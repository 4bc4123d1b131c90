"""Write the results of a video in another format, or read the masks of another program.

$ segue convert result --to coco
$ segue convert result --to yolo --to cvat --out exchange
$ segue convert coco.json --to png --out masks
$ segue convert labels --from yolo --size 1920x1080 --to coco --out converted

INPUT is a folder that segue track or segue label wrote, of which nothing is computed again, or a file or
folder of a format that can be read. What is there already stays. With --overwrite a file of the same name is
replaced, whoever wrote it, which is then said; a folder only if Segue wrote all of its files; INPUT never.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from segue.app.cli.closing import plural
from segue.app.cli.table_help import add_help_table
from segue.errors import FormatError, InputError, NotFoundError, OutputError
from segue.files import scratch_folder, sweep, writing
from segue.results.formats.catalog import FORMATS

if TYPE_CHECKING:
    from segue.media.video import Video
    from segue.results.results import Results, Written


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue convert``."""
    add_help_table(
        parser, "formats", lambda: {name: entry.summary for name, entry in FORMATS.items()}
    )
    add = parser.add_argument
    add("input", type=Path, metavar="INPUT", help="folder of results, or a file or folder to read")
    add(
        "--to",
        action="append",
        required=True,
        metavar="NAME",
        help="format to write, see below; may be repeated",
    )
    add(
        "--from",
        dest="source_format",
        metavar="NAME",
        help="format of INPUT (default: found by a look)",
    )
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for what is written (default: INPUT, where INPUT holds results of Segue)",
    )
    add(
        "--size",
        type=_size,
        metavar="WxH",
        help="width and height of the video, such as 1920x1080, for formats that do not say",
    )
    add(
        "--video",
        metavar="VIDEO",
        help="the video that INPUT is about, for formats that show pictures, or in place of --size",
    )
    add("--overwrite", action="store_true", help="replace files of the same name")


def run(arguments: argparse.Namespace) -> int:
    """Convert, and say what was written."""
    from segue.app.formats import note_converted
    from segue.results.formats.catalog import check_formats, find_format

    for name in arguments.to:
        find_format(name)
    results, own = _results(arguments)
    check_formats(arguments.to, "objects" if results.classes is None else "classes")
    _refuse_missing_video(arguments.to, results)
    out = arguments.out or (arguments.input if own else None)
    if out is None:
        raise InputError(
            f"{arguments.input} holds no results of Segue: say where to write, with --out DIR."
        )
    _refuse_inputs(arguments, out)
    before = {path for path in out.glob("*") if path.is_file()}
    written = (_write_over if arguments.overwrite else _write_new)(arguments.to, results, out)
    if own and out == arguments.input:
        note_converted(out, arguments.to)
    print(plural(len(results.records), "frame"))
    for line in _lines(written.files, out):
        print(f"  {line}")
    replaced = sorted({path.name for path in before.intersection(written.files)})
    if replaced:
        print(f"  replaced files that were there: {', '.join(replaced)}")
    if not written.files:
        what = json.dumps(written.notes) if written.notes else "these results hold nothing for it"
        print(f"  no file: {what}")
    for sentence in written.doubts:
        print(f"  check: {sentence}")
    return 0


def _results(arguments: argparse.Namespace) -> tuple["Results", bool]:
    """What INPUT holds, and whether Segue made it."""
    from segue.app.formats import read_results
    from segue.results.recorded import is_run, recorded_results

    path: Path = arguments.input
    if not path.exists():
        raise NotFoundError(f"No file or folder {path}.")
    if (path / "_run").is_dir():
        raise InputError(
            f"{path} holds the results of a data set: give one sequence, such as {path}/NAME."
        )
    video = _video(arguments)
    size = video.size_hw if video is not None else arguments.size
    own = arguments.source_format is None and is_run(path)
    results = recorded_results(path) if own else read_results(path, arguments.source_format, size)
    if size not in (None, results.size_hw):
        height, width = results.size_hw
        raise FormatError(f"{path} holds masks of {width}x{height}, not of {size[1]}x{size[0]}.")
    if video is None:
        return results, own
    return (
        replace(
            results,
            video=video,
            frame_rate=results.frame_rate or video.frame_rate,
            time_base=video.time_base,
            pixel_aspect=video.description.pixel_aspect,
        ),
        own,
    )


def _video(arguments: argparse.Namespace) -> "Video | None":
    if arguments.video is None:
        return None
    from segue.media.video import open_video

    # Frames that a run left out have no results, so nothing is missed.
    video = open_video(arguments.video, skip_damaged=True)
    if arguments.size not in (None, video.size_hw):
        height, width = video.size_hw
        raise InputError(f"{arguments.video} has {width}x{height} pixels, --size says otherwise.")
    return video


def _refuse_missing_video(names: Sequence[str], results: "Results") -> None:
    needed = [name for name in names if FORMATS[name].pictures]
    if needed and results.video is None:
        raise InputError(f"{needed[0]} shows the frames: give the video, with --video VIDEO.")


def _refuse_inputs(arguments: argparse.Namespace, out: Path) -> None:
    """Refuse to write in the place of what is read, or into it."""
    read = [Path(path).resolve() for path in (arguments.input, arguments.video) if path]
    for name in arguments.to:
        for place in (out / name, *out.glob(f"{name}.*")):
            if place.resolve() in read:
                raise OutputError(
                    f"{place} is read, and would be replaced. Give another folder with --out."
                )


def _write_new(names: Sequence[str], results: "Results", out: Path) -> "Written":
    """Write beside what is there, whole or not at all.

    Raises:
        OutputError: Something is in the way.
    """
    from segue.results.documents import write_documents

    # Names of files begin with those of formats: what is in the way is mostly found before the work.
    for name in names:
        _refuse(out, [path.name for path in (out / name, *out.glob(f"{name}.*"))])
    with scratch_folder(out) as scratch:
        written = write_documents(names, results, scratch)
        made = sorted(scratch.iterdir())
        _refuse(out, [path.name for path in made])
        for path in made:
            with writing(out / path.name):
                path.rename(out / path.name)
    return replace(written, files=tuple(out / path.relative_to(scratch) for path in written.files))


def _write_over(names: Sequence[str], results: "Results", out: Path) -> "Written":
    """Write in the place of what was converted before; each document takes its place when it is whole."""
    from segue.results.documents import write_documents

    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    return write_documents(names, results, out)


def _refuse(out: Path, names: Sequence[str]) -> None:
    for name in names:
        if (out / name).exists():
            raise OutputError(
                f"{out / name} is there already. Give another folder with --out, or replace it with --overwrite."
            )


def _lines(files: Sequence[Path], out: Path) -> list[str]:
    """What is in the folder now: a file, or a folder and how many files it holds."""
    counts = Counter(path.relative_to(out).parts[0] for path in files)
    return [
        f"{out / name} ({plural(count, 'file')})" if count > 1 else str(out / name)
        for name, count in counts.items()
    ]


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d{0,5})[x×]([1-9]\d{0,5})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT such as 1920x1080, got {text!r}")
    return int(match[2]), int(match[1])

"""Correct results of segue track in place; only what a correction can change is computed again.

$ segue correct result --mask 57=fix.png
$ segue correct result --mask 57:2=fix.png --until next-given
$ segue correct result --absent 3@57 --check 0:40
$ segue correct result --forget 2 --rename 3=1

Changes are made in this order: --check, --mask, --absent, --forget, --rename. They are kept in
OUT/_session; overlay, tracks and the other files about the whole video are written anew. If a correction
was killed, segue correct OUT --resume goes on, and the results have the same bytes as without the kill.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli import jobs
from segue.app.cli.arguments import (
    add_direction_argument,
    add_fit_argument,
    add_mask_argument,
    add_weights_argument,
)
from segue.app.cli.output import (
    STDOUT,
    FrameProgress,
    add_json_argument,
    check_json_target,
    write_document,
)
from segue.errors import InputError, OutputError

if TYPE_CHECKING:
    from segue.app.engine import Engine
    from segue.inference.job import Job
    from segue.inference.session.session import Session
    from segue.media.mask_args import GivenMasks
    from segue.media.video import Video


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue correct``."""
    parser.usage = "segue correct OUT [--mask FRAME=MASK] [options]"
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the results")
    group = parser.add_argument_group("changes")
    add = group.add_argument
    add_mask_argument(group, "FRAME[:ID]=MASK", "the right mask of a frame, or of one object there")
    add(
        "--until",
        choices=("end", "next-given"),
        default="end",
        help="end: as if the masks had been known from the start (default); next-given: up to the neighbouring masks "
        "or checked frames, before and behind, and no frame beyond",
    )
    add(
        "--absent",
        action="append",
        default=[],
        type=_at,
        metavar="ID@FRAME",
        help="the object is not there on that frame",
    )
    add("--forget", action="append", default=[], type=int, metavar="ID", help="take an object out")
    add(
        "--rename",
        action="append",
        default=[],
        type=_pair,
        metavar="OLD=NEW",
        help="give an object another number",
    )
    add(
        "--check",
        action="append",
        default=[],
        type=_span,
        metavar="FIRST:LAST",
        help="these frames, the last one included, are right: nothing computes them again",
    )
    add_fit_argument(group)
    add_direction_argument(group, " (default: as before)")
    parser.add_argument("--video", metavar="VIDEO", help="the video, if it was moved")
    add_weights_argument(parser, "the weights, if moved")
    parser.add_argument(
        "--resume", action="store_true", help="go on with a correction that was interrupted"
    )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Correct one result."""
    check_json_target(arguments.json)
    changes = (arguments.mask, arguments.absent, arguments.forget, arguments.rename)
    if not (any(changes) or arguments.check or arguments.direction or arguments.resume):
        raise InputError(
            "Nothing to correct. Give a mask, such as --mask 57=fix.png, or --absent, --forget, --rename, --check; "
            "or --resume."
        )
    document = _correct(arguments)
    if arguments.json:
        write_document(document, arguments.json)
    return 0


@dataclass(frozen=True)
class _Earlier:
    """What made the results."""

    about: Mapping[str, Any]
    identity: Mapping[str, Any]
    job: Mapping[str, Any]


def _correct(arguments: argparse.Namespace) -> dict[str, Any]:
    earlier = _earlier(arguments.out)
    video = _video(arguments, earlier)
    masks = _masks(arguments, video)
    engine = _engine(arguments, earlier)
    job = _job(arguments, earlier, engine, video)
    jobs.say_block(_lines(arguments, engine))
    with FrameProgress(video.name) as progress:
        model, notes = engine.load()
        told = {**_kept(job), "command": jobs.command_line(), **notes}
        record = jobs.cancellable(
            lambda cancel: job.run(
                model, "resume", progress, told, cancel=cancel, change=_change(arguments, masks)
            )
        )
    if arguments.json != STDOUT:
        from segue.app.cli.closing import plural, result_lines

        for sentence in record["said"]:
            jobs.say_block([f"segue: {sentence}"])
        seconds = record["timings"]["total_s"]
        count = plural(record["recomputed"], "frame")
        print(f"{count} computed again in {seconds:.1f} s -> {arguments.out}")
        print(*result_lines(job.places), sep="\n")
    return {"out": str(arguments.out), **record}


def _earlier(out: Path) -> _Earlier:
    from segue.inference.places import TRACKS, Places
    from segue.inference.session.ledger import SESSION, read_session
    from segue.results.store import FOLDER

    if not out.is_dir():
        raise InputError(f"No folder {out}. Give a folder of results of segue track.")
    if not (out / FOLDER).exists() and (out / "_run").is_dir():
        raise OutputError(f"{out} holds results of a whole data set, which cannot be corrected.")
    about = read_session(Places.for_video(out, TRACKS).session / SESSION)
    identity = about.get("identity")
    if not identity:
        raise OutputError(
            f"{out} holds a session that was made from Python. Correct it there, with segue.Session.open."
        )
    if identity.get("verb", "track") != "track":
        raise OutputError(
            f"{out} holds results of segue {identity['verb']}. Only those of segue track can be corrected."
        )
    if "live" in identity.get("video", {}):
        raise OutputError(
            f"The frames of {out} came from a live source, and cannot be read again, so the results cannot be "
            "corrected. Record the source, and track the file."
        )
    return _Earlier(about, identity, about.get("job", {}))


def _video(arguments: argparse.Namespace, earlier: _Earlier) -> "Video":
    from segue.inference.session.opening import reopened

    opened = dict(earlier.about.get("opened", {}))
    if arguments.video:
        opened |= {"video": arguments.video}
    return reopened(opened, arguments.out)


def _masks(arguments: argparse.Namespace, video: "Video") -> "GivenMasks | None":
    if not arguments.mask:
        return None
    from segue.app.formats import masks_given
    from segue.media.mask_fit import fit_given

    masks = masks_given(arguments.mask, video)
    aspect = video.description.pixel_aspect
    return fit_given(masks, video.size_hw, pixel_aspect=aspect, fit=arguments.fit_mask)


def _engine(arguments: argparse.Namespace, earlier: _Earlier) -> "Engine":
    from segue.app.engine import Engine

    identity, job = earlier.identity, earlier.job
    weights = arguments.weights or (Path(job["weights"]) if job.get("weights") else None)
    return Engine(
        model=identity["model"],
        weights=weights,
        export=Path(job["export"]) if job.get("export") else None,
        settings=identity["settings"],
        device=identity["device"],
        threads=identity["threads"],
        max_side=identity["max_side"],
        fps=identity["fps"],
    )


def _job(
    arguments: argparse.Namespace, earlier: _Earlier, engine: "Engine", video: "Video"
) -> "Job":
    from segue.app.formats import converted
    from segue.inference.identity import differences
    from segue.inference.places import TRACKS, Places
    from segue.inference.tasks.track import TrackTask

    sources = {int(n): source for n, source in earlier.job.get("sources", {}).items()}
    task = TrackTask({}, sources, partial=True, overlay=bool(earlier.identity.get("overlay")))
    job = engine.job(video, task, Places.for_video(arguments.out, TRACKS))
    kept = {k: v for k, v in earlier.identity.items() if k in job.identity and k not in _OF_MASKS}
    now = {key: job.identity[key] for key in kept}
    changed = differences(kept, now)
    if changed:
        raise OutputError(
            f"Cannot correct {arguments.out}: {'; '.join(changed[:4])}. Correct with what the results were made with."
        )
    return replace(
        job,
        identity=earlier.identity,
        opening=earlier.job,
        direction=arguments.direction,
        formats=(*earlier.job.get("formats", ()), *converted(arguments.out)),
    )


_OF_MASKS = ("masks", "partial_masks", "overlay", "segue")


def _kept(job: "Job") -> dict[str, Any]:
    """What the earlier record says of the inputs."""
    try:
        record = job.places.read_record()
    except (OSError, ValueError):
        return {}
    return {key: record[key] for key in ("understood",) if key in record}


def _change(arguments: argparse.Namespace, masks: "GivenMasks | None") -> Any:
    from segue.inference.session.changes import Absent, Check, Correct, Edit, Forget, Rename
    from segue.media.masks import object_ids

    given = sorted(masks.by_frame.items()) if masks is not None else []
    changes: list[Edit] = [
        *(Check(span.start, span.stop) for span in arguments.check),
        *(Correct(frame, tuple(object_ids(labels))) for frame, labels in given),
        *(Absent(frame, object_id, hides=False) for object_id, frame in arguments.absent),
        *map(Forget, arguments.forget),
        *(Rename(old, new) for old, new in arguments.rename),
    ]

    def change(session: "Session") -> None:
        session.check_changes(changes)
        for span in arguments.check:
            session.check(span)
        for frame, labels in given:
            session.correct(frame, labels, arguments.until)
        for object_id, frame in arguments.absent:
            session.absent(object_id, frame)
        for object_id in arguments.forget:
            session.forget(object_id)
        for old, new in arguments.rename:
            session.rename(old, new)

    return change


def _lines(arguments: argparse.Namespace, engine: "Engine") -> Sequence[str]:
    reach = "to the end" if arguments.until == "end" else "to the neighbouring masks"
    lines = [f"{'model':11}{engine.summary()}"]
    lines += [f"{'mask':11}{spec}, {reach}" for spec in arguments.mask]
    return lines


def _at(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)@(\d+)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected an object and a frame, as 3@57, got {text!r}")
    return int(found[1]), int(found[2])


def _pair(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)=(\d+)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected two object numbers, as 2=5, got {text!r}")
    return int(found[1]), int(found[2])


def _span(text: str) -> range:
    found = re.fullmatch(r"(\d+):(\d+)", text)
    if not found or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(
            f"expected the first and the last frame, as 10:40, got {text!r}"
        )
    return range(int(found[1]), int(found[2]) + 1)

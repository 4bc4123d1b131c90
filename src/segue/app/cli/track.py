"""Track the objects of a mask through a video, frame by frame, on the computer you have.

$ segue track clip.mp4 --mask first.png --out result
$ segue track frames/ --mask 0=a.png --mask 37=b.png --out result --max-side 640
$ segue track clip.mp4 --mask first.png --out result --reuse off
$ segue track clip.mp4 --mask first.png --dry-run
$ segue track clip.mp4 --click 120,80 --click -150,90 --box 2:200,40,300,160 --out result
$ segue track clip.mp4 --click 120,80 --click 2:260,90 --frame 37 --direction both --out result
$ segue track clip.mp4 --out result
$ segue track clip.mp4 --objects 3 --out result
$ segue track clip.mp4 --model rvos-lite --out result
$ segue track clip.mp4 --mask first.png --model slowfast-lite --finetune --out result
$ segue track --layout davis2016 --root DAVIS --split val --out masks --json report.json
$ segue track --layout davis2016 --root DAVIS --find --out masks

One video gives OUT/masks/<frame>.png, OUT/overlay.mp4, OUT/tracks.json and OUT/run.json. A model with a
reuse gate also gives OUT/reuse.png, which shows the frames that were computed and those that were reused.
A data set gives OUT/<sequence>/<frame>.png; all other files are in OUT/_run. A data set of tracks, such
as kitti-mots, also gives OUT/<sequence>.txt; ids and formats are those of its official results.

Without a mask the objects are found first, as segue find does, and the best one (--objects N: the best N) is carried
both ways from the frame where it is surest. OUT/found.png and OUT/found.json show what was found. If nothing is found,
the exit code is 2. Models such as rvos-lite find objects by themselves as they go, from the first frame on.

With --finetune the model first learns the video from the masks, as segue finetune does; the weights stay in
OUT/tuned.safetensors. A model that takes no mask, such as slowfast-lite, then looks at each frame by itself.

Before the work a few lines on stderr say what was understood; a line that begins with "check" is a doubt.
If a run was killed, --resume continues the run, and the results have the same bytes as without the kill.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli import jobs
from segue.app.cli.arguments import (
    add_direction_argument,
    add_fit_argument,
    add_mask_argument,
    one_video,
)
from segue.app.cli.click_options import add_click_options, clicked_masks, pointed
from segue.app.cli.exported import choose_model
from segue.app.cli.find_options import add_find_options, finder, finds
from segue.app.cli.finetune_options import add_finetune_options, finetuned, refuse_finetune
from segue.app.cli.frame_options import open_source, refuse_source_options
from segue.app.cli.output import FrameProgress, check_json_target, write_document
from segue.errors import InputError
from segue.models.catalog import find

if TYPE_CHECKING:
    from segue.app.finding import Finder
    from segue.inference.find.found import Found
    from segue.inference.places import Places
    from segue.media.video import Video


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue track``."""
    parser.usage = "segue track VIDEO [--mask MASK] --out DIR [options] [key=value ...]"
    jobs.add_source_arguments(parser)
    group = parser.add_argument_group("masks")
    add_mask_argument(
        group,
        "[FRAME[:ID]=]MASK",
        "mask of the first frame, or of a later one (37=b.png), or of one object there (37:2=b.png adds or corrects "
        "object 2); or a folder with one file per object, or with files named like the frames; or the masks of a whole "
        "video as COCO, YOLO, CVAT, MOTS or labelme have them",
    )
    add_direction_argument(
        group,
        ": those before (forward, the default), those behind (backward), or both of them, fused",
    )
    add_fit_argument(group)
    group.add_argument(
        "--partial-masks", action="store_true", help="accept later masks that leave objects out"
    )
    add_click_options(parser)
    parser.add_argument(
        "--click-frame",
        "--frame",
        metavar="N",
        type=int,
        help="number of the frame that is pointed at (default: the first)",
    )
    add_find_options(parser)
    add_finetune_options(parser)
    group = parser.add_argument_group("data set, instead of VIDEO and --mask")
    group.add_argument("--layout", metavar="NAME", help="layout of the data set, such as davis2016")
    group.add_argument("--root", type=Path, metavar="DIR", help="folder of the data set")
    group.add_argument(
        "--split", metavar="NAME", help="which sequences (default: the layout's own, mostly val)"
    )
    group.add_argument(
        "--class",
        dest="classes",
        action="append",
        metavar="CLASS",
        help="track only objects of this class, such as car (kitti-mots, mots-challenge); may be repeated",
    )
    jobs.add_model_arguments(parser, "objects", default="segue-lite")
    jobs.add_result_arguments(
        parser, overlay="write the overlay video (default: yes for one video, no for a data set)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Track one video or a data set."""
    check_json_target(arguments.json)
    sources, assignments = jobs.sort_words(arguments.words)
    choose_model(arguments)
    given = bool(arguments.mask) or pointed(arguments)
    finding = finds(arguments, given)
    refuse_finetune(arguments, given)
    if arguments.layout:
        if sources or arguments.mask or pointed(arguments) or not arguments.root:
            raise InputError("--layout takes --root DIR, and neither VIDEO nor --mask nor clicks.")
        refuse_source_options(arguments, "only for one VIDEO, not for a data set.")
        from segue.app.cli.track_layout import track_layout

        document = track_layout(
            arguments, jobs.engine(arguments, assignments), _finder(arguments, finding)
        )
    else:
        find(arguments.model, "objects")
        document = _track_video(arguments, one_video(sources), assignments, finding)
    if arguments.json:
        write_document(document, arguments.json)
    return 0


def _track_video(
    arguments: argparse.Namespace, source: str, assignments: Sequence[str], finding: bool
) -> dict[str, Any]:
    from segue.app.formats import masks_given

    _refuse_swapped(source, arguments.mask)
    # What is cheap to find wrong is found before torch is imported.
    video = open_source(arguments, source, arguments.mask)
    clicked = clicked_masks(arguments, video)
    masks = masks_given(arguments.mask, video, clicked) if arguments.mask or clicked else None

    from segue.inference.places import TRACKS, Places

    engine = jobs.engine(arguments, assignments)
    places = Places.for_video(jobs.out_folder(arguments), TRACKS)
    if arguments.finetune and masks:
        engine, masks = finetuned(arguments, engine, video, masks, places)
    if not masks and not finding:
        engine = engine.without_masks()
    look = _finder(arguments, finding)
    found = _found(arguments, look, video, places) if look else None
    if look and found:
        masks = look.masks(found)
    job = engine.track_job(
        video,
        masks,
        places,
        overlay=arguments.overlay is not False,
        partial=arguments.partial_masks,
        fit=arguments.fit_mask,
    )
    job = replace(
        job,
        direction=arguments.direction,
        formats=tuple(arguments.formats),
        drop=arguments.live,
    )
    if look:
        job = look.carried(job, found)
    if job.direction not in (None, "forward"):
        job = replace(job, identity={**job.identity, "direction": job.direction})
    return jobs.run_job(arguments, engine, job)


def _finder(arguments: argparse.Namespace, finding: bool) -> "Finder | None":
    """The model that looks for objects, where there are no masks."""
    if not finding:
        return None
    return finder(arguments, arguments.finder, arguments.finder_weights)


def _found(
    arguments: argparse.Namespace, finder: "Finder", video: "Video", places: "Places"
) -> "Found | None":
    """What is found; nothing is looked for in a dry run."""
    from segue.app.finding import refuse_nothing

    mode = jobs.mode(arguments)
    if arguments.dry_run:
        finder.check(video, places, "resume")  # what stands in the way is said with the rest
        return finder.stored(video, places) if arguments.out and mode == "resume" else None
    with FrameProgress(f"{video.name}, looking") as progress:
        found = finder.found(video, places, mode, progress)
    refuse_nothing(found, video.name)
    return found


def _refuse_swapped(source: str, masks: Sequence[str]) -> None:
    """Refuse a mask where the video belongs and a video where a mask belongs."""
    from segue.media.mask_files import MASK_SUFFIXES, is_film

    films = [spec for spec in masks if is_film(Path(spec)) or is_film(Path(spec.partition("=")[2]))]
    if films and Path(source).suffix.lower() in MASK_SUFFIXES and Path(source).is_file():
        raise InputError(
            f"VIDEO and MASK are swapped: {source} is a picture or a mask, {films[0]} is a video. "
            f"Call segue track {films[0].rpartition('=')[2]} --mask {source}."
        )

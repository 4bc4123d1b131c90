"""Make a model better for one video, by a few masks of it: the weights are kept for segue track or segue label.

$ segue finetune clip.mp4 --mask first.png --out tuned.safetensors
$ segue finetune clip.mp4 --masks masks/ --out tuned.safetensors
$ segue finetune clip.mp4 --mask 0=a.png --mask 37:1=b.png --model rvos-lite --minutes 3 --out tuned.safetensors
$ segue finetune clip.mp4 --mask first.png --model slowfast-lite --freeze module --out tuned.safetensors
$ segue track clip.mp4 --mask first.png --weights tuned.safetensors --out result

Five masked frames, far apart, are enough. The files of a folder of masks are named like the frames, as for segue
track. For a model of classes, such as temporal-unet-lite, masks are label maps: the number of a class per pixel.
segue track --finetune does both in one go.

Until all steps are done, a folder beside the weights (tuned.run) keeps a checkpoint. Ctrl-C keeps what was learned;
--resume goes on. Settings can be changed: segue finetune ... rotation=0 scale=0.4 learning_rate=1e-4
"""

import argparse
import math
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.app.cli.arguments import add_fit_argument, add_weights_argument, from_one
from segue.app.cli.closing import plural
from segue.app.cli.jobs import cancellable, mode, sort_words
from segue.app.cli.output import STDOUT, add_json_argument, check_json_target, write_document
from segue.app.cli.table_help import add_help_table
from segue.app.cli.targets import check_target
from segue.errors import InputError
from segue.models.catalog import find

if TYPE_CHECKING:
    from segue.media.video import Video


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue finetune``."""
    parser.usage = "segue finetune VIDEO|FOLDER --masks FOLDER --out TUNED.safetensors [options] [key=value ...]"
    add = parser.add_argument
    add(
        "words",
        nargs="*",
        metavar="VIDEO | key=value",
        help="a video file, a folder of images or a pattern; then settings",
    )
    add(
        "--mask",
        "--masks",
        dest="masks",
        action="append",
        default=[],
        metavar="[FRAME[:ID]=]MASK",
        help="a mask of the first frame or of a later one (37=b.png), or a folder of masks that are named like the "
        "frames; may be repeated",
    )
    add("--out", type=Path, metavar="FILE", help="the .safetensors file of the tuned weights")
    add("--model", default="segue-lite", metavar="NAME", help="which model (segue-lite)")
    add_weights_argument(parser, "where to begin (the weights that ship)")
    add(
        "--freeze",
        metavar="PART",
        help="what does not learn (mostly the backbone); none: everything learns",
    )
    add(
        "--steps",
        type=from_one,
        metavar="N",
        help="how often the weights change (60; slowfast-lite 120, slowfast 1000)",
    )
    add(
        "--minutes",
        type=_minutes,
        metavar="N",
        help="end after so much time, even if steps are left",
    )
    add("--seed", type=int, metavar="N", help="seed of the clips (0)")
    add_fit_argument(parser)
    add("--stream", type=int, metavar="N", help="which video stream of the file")
    add("--device", choices=("cpu", "cuda"), help="where to compute (cpu)")
    add("--threads", type=from_one, metavar="N", help="CPU threads")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="continue an interrupted run")
    either.add_argument("--overwrite", action="store_true", help="begin again")
    add_json_argument(parser)
    add_help_table(parser, "models, and what may be frozen", _rows)


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune, and return the exit code."""
    check_json_target(arguments.json)
    sources, assignments = sort_words(arguments.words)
    if len(sources) != 1 or not arguments.masks:
        raise InputError(
            f"Give one VIDEO (got: {', '.join(sources) or 'none'}) and its masks: --mask FILE or --masks FOLDER."
        )
    if arguments.out is None:
        raise InputError(
            "Where to? Give the file of the tuned weights with --out TUNED.safetensors."
        )
    check_target("--out", arguments.out, ".safetensors")
    settings = _settings(arguments, assignments)
    video = _video(arguments, sources[0])
    masks = _masks(arguments, video)
    document = cancellable(lambda cancel: _finetune(arguments, video, masks, settings, cancel))
    if arguments.json != STDOUT:
        print(_closing(document, arguments.model))
    if arguments.json:
        write_document(document, arguments.json)
    return 0


def _finetune(
    arguments: argparse.Namespace,
    video: "Video",
    masks: Any,
    settings: dict[str, Any],
    cancel: threading.Event,
) -> dict[str, Any]:
    """What ``--json`` prints."""
    import torch

    from segue.app.cli.train import Progress
    from segue.training.finetune.run import finetune

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    tuned = finetune(
        video,
        masks,
        out=arguments.out,
        model=arguments.model,
        weights=arguments.weights,
        settings=settings,
        minutes=arguments.minutes,
        mode=mode(arguments),
        fit=arguments.fit_mask,
        progress=Progress(),
        stop=cancel.is_set,
    )
    return {**asdict(tuned), "path": str(tuned.path), "cancelled": not tuned.complete}


def _settings(arguments: argparse.Namespace, assignments: list[str]) -> dict[str, Any]:
    """Settings by ``key=value`` and by option; to give one both ways is refused."""
    from segue.settings import override

    given = override({}, assignments)
    for name in ("freeze", "steps", "seed", "device"):
        value = getattr(arguments, name)
        if value is None:
            continue
        if given.get(name, value) != value:
            raise InputError(
                f"--{name} {value} and {name}={given[name]} set the same thing. Give one of them."
            )
        given[name] = value
    return given


def _video(arguments: argparse.Namespace, source: str) -> "Video":
    from segue.media.live import is_live
    from segue.media.video import open_video

    if is_live(source):
        raise InputError(
            f"{source} is a live source, which has no frames to go back to. Give a file or a folder of images."
        )
    without = [spec if Path(spec).exists() else spec.partition("=")[2] for spec in arguments.masks]
    return open_video(source, stream=arguments.stream, without=without)


def _masks(arguments: argparse.Namespace, video: "Video") -> Any:
    """Masks of objects, read as ``segue track`` reads them; label maps are read by the library."""
    if find(arguments.model).kind == "classes":
        return arguments.masks
    from segue.app.formats import masks_given

    return masks_given(arguments.masks, video)


def _closing(document: dict[str, Any], model: str) -> str:
    verb = "label" if find(model).kind == "classes" else "track"
    steps, frames = plural(document["steps"], "step"), plural(document["masked"], "masked frame")
    time = f"in {document['seconds'] / 60:.1f} min" if document["seconds"] else "already"
    return (
        f"{document['path']}: {steps} on {frames} {time}\n"
        f"  segue {verb} VIDEO --model {model} --weights {document['path']}"
    )


def _rows() -> dict[str, str]:
    from segue.training.finetune.catalog import TUNERS

    return {name: f"--freeze {', '.join(tuner.parts)}" for name, tuner in TUNERS.items()}


def _minutes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected minutes above 0, got {text!r}")
    return number

"""Options about learning a video from its masks before it is tracked."""

import argparse
from typing import TYPE_CHECKING, Any

from segue.app.cli import jobs
from segue.errors import InputError

if TYPE_CHECKING:
    from segue.app.engine import Engine
    from segue.inference.places import Places
    from segue.media.mask_args import GivenMasks
    from segue.media.video import Video


def add_finetune_options(parser: argparse.ArgumentParser) -> None:
    """``--finetune`` and ``--tune``."""
    group = parser.add_argument_group("learning the video first")
    group.add_argument(
        "--finetune",
        action="store_true",
        help="first fine-tune the model on the given masks, as segue finetune does, then track with these weights",
    )
    group.add_argument(
        "--tune",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the fine-tuning, such as steps=40 or freeze=module (see segue finetune --help); may be "
        "repeated",
    )


def refuse_finetune(arguments: argparse.Namespace, given: bool) -> None:
    """Refuse fine-tuning where there is nothing to learn from.

    Args:
        arguments: Of ``segue track``.
        given: Whether a mask was given, or an object pointed at.

    Raises:
        InputError: Options that contradict each other.
    """
    if arguments.tune and not arguments.finetune:
        raise InputError("--tune sets the fine-tuning. Give --finetune too.")
    if not arguments.finetune:
        return
    if arguments.layout:
        raise InputError(
            "--finetune learns one video. Give VIDEO and its mask in the place of --layout, one call for each."
        )
    if not given:
        raise InputError(
            "--finetune learns from masks. Give at least one with --mask, or point at the object."
        )


def finetuned(
    arguments: argparse.Namespace,
    engine: "Engine",
    video: "Video",
    masks: "GivenMasks",
    places: "Places",
) -> tuple["Engine", "GivenMasks | None"]:
    """The model with the weights made for a video, and the masks that it is told when it tracks.

    Args:
        arguments: Of ``segue track``.
        engine: With the weights to begin with.
        video: The opened video.
        masks: To learn from.
        places: Where the results of the job go.

    Raises:
        SegueError: As in ``Tuning.tuned``.
        KeyboardInterrupt: It was stopped; ``--resume`` goes on.
    """
    from segue.app.cli.train import Progress
    from segue.app.tuning import Tuning
    from segue.settings import override

    settings = override({}, arguments.tune)
    tuning = Tuning(engine=engine, settings=settings, fit=arguments.fit_mask)
    mode = jobs.mode(arguments)
    if arguments.dry_run:
        tuning.check_video(video)  # what stands in the way is said with the rest
        return tuning.stored(places), masks if tuning.keeps_masks else None

    def learn(stop: Any) -> dict[str, Any]:
        found = tuning.tuned(video, masks, places, mode, progress=Progress(), stop=stop.is_set)
        return {"engine": found, "cancelled": stop.is_set()}

    return jobs.cancellable(learn)["engine"], masks if tuning.keeps_masks else None

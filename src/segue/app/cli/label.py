"""Name the class of every pixel of a video, frame by frame, on the computer you have.

$ segue label clip.mp4 --out result
$ segue label frames/ --out result --weights mine.safetensors --max-side 640
$ segue label clip.mp4 --out result --ids cityscapes --no-overlay

Gives OUT/labels/<frame>.png (class numbers, with the colours of the classes as palette), OUT/overlay.mp4,
OUT/areas.csv and OUT/areas.png (share of the pixels by class and frame) and OUT/run.json, which also says
how much the labels flicker. With --reuse there is also OUT/reuse.png, which shows the frames that were
computed and those that were reused.

Before the work a few lines on stderr say what was understood; a line that begins with "check" is a doubt.
If a run was killed, --resume continues the run, and the results have the same bytes as without the kill.
"""

import argparse
from dataclasses import replace

from segue.app.cli import jobs
from segue.app.cli.arguments import one_video
from segue.app.cli.exported import choose_model
from segue.app.cli.frame_options import open_source
from segue.app.cli.output import check_json_target, write_document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue label``."""
    parser.usage = "segue label VIDEO --out DIR [options] [key=value ...]"
    jobs.add_source_arguments(parser)
    jobs.add_model_arguments(parser, "classes", default="temporal-unet-lite")
    parser.add_argument(
        "--ids",
        choices=("model", "cityscapes"),
        default="model",
        help="numbers in the label files: model: the model's own, from 0; cityscapes: Cityscapes label ids, and 0 for "
        "classes that Cityscapes does not have (default: model)",
    )
    jobs.add_result_arguments(parser, overlay="write the overlay video (default: yes)")


def run(arguments: argparse.Namespace) -> int:
    """Label one video."""
    check_json_target(arguments.json)
    sources, assignments = jobs.sort_words(arguments.words)
    source = one_video(sources)
    choose_model(arguments)
    # What is cheap to find wrong is found before torch is imported.
    video = open_source(arguments, source)

    from segue.inference.places import CLASSES, Places

    engine = jobs.engine(arguments, assignments)
    job = engine.label_job(
        video,
        Places.for_video(jobs.out_folder(arguments), CLASSES),
        overlay=arguments.overlay is not False,
        ids=arguments.ids,
    )
    job = replace(job, formats=tuple(arguments.formats), drop=arguments.live)
    document = jobs.run_job(arguments, engine, job)
    if arguments.json:
        write_document(document, arguments.json)
    return 0

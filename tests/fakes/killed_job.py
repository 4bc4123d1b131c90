"""Runs jobs that kill themselves with SIGKILL, then resumes them; one process per run, forked from this one."""

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from fakes.colour_model import ColourModel
from fakes.gated_models import gated_colour, gated_shade
from fakes.scenes import scene
from fakes.shade_model import ShadeModel
from segue.errors import WriteError
from segue.inference.job import Job
from segue.inference.places import Places
from segue.inference.runner import Runner
from segue.inference.tasks.label import LabelTask
from segue.inference.tasks.track import TrackTask
from segue.media.video import open_video
from segue.results.formats.areas import Areas
from segue.results.formats.tracks_json import TracksJson
from segue.results.painted_video import PaintedVideo
from segue.results.store import FolderStore

MODELS: dict[str, tuple[str, Any]] = {
    "colour": ("track", ColourModel),
    "shade": ("label", ShadeModel),
    "gated-colour": ("track", gated_colour),
    "gated-shade": ("label", gated_shade),
}
"""Name -> the command it is for, and how to make it."""


def make_task(verb: str, **options: Any) -> TrackTask | LabelTask:
    """Tracking has object 1 from frame 2 on, object 2 from frame 7 on."""
    truth = [labels for _, labels in scene(10)]
    if verb == "label":
        return LabelTask(**options)
    return TrackTask(**{"masks": {2: truth[2], 7: truth[7]}, **options})


def make_job(frames: Path, out: Path, verb: str = "track", **options: Any) -> Job:
    given = {
        "video": open_video(frames),
        "task": options.pop("task", None) or make_task(verb),
        "identity": {"frames": 16},
        "checkpoint_seconds": 0.0,
        **options,
    }
    return Job(places=Places.for_video(out, given["task"].outputs), **given)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(verb: str, place: str, number: int) -> None:
    """Let this process kill itself at a place in the work on a frame."""
    if place == "network":
        before(Runner, "feed", lambda _, frame: frame.index == number)
    elif place in ("begin", "record", "torn"):
        calls = iter(range(10**6))
        wanted = "begin" if place == "begin" else "bytes"

        def deadly(store: FolderStore, entry: dict[str, Any]) -> bool:
            if wanted not in entry or next(calls) != number:
                return False
            return place != "torn" or tear(store, entry)

        before(FolderStore, "_append", deadly)
    elif place in ("mask", "checkpoint"):
        calls = iter(range(10**6))
        folder = "states" if place == "checkpoint" else {"track": "masks", "label": "labels"}[verb]
        before(
            os, "replace", lambda _, to: Path(to).parent.name == folder and next(calls) == number
        )
    elif place == "end":
        document = {"track": TracksJson, "label": Areas}[verb]
        names = [(PaintedVideo, "finish"), (document, "write"), (Places, "finish")]
        before(*names[number], lambda *_: True)


def tear(store: FolderStore, entry: dict[str, Any]) -> bool:
    line = json.dumps(entry)
    store._file.write(line[: len(line) // 2].encode())
    store._file.flush()
    return True


def before(owner: Any, name: str, wanted: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    def deadly(*arguments: Any) -> Any:
        if wanted(*arguments):
            die()
        return original(*arguments)

    setattr(owner, name, deadly)


def fork(work: Callable[[], None]) -> int:
    """The wait status of a child that does the work."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(child, 0)[1]


def kill_and_resume(name: str, frames: Path, out: Path, lookahead: int, *spots: str) -> None:
    """A job of a model of ``MODELS`` for each spot at which to die, ``PLACE:NUMBER``."""
    torch.set_num_threads(1)
    verb, make_model = MODELS[name]
    model = make_model(lookahead=lookahead)
    for spot in spots:
        place, _, number = spot.partition(":")
        job = make_job(frames, out / spot.replace(":", "-"), verb)

        def killed(job: Job = job, place: str = place, number: int = int(number)) -> None:
            arm(verb, place, number)
            job.check("new")
            job.run(model, "new")

        def resumed(job: Job = job) -> None:
            if not job.check("resume"):
                job.run(model, "resume")

        assert os.WTERMSIG(fork(killed)) == signal.SIGKILL, f"{spot}: was not killed"
        assert fork(resumed) == 0, f"{spot}: could not be resumed"


def kill(frames: Path, out: Path, spot: str) -> None:
    """A job of the colour model that dies at a spot."""
    place, number = spot.split(":")
    arm("track", place, int(number))
    job = make_job(frames, out)
    job.check("new")
    job.run(ColourModel(), "new")


def fill_disk(frames: Path, out: Path, limit: int, overlay: bool) -> None:
    """A job in a process that may write no more than some bytes into a file; the error is said."""
    job = make_job(frames, out, task=make_task("track", overlay=overlay))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    job.check("new")
    try:
        job.run(ColourModel(), "new")
    except WriteError as error:
        # What is said goes to a file, too.
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(error)
        sys.exit(error.exit_code)

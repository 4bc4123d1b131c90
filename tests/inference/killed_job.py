"""Runs jobs that kill themselves with SIGKILL, then resumes them; one process per run, forked from this one.

usage: killed_job.py FRAMES OUT LOOKAHEAD PLACE:FRAME ...
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from colour_model import ColourModel
from scenes import scene

from segue.inference import sinks
from segue.inference.job import Job
from segue.inference.places import Places
from segue.inference.track import Tracker
from segue.media.video import open_video


def make_job(frames: Path, out: Path, **options: Any) -> Job:
    """Object 1 from frame 2 on, object 2 from frame 7 on."""
    truth = [labels for _, labels in scene(10)]
    return Job(
        video=open_video(frames),
        masks={2: truth[2], 7: truth[7]},
        places=Places.for_video(out),
        identity={"frames": 16},
        **{"checkpoint_seconds": 0.0, **options},
    )


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(place: str, number: int) -> None:
    """Let this process kill itself at a place in the work on a frame."""
    if place == "network":
        before(Tracker, "feed", lambda _, frame: frame.index == number)
    elif place == "mask":
        before(sinks.TrackLog, "append", lambda _, frame, __: frame.index == number)
    elif place == "line":
        before(sinks.TrackLog, "append", lambda log, frame, _: frame.index == number and tear(log))
    elif place == "checkpoint":
        calls = iter(range(10**6))
        state = "state.safetensors"
        before(os, "replace", lambda _, to: Path(to).name == state and next(calls) == number)
    elif place == "end":
        names = [(sinks.Overlay, "finish"), (sinks.TrackLog, "finish"), (Places, "finish")]
        before(*names[number], lambda *_: True)


def tear(log: sinks.TrackLog) -> bool:
    log._file.write('{"name": "00')
    log._file.flush()
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


def main() -> None:
    torch.set_num_threads(1)
    frames, out, lookahead = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    model = ColourModel(lookahead=lookahead)
    for spot in sys.argv[4:]:
        place, _, number = spot.partition(":")
        job = make_job(frames, out / spot.replace(":", "-"))

        def killed(job: Job = job, place: str = place, number: int = int(number)) -> None:
            arm(place, number)
            job.check("new")
            job.run(model, "new")

        def resumed(job: Job = job) -> None:
            if not job.check("resume"):
                job.run(model, "resume")

        assert os.WTERMSIG(fork(killed)) == signal.SIGKILL, f"{spot}: was not killed"
        assert fork(resumed) == 0, f"{spot}: could not be resumed"


if __name__ == "__main__":
    main()

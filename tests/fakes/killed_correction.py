"""Corrections that kill themselves with SIGKILL at some moment, then go on; each run in a forked process."""

import os
import random
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fakes.colour_model import ColourModel
from fakes.killed_job import arm, before, die, fork, make_job
from fakes.scenes import scene
from segue.inference.job import Job
from segue.inference.session import stored_changes
from segue.inference.session.history import History
from segue.inference.session.ledger import Ledger
from segue.inference.session.session import Session
from segue.results.records import Reach

FRAME = 11


def correction(until: Reach) -> Any:
    """What is done to the session: a mask that teaches other colours, and another name for an object."""
    wrong = np.roll(scene(16)[FRAME][1], 6, axis=0)

    def change(session: Session) -> None:
        session.correct(FRAME, wrong, until)
        session.rename(1, 5)

    return change


def at(place: str, number: int) -> None:
    """Let this process kill itself at a place, or after some microseconds."""
    if place == "time":
        threading.Timer(number / 1e6, die).start()
    elif place in ("ledger", "prune", "rename"):
        owner, name = {
            "ledger": (Ledger, "_save"),
            "prune": (History, "prune"),
            "rename": (stored_changes, "_apply"),
        }[place]
        calls = iter(range(10**6))
        before(owner, name, lambda *_: next(calls) == number)
    else:
        arm("track", place, number)


def killed(job: Job, until: Reach, place: str, number: int) -> None:
    at(place, number)
    job.run(ColourModel(), "resume", change=correction(until))


def resumed(job: Job, until: Reach) -> None:
    """Go on; what the killed process had not noted yet is said again."""
    with Session.open(job.places.run, ColourModel(), job.video) as session:
        known = [type(edit).__name__ for edit in session.edits.items]
    change = correction(until)

    def rest(session: Session) -> None:
        if "Correct" not in known:
            change(session)
        elif "Rename" not in known:
            session.rename(1, 5)

    job.run(ColourModel(), "resume", change=rest)


def kill_and_go_on(frames: Path, out: Path, reach: Reach, *spots: str) -> None:
    """A correction for each spot at which to die, ``PLACE:NUMBER``, and one in ``out/whole`` that lives."""
    torch.set_num_threads(1)
    job = make_job(frames, out / "before")
    job.check("new")
    job.run(ColourModel(), "new")
    for spot in ("whole", *spots):
        folder = out / spot.replace(":", "-")
        shutil.copytree(out / "before", folder)
        one = replace(make_job(frames, folder), direction=None)
        if spot == "whole":
            assert fork(lambda one=one: resumed(one, reach)) == 0
            continue
        place, _, number = spot.partition(":")
        status = fork(lambda one=one, p=place, n=int(number): killed(one, reach, p, n))
        assert place == "time" or os.WTERMSIG(status) == signal.SIGKILL, f"{spot}: was not killed"
        assert fork(lambda one=one: resumed(one, reach)) == 0, f"{spot}: could not go on"


def moments(number: int, most: int, seed: int = 0) -> list[str]:
    """Random times of death, in microseconds."""
    rng = random.Random(seed)
    return [f"time:{rng.randrange(most)}" for _ in range(number)]

"""Trains the toy task for 20 steps into a folder, alone or as one of two processes."""

import os
from pathlib import Path

from fakes.toy import toy_plan, toy_task
from segue.training import journal
from segue.training.loop import train


def alone(folder: Path) -> None:
    """In one process."""
    journal.draw_curves = lambda *paths: None
    task = toy_task()
    task.network.body[2].p = 0.2
    train(task, toy_plan(steps=20, validate_every=0, checkpoint_every=7), folder)


def one_of_two(folder: Path, number: int, port: int) -> None:
    """The process of a number, as torchrun would start it; the other one meets it at the port."""
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    os.environ.update(where, RANK=str(number), LOCAL_RANK=str(number), LOCAL_WORLD_SIZE="2")
    alone(folder)

"""Trains the toy task for 20 steps into a folder; started by torchrun, or alone."""

import sys
from pathlib import Path

from fakes.toy import toy_plan, toy_task
from segue.training.loop import train

if __name__ == "__main__":
    task = toy_task()
    task.network.body[2].p = 0.2
    train(task, toy_plan(steps=20, validate_every=0, checkpoint_every=7), Path(sys.argv[1]))

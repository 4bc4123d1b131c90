"""Trains the tiny network of scenes in a process that ends itself by SIGKILL."""

import os
import signal
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fakes.tiny_scenes import TINY
from segue.training import journal
from segue.training.run import run
from segue.training.tasks import pseudo_labels
from segue.training.tasks.scene_networks import SCENE_NETWORKS
from segue.training.tasks.ssltm_settings import TrainingSettings


def settings(tree: Path, learn: str) -> TrainingSettings:
    """Six steps; centres begin after the second."""
    return TrainingSettings.parse(
        {
            "variant": "tiny",
            "imagenet": False,
            "learn": learn,
            "data": {"root": str(tree), "labels": {"every": 3}},
            "clips": {"size_hw": [16, 24], "reference": {"nearest": 2, "farthest": 4}},
            "centres": {"start": 2},
            "teacher": {"threshold": 0.1, "decay": 0.9},
            "iterative": {"threshold": 0.1},
            "loop": {"steps": 6, "batch": 2, "workers": 0, "device": "cpu", "validate_every": 0, "checkpoint_every": 2},
        }
    )  # fmt: skip


def die(*_: Any) -> None:
    """At once, without any clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)


def train(tree: Path, folder: Path, learn: str, what: str = "", number: int = 0) -> None:
    """Train until the end, or until the kill after a step or at a pseudo-label of some number."""
    warnings.simplefilter("ignore")
    journal.draw_curves = lambda *paths: None
    SCENE_NETWORKS["tiny"] = TINY
    write, written = pseudo_labels.write_png, []

    def watch(done: int, total: int, values: Mapping[str, float]) -> None:
        if what == "step" and done == number:
            die()

    def write_some(path: Path, values: Any) -> None:
        write(path, values)
        written.append(path)
        if what == "label" and len(written) == number:
            die()

    pseudo_labels.write_png = write_some
    run(settings(tree, learn), folder, watch)

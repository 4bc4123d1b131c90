"""A short video with masks, and a fine-tuning of a network that is one number and needs no data."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fakes.toy_task import TrainingSettings
from fakes.toy_task import build as build_toy
from segue.models.slowfast.build import create_network
from segue.models.slowfast.settings import variant
from segue.nn.weights import save_weights
from segue.training import journal
from segue.training.finetune import catalog
from segue.training.finetune.catalog import Tuner
from segue.training.finetune.footage import Footage
from segue.training.finetune.settings import FinetuneSettings
from segue.training.task import Task
from segue.types import Frame, Labels

SIZE_HW = (64, 96)


def picture(index: int) -> tuple[Frame, Labels]:
    """A red box that moves over noise, and its mask."""
    frame = np.random.default_rng(index).integers(80, 120, (*SIZE_HW, 3), np.uint8)
    labels = np.zeros(SIZE_HW, np.uint8)
    labels[20:44, 10 + 4 * index : 40 + 4 * index] = 1
    frame[labels == 1] = (250, 40, 40)
    return frame, labels


def video(num_frames: int = 6) -> list[Frame]:
    """Its frames."""
    return [picture(index)[0] for index in range(num_frames)]


def masks(*indices: int) -> dict[tuple[int, int], Labels]:
    """Masks of frames, as ``segue.finetune`` takes them."""
    return {(index, 1): picture(index)[1] for index in indices}


def build(footage: Footage, settings: FinetuneSettings, weights: Path) -> Task:
    """See ``Tuner``."""
    task = build_toy(TrainingSettings(task="toy"))
    return Task("toy", task.network, task.objective, task.samples, frozenset())


def use_toy(monkeypatch: pytest.MonkeyPatch, **settings: object) -> None:
    """Let ``segue-lite`` be fine-tuned as the number; pictures of curves take a second each and are left out."""
    chosen = FinetuneSettings().changed({"freeze": "none", "steps": 6, **settings})
    toy = Tuner("fakes.tuning:build", {"none": (), "backbone": ()}, chosen)
    monkeypatch.setitem(catalog.TUNERS, "segue-lite", toy)
    monkeypatch.setattr(journal, "draw_curves", lambda *paths: None)


def write_slowfast(
    path: Path, *, name: str = "slowfast-lite", slow: int = 1, fast: int = 3, module: bool = True
) -> Path:
    """A weights file of an untrained network, whose module is not silent."""
    settings = variant(name, {"slow": slow, "fast": fast, "module": module})
    network = create_network(name, settings)
    if network.slowfast is not None and network.slowfast.gain is not None:
        torch.nn.init.constant_(network.slowfast.gain, 0.1)
    save_weights(network, path, model_name=name, metadata=settings.trained_with)
    return path

"""Somebody else's package with two models, as it looks when it is installed."""

import os
import sys
from pathlib import Path

MODEL = '''
from dataclasses import dataclass, replace

import numpy as np
import torch

from segue.media.masks import object_ids
from segue.models.given import check_first, check_frame, check_mask, overrule, size_of
from segue.types import BACKGROUND, VOID, ObjectScore, Prediction


@dataclass(frozen=True)
class ToyState:
    size_hw: tuple[int, int]
    labels: torch.Tensor
    ids: tuple[int, ...]


class ToyModel:
    """Objects stay where they are; nothing but what the protocol asks for."""

    name = "toy"
    lookahead = 0
    parameters_per_object = 0
    state_type = ToyState

    def start(self, frame, labels=None):
        labels = check_first(self.name, frame, labels)
        shown = np.where(labels == VOID, BACKGROUND, labels).astype(np.uint8)
        state = ToyState(size_of(frame), torch.from_numpy(shown), tuple(object_ids(labels)))
        return self._answer(state), state

    def step(self, frame, state, labels=None):
        check_frame(frame, state.size_hw)
        prediction = self._answer(state)
        if labels is not None:
            check_mask(labels, state.size_hw)
            prediction = overrule(prediction, labels)
            shown, ids = torch.from_numpy(prediction.labels), tuple(prediction.scores)
            state = replace(state, labels=shown.clone(), ids=ids)
        return prediction, state

    def _answer(self, state):
        labels = state.labels.numpy().copy()
        return Prediction(labels, {i: ObjectScore(1.0, not (labels == i).any()) for i in state.ids})


def build(name, *, settings, weights, device):
    return ToyModel()
'''
AHEAD = '''
from dataclasses import dataclass

import torch

from segue.errors import MaskError
from segue.models.given import check_frame, size_of
from segue.types import ObjectScore, Prediction


@dataclass(frozen=True)
class AheadState:
    size_hw: tuple[int, int]
    waiting: tuple[torch.Tensor, ...]


class AheadModel:
    """Finds what is bright and stays bright for two frames; needs no mask."""

    name = "toy-ahead"
    lookahead = 2
    parameters_per_object = 0
    state_type = AheadState

    def start(self, frame, labels=None):
        return self.step(frame, AheadState(size_of(frame), ()), labels)

    def step(self, frame, state, labels=None):
        check_frame(frame, state.size_hw)
        if labels is not None:
            raise MaskError("toy-ahead takes no mask.")
        seen = (*state.waiting, torch.from_numpy(frame.max(2) > 200))
        if len(seen) <= self.lookahead:
            return None, AheadState(state.size_hw, seen)
        return self._answer(seen), AheadState(state.size_hw, seen[1:])

    def finish(self, state):
        return [self._answer(state.waiting[i:]) for i in range(len(state.waiting))]

    def _answer(self, seen):
        stays = torch.stack(seen).float().mean(0)
        labels = (seen[0] & (stays > 0.3)).to(torch.uint8).numpy()
        return Prediction(labels, {1: ObjectScore(float(stays.max()), not labels.any())})


def build(name, *, settings, weights, device):
    return AheadModel()
'''
ENTRY = """
from segue.models.entry import Entry

TOY = Entry("segue_toy.model:build", "a toy of another package")
AHEAD = Entry("segue_toy.ahead:build", "it looks ahead", begins_with="nothing", lookahead=2)
"""
TESTS = """
from segue.testing.contract import *

CONTRACT = {"toy": {}, "toy-ahead": {}}
"""


def write_package(folder: Path, points: dict[str, str], name: str = "segue-toy") -> None:
    """A distribution in a folder that is to be on the path.

    Args:
        folder: Made if need be.
        points: Name of a model -> the place of its entry.
        name: Of the distribution.
    """
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"{model} = {place}" for model, place in points.items()]
    info.joinpath("entry_points.txt").write_text("\n".join(["[segue.models]", *lines, ""]))


def write_toy(folder: Path) -> None:
    """The package with the models, which work: each is a file, and a line of the entry points."""
    package = folder / "segue_toy"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text(ENTRY)
    package.joinpath("model.py").write_text(MODEL)
    package.joinpath("ahead.py").write_text(AHEAD)
    folder.joinpath("test_toy.py").write_text(TESTS)
    write_package(folder, {"toy": "segue_toy:TOY", "toy-ahead": "segue_toy:AHEAD"})


def test(folder: Path) -> None:
    """Run the tests of the package in this process, which ends with their exit code."""
    import pytest

    sys.path.insert(0, str(folder))
    os.chdir(folder)
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "test_toy.py"]))

"""Every backend of a model on the same frames in turn: what differs from torch, and how long a frame takes."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from segue.errors import SettingsError, WeightsError
from segue.inference.runner import Runner
from segue.measure.backends.clips import Clip, without_gate
from segue.media.palette import write_mask
from segue.media.video import VideoFrame
from segue.models.catalog import load_model
from segue.models.interface import VideoModel
from segue.nn.backends.catalog import BACKENDS, create_backend, using
from segue.types import BACKGROUND, Labels

_PROBABILITIES: Mapping[str, Callable[[Any], Tensor]] = {
    "segue-lite": attrgetter("previous"),
    "temporal-unet-lite": lambda state: state.hidden[-2],
    "rvos": attrgetter("memory.previous"),
    "rvos-50": attrgetter("memory.previous"),
    "rvos-34": attrgetter("memory.previous"),
    "rvos-lite": attrgetter("memory.previous"),
}
"""Model -> where its memory holds the probabilities of the last frame."""


@dataclass
class Variant:
    """A model with one backend and precision, and what was measured of it."""

    backend: str
    precision: str
    model: VideoModel[Any] | None = None
    problem: str | None = None
    option: str = ""
    """What can be done about the problem on the command line."""
    """Why there is no model."""
    load_s: float = 0.0
    first_ms: list[float] = field(default_factory=list)
    """Of the frames on which objects are given, or a video begins: with compiling, in the first video of a size."""
    frame_ms: list[float] = field(default_factory=list)
    """Of all other frames."""
    difference: float | None = None
    """The largest difference of a probability from that of the first variant."""
    ious: list[float] = field(default_factory=list)
    """Of each object or class on each frame with what the first variant says."""

    @property
    def name(self) -> str:
        """Such as ``openvino int8``."""
        return f"{self.backend} {self.precision}"

    def to_json(self) -> dict[str, Any]:
        """What was measured, as plain values."""
        return {
            "backend": self.backend,
            "precision": self.precision,
            "problem": self.problem,
            "option": self.option,
            "load_s": round(self.load_s, 3),
            "first_ms": round(statistics.median(self.first_ms), 1) if self.first_ms else None,
            "frame_ms": round(statistics.median(self.frame_ms), 1) if self.frame_ms else None,
            "largest_probability_difference": self.difference,
            "mean_iou": round(float(np.mean(self.ious)), 5) if self.ious else None,
            "least_iou": round(min(self.ious), 5) if self.ious else None,
        }


def load_variants(name: str, *, weights: Path | None, settings: Mapping[str, Any]) -> list[Variant]:
    """A model with each backend and precision; the first is torch in float32, which the others are compared with.

    Where OpenVINO or the ranges for int8 are missing, the variant says so.

    Raises:
        SettingsError: The model computes with torch only, or there is no such model.
        SegueError: Torch cannot load the model either.
    """
    first = _loaded(Variant("torch", "float32"), name, weights, settings)
    chosen = getattr(first.model, "settings", None)
    if not hasattr(chosen, "backend"):
        raise SettingsError(f"{name} computes with torch only, so there is nothing to compare.")
    others = [Variant(backend, "float32") for backend in BACKENDS if backend != "torch"]
    if hasattr(chosen, "precision"):
        others += [Variant(other.backend, "int8") for other in others]
    for other in others:
        try:
            _loaded(other, name, weights, settings)
        except (SettingsError, WeightsError) as error:
            other.problem, other.option = str(error), error.option
    return [first, *others]


def compare(
    variants: Sequence[Variant],
    clips: Mapping[str, Clip],
    out: Path | None = None,
    seen: Callable[[str, int], None] = lambda clip, frame: None,
) -> None:
    """Let all variants work on all clips, each with its own memory, frame by frame in turn.

    Args:
        variants: From ``load_variants``; get what was measured.
        clips: By name.
        out: Where labels are written, as ``OUT/<variant>/<clip>/<frame>.png``; ``None``: nowhere.
        seen: Hears of every frame that all have answered.
    """
    ready = [variant for variant in variants if variant.model]
    for name, clip in clips.items():
        passes = [
            _Pass(variant, clip, out / variant.name / name if out else None) for variant in ready
        ]
        for frame in clip.frames():
            reference = passes[0].ask(frame)
            for other in passes[1:]:
                other.ask(frame)
                other.compare(passes[0], reference)
            seen(name, frame.index)


class _Pass:
    """One variant on one clip."""

    def __init__(self, variant: Variant, clip: Clip, folder: Path | None) -> None:
        assert variant.model is not None
        self.variant = variant
        self.labels: Labels = np.zeros((0, 0), np.uint8)
        self._runner: Runner = clip.runner(variant.model)
        self._given = clip.masks
        self._told = _PROBABILITIES.get(variant.model.name)
        self._folder = folder
        if folder:
            folder.mkdir(parents=True)

    def ask(self, frame: VideoFrame) -> Labels:
        """Its labels of the next frame."""
        first = not self._runner.begun or frame.index in self._given
        begin = time.perf_counter()
        results = self._runner.feed(frame)
        laps = self.variant.first_ms if first else self.variant.frame_ms
        laps.append(1e3 * (time.perf_counter() - begin))
        assert results  # only models that look ahead make one wait
        self.labels = results[0][1].labels
        if self._folder:
            write_mask(self._folder / f"{frame.name}.png", self.labels)
        return self.labels

    def probabilities(self) -> Tensor | None:
        """Of the last frame, as far as the memory holds them."""
        state = self._runner.memory.state
        return self._told(state) if self._told and state is not None else None

    def compare(self, other: "_Pass", labels: Labels) -> None:
        """Note how the last frame differs from what another variant makes of it."""
        self.variant.ious += ious(self.labels, labels, background=not self._given)
        mine, theirs = self.probabilities(), other.probabilities()
        if mine is not None and theirs is not None:
            found = float((mine.float() - theirs.float()).abs().max())
            self.variant.difference = max(found, self.variant.difference or 0.0)


def ious(found: Labels, expected: Labels, *, background: bool) -> Iterable[float]:
    """Of every number that either has, in order.

    Args:
        found: Labels.
        expected: Labels of the same size.
        background: Whether 0 counts too, as for classes.
    """
    numbers = np.union1d(found, expected)
    for number in numbers[numbers != BACKGROUND] if not background else numbers:
        one, other = found == number, expected == number
        yield float((one & other).sum() / (one | other).sum())


def _loaded(
    variant: Variant, name: str, weights: Path | None, settings: Mapping[str, Any]
) -> Variant:
    chosen = {} if variant.precision == "float32" else {"precision": variant.precision}
    with using(create_backend(variant.backend, "cpu")):
        begin = time.perf_counter()
        model = load_model(name, weights=weights, settings={**settings, **chosen})
        variant.load_s = time.perf_counter() - begin
    variant.model = without_gate(model)
    return variant

"""Every backend of a model on the same frames in turn: what differs from torch, and how long a frame takes."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from segue.errors import SettingsError, WeightsError
from segue.inference.runner import Result, Runner
from segue.measure.backends.clips import Clip
from segue.media.palette import write_mask
from segue.media.video import VideoFrame
from segue.models.catalog import load_model
from segue.models.interface import ConfiguredModel, TellingModel, VideoModel, ungated
from segue.nn.backends.catalog import BACKENDS, create_backend, using
from segue.types import BACKGROUND, Labels


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
    chosen = setting_names(first.model)
    if "backend" not in chosen:
        raise SettingsError(f"{name} computes with torch only, so there is nothing to compare.")
    others = [Variant(backend, "float32") for backend in BACKENDS if backend != "torch"]
    if "precision" in chosen:
        others += [Variant(other.backend, "int8") for other in others]
    for other in others:
        try:
            _loaded(other, name, weights, settings)
        except (SettingsError, WeightsError) as error:
            other.problem, other.option = str(error), error.option
    return [first, *others]


def setting_names(model: object) -> frozenset[str]:
    """Names of the settings that a model was built with; none if it tells none."""
    if not isinstance(model, ConfiguredModel):
        return frozenset()
    return frozenset(type(model.settings).model_fields)


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
            _compare_all(passes, [one.ask(frame) for one in passes])
            seen(name, frame.index)
        _compare_all(passes, [one.end() for one in passes])


def _compare_all(passes: Sequence["_Pass"], found: Sequence[tuple[Labels, ...]]) -> None:
    """Compare what all passes answered just now with the first of them."""
    for one, labels in zip(passes[1:], found[1:], strict=True):
        one.compare(passes[0], labels, found[0])


class _Pass:
    """One variant on one clip."""

    def __init__(self, variant: Variant, clip: Clip, folder: Path | None) -> None:
        assert variant.model is not None
        self.variant = variant
        self._runner: Runner = clip.runner(variant.model)
        self._given = clip.masks
        self._model = variant.model
        self._folder = folder
        if folder:
            folder.mkdir(parents=True)

    def ask(self, frame: VideoFrame) -> tuple[Labels, ...]:
        """Show it the next frame: its labels of the frames that it answers now."""
        first = not self._runner.begun or frame.index in self._given
        begin = time.perf_counter()
        results = self._runner.feed(frame)
        laps = self.variant.first_ms if first else self.variant.frame_ms
        laps.append(1e3 * (time.perf_counter() - begin))
        return self._kept(results)

    def end(self) -> tuple[Labels, ...]:
        """Its labels of the frames that a model with a lookahead still owes."""
        return self._kept(self._runner.finish())

    def _kept(self, results: Sequence[Result]) -> tuple[Labels, ...]:
        for frame, prediction in results:
            if self._folder:
                write_mask(self._folder / f"{frame.name}.png", prediction.labels)
        return tuple(prediction.labels for _, prediction in results)

    def probabilities(self) -> Tensor | None:
        """Of the last frame, as far as the memory holds them."""
        state = self._runner.memory.state
        if state is None or not isinstance(self._model, TellingModel):
            return None
        return self._model.probabilities(state)

    def compare(self, other: "_Pass", mine: tuple[Labels, ...], theirs: tuple[Labels, ...]) -> None:
        """Note how its last answers, and its memory, differ from those of another variant."""
        for found, expected in zip(mine, theirs, strict=True):
            self.variant.ious += ious(found, expected, background=not self._given)
        told, others = self.probabilities(), other.probabilities()
        if mine and told is not None and others is not None:
            difference = float((told.float() - others.float()).abs().max())
            self.variant.difference = max(difference, self.variant.difference or 0.0)


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
    variant.model = ungated(model)
    return variant

"""Train the carrying network of the reuse gate: pairs of frames and true masks; no host is needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import torch
from jaxtyping import Bool, UInt8
from pydantic import Field
from torch import Tensor, nn

from segue.data.clips import Footage, damage, load_footage, recolour
from segue.data.davis import davis_sequences
from segue.models.reuse.evidence import Motion, gather
from segue.models.reuse.network import CarryNetwork
from segue.models.reuse.objective import ObjectiveSettings, objective
from segue.models.reuse.window import Window, around
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings

Share = Annotated[float, Field(ge=0, le=1)]


class DataSettings(Settings):
    """Where the footage is."""

    root: Path
    """A folder in the DAVIS layout."""
    split: str = "train"
    held_out: Annotated[int, Field(ge=1)] = 3
    """Sequences at the end of the list that are only scored."""


class PairSettings(Settings):
    """What pairs of frames look like."""

    largest_gap: Annotated[int, Field(ge=1)] = 10
    """Frames between the two; small gaps are drawn more often."""
    frozen: Share = 0.05
    """Share of pairs of a frame with itself."""
    cut: Share = 0.06
    """Share of pairs of frames from different sequences."""
    damaged: Share = 0.3
    """Share of pairs whose first mask has the faults of a prediction."""
    colour: float = 0.3
    """Strength of brightness, contrast and saturation changes."""


class TrainingSettings(RunSettings):
    """Everything that a run of the carrying network depends on."""

    task: Literal["carry"] = "carry"
    data: DataSettings
    pairs: PairSettings = PairSettings()
    objective: ObjectiveSettings = ObjectiveSettings()


@dataclass(frozen=True)
class PairSamples:
    """Pairs drawn at random, in time order or against it; an epoch is as many as there are frames."""

    footage: Sequence[Footage]
    settings: PairSettings

    def __len__(self) -> int:
        return sum(len(item.frames) for item in self.footage)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        rng = np.random.default_rng([seed, number])
        while True:
            sample = self._draw(rng)
            if sample is not None:
                return {**sample, "epoch": number / len(self), "name": str(number)}

    def _draw(self, rng: np.random.Generator) -> Sample | None:
        settings = self.settings
        footage = self.footage[int(rng.integers(len(self.footage)))]
        gap = _draw_gap(rng, settings, len(footage.frames))
        first = int(rng.integers(len(footage.frames) - gap))
        way = slice(first, first + gap + 1)
        frames, masks = footage.frames[way], footage.masks[way][:: max(gap, 1)]
        if gap == 0:
            frames, masks = frames.repeat(2, 0), masks.repeat(2, 0)
        if rng.random() < 0.5:
            frames, masks = frames[::-1], masks[::-1]
        frames, masks = frames.copy(), masks.copy()
        if rng.random() < settings.cut:
            other = self.footage[int(rng.integers(len(self.footage)))]
            if other.frames.shape[1:] == frames.shape[1:] and other is not footage:
                frames[-1] = other.frames[int(rng.integers(len(other.frames)))]
                masks[-1] = False
        if rng.random() < 0.5:
            frames, masks = frames[:, :, ::-1], masks[:, :, ::-1]
        given = masks[0]
        if rng.random() < settings.damaged:
            given = damage(given, rng)
        window = around(given)
        if window is None:
            return None
        window = _jitter(window, given.shape, rng)
        return _sample(window, recolour(frames, settings.colour, rng), given, masks, gap)


def _draw_gap(rng: np.random.Generator, settings: PairSettings, length: int) -> int:
    if rng.random() < settings.frozen:
        return 0
    return min(int(rng.geometric(0.35)), settings.largest_gap, length - 1)


def _jitter(window: Window, size_hw: tuple[int, int], rng: np.random.Generator) -> Window:
    """Another window of about the same place and size, inside the frame."""
    scale = float(np.exp(rng.uniform(-0.25, 0.35)))
    spans = []
    for start, length, full in (
        (window.top, window.height, size_hw[0]),
        (window.left, window.width, size_hw[1]),
    ):
        new = int(np.clip(round(length * scale), 64, full))
        middle = start + length / 2 + rng.normal(0, 0.05 * length)
        spans.append((int(np.clip(round(middle - new / 2), 0, full - new)), new))
    (top, height), (left, width) = spans
    return Window(top, left, height, width)


def _sample(
    window: Window,
    frames: UInt8[np.ndarray, "time height width 3"],
    given: Bool[np.ndarray, "height width"],
    masks: Bool[np.ndarray, "2 height width"],
    gap: int,
) -> Sample:
    seen = [window.see(frame) for frame in frames]
    motion, flow = Motion(), None
    for now, before in zip(seen[1:], seen[:-1], strict=True):
        flow = motion.further(now, before, flow)
    assert flow is not None
    evidence = gather(seen[-1], seen[0], window.see_masks(given[None]), flow, gap)[0]
    truth = window.see_masks(masks[1][None])[0] >= 128
    share = truth.size / (window.height * window.width)
    inside = masks[
        1, window.top : window.top + window.height, window.left : window.left + window.width
    ]
    unseen = (masks[1].sum() - inside.sum()) * share
    return {
        "evidence": evidence.astype(np.float16),
        "truth": truth,
        "unseen": np.array(unseen, np.float32),
        "given": np.array(_overlap(given, masks[0]), np.float32),
        "still": np.array(_overlap(*masks), np.float32),
    }


def _overlap(
    one: Bool[np.ndarray, "height width"], other: Bool[np.ndarray, "height width"]
) -> float:
    """Intersection over union; 0 where both are empty."""
    return float((one & other).sum()) / max(1, int((one | other).sum()))


class CarryObjective(nn.Module):
    """The losses of a batch of pairs."""

    def __init__(self, network: CarryNetwork, settings: ObjectiveSettings) -> None:
        super().__init__()
        self.network = network
        self._settings = settings

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        return objective(
            self.network,
            batch["evidence"].float(),
            batch["truth"],
            batch["unseen"],
            batch["given"],
            batch["still"],
            self._settings,
            float(batch["epoch"][0]),
        )


class Validation:
    """Scores on pairs of held-out sequences, the same at every validation."""

    def __init__(self, network: CarryNetwork, samples: PairSamples, pairs: int = 192) -> None:
        self._network = network
        self._samples, self._pairs = samples, pairs

    @torch.no_grad()
    def __call__(self) -> Mapping[str, float]:
        """IoU of carried masks less the error of the gate; both apart; and IoU of masks that were only moved."""
        network = self._network.float()
        errors, carried, moved = [], [], []
        for number in range(self._pairs):
            sample = self._samples.draw(0, number, Conditions())
            evidence = torch.from_numpy(sample["evidence"]).float()[None]
            logits, gate = network(evidence)
            truth, unseen = torch.from_numpy(sample["truth"]), float(sample["unseen"])
            carried.append(_iou(logits[0] > 0, truth, unseen))
            moved.append(_iou(evidence[0, 0] >= 0.5, truth, unseen))
            kept = min(1.0, carried[-1] / max(float(sample["given"]), 1e-3))
            errors.append(abs(float(gate.sigmoid()) - kept))
        error, found, plain = (float(np.mean(x)) for x in (errors, carried, moved))
        return {"score": found - error, "carried": found, "moved": plain, "gate_error": error}


def _iou(found: Tensor, truth: Tensor, unseen: float) -> float:
    union = float((found | truth).sum()) + unseen
    return float((found & truth).sum()) / union if union else 1.0


def build(settings: TrainingSettings) -> Task:
    """The task of the carrying network.

    Raises:
        NotFoundError: The footage is not there.
    """
    cv2.setNumThreads(1)  # samples are drawn beside the training
    footage = load_footage(davis_sequences(settings.data.root, settings.data.split))
    held_out = settings.data.held_out
    torch.manual_seed(settings.loop.seed)
    network = CarryNetwork()
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    scored = PairSamples(footage[-held_out:], PairSettings(colour=0.0, cut=0.03))
    return Task(
        model_name="carry",
        network=network,
        objective=CarryObjective(network, settings.objective),
        samples=PairSamples(footage[:-held_out], settings.pairs),
        uses=frozenset(),
        validate=Validation(network, scored),
    )

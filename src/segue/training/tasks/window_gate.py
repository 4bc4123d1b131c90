"""Train the gate of a host that offers window inference: what the host saw through a window, and what it was worth.

The host stays as it is. It is run once over clips in time order, on every frame and through windows from the last
computed one; what is learned from is what these two runs have left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float32
from pydantic import Field
from torch import Tensor, nn

from segue.data.clips import Clip, ClipSettings, Footage, draw_clip, load_footage
from segue.data.davis import davis_sequences
from segue.errors import InputError, SettingsError
from segue.models.catalog import load_model
from segue.models.given import size_of
from segue.models.painting import paint
from segue.models.reuse.build import gate_name
from segue.models.reuse.gate import WindowGate, objective
from segue.models.reuse.window_memory import look, patches_of, remember
from segue.nn.reuse.objective import GateLossSettings
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings
from segue.types import ObjectScore

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]

_EVEN = 0.02
"""Added to both IoUs whose ratio is taken, so that two failures count as equal."""


class DataSettings(Settings):
    """Where the footage is."""

    root: Path
    """A folder in the DAVIS layout."""
    split: str = "train"
    folds: Annotated[int, Field(ge=2)] = 5
    """Groups of sequences: every so manieth of the list is in one group. A clip shows sequences of one group only."""
    fold: Annotated[int, Field(ge=0)] | None = None
    """The group that is only scored; ``None``: all are learned from, and none is."""


class HostSettings(Settings):
    """Whose gate is trained."""

    name: Literal["segue-lite"] = "segue-lite"
    weights: Path | None = None
    """``None``: those that ship."""


class RunsSettings(Settings):
    """What the host is run on."""

    clips: Count = 240
    computed: Count = 3
    """Frames of a clip before the windows, the given one among them."""
    windows: Count = 8
    """Frames in a row that are seen through windows."""
    cut: Share = 0.15
    """Share of clips in which another clip follows in the middle of the windows."""
    look: ClipSettings = ClipSettings(size_hw=(352, 640), max_stride=2, motion=0.01, colour=0.1)
    """How the clips look; their length is that of ``computed`` and ``windows``."""


class TrainingSettings(RunSettings):
    """Everything that a run of the gate depends on."""

    task: Literal["window-gate"] = "window-gate"
    data: DataSettings
    model: HostSettings = HostSettings()
    runs: RunsSettings = RunsSettings()
    objective: GateLossSettings = GateLossSettings()
    expected: Literal["kept", "still"] = "kept"
    """What the gate is to say: which share of a computed mask's IoU with the truth that of the window is (ours); or
    the IoU of the true masks of this frame and the last computed one (the paper)."""


@dataclass(frozen=True)
class Record:
    """One look through a window."""

    evidence: Float32[np.ndarray, "channels rows columns"]
    windowed: float
    """IoU with the truth."""
    computed: float
    """IoU of the computed mask of this frame."""
    still: float
    """IoU of the true masks of this frame and the last computed one."""
    cut: bool
    """Whether the scene has changed since."""

    def expected(self, kind: Literal["kept", "still"]) -> float:
        """What the gate should say."""
        if self.cut:
            return 0.0
        if kind == "still":
            return self.still
        return min(1.0, (self.windowed + _EVEN) / (self.computed + _EVEN))


def record(
    host: Any, footage: Sequence[Footage], settings: RunsSettings, seed: int
) -> list[Record]:
    """Looks of a host at clips, each with what a computed frame would have given."""
    rng = np.random.default_rng(seed)
    length = settings.computed + settings.windows
    drawn = settings.look.model_copy(update={"run": length, "previous_lost": 0.0})
    found: list[Record] = []
    for _ in range(settings.clips):
        clip = draw_clip(footage, drawn, rng)
        cut = length
        if rng.random() < settings.cut:
            cut = int(rng.integers(settings.computed, length))
            clip = _spliced(clip, draw_clip(footage, drawn, rng), cut)
        if clip.masks[1].any():
            found += _run(host, clip, settings.computed, cut)
    return found


def _spliced(clip: Clip, other: Clip, cut: int) -> Clip:
    """The other clip from a frame on; nothing in it is the object."""
    frames, masks = clip.frames.copy(), clip.masks.copy()
    frames[1 + cut :], masks[1 + cut :] = other.frames[1 + cut :], False
    return replace(clip, frames=frames, masks=masks)


def _run(host: Any, clip: Clip, computed: int, cut: int) -> list[Record]:
    """Both runs over one clip, whose frame 0, somewhere else in the video, is not needed; until after a cut."""
    frames, masks = clip.frames[1 : 2 + cut], clip.masks[1 : 2 + cut]
    prediction, state = host.start(frames[0], masks[0].astype(np.uint8))
    for frame in frames[1:computed]:
        prediction, state = host.step(frame, state)
    memory = remember(frames[computed - 1], prediction.labels, prediction.scores)
    memory = replace(memory, gap=1)
    looking, found = state, []
    for t in range(computed, len(frames)):
        if not memory.sights:
            break
        (sight,) = memory.sights
        ids, answer, evidence = look(host, sight.window.see(frames[t]), sight, memory, looking)
        labels = paint(patches_of(ids, answer, sight.window), size_of(memory.labels))
        prediction, state = host.step(frames[t], state)
        found.append(
            Record(
                evidence[0].cpu().numpy(),
                _overlap(labels == 1, masks[t]),
                _overlap(prediction.labels == 1, masks[t]),
                _overlap(masks[computed - 1], masks[t]),
                t >= cut,
            )
        )
        seen = remember(frames[t], labels, {1: ObjectScore(1.0)})
        memory = replace(seen, gap=memory.gap + 1)
    return found


def _overlap(
    one: Bool[np.ndarray, "height width"], other: Bool[np.ndarray, "height width"]
) -> float:
    """Intersection over union; 1 where both are empty."""
    either = int((one | other).sum())
    return float((one & other).sum()) / either if either else 1.0


@dataclass(frozen=True)
class RecordSamples:
    """Records in an order that changes with every epoch."""

    records: Sequence[Record]
    expected: Literal["kept", "still"]

    def __len__(self) -> int:
        return len(self.records)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        epoch, place = divmod(number, len(self))
        rng = np.random.default_rng([seed, epoch])
        chosen = self.records[int(rng.permutation(len(self))[place])]
        evidence = chosen.evidence
        if np.random.default_rng([seed, number]).random() < 0.5:
            evidence = evidence[:, :, ::-1].copy()
        return {
            "evidence": evidence,
            "expected": np.array(chosen.expected(self.expected), np.float32),
            "epoch": number / len(self),
            "name": str(number),
        }


class GateObjective(nn.Module):
    """The loss of a batch of records."""

    def __init__(self, gate: WindowGate, settings: GateLossSettings) -> None:
        super().__init__()
        self.gate = gate
        self._settings = settings

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        epoch = float(batch["epoch"][0])
        return {
            "gate": objective(
                self.gate, batch["evidence"], batch["expected"], self._settings, epoch
            )
        }


class Validation:
    """Scores on records of held-out sequences."""

    def __init__(
        self, gate: WindowGate, records: Sequence[Record], expected: Literal["kept", "still"]
    ) -> None:
        self._gate = gate
        self._records, self._expected = records, expected

    @torch.no_grad()
    def __call__(self) -> Mapping[str, float]:
        """1 less the mean error of the gate, that error, and the IoU of both kinds of masks."""
        said = [self._gate(torch.from_numpy(r.evidence)[None]).item() for r in self._records]
        wanted = [r.expected(self._expected) for r in self._records]
        error = float(np.mean(np.abs(np.subtract(said, wanted))))
        return {
            "score": 1 - error,
            "gate_error": error,
            "windowed": float(np.mean([r.windowed for r in self._records])),
            "computed": float(np.mean([r.computed for r in self._records])),
        }


def build(settings: TrainingSettings) -> Task:
    """The task of a gate; runs the host first, which takes minutes.

    Raises:
        SettingsError: There is no such group of sequences.
        NotFoundError: The footage or the weights of the host are not there.
        WeightsError: They are damaged or belong to another model.
    """
    cv2.setNumThreads(1)  # samples are drawn beside the training
    data, expected, seed = settings.data, settings.expected, settings.loop.seed
    if data.fold is not None and data.fold >= data.folds:
        raise SettingsError(
            f"There are {data.folds} groups of sequences, numbered from 0; there is no {data.fold}."
        )
    groups = _records(data.root, data.split, data.folds, settings.model, settings.runs, seed)
    learned = [r for number, group in enumerate(groups) if number != data.fold for r in group]
    torch.manual_seed(seed)
    gate = WindowGate()
    return Task(
        model_name=gate_name(settings.model.name),
        network=gate,
        objective=GateObjective(gate, settings.objective),
        samples=RecordSamples(learned, expected),
        uses=frozenset(),
        validate=None if data.fold is None else Validation(gate, groups[data.fold], expected),
    )


@lru_cache(
    maxsize=1
)  # gates that differ in their loss, or in what is left out, learn from the same looks
def _records(
    root: Path, split: str, folds: int, model: HostSettings, runs: RunsSettings, seed: int
) -> tuple[tuple[Record, ...], ...]:
    """Looks at clips of each group."""
    footage = load_footage(davis_sequences(root, split))
    if len(footage) < folds:
        raise InputError(f"{len(footage)} sequences cannot be put into {folds} groups.")
    host = load_model(model.name, weights=model.weights, settings={"reuse": None})
    share = runs.model_copy(update={"clips": max(1, runs.clips // folds)})
    seeds = np.random.SeedSequence(seed).generate_state(folds)
    return tuple(
        tuple(record(host, footage[group::folds], share, int(seeds[group])))
        for group in range(folds)
    )

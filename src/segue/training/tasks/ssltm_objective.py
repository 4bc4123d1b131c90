"""The losses of SSLTM and its rivals: labelled clips, and clips that a mean teacher labels."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from segue.errors import DivergedError
from segue.models.ssltm.centres import Centres, to_grid
from segue.nn.class_losses import cross_entropy
from segue.training.curriculum import Conditions
from segue.training.task import Batch
from segue.training.tasks.mean_teacher import MeanTeacher, draw_box, mixed, ramped, sure
from segue.training.tasks.resting import RestingTrunk
from segue.training.tasks.scene_networks import Family, SceneAnswer
from segue.training.tasks.ssltm_maps import KeptTrunk
from segue.training.tasks.ssltm_settings import ObjectiveSettings, TeacherSettings

UNLABELLED = "unlabelled"
"""Name of the stream of clips without labels."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Features of the last batch with the classes of their cells, for the centres."""

    features: Float[Tensor, "batch width rows columns"]
    labels: Int64[Tensor, "batch rows columns"]


@dataclass(frozen=True, slots=True)
class _Views:
    """What the student and its teacher are shown of unlabelled clips, and what the student has to say."""

    frames: Tensor
    reference: Tensor | None
    probabilities: Float[Tensor, "batch classes height width"]


class SceneObjective(nn.Module):
    """Losses of a batch; ``seen`` and ``confident`` tell the hook after the step what happened in it.

    Args:
        family: How the network is asked.
        network: What learns.
        settings: Weights of losses.
        class_weights: How much a pixel of each class counts; ``None``: all alike.
        centres: Of the network, where it has some.
        teacher: Labels the stream of unlabelled clips.
        teaching: How.
        teach_centres: Whether the teacher's labels move centres, too.
    """

    def __init__(
        self,
        family: Family,
        network: nn.Module,
        settings: ObjectiveSettings,
        *,
        class_weights: Tensor | None = None,
        centres: Centres | None = None,
        teacher: MeanTeacher | None = None,
        teaching: TeacherSettings | None = None,
        teach_centres: bool = False,
    ) -> None:
        super().__init__()
        self.family, self.network = family, network
        self._settings, self._class_weights = settings, class_weights
        # In tuples, so that nothing is there twice and the teacher learns nothing.
        self._centres, self._teacher = (centres,), (teacher,)
        self._teaching = teaching or TeacherSettings()
        self._teach_centres = teach_centres
        self._kept = KeptTrunk(settings.maps) if settings.maps else None
        self._trunk = RestingTrunk()
        self.seen: Seen | None = None
        self.confident = 0.0
        """Share of the pixels of the last unlabelled batch that taught."""

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        if "trunk" not in conditions.frozen:
            self._trunk.wakes()
            return self._losses(batch)
        (teacher,) = self._teacher
        with self._trunk.computes(self.network, *([teacher.network] if teacher else [])):
            return self._losses(batch)

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        losses = self._supervised(batch)
        if UNLABELLED in batch:
            losses |= self._taught(batch[UNLABELLED])
        return losses

    def _supervised(self, batch: Batch) -> dict[str, Tensor]:
        frames, labels = _pixels(batch["frames"]), batch["labels"]
        with self._fixed(self.network):
            answer = self.family.ask(self.network, frames, _maybe(batch, "reference"))
        losses = {"cross_entropy": self._cross_entropy(answer.logits, labels)}
        if self._settings.auxiliary and answer.auxiliary is not None:
            second = _resized(answer.auxiliary, labels)
            losses["auxiliary"] = self._settings.auxiliary * self._cross_entropy(second, labels)
        more = self.family.more_losses(answer, frames)
        return losses | more | self._centre_loss(answer, labels)

    def _fixed(self, network: nn.Module) -> AbstractContextManager[None]:
        """Views that come again: their maps may be on disk. Strong views never do."""
        return (
            nullcontext()
            if self._kept is None
            else self._kept.standing_in(network.get_submodule("trunk"))
        )

    def _centre_loss(self, answer: SceneAnswer, labels: Tensor) -> dict[str, Tensor]:
        (centres,) = self._centres
        if centres is None or answer.features is None:
            return {}
        features = answer.features.detach().float()
        grid = to_grid(labels, (features.shape[-2], features.shape[-1]))
        self.seen = Seen(features, grid)
        if not centres.begun:
            return {}
        return {"centres": self._settings.centres * centres.loss(features, grid)}

    def _cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        weights = self._class_weights
        on_device = None if weights is None else weights.to(logits.device)
        return cross_entropy(logits, labels, weights=on_device)

    def _taught(self, batch: Batch) -> dict[str, Tensor]:
        (teacher,) = self._teacher
        assert teacher is not None
        views = self._views(batch, teacher)
        answer = self.family.ask(self.network, views.frames, views.reference)
        classes, taught = sure(views.probabilities, self._teaching.threshold)
        self.confident = float(taught.float().mean())
        if self._teaching.targets == "soft":
            loss = (answer.logits.float().softmax(1) - views.probabilities).square().sum(1).mean()
        else:
            # Over all pixels, not over those that teach: a clip of which the teacher is unsure counts less.
            pixels = F.cross_entropy(answer.logits.float(), classes, reduction="none")
            loss = (pixels * taught).mean()
        weight = self._teaching.weight * ramped(int(teacher.steps), self._teaching.ramp)
        losses = {"teacher": weight * loss}
        if self._teach_centres:
            seen, labels = self.seen, classes.masked_fill(~taught, 255)
            more = self._centre_loss(answer, labels)
            self.seen = seen
            losses |= {f"{name}_unlabelled": value for name, value in more.items()}
        return losses

    def _views(self, batch: Batch, teacher: MeanTeacher) -> _Views:
        """The strong views, some with a box of the next clip, and what the teacher says of the weak ones."""
        with torch.no_grad():
            weak = _pixels(batch["frames"])
            with self._fixed(teacher.network):
                said = self.family.ask(teacher.network, weak, _maybe(batch, "reference"))
            probabilities = said.logits.float().softmax(1)
        if not torch.isfinite(probabilities).all():
            raise DivergedError(
                f"The teacher's answer to {', '.join(batch['name'])} is not a number, after step {int(teacher.steps)}. "
                "The last checkpoint stays. Lower the learning rate, or clip gradients."
            )
        frames = _pixels(batch["strong_frames"])
        reference = _maybe(batch, "strong_reference")
        mixes = float(torch.rand(())) < self._teaching.cutmix
        box = draw_box((frames.shape[-2], frames.shape[-1]))
        if not mixes or len(frames) == 1:
            return _Views(frames, reference, probabilities)
        far = None if reference is None else mixed(reference, box)
        return _Views(mixed(frames, box), far, mixed(probabilities, box))


def _pixels(frames: Tensor) -> Tensor:
    """From stored frames, ``... height width 3`` in [0, 255], to those of the network."""
    return frames.movedim(-1, -3) / 255


def _maybe(batch: Batch, name: str) -> Tensor | None:
    return _pixels(batch[name]) if name in batch else None


def _resized(logits: Tensor, labels: Tensor) -> Tensor:
    size = (labels.shape[-2], labels.shape[-1])
    return F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)

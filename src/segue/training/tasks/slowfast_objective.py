"""The losses of SlowFast VOS on windows of frames; what does not learn is computed once per frame, and faster."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from jaxtyping import Bool, Float, UInt8
from pydantic import Field
from torch import Tensor, nn
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler

from segue.data.instances import instances_of
from segue.models.slowfast.detector import LitePyramid
from segue.models.slowfast.network import Maps, SlowFastNetwork, WindowMaps, features_of
from segue.nn.fuse import for_inference
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch
from segue.training.tasks.slowfast_maps import KeptMaps

Key = tuple[Any, ...]
"""What a frame is: its file, and how it is looked at."""
_PREFIX = "loss_"


class ObjectiveSettings(Settings):
    """How the losses are computed."""

    rois: Annotated[int, Field(ge=1)] | None = None
    """Proposals of a frame that the heads learn from; ``None``: as many as the network's own."""
    positive: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Share of them that may lie on objects; only these have a mask to learn."""
    proposals: Literal["training", "use"] = "training"
    """How many proposals a frozen proposal network makes: as many as in training (the released code), or in use."""
    cached: Annotated[int, Field(ge=0)] = 0
    """Frames whose features are kept for the windows to come, while the backbone is frozen; of footage as it is."""
    maps: Path | None = None
    """A folder for such features, in half precision: runs that begin with the same detector share them. They are about
    1.2 MB a frame of ``slowfast-lite``; the folder can be removed at any time."""


class SlowFastObjective(nn.Module):
    """The losses of a batch of windows, by torchvision's names without what all of them begin with."""

    def __init__(self, network: SlowFastNetwork, settings: ObjectiveSettings) -> None:
        super().__init__()
        self.network = network
        self._settings = settings
        # In a tuple, so that it is no part of what is trained.
        kept = KeptMaps(settings.maps) if settings.maps else None
        self._seer = (FrozenSeer(network, settings.cached, kept),)
        heads: Any = network.roi_heads
        rois = settings.rois or heads.fg_bg_sampler.batch_size_per_image
        heads.fg_bg_sampler = BalancedPositiveNegativeSampler(rois, settings.positive)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        frames = batch["frames"].permute(0, 1, 4, 2, 3) / 255
        window = self._window(frames, batch["inside"], batch["keys"], conditions.frozen)
        if "rpn" in conditions.frozen:
            self.network.rpn.train(self._settings.proposals == "training")
        targets = [target_of(labels) for labels in batch["labels"]]
        # Boxes in the 8 bits of a bfloat16 would be off by pixels.
        with torch.autocast(frames.device.type, enabled=False):
            found = self.network.losses(window, targets, (frames.shape[3], frames.shape[4]))
        return {name.removeprefix(_PREFIX): loss for name, loss in found.items()}

    def _window(
        self,
        frames: Float[Tensor, "batch time 3 height width"],
        inside: Bool[Tensor, "batch time"],
        keys: Sequence[Sequence[Key]],
        frozen: tuple[str, ...],
    ) -> WindowMaps:
        """Features of every frame, 0 where there is none."""
        known = [key for row in keys for key in row]
        asked = (
            [k for k, i in zip(known, inside.flatten().tolist(), strict=True) if i] if known else []
        )
        maps = self._seer[0].see(frames[inside], asked, frozen)
        return {name: _spread(values.float(), inside) for name, values in maps.items()}


class FrozenSeer:
    """Features of frames; parts that do not learn are computed by a faster copy, and frames that come again once.

    Args:
        network: Whose features.
        capacity: Frames whose features are kept.
        on_disk: Keeps those of all frames, for other runs as well.
    """

    def __init__(
        self, network: SlowFastNetwork, capacity: int, on_disk: KeptMaps | None = None
    ) -> None:
        self._network, self._capacity, self._on_disk = network, capacity, on_disk
        self._frozen: str | None = None
        self._backbone: Any = network.backbone
        self._kept: OrderedDict[Key, Maps] = OrderedDict()

    def see(
        self,
        frames: Float[Tensor, "frames 3 height width"],
        keys: Sequence[Key],
        frozen: tuple[str, ...],
    ) -> Maps:
        """Features of frames.

        Args:
            frames: Values in [0, 1].
            keys: What each frame is; none if they never come again.
            frozen: Names of the parts that do not learn.
        """
        self._follow(next((name for name in ("backbone", "backbone.body") if name in frozen), None))
        keeps = self._capacity or self._on_disk
        if self._frozen != "backbone" or not keys or not keeps:
            return self._compute(frames)
        found = []
        for frame, key in zip(frames, keys, strict=True):
            # Each is computed alone, so that its digits do not depend on what was kept.
            if key not in self._kept:
                self._kept[key] = self._alone(key, frame)
            self._kept.move_to_end(key)
            found.append(self._kept[key])
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return {name: torch.cat([maps[name] for maps in found]) for name in found[0]}

    def _alone(self, key: Key, frame: Float[Tensor, "3 height width"]) -> Maps:
        if self._on_disk is None:
            return self._compute(frame[None])
        found = self._on_disk.find(key)
        if found is None:
            return self._on_disk.keep(key, self._compute(frame[None]))
        return {name: maps.to(frame.device) for name, maps in found.items()}

    def _follow(self, frozen: str | None) -> None:
        """Copy what does not learn from now on; what was copied before may have learned since."""
        if frozen == self._frozen:
            return
        own: Any = self._network.backbone
        self._backbone = own
        # Making a copy draws random numbers; a run that goes on makes it at another step than a whole one.
        with torch.random.fork_rng(devices=[]):
            if frozen == "backbone":
                self._backbone = for_inference(own)
            elif frozen and isinstance(own, LitePyramid):
                self._backbone = _HalfFrozen(own, for_inference(own))
        if frozen == "backbone" and self._on_disk:
            self._on_disk.begin(self._network)
        self._frozen = frozen
        self._kept.clear()

    def _compute(self, frames: Float[Tensor, "frames 3 height width"]) -> Maps:
        backbone = self._backbone.to(frames.device)
        frames = frames.contiguous(memory_format=torch.channels_last)
        with torch.set_grad_enabled(self._frozen != "backbone"):
            return dict(features_of(backbone, frames, self._network.settings))


class _HalfFrozen(nn.Module):
    """A pyramid that learns, over a copy of its trunk that does not."""

    def __init__(self, own: LitePyramid, fast: LitePyramid) -> None:
        super().__init__()
        self.mean, self.deviation = own.mean, own.deviation
        self._own, self._fast = own, fast

    def forward(self, frames: Float[Tensor, "batch 3 height width"]) -> Maps:
        with torch.no_grad():
            maps = self._fast.look(frames)
        return self._own.climb(maps)


def _spread(
    maps: Float[Tensor, "frames channels rows columns"], inside: Bool[Tensor, "batch time"]
) -> Float[Tensor, "batch time channels rows columns"]:
    """Maps at their places in the windows, zeros elsewhere."""
    if inside.all():
        return maps.reshape(*inside.shape, *maps.shape[1:])
    places = maps.new_zeros(inside.numel(), *maps.shape[1:])
    filled = places.index_put((inside.flatten().nonzero()[:, 0],), maps)
    return filled.reshape(*inside.shape, *maps.shape[1:])


def target_of(labels: UInt8[Tensor, "height width"]) -> dict[str, Tensor]:
    """The objects of a label map as torchvision takes them; all are of class 1."""
    found = instances_of(labels.cpu().numpy())
    return {
        "boxes": torch.from_numpy(found.boxes_xyxy).to(labels.device),
        "labels": torch.ones(len(found), dtype=torch.int64, device=labels.device),
        "masks": torch.from_numpy(found.masks).to(labels.device),
    }

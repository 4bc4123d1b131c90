"""SlowFast VOS as a backend computes it: features of a frame, the module's step, the proposals; heads stay in torch."""

import copy
from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RPNHead, concat_box_prediction_layers

from segue.models.slowfast.module import SlowFast
from segue.models.slowfast.network import (
    Instances,
    SlowFastNetwork,
    features_of,
    image_list,
    instances_of,
    normalised,
)
from segue.models.slowfast.state import Levels, Past
from segue.models.slowfast.stream import KINDS, LevelStep
from segue.nn.backends.catalog import whole_backend
from segue.nn.backends.interface import Backend, Graph

HEAD_LEVELS = 4
"""Levels that the heads read, the finest ones."""


class See(nn.Module):
    """Features of a frame."""

    def __init__(self, network: SlowFastNetwork) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.settings = network.settings

    def forward(self, frames: UInt8[Tensor, "batch height width 3"]) -> tuple[Tensor, ...]:
        """A map per level, the finest first."""
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        return tuple(features_of(self.backbone, pixels, self.settings).values())


class SeeNormalised(nn.Module):
    """Features of a frame that is resized, normalised and padded already, so that frames may have any size."""

    def __init__(self, network: SlowFastNetwork) -> None:
        super().__init__()
        self.backbone = network.backbone

    def forward(self, pixels: Float[Tensor, "batch 3 rows columns"]) -> tuple[Tensor, ...]:
        """A map per level, the finest first."""
        return tuple(self.backbone(pixels).values())


class Enhance(nn.Module):
    """One step of the module at every level that the heads read, with its inputs one after the other."""

    def __init__(self, module: SlowFast) -> None:
        super().__init__()
        self.steps = nn.ModuleList(LevelStep(module, level) for level in range(HEAD_LEVELS))
        self.copied = (module,)
        """See ``Copying``; a tuple, so that it is no part of the network."""

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Per level the enhanced features, then the new map of each kind."""
        values, found = iter(inputs), []
        for step in map(_step, self.steps):
            features = [next(values) for _ in range(step.rings.features)]
            past = [[next(values) for _ in range(count)] for count in step.rings.past]
            enhanced, new = step(features, past)
            found += [enhanced, *new]
        return tuple(found)


class Propose(nn.Module):
    """The convolutions of the region proposals."""

    def __init__(self, head: RPNHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, *maps: Tensor) -> tuple[Tensor, ...]:
        """How likely an object is at each anchor of each level, then how its box differs from the anchor."""
        objectness, deltas = self.head(list(maps))
        return *objectness, *deltas


class SlowFastGraphs:
    """The network, ready to compute.

    Args:
        network: With trained weights.
        backend: Computes all but the heads. A memory that was made with one backend may go on with another.
    """

    def __init__(self, network: SlowFastNetwork, backend: Backend) -> None:
        self.settings = network.settings
        self.level_names = network.levels
        self.see = _sized(network) or backend.prepare(See(network))
        """Features of frames, as in ``See``."""
        self._propose = backend.prepare(Propose(network.rpn.head))
        self._rpn = copy.deepcopy(network.rpn).eval()
        self._heads = copy.deepcopy(network.roi_heads).eval()
        self._enhance, self._steps = None, nn.ModuleList()
        if network.slowfast is not None:
            enhance = Enhance(network.slowfast)
            self._enhance, self._steps = backend.prepare(enhance), enhance.steps

    def nothing(self, like: Levels) -> Past:
        """The past before the first frame of all."""
        if self._enhance is None:
            return ()
        pairs = zip(self._steps, like[:HEAD_LEVELS], strict=True)
        return tuple(_step(step).nothing(maps) for step, maps in pairs)

    def enhance(self, features: Sequence[Levels], past: Past) -> tuple[Levels, Past]:
        """Features of the oldest frame as the heads read them, and what is remembered for the next step.

        Args:
            features: Of the frame that is due and of all later ones, the oldest first.
            past: What the last step returned, or ``nothing``.
        """
        if self._enhance is None:
            return features[0][:HEAD_LEVELS], past
        inputs = []
        for level in range(HEAD_LEVELS):
            inputs += [maps[level] for maps in features]
            inputs += [one for kind in past[level] for one in kind]
        found = self._enhance(*inputs)
        width = KINDS + 1
        after = tuple(
            tuple(
                (*kind, found[level * width + 1 + number])[1:] for number, kind in enumerate(kinds)
            )
            for level, kinds in enumerate(past)
        )
        return found[::width], after

    @torch.no_grad()
    def detect(self, plain: Levels, enhanced: Levels, size_hw: tuple[int, int]) -> Instances:
        """Instances of a frame.

        Args:
            plain: Its features.
            enhanced: The same as the heads read them.
            size_hw: Height and width of the frame.
        """
        images = image_list(plain[0], self.settings.working_hw(size_hw))
        proposals = self._proposals(plain, images)
        maps = dict(zip(self.level_names[:HEAD_LEVELS], enhanced, strict=True))
        found, _ = self._heads(maps, proposals, images.image_sizes)
        return instances_of(found[0], images.image_sizes[0], size_hw)

    def _proposals(self, plain: Levels, images: ImageList) -> list[Tensor]:
        """As ``RegionProposalNetwork.forward`` finds them, but for its convolutions."""
        said = self._propose(*plain)
        objectness, deltas = list(said[: len(plain)]), list(said[len(plain) :])
        anchors = self._rpn.anchor_generator(images, list(plain))
        counts = [one[0].numel() for one in objectness]
        likely, moved = concat_box_prediction_layers(objectness, deltas)
        boxes = self._rpn.box_coder.decode(moved, anchors).view(len(anchors), -1, 4)
        kept, _ = self._rpn.filter_proposals(boxes, likely, images.image_sizes, counts)
        found: list[Tensor] = kept
        return found


def _sized(network: SlowFastNetwork) -> Graph | None:
    """``See`` with a graph for frames of any size, where the graphs of a model have to be so."""
    whole = whole_backend()
    if whole is None:
        return None
    graph, backbone, settings = (
        whole.prepare(SeeNormalised(network)),
        network.backbone,
        network.settings,
    )

    def see(frames: UInt8[Tensor, "batch height width 3"]) -> tuple[Tensor, ...]:
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        return graph(normalised(backbone, pixels, settings))

    return see


def _step(module: nn.Module) -> LevelStep:
    """A list of modules does not know what it holds."""
    return cast(LevelStep, module)

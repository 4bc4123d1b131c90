"""SlowFast VOS as a network: frames -> features of each; a window of features -> losses, or instances of the middle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.models.detection.transform import resize_boxes

from segue.models.slowfast.detector import (
    MULTIPLE,
    create_detector,
    levels_of,
    stem_of,
    widths_of,
)
from segue.models.slowfast.module import SlowFast
from segue.models.slowfast.settings import SlowFastSettings

Maps = dict[str, Float[Tensor, "batch channels _ _"]]
"""Features of frames: level -> map, the finest level first."""
WindowMaps = Mapping[str, Float[Tensor, "batch _ _ _ _"]]
"""Features of successive frames: level -> maps of shape ``batch time channels rows columns``."""
Target = Mapping[str, Tensor]
"""True objects of a frame, as torchvision has them: ``boxes`` [n, 4] as left, top, right, bottom in pixels (float),
``labels`` [n] (int64, 1), ``masks`` [n, height, width] (uint8); n may be 0."""
Part = Literal["stem", "trunk", "backbone", "rpn", "heads", "module"]
"""What training can leave alone: first layers of the trunk, the trunk, trunk and pyramid, and what follows them."""


@dataclass(frozen=True)
class Instances:
    """What was found in a frame, the surest first."""

    boxes_xyxy: Float[Tensor, "found 4"]
    """In pixels of the frame."""
    scores: Float[Tensor, " found"]
    categories: Int64[Tensor, " found"]
    """Class of each, 1 where there is one class only."""
    masks: Float[Tensor, "found 1 cells cells"]
    """Probabilities within the box."""

    def pasted(self, size_hw: tuple[int, int]) -> Float[Tensor, "found height width"]:
        """Probabilities over the whole frame, 0 outside of the boxes."""
        found: Tensor = paste_masks_in_image(self.masks, self.boxes_xyxy, size_hw)
        return found[:, 0]


class SlowFastNetwork(nn.Module):
    """Mask R-CNN with the module between the pyramid and the heads.

    The region proposals come from the features of the middle frame as they are; box and mask heads read the enhanced
    ones. In training mode also the pyramid's last level, which no head reads, goes through the module, for its
    statistics (the released code).

    Args:
        name: ``slowfast`` or ``slowfast-lite``.
        settings: Without ``module`` this is the plain detector, and windows have one frame.
        num_classes: Of the detector, background included.
    """

    def __init__(self, name: str, settings: SlowFastSettings, num_classes: int = 2) -> None:
        super().__init__()
        detector = create_detector(name, num_classes)
        self.settings = settings
        self.num_classes = num_classes
        self.levels = levels_of(name)
        self.backbone, self.rpn = detector.backbone, detector.rpn
        self.roi_heads = detector.roi_heads
        self.roi_heads.score_thresh = settings.score
        self.roi_heads.nms_thresh = settings.overlap
        self.roi_heads.detections_per_img = settings.most
        self.slowfast = (
            SlowFast(settings, widths_of(name), len(self.levels)) if settings.module else None
        )

        self._backbone_rests = False

    @property
    def window(self) -> int:
        """Frames that one answer depends on."""
        return self.settings.window

    def freeze(self, *parts: Part) -> None:
        """Train everything but these parts; a frozen backbone also leaves the statistics of its norms alone.

        The module's statistics move in training even if its weights are frozen (the released code);
        ``SlowFast.hold_statistics`` stops them.
        """
        self.requires_grad_(True)
        for part in parts:
            for module in self._modules_of(part):
                module.requires_grad_(False)
        self._backbone_rests = "backbone" in parts
        self.train(self.training)

    def train(self, mode: bool = True) -> "SlowFastNetwork":
        """Training or evaluation mode."""
        super().train(mode)
        if self._backbone_rests:
            self.backbone.eval()
        return self

    def _modules_of(self, part: Part) -> list[nn.Module]:
        if part == "module":
            return [] if self.slowfast is None else [self.slowfast]
        if part in ("rpn", "heads"):
            return [self.rpn if part == "rpn" else self.roi_heads]
        if part == "backbone":
            return [self.backbone]
        return stem_of(self.backbone) if part == "stem" else [self.backbone.body]

    def working_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """See ``SlowFastSettings.working_hw``."""
        return self.settings.working_hw(size_hw)

    def see(self, frames: Float[Tensor, "batch 3 height width"]) -> Maps:
        """Features of each frame.

        Args:
            frames: Values in [0, 1], of any size; resized, normalised and padded to multiples of 32 here.
        """
        return features_of(self.backbone, frames, self.settings)

    def enhance(self, window: WindowMaps) -> Maps:
        """Features of the middle frame as the heads read them."""
        if self.slowfast is None:
            return middle(window)
        levels = self.levels if self.training else self.levels[:4]
        return {n: self.slowfast(window[n], i) for i, n in enumerate(levels)}

    def losses(
        self, window: WindowMaps, targets: Sequence[Target], size_hw: tuple[int, int]
    ) -> dict[str, Float[Tensor, ""]]:
        """Losses of the middle frames, to be added up; the network must be in training mode.

        Args:
            window: Features of ``window`` frames, outside of the video zeros.
            targets: Of each middle frame of the batch, in pixels of the frames as they were seen.
            size_hw: Height and width of those frames.

        Returns:
            ``loss_classifier``, ``loss_box_reg``, ``loss_mask``, ``loss_objectness`` and ``loss_rpn_box_reg``.
        """
        working = self.working_hw(size_hw)
        scaled = [_resized(dict(target), size_hw, working) for target in targets]
        plain = middle(window)
        images = image_list(plain[self.levels[0]], working)
        proposals, first = self.rpn(images, plain, scaled)
        _, second = self.roi_heads(self.enhance(window), proposals, images.image_sizes, scaled)
        return {**second, **first}

    @torch.no_grad()
    def detect(self, window: WindowMaps, size_hw: tuple[int, int]) -> list[Instances]:
        """Instances of the middle frames; the network must be in evaluation mode.

        Args:
            window: Features of ``window`` frames.
            size_hw: Height and width of the frames as they were seen.
        """
        plain = middle(window)
        images = image_list(plain[self.levels[0]], self.working_hw(size_hw))
        proposals, _ = self.rpn(images, plain)
        found, _ = self.roi_heads(self.enhance(window), proposals, images.image_sizes)
        return [instances_of(one, images.image_sizes[0], size_hw) for one in found]

    def forward(
        self,
        frames: Float[Tensor, "batch time 3 height width"],
        targets: Sequence[Target] | None = None,
    ) -> dict[str, Float[Tensor, ""]] | list[Instances]:
        """Losses in training mode, else instances, of whole windows of frames.

        Args:
            frames: ``window`` successive frames, values in [0, 1].
            targets: Of each middle frame; needed in training mode.
        """
        size_hw = (frames.shape[3], frames.shape[4])
        shape = frames.shape[:2]
        seen = self.see(frames.flatten(0, 1))
        window = {n: m.reshape(*shape, *m.shape[1:]) for n, m in seen.items()}
        if self.training:
            return self.losses(window, targets or (), size_hw)
        return self.detect(window, size_hw)


def features_of(
    backbone: nn.Module, frames: Float[Tensor, "batch 3 height width"], settings: SlowFastSettings
) -> Maps:
    """See ``SlowFastNetwork.see``."""
    return cast(Maps, backbone(normalised(backbone, frames, settings)))


def normalised(
    backbone: nn.Module, frames: Float[Tensor, "batch 3 height width"], settings: SlowFastSettings
) -> Float[Tensor, "batch 3 rows columns"]:
    """Frames as the backbone reads them: resized, normalised and padded to multiples of 32."""
    size_hw = (frames.shape[2], frames.shape[3])
    working = settings.working_hw(size_hw)
    if working != size_hw:
        frames = F.interpolate(frames, working, mode="bilinear", align_corners=False)
    mean, deviation = (
        torch.tensor(cast(tuple[float, ...], v), device=frames.device)[:, None, None]
        for v in (backbone.mean, backbone.deviation)
    )
    padding = (0, -working[1] % MULTIPLE, 0, -working[0] % MULTIPLE)
    return F.pad((frames - mean) / deviation, padding)


def image_list(
    finest: Float[Tensor, "batch channels rows columns"], working_hw: tuple[int, int]
) -> ImageList:
    """What torchvision asks of images when their features are known: how large they are, padded and not."""
    batch, _, rows, columns = finest.shape
    pixels = finest.new_empty(1).expand(batch, 3, rows * 4, columns * 4)
    return ImageList(pixels, [working_hw] * batch)


def middle(window: WindowMaps) -> Maps:
    """Features of the middle frame, untouched."""
    return {name: maps[:, maps.shape[1] // 2] for name, maps in window.items()}


def _resized(
    target: dict[str, Tensor], size_hw: tuple[int, int], working_hw: tuple[int, int]
) -> dict[str, Tensor]:
    if size_hw == working_hw:
        return target
    target["boxes"] = resize_boxes(target["boxes"], list(size_hw), list(working_hw))
    target["masks"] = F.interpolate(target["masks"][:, None], working_hw)[:, 0]
    return target


def instances_of(
    found: Mapping[str, Tensor], working_hw: tuple[int, int], size_hw: tuple[int, int]
) -> Instances:
    """What torchvision found, in pixels of the frame."""
    boxes = resize_boxes(found["boxes"], list(working_hw), list(size_hw))
    return Instances(boxes, found["scores"], found["labels"], found["masks"])

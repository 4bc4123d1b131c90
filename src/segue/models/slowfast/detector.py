"""Mask R-CNN in two sizes: torchvision's with ResNet-50, and a small one on EfficientNet-Lite0 (ours).

Names of parameters of the large one are torchvision's, so that its COCO weights fit.
"""

from collections import OrderedDict
from functools import partial
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign

from segue.models.slowfast.module import FULL, QUARTER, Widths
from segue.models.slowfast.settings import LITE
from segue.nn.efficientnet import EfficientNetLite0
from segue.nn.pyramid import WIDTHS, TopDown

MULTIPLE = 32
"""Of the sides of what the backbone takes."""

_ROI_LEVELS = ("0", "1", "2", "3")
_RATIOS = (0.5, 1.0, 2.0)
_LITE_ANCHORS = (32, 64, 128, 224)
"""Pixels, one per level; in pictures 448 wide, half of the objects of DAVIS-2016 train are 109 to 175 across."""


def widths_of(name: str) -> Widths:
    """Channels of the module of a model."""
    return QUARTER if name == LITE else FULL


def levels_of(name: str) -> tuple[str, ...]:
    """Names of the pyramid's levels, the finest first; the heads read the first four."""
    return _ROI_LEVELS if name == LITE else (*_ROI_LEVELS, "pool")


class LitePyramid(nn.Module):
    """EfficientNet-Lite0 and the pyramid of segue-lite, each level brought to the same channels."""

    mean = (0.5, 0.5, 0.5)
    deviation = (1.0, 1.0, 1.0)

    def __init__(self) -> None:
        super().__init__()
        self.out_channels = QUARTER.features
        self.body = EfficientNetLite0()
        self.neck = TopDown()
        self.out = nn.ModuleDict(
            {str(s): nn.Conv2d(w, self.out_channels, 1) for s, w in WIDTHS.items()}
        )

    def train(self, mode: bool = True) -> "LitePyramid":
        """Training or evaluation mode; the norms of the trunk keep their statistics, like those of the large one."""
        super().train(mode)
        self.body.eval()
        return self

    def forward(
        self, frames: Float[Tensor, "batch 3 height width"]
    ) -> dict[str, Float[Tensor, "batch channels _ _"]]:
        """Maps at strides 4, 8, 16 and 32, named 0 to 3; sides are multiples of 32."""
        return self.climb(self.look(frames))

    def look(
        self, frames: Float[Tensor, "batch 3 height width"]
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """Maps of the trunk, by stride."""
        maps: dict[int, Tensor] = self.body(frames + self.mean[0])
        return maps

    def climb(
        self, maps: dict[int, Float[Tensor, "batch _ _ _"]]
    ) -> dict[str, Float[Tensor, "batch channels _ _"]]:
        """The pyramid over the maps of the trunk."""
        found = self.neck.climb(maps)
        return OrderedDict(
            (name, self.out[str(stride)](found[stride]))
            for name, stride in zip(_ROI_LEVELS, WIDTHS, strict=True)
        )


def stem_of(backbone: nn.Module) -> list[nn.Module]:
    """The first layers of the trunk: what torchvision freezes, and of the small one those up to stride 8."""
    if isinstance(backbone, LitePyramid):
        layers = backbone.body.body
        return [layers.conv_stem, layers.bn1, *layers.blocks[:4]]
    body = cast(nn.Module, backbone.body)
    return [body.get_submodule("conv1"), body.get_submodule("layer1")]


def create_detector(name: str, num_classes: int) -> MaskRCNN:
    """A new Mask R-CNN without pretrained weights.

    Args:
        name: ``slowfast`` or ``slowfast-lite``.
        num_classes: Background included; 2 where every object is of one class.
    """
    return _lite(num_classes) if name == LITE else _full(num_classes)


def _full(num_classes: int) -> MaskRCNN:
    # torchvision sets epsilon to 0 for the weights that it trained then, and so did the version that the paper used.
    # Built without weights, its own function would make batch norms that can be trained, which are not the paper's.
    norm = cast(type[nn.Module], partial(FrozenBatchNorm2d, eps=0.0))
    backbone = resnet_fpn_backbone(
        backbone_name="resnet50", weights=None, norm_layer=norm, trainable_layers=5
    )
    backbone.mean, backbone.deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return MaskRCNN(backbone, num_classes)


def _lite(num_classes: int) -> MaskRCNN:
    """The recipe of the large one with a quarter of its channels, fewer proposals, and finer masks for its size."""
    channels, hidden = QUARTER.features, 256
    anchors = AnchorGenerator(
        tuple((size,) for size in _LITE_ANCHORS), (_RATIOS,) * len(_LITE_ANCHORS)
    )
    boxes, masks = (MultiScaleRoIAlign(_ROI_LEVELS, side, 2) for side in (7, 28))
    return MaskRCNN(
        LitePyramid(),
        rpn_anchor_generator=anchors,
        rpn_head=RPNHead(channels, len(_RATIOS)),
        rpn_pre_nms_top_n_train=500,
        rpn_post_nms_top_n_train=250,
        rpn_pre_nms_top_n_test=250,
        rpn_post_nms_top_n_test=100,
        box_roi_pool=boxes,
        box_head=TwoMLPHead(channels * 7 * 7, hidden),
        box_predictor=FastRCNNPredictor(hidden, num_classes),
        box_batch_size_per_image=64,
        mask_roi_pool=masks,
        mask_head=MaskRCNNHeads(channels, (channels,) * 4, 1),
        mask_predictor=MaskRCNNPredictor(channels, channels, num_classes),
    )

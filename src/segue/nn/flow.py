"""Optical flow between two frames: DIS on any computer, RAFT where its weights are on disk already."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from segue.errors import SettingsError, WeightsError
from segue.types import Frame

Flow = Float32[np.ndarray, "height width 2"]
"""Where each pixel of a frame is in the next one: displacement in x and y, in pixels."""

Grey = UInt8[np.ndarray, "height width"]

_DIS_SMALLEST = 64
"""Pixels along both sides from which DIS has not crashed, up to sides of 4,000; it did at 8x64, 20x160 and 24x320."""

RAFT_FILE = "raft_large_C_T_V1-22a6c225.pth"
"""The original RAFT, trained on FlyingChairs and FlyingThings, as torchvision names it."""
RAFT_ITERATIONS = 20
_RAFT_STRIDE = 8
_RAFT_SMALLEST = 128
"""Its correlation pyramid has four levels on top of stride 8, and takes no smaller picture."""


@runtime_checkable
class FlowFinder(Protocol):
    """Something that finds flow."""

    @property
    def name(self) -> str:
        """The method with its variant; belongs into every result that rests on it."""
        ...

    def __call__(self, frame: Frame, next_frame: Frame) -> Flow:
        """Flow from a frame to the next one of the same size."""
        ...


def find_flow(method: str = "auto", device: str = "cpu") -> FlowFinder:
    """The flow of a name.

    Args:
        method: ``dis`` (OpenCV), ``raft`` (torchvision), or ``auto``: RAFT where its weights are on disk and the
            device is no CPU, on which it takes many seconds per frame; else DIS.
        device: Where RAFT runs.

    Raises:
        SettingsError: No such method.
        WeightsError: ``raft`` without its weights file, or with a damaged one; nothing is ever downloaded.
    """
    if method == "raft":
        return Raft(_raft_path(), device)
    if method == "auto" and device != "cpu" and _raft_path().is_file():
        return Raft(_raft_path(), device)
    if method in ("auto", "dis"):
        return Dis()
    raise SettingsError(f"No flow method {method!r}. There is: auto, dis, raft.")


class Dis:
    """Dense inverse search (Kroeger et al., ECCV 2016) of OpenCV, its fast preset.

    The medium preset takes five times as long and warps true labels of CamVid 0.7 points of mean IoU better.
    """

    name = "dis-fast"

    def __init__(self) -> None:
        self._search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def __call__(self, frame: Frame, next_frame: Frame) -> Flow:
        """Flow from a frame to the next one of the same size."""
        grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (frame, next_frame)]
        return search_flow(self._search, grey[0], grey[1])


def search_flow(search: cv2.DISOpticalFlow, frame: Grey, next_frame: Grey) -> Flow:
    """What DIS finds in frames of any size: it ends the process on strips such as 24x320 pixels.

    Args:
        search: Of any preset.
        frame: Brightness.
        next_frame: Of the same size.
    """
    height, width = frame.shape
    below, right = (max(0, _DIS_SMALLEST - side) for side in (height, width))
    if below or right:
        frame, next_frame = (
            cv2.copyMakeBorder(one, 0, below, 0, right, cv2.BORDER_REPLICATE)
            for one in (frame, next_frame)
        )
    found: Flow = search.calc(frame, next_frame, None)
    return np.ascontiguousarray(found[:height, :width])


class Raft:
    """RAFT (Teed and Deng, ECCV 2020), large, 20 iterations as VSPW uses it."""

    name = f"raft-large-{RAFT_ITERATIONS}"

    def __init__(self, weights: Path, device: str = "cpu") -> None:
        """Load the network.

        Raises:
            WeightsError: The file is not there, or is not the weights of RAFT.
        """
        # Imported here, for whoever evaluates with DIS should not wait for torch.
        import torch
        from torchvision.models.optical_flow import raft_large

        if not weights.is_file():
            raise WeightsError(
                f"No RAFT weights at {weights}, and none are downloaded. Put torchvision's file "
                f"{RAFT_FILE} there, or take the method dis."
            )
        network = raft_large(weights=None).eval().to(device)
        try:
            network.load_state_dict(torch.load(weights, map_location=device, weights_only=True))
        except Exception as error:
            raise WeightsError(
                f"{weights} does not hold the weights of RAFT ({type(error).__name__}). "
                f"Fetch {RAFT_FILE} of torchvision again."
            ) from None
        self._network, self._device = network, device

    def __call__(self, frame: Frame, next_frame: Frame) -> Flow:
        """Flow from a frame to the next one of the same size."""
        import torch

        height, width = frame.shape[:2]
        images = [_raft_input(image, self._device) for image in (frame, next_frame)]
        with torch.inference_mode():
            flow = self._network(*images, num_flow_updates=RAFT_ITERATIONS)[-1]
        found: Flow = flow[0, :, :height, :width].permute(1, 2, 0).float().cpu().numpy()
        return np.ascontiguousarray(found)


def _raft_path() -> Path:
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / RAFT_FILE


def _raft_input(image: Frame, device: str) -> Any:
    """A batch of one image in [-1, 1], its last row and column repeated to a size that RAFT takes."""
    import torch

    height, width = image.shape[:2]
    rows, columns = (
        max(-(-side // _RAFT_STRIDE) * _RAFT_STRIDE, _RAFT_SMALLEST) for side in (height, width)
    )
    padded = np.pad(image, ((0, rows - height), (0, columns - width), (0, 0)), mode="edge")
    pixels = torch.from_numpy(padded).to(device).permute(2, 0, 1)[None]
    return pixels.float() / 127.5 - 1

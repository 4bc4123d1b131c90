"""What a trained network says of frames without labels, written as label files: a PNG each, whole or not at all."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor, nn

from segue.data.context_clips import Place, ReferenceSettings, choose_reference
from segue.data.label_clips import LabelFootage
from segue.files import write_json, writing
from segue.media.png import write_png
from segue.training.average import evaluating
from segue.training.tasks.scene_networks import Family
from segue.training.tasks.ssltm_footage import pseudo_path
from segue.types import VOID, Frame, Labels

FILE = "labels.json"
"""In the folder of pseudo-labels: whose they are, and what they cost; ``num_labels`` once all are there."""


@dataclass(frozen=True, slots=True)
class Written:
    """The pseudo-labels of a folder."""

    weights: str
    """SHA-256 of the weights that they come from."""
    threshold: float
    num_labels: int = 0
    """0 until the last one is there."""
    bytes: int = 0
    """On the disk."""
    seconds: float = 0.0
    """Of the process that wrote the last of them."""


@dataclass(frozen=True)
class Labeller:
    """Labels single frames with a network, each with its earliest reference frame (the same every time).

    Args:
        family: How the network is asked.
        network: With trained weights.
        values: Stored value of each class.
        reference: How far away the reference is.
        with_reference: Whether the network is shown one.
        threshold: A pixel gets a label where the network is so sure; 255 stands for none.
        multiple: Of which the sides of frames must be multiples.
    """

    family: Family
    network: nn.Module
    values: UInt8[np.ndarray, " classes"]
    reference: ReferenceSettings
    with_reference: bool
    threshold: float
    multiple: int

    @torch.no_grad()
    def label(self, footage: LabelFootage, place: Place) -> Labels:
        """The label file of a frame, at its size.

        Raises:
            VideoError: A frame cannot be read.
        """
        sequence, index = place
        frame = footage.read(sequence, index)[0]
        num_frames = len(footage.sequences[sequence].frame_paths)
        far = footage.read(sequence, choose_reference(index, num_frames, self.reference))[0]
        reference = self._pixels(far) if self.with_reference else None
        answer = self.family.ask(self.network, self._pixels(frame)[:, None], reference)
        highest = answer.logits[0].float().softmax(0).max(0)
        stored = self.values[highest.indices.cpu().numpy()]
        stored[highest.values.cpu().numpy() < self.threshold] = VOID
        height, width = frame.shape[:2]
        labels: Labels = np.ascontiguousarray(stored[:height, :width])
        return labels

    def _pixels(self, frame: Frame) -> Tensor:
        device = next(self.network.parameters()).device
        pixels = torch.from_numpy(frame).to(device).permute(2, 0, 1)[None].float() / 255
        height, width = frame.shape[:2]
        return F.pad(pixels, (0, -width % self.multiple, 0, -height % self.multiple), "replicate")


def write_pseudo_labels(
    labeller: Labeller, footage: LabelFootage, folder: Path, weights: Path
) -> Written:
    """Label every frame that has no label; a killed call goes on, and labels of other weights are written anew.

    Args:
        labeller: With the weights.
        footage: Its unlabelled frames are labelled.
        folder: Receives ``<video>/<frame>.png`` and ``labels.json``.
        weights: The file that the network was filled from.

    Raises:
        WriteError: The disk is full or read-only; labels that were written stay, and the next call goes on.
        VideoError: A frame cannot be read.
    """
    begun = Written(hashlib.sha256(weights.read_bytes()).hexdigest(), labeller.threshold)
    found = read_written(folder)
    same = found is not None and (found.weights, found.threshold) == (
        begun.weights,
        begun.threshold,
    )
    paths = {p: pseudo_path(folder, footage.sequences[p[0]], p[1]) for p in footage.unlabelled}
    if (
        same
        and found is not None
        and found.num_labels == len(paths)
        and all(path.is_file() for path in paths.values())
    ):
        return found
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FILE, asdict(begun))
    started = time.perf_counter()
    with evaluating(labeller.network):
        for place, path in paths.items():
            if not (same and path.is_file()):
                write_png(path, labeller.label(footage, place))
    size = sum(path.stat().st_size for path in paths.values())
    spent = round(time.perf_counter() - started, 3)
    written = Written(begun.weights, begun.threshold, len(paths), size, spent)
    write_json(folder / FILE, asdict(written))
    return written


def read_written(folder: Path) -> Written | None:
    """What a folder of pseudo-labels says of itself; ``None`` where it says nothing that can be read."""
    try:
        return Written(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None

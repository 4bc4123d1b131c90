"""What fine-tuning on a few masks of a video is worth on its other frames.

    python benchmarks/finetune.py ../shared/data/davis2016_val_dev paragliding-launch [key=value ...]
    python benchmarks/finetune.py ../shared/data/camvid 0016E5 --layout camvid --model temporal-unet-lite
    python benchmarks/finetune.py ../shared/data/davis2016_val_dev goat --model slowfast-lite --masks 1

Masked frames lie evenly from the first to the last one; all others are scored. Objects are carried twice, from the
first mask alone and from all masks, for whoever has five masks may also simply give them all. A model that finds
objects by itself, such as slowfast-lite, is told no mask; it has learned from them, or has not.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from record import write

import segue
from segue.data.catalog import find_layout
from segue.data.sample import VideoSequence
from segue.media.label_file import read_label_values
from segue.metrics.confusion import ConfusionTally, confusion
from segue.models.catalog import find
from segue.settings import override
from segue.types import Labels


@dataclass(frozen=True)
class Trial:
    """A video, its truth, and which frames are masked."""

    model: str
    frames: list[str]
    truth: list[Labels]
    masked: list[int]
    scratch: Path

    @property
    def held_out(self) -> list[int]:
        """The frames that are scored."""
        return [index for index in range(len(self.frames)) if index not in self.masked]

    def masks(self, indices: list[int]) -> dict[Any, Labels]:
        """The truth of some frames, as ``segue.track`` and ``segue.finetune`` take it."""
        if find(self.model).kind == "classes":
            return {index: self.truth[index] for index in indices}
        return {(index, 1): self.truth[index] for index in indices}

    def score(self, weights: Path | None) -> dict[str, float]:
        """Of a model with these weights, in percent."""
        if find(self.model).kind == "classes":
            return {"mIoU": self._mean_iou(weights)}
        scored = {"first mask": self.masked[:1], "all masks": self.masked}
        if find(self.model).begins_with == "nothing":
            scored = {"no mask": []}
        return {name: self._j_and_f(weights, given) for name, given in scored.items()}

    def _j_and_f(self, weights: Path | None, given: list[int]) -> float:
        model = segue.load_model(self.model, weights=weights)
        found = {
            frame.index: prediction.labels
            for frame, prediction in segue.track(model, self.frames, self.masks(given) or None)
        }
        for name, labels in (("found", found), ("truth", dict(enumerate(self.truth)))):
            folder = self.scratch / name / "video"
            folder.mkdir(parents=True, exist_ok=True)
            for index in self.held_out:
                segue.write_mask(folder / f"{index:05d}.png", labels[index])
        report = segue.evaluate(self.scratch / "found", self.scratch / "truth", "folder")
        return round(float(report.summary["J&F"] or 0), 1)

    def _mean_iou(self, weights: Path | None) -> float:
        model = segue.load_model(self.model, weights=weights)
        counts, held_out = ConfusionTally.empty(len(model.classes)), set(self.held_out)
        for frame, prediction in segue.label(model, self.frames):
            if frame.index in held_out:
                truth = self.truth[frame.index]
                counts += confusion(prediction.labels, truth, len(model.classes))
        return round(100 * counts.mean_iou, 1)


def trial(sequence: VideoSequence, model: str, num_masks: int, scratch: Path) -> Trial:
    """The frames of a sequence with masks evenly from the first to the last one."""
    pairs = [
        (str(frame), mask)
        for frame, mask in zip(sequence.frame_paths, sequence.mask_paths, strict=True)
        if mask is not None
    ]
    values = [read_label_values(mask) for _, mask in pairs]
    classes = find(model).kind == "classes"
    truth = [np.where(v > 10, 255, v) if classes else v > 0 for v in values]
    places = np.linspace(0, len(pairs) - 1, num_masks).round().astype(int)
    frames = [frame for frame, _ in pairs]
    return Trial(model, frames, [t.astype(np.uint8) for t in truth], places.tolist(), scratch)


def measure(one: Trial, weights: Path | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Scores before and after, and what the training took.

    Args:
        one: The video.
        weights: Where to begin; by default the weights that ship.
        settings: Of the fine-tuning.
    """
    before = one.score(weights)
    busy, begin = time.process_time(), time.perf_counter()
    out = one.scratch / "tuned.safetensors"
    tuned = segue.finetune(
        one.frames,
        one.masks(one.masked),
        model=one.model,
        weights=weights,
        out=out,
        settings=settings,
    )
    minutes = (time.perf_counter() - begin) / 60
    return {
        "masked": one.masked,
        "scored": len(one.held_out),
        "before": before,
        "steps": tuned.steps,
        "minutes": round(minutes, 2),
        "processor_minutes": round((time.process_time() - busy) / 60, 2),
        "after": one.score(tuned.path),
    }


def main() -> None:
    """Measure, and write ``results/finetune-<model>-<sequence>.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("sequence")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="of FinetuneSettings")
    parser.add_argument("--layout", default="davis2016")
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", default="segue-lite")
    parser.add_argument("--weights", type=Path, help="where to begin")
    parser.add_argument("--masks", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    warnings.simplefilter("ignore", UserWarning)
    sequences = find_layout(options.layout).sequences(options.root, options.split)
    sequence = next(one for one in sequences if one.name == options.sequence)
    settings = override({}, options.settings)
    with tempfile.TemporaryDirectory() as scratch:
        one = trial(sequence, options.model, options.masks, Path(scratch))
        results = measure(one, options.weights, settings)
    print(results)
    given = {"model": options.model, "sequence": options.sequence, **settings}
    print(write(f"finetune-{options.model}-{options.sequence}", given, results))


if __name__ == "__main__":
    main()

"""Figure 3 of the temporal U-Net report: labels along a clip, frame by frame and with memory, and what they score."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from segue.data.catalog import find_layout
from segue.data.label_clips import LabelFootage
from segue.data.semantic_classes import CAMVID_CLASSES, CITYSCAPES_CLASSES
from segue.inference.label import label
from segue.media.overlay import contact_sheet, write_image
from segue.media.resize import ALL_PIXELS
from segue.media.video import ArrayVideo
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.models.temporal_unet.network import TemporalUnet
from segue.nn.weights import load_weights
from segue.studies.study import Drawing
from segue.training.loop import WEIGHTS
from segue.training.tasks.catalog import RunSettings
from segue.training.tasks.temporal_unet_settings import TrainingSettings, label_table
from segue.training.tasks.temporal_unet_validation import Validation
from segue.types import VOID, Frame, Labels

_COLOURS = {"camvid": CAMVID_CLASSES.colours, "cityscapes": CITYSCAPES_CLASSES.colours}
_CELL_WIDTH = 384


@dataclass(frozen=True)
class _Trained:
    """A row's network with its weights."""

    name: str
    settings: TrainingSettings
    network: TemporalUnet
    footage: LabelFootage

    def validation(self, position: int) -> Validation:
        """Scores of labelled frames that have so many frames of their clip before them."""
        fixed = self.settings.validation.model_copy(update={"position": position})
        settings = self.settings.model_copy(update={"validation": fixed})
        return Validation(self.network, settings, self.footage)

    def labels(self, frames: Sequence[Frame]) -> Iterator[Labels]:
        """What it says along a clip."""
        model = TemporalUnetModel(self.settings.variant, self.network, self.settings.model)
        for _, prediction in label(model, ArrayVideo(frames), max_side=ALL_PIXELS):
            yield prediction.labels


def draw_figure_3(settings: Mapping[str, RunSettings], folder: Path, picture: Path) -> Drawing:
    """The first, second and last frame of a clip as each row's network labels it; scores of all such frames.

    Args:
        settings: By row: the baseline, then the temporal network.
        folder: Holds the rows' folders.
        picture: The PNG.

    Raises:
        WeightsError: The weights of a row do not fit its settings.
        WriteError: The picture cannot be written.
    """
    runs = [_load(name, values, folder / name) for name, values in settings.items()]
    length = max(run.settings.validation.clip_length or 1 for run in runs)
    shown = sorted({0, min(1, length - 1), length - 1})
    clip = _draw_clip(runs, length, shown, picture)
    scores = {
        run.name: {position + 1: run.validation(position)() for position in shown} for run in runs
    }
    notes = tuple(_sentence(name, by_frame) for name, by_frame in scores.items())
    return Drawing({"clip": clip, "scores_by_frame_of_clip": scores}, notes)


def _load(name: str, values: RunSettings, folder: Path) -> _Trained:
    assert isinstance(values, TrainingSettings)
    data = values.data
    sequences = find_layout(data.layout).sequences(data.root, data.validation_split)
    footage = LabelFootage(sequences, label_table(data), in_memory=data.in_memory)
    network = create_network(values.model)
    load_weights(network, folder / WEIGHTS, model_name=values.variant)
    on_card = values.loop.device != "cpu" and torch.cuda.is_available()
    return _Trained(name, values, network.to("cuda" if on_card else "cpu").eval(), footage)


def _draw_clip(
    runs: Sequence[_Trained], length: int, shown: Sequence[int], picture: Path
) -> list[str]:
    """A row for each shown frame of the clip that ends in the middle labelled frame; names of all its frames."""
    footage, size = runs[0].footage, runs[0].validation(0).sized
    sequence, last = footage.labelled[len(footage.labelled) // 2]
    indices = range(max(0, last - length + 1), last + 1)
    sized = [size(*footage.read(sequence, index)) for index in indices]
    frames = [frame for frame, _ in sized]
    said = [list(run.labels(frames)) for run in runs]
    colours = np.zeros((256, 3), np.uint8)
    known = _COLOURS[runs[0].settings.data.layout]
    colours[: len(known)] = known
    blank = np.full(frames[0].shape[:2], VOID, np.uint8)
    cells, captions = [], []
    for place in (place for place in shown if place < len(frames)):
        truth = sized[place][1]
        maps = [*(labels[place] for labels in said), blank if truth is None else truth]
        cells += [frames[place], *(colours[labels] for labels in maps)]
        captions += [f"frame {place + 1} of {len(frames)}", *(run.name for run in runs)]
        captions.append("not labelled" if truth is None else "truth")
    # Small pictures keep hard pixels: between two classes there is no third.
    factor = max(1, _CELL_WIDTH // frames[0].shape[1])
    wide = [cell.repeat(factor, 0).repeat(factor, 1) for cell in cells]
    write_image(picture, contact_sheet(wide, len(runs) + 2, captions, cell_width=_CELL_WIDTH))
    return [footage.sequences[sequence].frame_paths[index].stem for index in indices]


def _sentence(name: str, by_frame: Mapping[int, Mapping[str, float]]) -> str:
    values = ", ".join(
        f"{100 * scores['miou_smoothed']:.2f} on frame {frame}"
        for frame, scores in by_frame.items()
    )
    return f"{name}: mIoU with void by the frames that the network has seen: {values}."

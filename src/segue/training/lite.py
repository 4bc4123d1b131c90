"""Train segue-lite from a TOML file: footage -> clips -> objective -> averaged weights."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from segue.data.clips import ClipSettings, draw_clip, load_footage
from segue.data.davis import davis_sequences
from segue.models.lite.network import LiteNetwork
from segue.models.lite.objective import ObjectiveSettings, objective
from segue.nn.fuse import for_inference
from segue.nn.weights import save_weights
from segue.settings import Settings
from segue.training.checkpoint import average_weights
from segue.training.loop import LoopSettings, train, write_record


class DataSettings(Settings):
    """Where the footage is."""

    root: Path
    """A folder in the DAVIS layout."""
    split: str = "train"


class LiteTraining(Settings):
    """Everything that a run of segue-lite depends on."""

    data: DataSettings
    clips: ClipSettings = ClipSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    loop: LoopSettings = LoopSettings()


def run(settings: LiteTraining, folder: Path) -> None:
    """Train into a folder; a run that was cut off goes on.

    Raises:
        WeightsError: The ImageNet weights of the backbone are not installed.
        NotFoundError: The footage is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder, {"settings": settings.model_dump(mode="json"), "torch": torch.__version__})
    footage = load_footage(davis_sequences(settings.data.root, settings.data.split))
    torch.manual_seed(settings.loop.seed)
    network = LiteNetwork()
    network.backbone.load_imagenet()
    network.backbone.requires_grad_(False)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,unused-ignore]
    frozen = for_inference(network.backbone)
    network.train()
    network.backbone.eval()

    def draw_batch(step: int) -> dict[str, Tensor]:
        clips = []
        for sample in range(settings.loop.batch):
            rng = np.random.default_rng([settings.loop.seed, step, sample])
            clips.append(draw_clip(footage, settings.clips, rng))
        return {
            "frames": torch.from_numpy(np.stack([c.frames for c in clips])),
            "masks": torch.from_numpy(np.stack([c.masks for c in clips])),
            "previous": torch.from_numpy(np.stack([c.previous for c in clips])),
        }

    def features(frames: Tensor) -> dict[int, Tensor]:
        with torch.no_grad():
            maps: dict[int, Tensor] = frozen(frames)
        return maps

    def losses(batch: dict[str, Any]) -> dict[str, Tensor]:
        frames = batch["frames"].permute(0, 1, 4, 2, 3) / 255
        return objective(
            network, frames, batch["masks"], batch["previous"], settings.objective, features
        )

    train(network, draw_batch, losses, settings.loop, folder)


def export(folder: Path, path: Path) -> None:
    """Write the averaged weights of a run as a weights file of segue-lite.

    Raises:
        WriteError: The file cannot be written.
    """
    network = LiteNetwork()
    network.load_state_dict(average_weights(folder))
    save_weights(network, path, model_name="segue-lite")

"""Cutie behind Segue's ``VideoModel``."""

import warnings
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cutie.model import big_modules
from cutie.model.cutie import CUTIE
from omegaconf import OmegaConf

from segue.errors import NotFoundError, WeightsError
from segue.media.masks import object_ids
from segue.models.given import check_first, check_frame, check_mask, overrule, size_of
from segue.settings import Settings
from segue.types import BACKGROUND, VOID, Frame, Labels, ObjectScore, Prediction
from segue_cutie.state import CutieState, core_with, taken_from

# Cutie's, about names of torch that it uses.
warnings.filterwarnings("ignore", message=".*torch.cuda.amp.autocast", category=FutureWarning)


class CutieSettings(Settings):
    """Those of Cutie's inference that are worth changing; the defaults are those for DAVIS."""

    mem_every: int = 5
    """Every so many frames one is put into the memory."""
    max_mem_frames: int = 5
    """Frames in the memory, the first one included."""
    top_k: int = 30
    """Places of the memory that a pixel is compared with."""
    random_weights: bool = False
    """Build it without weights, to try things."""
    seed: int = 0
    """Of random weights."""


class CutieModel:
    """Implements ``VideoModel[CutieState]``.

    Args:
        name: As in the table.
        network: With its weights, where it shall run.
        config: Cutie's own.
        settings: What that was made from.
    """

    lookahead = 0
    state_type = CutieState
    parameters_per_object = 0

    def __init__(self, name: str, network: CUTIE, config: Any, settings: CutieSettings) -> None:
        self.name = name
        self.network = network
        self.settings = settings
        self._config = config

    def start(self, frame: Frame, labels: Labels | None = None) -> tuple[Prediction, CutieState]:
        """Begin a video; see ``VideoModel.start``."""
        labels = check_first(self.name, frame, labels)
        prediction, state = self._go(frame, None, labels)
        return overrule(prediction, labels), state

    def step(
        self, frame: Frame, state: CutieState, labels: Labels | None = None
    ) -> tuple[Prediction, CutieState]:
        """Go on by one frame; see ``VideoModel.step``."""
        check_frame(frame, state.size_hw)
        if labels is None or not object_ids(labels):
            return self._go(frame, state, None)
        check_mask(labels, state.size_hw)
        # Cutie takes a mask for the whole truth of a frame: the other objects are put in as predicted.
        predicted = overrule(self._go(frame, state, None)[0], labels)
        _, state = self._go(frame, state, predicted.labels)
        return predicted, state

    @torch.no_grad()
    def _go(
        self, frame: Frame, state: CutieState | None, labels: Labels | None
    ) -> tuple[Prediction, CutieState]:
        device = self.network.device
        core = core_with(self.network, self._config, state)
        image = torch.from_numpy(frame).to(device).permute(2, 0, 1).float() / 255
        given, ids = None, None
        if labels is not None:
            known = state.ids if state else ()
            ids = [*known, *(i for i in object_ids(labels) if i not in known)]
            shown = np.where(labels == VOID, BACKGROUND, labels)
            given = torch.from_numpy(shown.astype(np.int64)).to(device)
        probabilities = core.step(image, given, ids)
        return self._predict(core, probabilities), taken_from(core, size_of(frame))

    def _predict(self, core: Any, probabilities: torch.Tensor) -> Prediction:
        labels = core.output_prob_to_mask(probabilities).to(torch.uint8).cpu().numpy()
        scores = {}
        for channel, i in enumerate(core.object_manager.all_obj_ids, start=1):
            mask, sure = labels == i, probabilities[channel].cpu().numpy()
            absent = not mask.any()
            confidence = float(1 - sure.max() if absent else sure[mask].mean())
            scores[i] = ObjectScore(min(max(confidence, 0.0), 1.0), absent)
        return Prediction(labels, scores)


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> CutieModel:
    """One of the variants of Cutie.

    Args:
        name: ``cutie`` or ``cutie-small``.
        settings: Values of ``CutieSettings``.
        weights: The authors' ``.pth``, or a ``.safetensors`` with the same names.
        device: As in ``load_model``.

    Raises:
        SettingsError: An unknown setting.
        NotFoundError: The weights file does not exist.
        WeightsError: No weights, or some that do not fit.
    """
    resolved = CutieSettings.parse(settings)
    if weights is None and not resolved.random_weights:
        raise WeightsError(
            f"No weights ship with {name}. Give a file of its authors, or set random_weights=true to try it.",
            option="Pass the file as --weights FILE.",
        )
    config = _config("small" if name == "cutie-small" else "base", resolved)
    network = _network(config, resolved.seed)
    if weights is not None:
        _load(network, weights)
    return CutieModel(name, network.to(torch.device(device)).eval(), config, resolved)


def _config(size: str, settings: CutieSettings) -> Any:
    folder = files("cutie").joinpath("config")
    config = OmegaConf.create(folder.joinpath("eval_config.yaml").read_text())
    for unused in ("defaults", "hydra", "datasets"):
        config.pop(unused)
    config.model = OmegaConf.create(folder.joinpath("model/base.yaml").read_text())
    if size != "base":
        changes = OmegaConf.create(folder.joinpath(f"model/{size}.yaml").read_text())
        changes.pop("defaults", None)
        config.model = OmegaConf.merge(config.model, changes)
    own = settings.model_dump(include={"mem_every", "max_mem_frames", "top_k"})
    # The long-term memory forgets by use; without it the memory is small anyway.
    return OmegaConf.merge(config, own, {"use_long_term": False})


def _network(config: Any, seed: int) -> CUTIE:
    """With random weights, the same each time; without the ImageNet weights that Cutie would download first."""
    untrained = big_modules.resnet
    originals = untrained.resnet18, untrained.resnet50
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            untrained.resnet18 = lambda pretrained, **more: originals[0](False, **more)
            untrained.resnet50 = lambda pretrained, **more: originals[1](False, **more)
            return CUTIE(config)
        finally:
            untrained.resnet18, untrained.resnet50 = originals


def _load(network: CUTIE, path: Path) -> None:
    if not path.is_file():
        raise NotFoundError(
            f"No weights file {path}. Give the path of a .pth or .safetensors file."
        )
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            values = load_file(path)
        else:
            values = torch.load(path, map_location="cpu", weights_only=True)
        missing = network.load_state_dict(values, strict=False).missing_keys
    except Exception as error:  # whatever the file holds
        raise WeightsError(f"{path} holds no weights of this variant of Cutie: {error}") from None
    needed = [key for key in missing if not key.startswith("aux_computer.")]  # for training alone
    if needed:
        raise WeightsError(f"{path} lacks {len(needed)} tensors of Cutie, such as {needed[0]}.")

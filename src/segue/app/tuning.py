"""Weights that are made for one video from its masks, before that video is tracked with them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from segue.app.engine import Engine
from segue.errors import InputError, OutputError
from segue.files import writing
from segue.inference.places import Mode, Places
from segue.media.mask_args import GivenMasks
from segue.media.video import Video
from segue.models.catalog import find
from segue.threads import owned
from segue.training.finetune.catalog import find_tuner
from segue.training.loop import Watch

_WEIGHTS = "tuned.safetensors"
_RECORD = Path("tuned.run") / "run.json"


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How the weights of a model are made for one video."""

    engine: Engine
    """With the model, and the weights to begin with."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the fine-tuning, which differ from those of the model."""
    fit: bool = False
    """Masks of another size are resized."""

    @property
    def keeps_masks(self) -> bool:
        """Whether the model is also told the masks when it tracks; if not, it has only learned from them."""
        return find(self.engine.model).begins_with != "nothing"

    def check_video(self, video: Video) -> None:
        """Refuse what cannot be done with a video, whatever lies in the folder of the results.

        Raises:
            SettingsError: The model cannot be fine-tuned, or has no such setting, or no such part to freeze.
            InputError: The video can be read only once.
        """
        tuner = find_tuner(self.engine.model)
        tuner.frozen(tuner.defaults.changed(self.settings).freeze)
        if not video.seekable:
            raise InputError(
                f"{video.name} can be read only once, and to learn it its frames are needed again and again. Record it "
                "first."
            )

    def check(self, video: Video, places: Places, mode: Mode) -> None:
        """Refuse, before the work, what cannot be done.

        Raises:
            SettingsError: As in ``check_video``.
            InputError: As in ``check_video``.
            OutputError: There are results in the way.
        """
        self.check_video(video)
        if mode != "resume":
            places.check(mode, {}, video.files)
        elif places.occupied() and not (places.run / _WEIGHTS).exists():
            raise OutputError(
                f"{places.run} holds results that were made without fine-tuning. Give another folder.",
                option="Or leave out --finetune.",
            )

    def tuned(
        self,
        video: Video,
        masks: GivenMasks,
        places: Places,
        mode: Mode,
        *,
        progress: Watch | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Engine | None:
        """The engine with the weights made for a video; ``None``: it was stopped, and can go on.

        What an earlier run of the same job has learned is not learned again.

        Args:
            video: The opened video.
            masks: To learn from.
            places: Where the results of the job go; the weights lie beside them.
            mode: As of ``Job``.
            progress: As of ``finetune``.
            stop: As of ``finetune``.

        Raises:
            SegueError: As in ``check`` and ``finetune``.
        """
        from segue.training.finetune.run import finetune

        self.check(video, places, mode)
        with writing(places.run):
            places.run.mkdir(parents=True, exist_ok=True)
        device = "cuda" if self.engine.device.startswith("cuda") else "cpu"
        with owned(self.engine.threads):
            tuned = finetune(
                video,
                masks,
                out=places.run / _WEIGHTS,
                model=self.engine.model,
                weights=self.engine.weights,
                settings={"device": device, **self.settings},
                mode=mode,
                fit=self.fit,
                progress=progress,
                stop=stop,
            )
        return self.stored(places) if tuned.complete else None

    def stored(self, places: Places) -> Engine:
        """The engine with the weights that lie beside some results; without weights there, what it is going to be."""
        path = places.run / _WEIGHTS
        if not path.is_file():
            return replace(self.engine, finetuned={"complete": False})
        record: dict[str, Any] = json.loads((places.run / _RECORD).read_text("utf-8"))
        told = {name: record[name] for name in ("complete", "steps", "masked frames", "settings")}
        return replace(self.engine, weights=path, finetuned={"weights": _WEIGHTS, **told})

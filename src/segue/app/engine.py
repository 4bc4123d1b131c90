"""From what a user asks for to a job of the runner; shared by every command that runs a model."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from segue import __version__, threads
from segue.app.model_sizes import shipped_sizes
from segue.errors import MaskError, NotFoundError, WeightsError
from segue.inference.identity import hash_file, identify_files
from segue.inference.job import Job
from segue.inference.places import Places
from segue.inference.tasks.label import Ids, LabelTask
from segue.inference.tasks.task import Task
from segue.inference.tasks.track import TrackTask
from segue.media.mask_args import GivenMasks
from segue.media.mask_fit import fit_given
from segue.media.video import Video
from segue.models.catalog import find, load_model, settings_without_masks
from segue.models.interface import ConfiguredModel, VideoModel, bounded
from segue.nn.exported.manifest import MANIFEST, read_manifest


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Which model works, and how."""

    model: str = "segue-lite"
    weights: Path | None = None
    export: Path | None = None
    """The folder whose graphs compute the model, in the place of weights."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    threads: int | None = None
    """CPU threads; None leaves them as they are."""
    max_side: int | None = None
    fps: float | None = None
    """The pace to hold at the cost of accuracy."""
    doubts: tuple[str, ...] = ()
    """Sentences about what could have been meant otherwise, for every job."""
    finetuned: Mapping[str, Any] | None = None
    """What ``run.json`` says of the weights if they were made for the video; see ``segue.app.tuning``."""
    plan_only: bool = False
    """Jobs are made to be looked at, not run: they have no identity, and torch is not imported, which takes seconds."""

    def summary(self, notes: Mapping[str, Any] | None = None) -> str:
        """The model and its dials in half a line.

        Args:
            notes: What ``load`` returned, if the model is loaded: knows the threshold of its own settings.
        """
        shipped = shipped_sizes(self.model) or {}
        settings = notes["settings"] if notes else {**shipped.get("settings", {}), **self.settings}
        reuse = settings.get("reuse")
        threshold = reuse.get("threshold") if isinstance(reuse, Mapping) else None
        parts = [self.model]
        if self.export is not None:
            parts.append(f"exported in {self.export}")
        if self.finetuned is not None:
            parts.append("fine-tuned on the given masks")
        if isinstance(threshold, int | float):
            never = threshold >= 1
            parts.append("every frame computed" if never else f"reuse above {threshold:g}")
        if self.fps is not None:
            parts.append(f"pace of {self.fps:g} frames per second")
        return ", ".join(parts)

    def identity(self) -> dict[str, Any]:
        """What decides the bytes of the results, apart from the input.

        Raises:
            NotFoundError: The weights file does not exist.
        """
        import torch  # not needed to say what a job would do, see ``plan_only``

        weights = self._weights_file()
        return {
            "segue": __version__,
            "torch": torch.__version__,
            "model": self.model,
            "weights": hash_file(weights) if weights else None,
            **({} if self.export is None else {"export": hash_file(self.export / MANIFEST)}),
            "settings": dict(self.settings),
            "device": self.device,
            # Sums come out with other last bits when they are split among other threads.
            "threads": self.threads or threads.current(),
            "max_side": self.max_side,
            "fps": self.fps,
        }

    def without_masks(self) -> "Engine":
        """The same, for videos of which no mask is given.

        Raises:
            SettingsError: No model of that name.
            MaskError: The model needs a mask.
        """
        settings = {**settings_without_masks(self.model), **self.settings}
        weights, shipped = self.weights, find(self.model).weights_without_masks
        if weights is None and shipped and self.export is None:
            from segue.nn.weights import shipped_weights

            weights = shipped_weights(shipped)
        return replace(self, settings=settings, weights=weights)

    def load(self) -> tuple[VideoModel[Any], dict[str, Any]]:
        """The model for frames of ``max_side``, and what ``run.json`` says about it.

        Raises:
            SegueError: As in ``load_model``.
        """
        begin = time.perf_counter()
        model = bounded(self._loaded(), self.max_side)
        resolved = (
            model.settings.model_dump(mode="json")
            if isinstance(model, ConfiguredModel)
            else dict(self.settings)
        )
        return model, {
            "model": self.model,
            "settings": resolved,
            "seed": resolved.get("seed"),
            "device": self.device,
            **self._about_export(),
            "threads": self.threads or threads.current(),
            "model_load_s": round(time.perf_counter() - begin, 4),
            **({} if self.finetuned is None else {"finetuned": dict(self.finetuned)}),
        }

    def track_job(
        self,
        video: Video,
        masks: GivenMasks | None,
        places: Places,
        *,
        overlay: bool = True,
        partial: bool = False,
        fit: bool = False,
    ) -> Job:
        """The job of carrying objects through one video.

        Args:
            video: The opened video.
            masks: What ``read_masks`` returned; ``None`` for a model that finds objects by itself.
            places: Where the results go.
            overlay: Whether to write the overlay video.
            partial: Later masks may leave objects out.
            fit: Masks of another size are resized.

        Raises:
            SettingsError: No model of that name, or one that follows no objects.
            NotFoundError: The weights file does not exist.
            MaskError: A mask of another size than the video, unless ``fit``.
        """
        if masks is None:
            return self.job(video, TrackTask({}, overlay=overlay), places)
        aspect = video.description.pixel_aspect
        try:
            masks = fit_given(masks, video.size_hw, pixel_aspect=aspect, fit=fit)
        except MaskError as error:
            # The mask may be right, and another stream of the file meant.
            doubts = " ".join(video.description.doubts)
            raise MaskError(f"{error} {doubts}".rstrip(), option=error.option) from None
        task = TrackTask(masks.by_frame, masks.sources, partial or masks.partial, overlay)
        return self.job(video, task, places, masks.paths.values(), masks.doubts)

    def label_job(
        self, video: Video, places: Places, *, overlay: bool = True, ids: Ids = "model"
    ) -> Job:
        """The job of naming the class of every pixel of one video.

        Args:
            video: The opened video.
            places: Where the results go.
            overlay: Whether to write the overlay video.
            ids: What the label files hold.

        Raises:
            SettingsError: No model of that name, or one that names no classes.
            NotFoundError: The weights file does not exist.
        """
        return self.job(video, LabelTask(ids, overlay), places)

    def job(
        self,
        video: Video,
        task: Task,
        places: Places,
        inputs: Iterable[Path] = (),
        doubts: Iterable[str] = (),
    ) -> Job:
        """The job of any task.

        Args:
            video: The opened video.
            task: What is made of it.
            places: Where the results go.
            inputs: Files that are read besides the video.
            doubts: See ``Job``.

        Raises:
            SettingsError: No model of that name, or one of another kind.
            NotFoundError: The weights file does not exist.
        """
        entry = find(self.model, task.kind)
        return Job(
            video=video,
            task=task,
            places=places,
            identity=self._identity(task, video),
            inputs=(*video.files, *inputs),
            doubts=(*doubts, *self.doubts),
            max_side=self.max_side,
            sizing=entry.working_hw,
            fps=self.fps,
            threads=self.threads,
            opening={
                "weights": str(self.weights.absolute()) if self.weights else None,
                **({} if self.export is None else {"export": str(self.export.absolute())}),
            },
        )

    def _identity(self, task: Task, video: Video) -> dict[str, Any]:
        """What decides the bytes of a job's results."""
        if self.plan_only:
            if self.weights:
                self._weights_file()
            return {}
        return {
            "verb": task.outputs.verb,
            **self.identity(),
            **task.identity(),
            "video": {**identify_files(video.files), **video.choices},
        }

    def _loaded(self) -> VideoModel[Any]:
        if self.export is None:
            return load_model(
                self.model, device=self.device, weights=self.weights, settings=self.settings
            )
        from segue.exporting.loading import load_graphs, open_export

        model: VideoModel[Any] = load_graphs(open_export(self.export), self.settings)
        return model

    def _about_export(self) -> dict[str, Any]:
        if self.export is None:
            return {}
        manifest = read_manifest(self.export)
        return {
            "export": {
                "folder": str(self.export),
                "format": manifest.graph_format,
                "precision": manifest.precision,
            }
        }

    def _weights_file(self) -> Path | None:
        if self.export is not None:
            return None
        if self.weights is None:
            from segue.nn.weights import shipped_weights

            try:
                return shipped_weights(self.model)
            except WeightsError:
                # Some models can do without; one that cannot says so when it is loaded.
                return None
        if not self.weights.is_file():
            raise NotFoundError(
                f"No weights file {self.weights}. Give the path of a .safetensors file."
            )
        return self.weights

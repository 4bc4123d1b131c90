"""How a session works, where its results are, and how its video is found again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.data.class_colours import class_colours
from segue.errors import NotFoundError, SettingsError
from segue.files import writing
from segue.media.video import Video, open_video
from segue.models.interface import ConfiguredModel, VideoModel
from segue.results.store import JOURNAL, FolderStore, MemoryStore, Store


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a session works, for who builds on it; the defaults are those of a session in one folder."""

    labels: Path | None = None
    """Folder of the label maps; ``None``: ``masks``, or ``labels`` where they are classes, in the session's folder."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Plain values for ``session.json``, such as what the results depend on."""
    sources: Mapping[int, str] = field(default_factory=dict)
    """Where each object came from, in words."""
    checkpoint_seconds: float = 2.0
    """Least time between two kept memories, unless 16 frames have passed; longer where they would take more than a
    twentieth of the time. 0: after every frame."""
    drop: bool = False
    """Whether the video is live: frames that came too late are dropped, see ``LatestFrame``."""
    clock: Callable[[], float] | None = None
    """Seconds, by which a pace is held."""


def how_opened(
    source: Any, video: Video, model: VideoModel[Any], max_side: int | None
) -> dict[str, Any]:
    """What a later session needs to open the same video and model, as plain values.

    Args:
        source: What the video was opened from.
        video: The video.
        model: The model.
        max_side: As of ``Session``.
    """
    path = str(Path(source).absolute()) if isinstance(source, str | Path) else None
    files = [file.absolute() for file in video.files]
    folders = {file.parent for file in files}
    if path is None and len(files) == 1:
        path = str(files[0])
    elif path is None and len(folders) == 1:
        path = str(folders.pop())
    settings = model.settings.model_dump(mode="json") if isinstance(model, ConfiguredModel) else {}
    return {
        "video": path,
        "files": [str(file) for file in files] if path is None else [],
        "choices": dict(video.choices),
        "model": model.name,
        "settings": settings,
        "max_side": max_side,
    }


def reopened(given: Mapping[str, Any], folder: Path) -> Video:
    """The video of a session, where it was.

    Args:
        given: What ``session.json`` says of how it was opened.
        folder: Of the results, for messages.

    Raises:
        NotFoundError: It is not there.
        SegueError: As of ``open_video``.
    """
    source = given.get("video") or given.get("files")
    if not source:
        raise NotFoundError(f"The video of {folder} was no file. Give the video.")
    choices = given.get("choices") or {}
    known = {
        key: choices[key]
        for key in ("stream", "skip_damaged", "start", "end", "every")
        if choices.get(key) is not None
    }
    try:
        return open_video(source, **known)
    except TypeError as error:
        raise SettingsError(f"The video of {folder} cannot be opened again: {error}") from None


def open_store(
    folder: Path | None, inside: Path | None, classes: Sequence[str] | None, labels: Path | None
) -> Store:
    """The store of a session.

    Args:
        folder: Of the session; ``None``: in memory.
        inside: Where its journal is.
        classes: Names of classes, where labels are classes.
        labels: As of ``Options``.

    Raises:
        OutputError: The journal is damaged.
        WriteError: The system refuses.
    """
    if folder is None or inside is None:
        return MemoryStore()
    place = labels or folder / ("masks" if classes is None else "labels")
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        # Left behind by a process that was killed while it wrote.
        for part in (*place.glob(".*.part"), *inside.glob(".*.part")):
            part.unlink(missing_ok=True)
    return FolderStore(place, inside / JOURNAL, class_colours(classes) if classes else None)

"""What ``run.json`` holds: how the results of one video came about."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from segue.inference.session.changes import Direction
from segue.inference.session.events import RunReport


@dataclass(frozen=True, kw_only=True, slots=True)
class Timings:
    """Where the time of a run went.

    Decoding, network and writing overlap: their sum may be more than the total. ``wait_decode_s`` and
    ``wait_write_s`` are seconds in which the network had to wait for the others.
    """

    parts: Mapping[str, float]
    """Seconds by part."""
    first_frame: float | None
    """Seconds of the first frame, on which the objects are learned."""
    means: Mapping[str, float | None]
    """With a reuse gate, mean milliseconds of computed and of reused frames after the first."""
    total: float
    """Seconds."""
    fresh: int
    """Frames that this run answered."""

    def to_json(self) -> dict[str, float | None]:
        """As plain values, of this run only; ``fps`` counts the frames that this run answered."""
        first = self.first_frame
        return {
            **{f"{name}_s": round(seconds, 4) for name, seconds in self.parts.items()},
            "first_frame_s": round(first, 4) if first is not None else None,
            **self.means,
            "total_s": round(self.total, 4),
            "fps": round(self.fresh / self.total, 3) if self.total else None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """One run, as it stands in ``run.json``."""

    complete: bool
    """Whether all frames have their answer."""
    error: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Of the caller: the command, the model, what was understood."""
    frames: int
    """That have an answer."""
    damaged: Sequence[str] = ()
    """Frames left out because they do not decode."""
    resumed_at_frame: int | None = None
    """Frames that had their answer before this run."""
    direction: Direction = "forward"
    report: RunReport
    doubts: Sequence[str] = ()
    """What the documents could not say in full, one sentence each."""
    edits: int
    """Changes by the user that the results know of."""
    timings: Timings
    told: Mapping[str, Any] = field(default_factory=dict)
    """What the documents say of the results."""
    files: Sequence[str] = ()
    """Names of the files about the whole video."""
    names: Sequence[Sequence[str]] = ()
    """First and last name of spans of frames that have a label map."""
    identity: Mapping[str, Any] = field(default_factory=dict)
    """What the results depend on."""
    environment: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "complete": self.complete,
            "error": self.error,
            **self.notes,
            "frames": self.frames,
            "damaged": list(self.damaged),
            "resumed_at_frame": self.resumed_at_frame,
            "direction": self.direction,
            "recomputed": self.report.recomputed,
            "cancelled": self.report.cancelled,
            "edits": self.edits,
            **({} if self.report.live is None else {"live": asdict(self.report.live)}),
            "said": [*self.report.notes, *self.doubts],
            "timings": self.timings.to_json(),
            **self.told,
            "written": {"files": list(self.files), "frames": [list(span) for span in self.names]},
            "identity": dict(self.identity),
            **self.environment,
        }

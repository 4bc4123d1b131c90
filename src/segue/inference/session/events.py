"""What happens while a session runs, told to whoever listens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from segue.inference.pace.latest import LiveReport
from segue.media.frames import VideoFrame
from segue.results.records import FrameRecord
from segue.types import Prediction


@dataclass(frozen=True, slots=True)
class Began:
    """A run begins."""

    stale: int | None
    """Number of frames that the run will answer; ``None`` where the end of the video is not known yet."""
    total: int | None
    """Frames of the video, an estimate for files; ``None`` where the source does not say."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A frame is answered, and its files are written."""

    frame: VideoFrame
    prediction: Prediction
    """As stored: given masks hold, objects have the user's numbers."""
    record: FrameRecord
    done: int
    """Frames of the video that have an answer which counts."""
    total: int | None
    """As in ``Began``."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A frame that has its answer already came by again, from a source that can be read only once."""

    frame: VideoFrame
    record: FrameRecord


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that a person should know, as a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did."""

    answered: int = 0
    """Frames whose answers were written."""
    recomputed: int = 0
    """Frames that had an answer before and were computed again, with those computed for the memory only."""
    cancelled: bool = False
    stale: int = 0
    """Frames that still wait for their answer, as far as the video's end is known."""
    seconds: float = 0.0
    first_frame: float | None = None
    """Seconds of the first frame, on which the objects are learned."""
    means: Mapping[str, float | None] = field(default_factory=dict)
    """With a reuse gate, mean milliseconds of computed and of reused frames."""
    live: LiveReport | None = None
    """How the run kept up with a live source; ``None`` for other sources."""
    notes: tuple[str, ...] = ()
    """Sentences of the run's ``Noted``."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds by part; parts overlap."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run is over, also one that was cancelled or failed."""

    report: RunReport


Event = Began | Answered | Passed | Noted | Ended
Listener = Callable[[Event], None]
"""Called on the thread that writes; what it raises ends the run."""

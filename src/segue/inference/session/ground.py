"""The parts of a session that all of its runs use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from segue.inference.pace.pacing import Pacer
from segue.inference.session.events import Event
from segue.inference.session.history import History
from segue.inference.session.ledger import Ledger
from segue.inference.session.side_answers import SideAnswers
from segue.media.video import Video, VideoFrame
from segue.models.interface import VideoModel
from segue.results.records import FrameRecord
from segue.results.store import Store
from segue.types import Labels, Prediction

Describe = Callable[[VideoFrame, Prediction], FrameRecord]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The parts of a session that all of its runs use."""

    video: Video
    model: VideoModel[Any]
    store: Store
    history: History
    sides: SideAnswers
    """Forward answers that wait for the backward pass."""
    ledger: Ledger
    describe: Describe
    emit: Callable[[Event], None]
    max_side: int | None
    checkpoint_seconds: float
    drop: bool
    """Whether the source is live: frames that came too late are dropped."""
    pacer: Callable[[tuple[int, int], Mapping[int, Labels]], Pacer | None]
    """``(working size, masks) -> what holds the pace``; the size is that of the pass at best."""

"""What the reuse gate did in a video: how often each object was reused, a picture of it, and what it saved."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from segue.inference.sinks import LineLog
from segue.media.overlay import write_image
from segue.media.reuse_timeline import ReuseOverTime
from segue.media.video import DEFAULT_FRAME_RATE, Video, VideoFrame
from segue.models.interface import ReusingModel, VideoModel
from segue.types import ObjectScore, Prediction

Rows = Callable[[Prediction], Mapping[str, ObjectScore]]
"""What gets a band of its own in the picture."""


def by_object(prediction: Prediction) -> dict[str, ObjectScore]:
    """Every object by its id."""
    return {str(number): score for number, score in sorted(prediction.scores.items())}


def whole_frame(prediction: Prediction) -> dict[str, ObjectScore]:
    """The class that the gate doubts most, which decides for all of them."""
    scores = prediction.scores.values()
    return {"all classes": min(scores, key=lambda score: score.gate or 0.0)} if scores else {}


class ReuseLog:
    """``reuse.png``, and the reuse rates: reused frames per frame after the first, by object.

    An object's first frame is left out because nothing could have been reused on it; the paper's released code counts
    it as reused. A line per frame is kept until the end, so that a resumed job knows the same as one that was not cut.
    """

    part = "write"
    replays = False

    def __init__(
        self, lines: LineLog, chart: Path, threshold: float, video: Video, rows: Rows
    ) -> None:
        """Go on with a log.

        Args:
            lines: One per finished frame.
            chart: The PNG file.
            threshold: Of the gate.
            video: Knows how long its last frame is shown.
            rows: ``by_object`` or ``whole_frame``.
        """
        self._lines = lines
        self._chart = chart
        self._threshold = threshold
        self._frame_seconds = 1 / float(video.frame_rate or DEFAULT_FRAME_RATE)
        self._rows = rows

    def write(self, frame: VideoFrame, prediction: Prediction) -> None:
        """One line about one frame, on disk when the call returns.

        Raises:
            WriteError: The system refuses.
        """
        rows = {n: [s.gate, bool(s.reused)] for n, s in self._rows(prediction).items()}
        self._lines.append(json.dumps([round(float(frame.time), 6), rows]))

    def rates(self) -> dict[str, float | None]:
        """Share of reused frames by name; ``None`` for what was seen on one frame only."""
        frames: dict[str, int] = {}
        reused: dict[str, int] = {}
        for _, rows in self._frames():
            for name, (_, was_reused) in rows.items():
                frames[name] = frames.get(name, 0) + 1
                reused[name] = reused.get(name, 0) + was_reused
        return {n: round(reused[n] / (k - 1), 4) if k > 1 else None for n, k in frames.items()}

    def finish(self) -> Mapping[str, Any]:
        """Draw the picture, unless no frame had anything to reuse; returns the rates.

        Raises:
            WriteError: The system refuses.
        """
        rates = self.rates()
        if rates:
            self._draw(rates)
        return {"reuse": rates}

    def close(self) -> None:
        """Let go of the log."""
        self._lines.close()

    def _draw(self, rates: Mapping[str, float | None]) -> None:
        begin = next(self._frames())[0]
        [(last, _)] = deque(self._frames(), maxlen=1)
        captions = {name: _caption(name, rate) for name, rate in rates.items()}
        end = last + self._frame_seconds
        chart = ReuseOverTime(captions, self._threshold, begin, end)
        for time, rows in self._frames():
            for name, (gate, reused) in rows.items():
                chart.add(name, time, gate, reused)
        write_image(self._chart, chart.draw())

    def _frames(self) -> Iterator[tuple[float, dict[str, tuple[float | None, bool]]]]:
        for line in self._lines:
            time, rows = json.loads(line)
            yield time, {name: (gate, reused) for name, (gate, reused) in rows.items()}


def reuse_log(
    model: VideoModel[Any], video: Video, folder: Path, chart: Path, rows: Rows, done: int
) -> ReuseLog | None:
    """The log of a model with a reuse gate; ``None`` for one without.

    Args:
        model: With a gate if it is a ``ReusingModel`` whose ``reuse`` is set.
        video: See ``ReuseLog``.
        folder: Holds what a resumed job needs.
        chart: See ``ReuseLog``.
        rows: See ``ReuseLog``.
        done: Finished frames of the interrupted job that this one goes on with.

    Raises:
        OutputError: The interrupted job left fewer lines.
        WriteError: The system refuses.
    """
    settings = model.reuse if isinstance(model, ReusingModel) else None
    if settings is None:
        return None
    lines = LineLog(folder / "reuse.jsonl", keep=done)
    return ReuseLog(lines, chart, settings.threshold, video, rows)


class Pace:
    """Mean time of computed and of reused frames; a frame is reused if all its objects are."""

    def __init__(self) -> None:
        self._laps: dict[str, tuple[float, int]] = {}

    def add(self, prediction: Prediction, seconds: float) -> None:
        """Take one frame; one of a model without a gate changes nothing."""
        said = [score.reused for score in prediction.scores.values()]
        if said and None not in said:
            kind = "reused" if all(said) else "computed"
            total, count = self._laps.get(kind, (0.0, 0))
            self._laps[kind] = total + seconds, count + 1

    def means(self) -> dict[str, float | None]:
        """Milliseconds by kind, for ``run.json``; empty without a gate, ``None`` for a kind that did not occur."""
        if not self._laps:
            return {}
        laps = {kind: self._laps.get(kind) for kind in ("computed", "reused")}
        return {
            f"network_{kind}_ms": round(1000 * lap[0] / lap[1], 3) if lap else None
            for kind, lap in laps.items()
        }


def _caption(name: str, rate: float | None) -> str:
    what = f"object {name}" if name.isdecimal() else name
    return what if rate is None else f"{what}: {100 * rate:.1f} % reused"

"""How much the labels of a video flicker, for ``run.json``; see ``segue.metrics.flicker``."""

from pathlib import Path

from segue.media.frames import DEFAULT_FRAME_RATE, VideoFrame
from segue.metrics.flicker import FlickerMeter, FlickerTally
from segue.results.records import FrameRecord
from segue.results.results import LiveWriter, Results, Written
from segue.types import Labels


class FlickerRates:
    """Flips and returns per pixel; a note, no file."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        meter = _meter(results)
        for record in results.records:
            meter.add(results.labels(record))
        return _written(meter.tally)

    def live(self, results: Results, out: Path, scratch: Path) -> LiveWriter:
        """See ``LiveDocument``."""
        return _Live(_meter(results))


class _Live:
    def __init__(self, meter: FlickerMeter) -> None:
        self._meter = meter

    def add(self, frame: VideoFrame, record: FrameRecord, labels: Labels) -> None:
        """Count what changed since the frame before."""
        self._meter.add(labels)

    def finish(self) -> Written:
        """The rates; null where there is no pair of frames."""
        return _written(self._meter.tally)

    def close(self) -> None:
        """Nothing is open."""


def _meter(results: Results) -> FlickerMeter:
    return FlickerMeter(float(results.frame_rate or DEFAULT_FRAME_RATE))


def _written(tally: FlickerTally) -> Written:
    if not tally.pixels:
        return Written(notes={"flicker": None})
    rates = {
        "flips_per_pixel_and_second": tally.flips_per_second,
        "returns_per_pixel_and_second": tally.returns_per_second,
        "flips_per_pixel_and_frame": tally.flip_rate,
        "returns_per_pixel_and_frame": tally.return_rate,
    }
    return Written(notes={"flicker": {name: round(rate, 6) for name, rate in rates.items()}})


FLICKER = FlickerRates()

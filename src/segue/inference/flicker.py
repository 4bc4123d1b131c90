"""How much the labels of a video flicker, counted while they are written."""

from collections.abc import Mapping
from typing import Any

from segue.media.video import VideoFrame
from segue.metrics.flicker import FlickerMeter
from segue.types import Prediction


class FlickerCount:
    """Flips and returns per pixel, in ``run.json``; see ``segue.metrics.flicker``."""

    part = "flicker"
    replays = True

    def __init__(self, fps: float) -> None:
        """Start a video of so many frames per second."""
        self._meter = FlickerMeter(fps)

    def write(self, frame: VideoFrame, prediction: Prediction) -> None:
        """Count what changed since the frame before."""
        self._meter.add(prediction.labels)

    def finish(self) -> Mapping[str, Any]:
        """The rates; nothing where there is no pair of frames."""
        tally = self._meter.tally
        if not tally.pixels:
            return {"flicker": None}
        rates = {
            "flips_per_pixel_and_second": tally.flips_per_second,
            "returns_per_pixel_and_second": tally.returns_per_second,
            "flips_per_pixel_and_frame": tally.flip_rate,
            "returns_per_pixel_and_frame": tally.return_rate,
        }
        return {"flicker": {name: round(rate, 6) for name, rate in rates.items()}}

    def close(self) -> None:
        """Nothing is open."""

"""``overlay.mp4``: the video with the labels painted in."""

from pathlib import Path

from segue.media.class_overlay import ClassPainter
from segue.media.overlay import overlay_colours, paint
from segue.results.live import write_live
from segue.results.painted_video import Paint, PaintedVideo
from segue.results.results import LiveWriter, Results, Written

_LONGEST_SIDE = 1920


class Overlay:
    """Objects filled, outlined and numbered, or classes tinted, with a legend.

    It is for people to look at: no side exceeds 1920 pixels, since at 4K the encoder alone would take more time than
    the network, and half a gigabyte of memory.
    """

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        (written,) = write_live([self], results, out)
        return written

    def live(self, results: Results, out: Path, scratch: Path) -> LiveWriter:
        """See ``LiveDocument``."""
        target = out / "overlay.mp4"
        return PaintedVideo(results, target, scratch, _painter(results), max_side=_LONGEST_SIDE)


def _painter(results: Results) -> Paint:
    if results.classes is None:
        return paint
    colours = overlay_colours() if results.colours is None else results.colours
    return ClassPainter(results.classes, colours)


OVERLAY = Overlay()

"""Objects without their background: two kinds of video, or pictures.

Alpha is straight (not premultiplied): colours are those of the frame, and alpha says how much of them to show, here all
or nothing. To put a cut-out over another picture: ``cutout * alpha + picture * (1 - alpha)``. Void is transparent.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.errors import FormatError
from segue.files import replacing, replacing_folder
from segue.media.encode import PRORES_4444, VP9_ALPHA, Encoding, Rgba
from segue.results.live import write_live
from segue.results.painted_video import PaintedVideo
from segue.results.results import LiveWriter, Results, Written
from segue.types import BACKGROUND, VOID, Frame, Labels

_OPAQUE = 255
_AROUND = 8
"""Pixels around the objects that keep their colour: a codec mixes neighbours, and black would darken the rim."""


@dataclass(frozen=True)
class CutoutVideo:
    """All objects together, as a video with alpha, at the size of the source; it begins at time 0."""

    name: str
    """Of the file."""
    encoding: Encoding

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        (written,) = write_live([self], results, out)
        return written

    def live(self, results: Results, out: Path, scratch: Path) -> LiveWriter:
        """See ``LiveDocument``."""
        _refuse_classes(results)
        target = out / self.name
        return PaintedVideo(results, target, scratch, _for_codec, encoding=self.encoding)


class CutoutPictures:
    """All objects together, one RGBA picture per frame: colours to the bit, transparent black elsewhere."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        _refuse_classes(results)
        target = out / "cutout"
        with replacing_folder(target) as folder:
            for frame, record in results.frames():
                picture = cut_out(frame.image, results.labels(record))
                with replacing(folder / f"{record.name}.png") as temporary:
                    Image.fromarray(picture).save(temporary, "PNG", compress_level=3)
        return Written((target,))


def cut_out(frame: Frame, labels: Labels, around: int = 0) -> Rgba:
    """The objects of a frame, opaque, on transparent black.

    Args:
        frame: RGB.
        labels: Object ids, of the frame's size.
        around: Width in pixels of the rim around the objects that keeps its colour, though transparent.
    """
    inside = ((labels != BACKGROUND) & (labels != VOID)).astype(np.uint8)
    kept = inside
    if around:
        kernel: UInt8[np.ndarray, "side side"] = np.ones((2 * around + 1,) * 2, np.uint8)
        kept = cv2.dilate(inside, kernel)
    picture = np.zeros((*labels.shape, 4), np.uint8)
    picture[..., :3] = frame * kept[..., None]
    picture[..., 3] = inside * _OPAQUE
    return picture


def _for_codec(frame: Frame, labels: Labels) -> Rgba:
    return cut_out(frame, labels, _AROUND)


def _refuse_classes(results: Results) -> None:
    if results.classes is not None:
        raise FormatError(
            f"Nothing can be cut out of {results.name}: its results are classes, which cover every pixel. "
            "Take objects, which has a mask per class."
        )


CUTOUT_WEBM = CutoutVideo("cutout.webm", VP9_ALPHA)
CUTOUT_MOV = CutoutVideo("cutout.mov", PRORES_4444)
CUTOUT_PNG = CutoutPictures()

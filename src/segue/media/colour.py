"""Decoded pictures to upright RGB for a screen, whatever their pixel format, range, gamut and transfer.

HDR (PQ, HLG) and wide gamut become SDR BT.709 through one table of colours, made from ITU-R BT.2100 (transfer
functions), BT.2390-11 section 5.4.1 (tone curve) and BT.2087 (gamut); linear light, as EXR holds it, becomes sRGB.
"""

import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av.filter
import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame as AvFrame

from segue.media.depth import Stretch, as_frame
from segue.media.frames import over_black
from segue.types import Frame

_LINEAR, _PQ, _HLG = 8, 16, 18  # transfer characteristics of ITU-T H.273
_BT2020 = 9  # primaries of ITU-T H.273
_UNKNOWN = 2  # primaries, and matrices, that the file does not tell
_TRANSFERS = {_PQ: "PQ", _HLG: "HLG"}
_TABLE_SIDE = 33

Turn = tuple[bool, bool, bool]
"""Whether rows and columns swap, and which of the axes are then mirrored: x, y."""

_PEAK, _WHITE = 1000.0, 203.0
"""Brightest light of an HDR picture, and that of white paper in one (BT.2408), in cd/m2."""
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
"""Linear BT.2020 to linear BT.709 (BT.2087)."""
_LUMA = np.array([0.2627, 0.6780, 0.0593])


def describe_colour(frame: AvFrame) -> str | None:
    """What ``ScreenColours`` does to the colours of such pictures, in words; None if nothing."""
    transfer, wide = _coding(frame)
    if transfer in _TRANSFERS:
        gamut = ", BT.2020" if wide else ""
        return f"HDR ({_TRANSFERS[transfer]}{gamut}), tone-mapped to BT.709"
    if transfer == _LINEAR:
        return "linear light, shown as sRGB"
    return "wide gamut (BT.2020), converted to BT.709" if wide else None


class ScreenColours:
    """Turns decoded pictures of one video into RGB; one object per pass over it.

    Args:
        stretch: How values of 16 bits become 8, see ``deep_values``; None where they fill their range.
        turn: As another pass found it, where the first frame of this one may not tell; None asks that frame.
    """

    def __init__(self, stretch: Stretch | None = None, turn: Turn | None = None) -> None:
        self._stretch = stretch
        self._graphs: dict[tuple[Any, ...], Callable[[AvFrame], AvFrame]] = {}
        self._turn = turn

    @property
    def turn(self) -> Turn | None:
        """How the pictures are made upright; None before the first one."""
        return self._turn

    def to_rgb(self, frame: AvFrame) -> Frame:
        """The picture as upright RGB, shape ``height width 3``, C-contiguous."""
        transfer, wide = _coding(frame)
        if transfer == _LINEAR:
            rgb = linear_to_srgb(frame.to_ndarray(format="gbrpf32le", threads=1))
        elif transfer in _TRANSFERS or wide:
            rgb = self._mapped(frame, transfer, wide)
        elif self._stretch is not None and (values := deep_values(frame)) is not None:
            rgb = as_frame(values, self._stretch)
        else:
            rgb = _plain(frame)
        if self._turn is None:
            # Once: a frame that was asked for its side data stays in memory until Python collects cycles, and a
            # video of 4K frames would fill it long before.
            self._turn = _turn(frame)
        return np.ascontiguousarray(_upright(rgb, self._turn))

    def _mapped(self, frame: AvFrame, transfer: int, wide: bool) -> Frame:
        key = (transfer, wide, frame.width, frame.height)
        if key not in self._graphs:
            self._graphs[key] = _table_filter(frame, _colour_table(transfer, wide))
        untagged = int(frame.colorspace) == _UNKNOWN
        matrix = "BT2020" if untagged and wide else None
        deep = frame.reformat(format="rgb48le", src_colorspace=matrix, threads=1)
        mapped = self._graphs[key](deep).to_ndarray(format="rgb48le", threads=1)
        import cv2  # here, as below: evaluation reads images too, and forks only without OpenCV

        return np.asarray(cv2.convertScaleAbs(mapped, alpha=1 / 257))


def deep_values(frame: AvFrame) -> np.ndarray | None:
    """The values of a grey or RGB picture of 16 bits, as some cameras and microscopes write; None for others."""
    layout = frame.format
    parts = [part for part in layout.components if not part.is_alpha]
    if not all(part.bits == 16 for part in parts) or not (layout.is_rgb or len(parts) == 1):
        return None
    return frame.to_ndarray(format="gray16le" if len(parts) == 1 else "rgb48le", threads=1)


def to_rgb(frame: AvFrame) -> Frame:
    """One picture as upright RGB, see ``ScreenColours``."""
    return ScreenColours().to_rgb(frame)


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light from 0 to 1 as 8-bit sRGB (IEC 61966-2-1); what is brighter becomes white.

    Args:
        linear: Floats of any shape; not-a-number becomes 0.
    """
    steps = np.nan_to_num(np.clip(linear, 0, 1), nan=0.0) * 65_535
    return np.asarray(_srgb_steps()[(steps + 0.5).astype(np.uint16)])


@cache
def _srgb_steps() -> np.ndarray:
    light = np.arange(65_536) / 65_535
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * coded).astype(np.uint8)


def _coding(frame: AvFrame) -> tuple[int, bool]:
    """Transfer characteristics, and whether the gamut is that of BT.2020, as it is in HDR unless told otherwise."""
    transfer, primaries = int(frame.color_trc), int(frame.color_primaries)
    assumed = transfer in _TRANSFERS and primaries == _UNKNOWN
    return transfer, assumed or primaries == _BT2020


def _plain(frame: AvFrame) -> Frame:
    layout = frame.format
    if layout.has_palette or any(part.is_alpha for part in layout.components):
        return over_black(frame.to_ndarray(format="rgba", threads=1))
    return frame.to_ndarray(format="rgb24", threads=1)


def _table_filter(frame: AvFrame, table: np.ndarray) -> Callable[[AvFrame], AvFrame]:
    """FFmpeg's interpolation in a table of colours, for RGB pictures of 16 bits."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "colours.cube"
        np.savetxt(file, table, "%.5f", header=f"LUT_3D_SIZE {_TABLE_SIDE}", comments="")
        graph = av.filter.Graph()
        import cv2

        graph.threads = cv2.getNumThreads()
        chain = [
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=VideoFormat("rgb48le"),
                time_base=Fraction(1),
            ),
            # Colons and backslashes of a path mean something to FFmpeg.
            graph.add("lut3d", file=str(file).replace("\\", "/").replace(":", "\\:")),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*chain).configure()

    def mapped(deep: AvFrame) -> AvFrame:
        graph.push(deep)
        result = graph.pull()
        assert isinstance(result, AvFrame)
        return result

    return mapped


@cache
def _colour_table(transfer: int, wide: bool) -> np.ndarray:
    """BT.709 colours for a grid of coded ones, red fastest, one row per colour, from 0 to 1."""
    steps = np.linspace(0, 1, _TABLE_SIDE)
    blue, green, red = (part.ravel() for part in np.meshgrid(steps, steps, steps, indexing="ij"))
    coded = np.stack([red, green, blue], axis=1)
    if transfer == _PQ:
        light = _toned(_pq_to_light(coded))
    elif transfer == _HLG:
        light = _toned(_hlg_to_light(coded))
    else:
        light = coded**2.4
    if wide:
        light = light @ _TO_BT709.T
    # BT.1886 without black lift: what a BT.709 screen undoes.
    table: np.ndarray = np.clip(light, 0, 1) ** (1 / 2.4)
    return table


def _pq_to_light(coded: np.ndarray) -> np.ndarray:
    """BT.2100 table 4: cd/m2."""
    power = coded ** (1 / 78.84375)
    light: np.ndarray = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return np.asarray(10_000 * light ** (1 / 0.1593017578125))


def _light_to_pq(light: np.ndarray) -> np.ndarray:
    power = (light / 10_000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def _hlg_to_light(coded: np.ndarray) -> np.ndarray:
    """BT.2100 table 5: cd/m2 on a screen of 1000, system gamma 1.2."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
    luma = np.maximum(scene @ _LUMA, 1e-9)[:, None]
    light: np.ndarray = _PEAK * luma**0.2 * scene
    return light


def _toned(light: np.ndarray) -> np.ndarray:
    """Light of HDR to that of a screen, 1 its white; the ratios of the colours stay."""
    brightest = np.maximum(light.max(axis=1, keepdims=True), 1e-6)
    return np.asarray(light * (_tone_curve(brightest) / brightest) / _WHITE)


def _tone_curve(light: np.ndarray) -> np.ndarray:
    """BT.2390: equal below a knee, above it a spline that brings the peak down to white."""
    top = float(_light_to_pq(np.array(_PEAK)))
    coded = np.minimum(_light_to_pq(light) / top, 1)
    most = float(_light_to_pq(np.array(_WHITE))) / top
    knee = 1.5 * most - 0.5
    t = (coded - knee) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * most
    )
    return _pq_to_light(np.where(coded < knee, coded, spline) * top)


def _upright(image: np.ndarray, turn: Turn) -> np.ndarray:
    """Quarter turns and mirrors of the display matrix applied; other angles round to them."""
    turned, flip_x, flip_y = turn
    if turned:
        image = image.transpose(1, 0, 2)
    return image[:: -1 if flip_y else 1, :: -1 if flip_x else 1]


def is_turned(frame: AvFrame) -> bool:
    """Whether the display matrix swaps width and height."""
    return _turn(frame)[0]


def _turn(frame: AvFrame) -> Turn:
    """What the display matrix asks for."""
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return False, False, False
    # Row vectors, FFmpeg libavutil/display.h: x' = a x + c y, y' = b x + d y.
    a, b, _, c, d = (int(value) for value in np.frombuffer(data, np.int32)[:5])
    if abs(a) + abs(d) < abs(b) + abs(c):
        return True, c < 0, b < 0
    return False, a < 0, d < 0

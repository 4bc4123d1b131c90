"""HDR, wide gamut and linear light become what a screen shows."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from segue.media.colour import ScreenColours, linear_to_srgb
from segue.media.video import open_video

PQ, HLG, BT709, BT2020 = 16, 18, 1, 9


def hdr_frame(coded: np.ndarray, transfer: int, primaries: int = BT2020) -> av.VideoFrame:
    """RGB code values from 0 to 1 as a decoded 10-bit BT.2020 picture."""
    deep = np.round(coded * 65_535).astype(np.uint16)
    frame = av.VideoFrame.from_ndarray(deep, format="rgb48le")
    frame = frame.reformat(format="yuv444p10le", dst_colorspace="BT2020")
    frame.color_trc, frame.color_primaries = transfer, primaries
    return frame


def patches(*colours: tuple[float, float, float]) -> np.ndarray:
    return np.repeat(np.repeat(np.array([colours]), 16, axis=0), 16, axis=1)


def shown(coded: np.ndarray, transfer: int, primaries: int = BT2020) -> np.ndarray:
    image = ScreenColours().to_rgb(hdr_frame(coded, transfer, primaries))
    return image[8, 8::16].astype(int)


@pytest.mark.parametrize(
    ("transfer", "white", "peak"),
    [(PQ, 0.5807, 0.7518), (HLG, 0.75, 1.0)],  # 203 and 1000 cd/m2, BT.2408 table 1
)
def test_black_white_and_peak_of_hdr(transfer: int, white: float, peak: float) -> None:
    grey = shown(patches(*((v, v, v) for v in (0, white / 2, white, peak))), transfer)
    assert (np.ptp(grey, axis=1) <= 3).all()  # grey stays grey
    black, dark, paper, brightest = grey[:, 0]
    assert black <= 2
    assert 20 < dark < 110
    assert 190 < paper < 245
    assert brightest >= 253


def test_below_the_knee_light_is_as_it_was() -> None:
    # PQ 0.4401 is 50 cd/m2: 50 of 203, by the curve of a BT.709 screen.
    came = shown(patches((0.4401, 0.4401, 0.4401)), PQ)[0]
    assert np.abs(came - 255 * (50 / 203) ** (1 / 2.4)).max() <= 3


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_colours_of_the_narrow_gamut_keep_their_hue(transfer: int) -> None:
    # BT.709 red, 40 cd/m2, in BT.2020 primaries (BT.2087): looks washed out until it is brought back.
    red = np.array([0.6274, 0.0691, 0.0164]) * 40
    if transfer == PQ:
        power = (red / 10_000) ** 0.1593017578125
        coded = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        luma = (red @ [0.2627, 0.6780, 0.0593] / 1000) ** (1 / 1.2)
        coded = np.sqrt(3 * red / 1000 / luma**0.2)
    r, g, b = shown(patches(tuple(coded)), transfer)[0]
    assert abs(r - 255 * (40 / 203) ** (1 / 2.4)) < 8
    assert max(g, b) < 25


def test_wide_gamut_without_hdr_is_converted() -> None:
    coded = np.array([0.6274, 0.0691, 0.0164]) ** (1 / 2.4)
    r, g, b = shown(patches(tuple(coded)), BT709)[0]
    assert r > 245
    assert max(g, b) < 25


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_without_other_tags_is_taken_for_bt2020(transfer: int) -> None:
    coded = patches((0.6, 0.3, 0.2))
    tagged, bare = hdr_frame(coded, transfer), hdr_frame(coded, transfer, primaries=2)
    bare.colorspace = 2
    assert (ScreenColours().to_rgb(tagged) == ScreenColours().to_rgb(bare)).all()


def test_an_hdr_file_says_so(make_video: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "pq.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=25, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        stream.codec_context.color_trc, stream.codec_context.color_primaries = PQ, BT2020
        stream.codec_context.colorspace = BT2020
        frame = hdr_frame(np.full((64, 64, 3), 0.5807), PQ).reformat(format="yuv420p10le")
        frame.color_trc, frame.color_primaries, frame.colorspace = PQ, BT2020, BT2020
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    video = open_video(path)
    assert video.description.colour == "HDR (PQ, BT.2020), tone-mapped to BT.709"
    assert 190 < video[0].image.mean() < 245  # 148 if the code values were shown
    assert open_video(make_video()).description.colour is None


def test_linear_light_follows_srgb() -> None:
    linear = np.array([0, 0.001, 0.2140, 0.5, 1, 7, -1, np.nan, np.inf])
    assert linear_to_srgb(linear).tolist() == [0, 3, 127, 188, 255, 255, 0, 0, 255]

"""Pictures and videos, read by Pillow, PyAV and the layouts of the project."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from fakes.made_results import make_results, squares
from segue.data.davis import DAVIS2017
from segue.errors import FormatError
from segue.evaluation.run import evaluate
from segue.media.overlay import overlay_colours
from segue.media.palette import palette
from segue.media.video import open_video
from segue.results.formats.cutout import CUTOUT_MOV, CUTOUT_PNG, CUTOUT_WEBM, cut_out
from segue.results.formats.davis import DAVIS
from segue.results.formats.objects import OBJECTS
from segue.results.formats.overlay import OVERLAY
from segue.results.formats.png import LABEL_MAPS
from segue.results.results import Results
from segue.types import Labels, ObjectScore

MAPS = squares({}, {1: (5, 5)}, {1: (6, 8), 2: (20, 30)}, {2: (20, 33), 1: (7, 11)})
MAPS[2][38:] = 255
FOREGROUND = [(one > 0) & (one < 255) for one in MAPS]


def results(maps: list[Labels] = MAPS) -> Results:
    rng = np.random.default_rng(0)
    small = rng.integers(40, 200, (len(maps), 2, 3, 3), np.uint8)
    frames = [np.kron(one, np.ones((20, 20, 1), np.uint8)) for one in small]
    return make_results(maps, [f[: maps[0].shape[0], : maps[0].shape[1]].copy() for f in frames])


def test_label_maps_are_palette_files(tmp_path: Path) -> None:
    LABEL_MAPS.write(results(), tmp_path)
    for number, labels in enumerate(MAPS):
        with Image.open(tmp_path / f"png/{number:05d}.png") as image:
            assert image.mode == "P"
            assert np.array_equal(np.asarray(image), labels)
            assert image.getpalette()[:768] == palette().ravel().tolist()


def test_every_object_has_a_picture_of_every_frame(tmp_path: Path) -> None:
    OBJECTS.write(results(), tmp_path)
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png")}
    assert found == {f"objects/{n}/{f:05d}.png" for n in (1, 2) for f in range(4)}
    for name in found:
        number, frame = (int(part) for part in name[len("objects/") : -len(".png")].split("/"))
        with Image.open(tmp_path / name) as image:
            assert image.mode == "L"
            assert np.array_equal(np.asarray(image), np.where(MAPS[frame] == number, 255, 0))


def test_pictures_of_classes(tmp_path: Path) -> None:
    scores = [{n: ObjectScore(0.9) for n in range(3)}] * 4
    classes = make_results(MAPS[:1] * 4, scores=scores, classes=("a", "b", "c"))
    OBJECTS.write(classes, tmp_path)
    assert {p.name for p in (tmp_path / "objects").iterdir() if p.is_dir()} == {"0"}


@pytest.mark.parametrize("kind", ["size", "damaged", "colour", "empty"])
@pytest.mark.parametrize("document", [LABEL_MAPS, OBJECTS])
def test_pictures_that_cannot_be_read(document: Any, kind: str, tmp_path: Path) -> None:
    (path,) = document.write(results(), tmp_path).files
    last = max(path.rglob("*.png"))
    if kind == "size":
        Image.fromarray(np.zeros((40, 61), np.uint8)).save(last)
    elif kind == "damaged":
        last.write_bytes(last.read_bytes()[:60])
    elif kind == "colour":
        noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
        Image.fromarray(noise).save(last)
    else:
        for one in path.rglob("*.png"):
            one.unlink()
    words = {"size": "61x40, expected 60x40", "damaged": "not a readable", "colour": "colours"}
    with pytest.raises(FormatError, match=words.get(kind, "holds no")):
        document.read(path)


def test_davis_is_a_data_set(tmp_path: Path) -> None:
    DAVIS.write(results(), tmp_path)
    root = tmp_path / "davis"
    for split in ("train", "val"):
        problems = list(DAVIS2017.check(root, split))
        # An object that enters later, as the documentation of the format says.
        assert {problem.kind for problem in problems} == {"unknown-id"}
        assert not any(problem.fatal for problem in problems)
        (sequence,) = DAVIS2017.sequences(root, split)
    assert DAVIS2017.recognise(root)
    assert sequence.name == "clip"
    names = [path.stem for path in sequence.frame_paths]
    assert names == ["00001", "00002", "00003"], "from the first object on"
    for path, labels in zip(sequence.mask_paths, MAPS[1:], strict=True):
        assert path is not None
        assert np.array_equal(np.asarray(Image.open(path)), labels)
    with Image.open(sequence.frame_paths[0]) as image:
        difference = np.abs(np.asarray(image).astype(int) - frames(results())[1])
    assert difference.mean() < 8
    report = evaluate(root / "Annotations/480p", root, protocol="davis2017")
    assert report.summary["J&F"] == 100, report.summary


def test_davis_needs_an_object(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no object on any frame"):
        DAVIS.write(results(MAPS[:1]), tmp_path)
    DAVIS.write(results(), tmp_path)
    other = tmp_path / "davis/Annotations/480p/other"
    other.mkdir()
    Image.fromarray(MAPS[1]).save(other / "00000.png")
    with pytest.raises(FormatError, match="masks of 2 sequences, expected one"):
        DAVIS.read(tmp_path / "davis")


def frames(one: Results) -> list[np.ndarray]:
    assert one.video is not None
    return [frame.image for frame in one.video]


def planes(path: Path, decoder: str | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """RGB and alpha in [0, 1] of every frame, as PyAV decodes them."""
    decoded = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        # FFmpeg's own decoder of VP9 leaves alpha out.
        other = av.CodecContext.create(decoder, "r") if decoder else None
        for packet in container.demux(stream):
            for frame in other.decode(packet) if other else packet.decode():
                plane = frame.planes[3]
                deep = frame.format.name == "yuva444p12le"
                values = np.frombuffer(plane, np.uint16 if deep else np.uint8)
                alpha = values.reshape(frame.height, -1)[:, : frame.width]
                rgb = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
                decoded.append((rgb, alpha / (4095 if deep else 255)))
    return decoded


@pytest.mark.parametrize("size_hw", [(40, 60), (39, 57)])
def test_alpha_of_prores_is_the_mask_to_the_pixel(size_hw: tuple[int, int], tmp_path: Path) -> None:
    height, width = size_hw
    cut = results([one[:height, :width] for one in MAPS])
    CUTOUT_MOV.write(cut, tmp_path)
    decoded = planes(tmp_path / "cutout.mov", None)
    assert len(decoded) == 4
    for (rgb, alpha), mask, frame in zip(decoded, FOREGROUND, frames(cut), strict=True):
        inside = mask[:height, :width]
        assert np.array_equal(alpha, inside.astype(float))
        if inside.any():
            assert np.abs(rgb.astype(int) - frame)[inside].mean() < 6


@pytest.mark.parametrize("size_hw", [(40, 60), (39, 57)])
def test_alpha_of_vp9_is_the_mask_within_its_losses(
    size_hw: tuple[int, int], tmp_path: Path
) -> None:
    height, width = size_hw
    cut = results([one[:height, :width] for one in MAPS])
    CUTOUT_WEBM.write(cut, tmp_path)
    decoded = planes(tmp_path / "cutout.webm", "libvpx-vp9")
    assert len(decoded) == 4
    for (rgb, alpha), mask, frame in zip(decoded, FOREGROUND, frames(cut), strict=True):
        inside = mask[:height, :width]
        assert alpha.shape == (height + height % 2, width + width % 2)
        assert np.array_equal(alpha[:height, :width] > 0.5, inside)
        assert alpha[height:].max(initial=0) < 0.5, "what an odd size grows by is transparent"
        assert alpha[:, width:].max(initial=0) < 0.5
        if inside.any():
            assert np.abs(rgb[:height, :width].astype(int) - frame)[inside].mean() < 8


def test_browsers_are_told_of_the_alpha(tmp_path: Path) -> None:
    CUTOUT_WEBM.write(results(), tmp_path)
    with av.open(str(tmp_path / "cutout.webm")) as container:
        (stream,) = container.streams.video
        assert stream.metadata.get("ALPHA_MODE", stream.metadata.get("alpha_mode")) == "1"
        assert stream.codec_context.name == "vp9"


def test_cut_out_pictures_are_exact(tmp_path: Path) -> None:
    cut = results()
    CUTOUT_PNG.write(cut, tmp_path)
    for number, (mask, frame) in enumerate(zip(FOREGROUND, frames(cut), strict=True)):
        with Image.open(tmp_path / f"cutout/{number:05d}.png") as image:
            assert image.mode == "RGBA"
            picture = np.asarray(image)
        assert np.array_equal(picture[..., 3], np.where(mask, 255, 0))
        assert np.array_equal(picture[..., :3], frame * mask[..., None])


def test_a_rim_around_the_objects_keeps_its_colour() -> None:
    frame = np.full((20, 20, 3), 77, np.uint8)
    labels = np.zeros((20, 20), np.uint8)
    labels[10, 10] = 3
    picture = cut_out(frame, labels, around=2)
    assert picture[..., 3].sum() == 255
    assert (picture[8:13, 8:13, :3] == 77).all()
    assert picture[..., :3].sum() == 25 * 3 * 77


@pytest.mark.parametrize("name", ["overlay.mp4", "cutout.mov", "cutout.webm"])
def test_videos_keep_the_timing_and_begin_at_zero(name: str, tmp_path: Path) -> None:
    document = {"overlay.mp4": OVERLAY, "cutout.mov": CUTOUT_MOV, "cutout.webm": CUTOUT_WEBM}[name]
    cut = results()
    document.write(replace(cut, records=cut.records[1:]), tmp_path)
    written = open_video(tmp_path / name)
    assert [frame.time for frame in written] == [Fraction(n, 25) for n in range(3)]
    assert written.size_hw == (40, 60)


@pytest.mark.parametrize(
    ("size_hw", "expected_hw"),
    [((40, 64), (40, 64)), ((1080, 1920), (1080, 1920)), ((120, 3840), (60, 1920))],
)
def test_no_side_of_the_overlay_exceeds_1920(
    tmp_path: Path, size_hw: tuple[int, int], expected_hw: tuple[int, int]
) -> None:
    labels = np.zeros(size_hw, np.uint8)
    labels[:, size_hw[1] // 2 :] = 1
    OVERLAY.write(make_results([labels, labels]), tmp_path)
    written = open_video(tmp_path / "overlay.mp4")
    assert written.size_hw == expected_hw
    first, _ = written
    height, width = expected_hw
    assert np.abs(first.image[height // 2, width // 4].astype(int) - 90).max() < 8
    painted = overlay_colours()[1] / 2 + 45
    assert np.abs(first.image[height - 8, width * 7 // 8] - painted).max() < 40


def test_the_overlay_of_classes_has_a_legend(tmp_path: Path) -> None:
    scores = [{0: ObjectScore(0.9)}] * 2
    grey = np.zeros((240, 320), np.uint8)
    colours = np.full((256, 3), 90, np.uint8)
    named = make_results([grey] * 2, scores=scores, classes=("road",), colours=colours)
    OVERLAY.write(named, tmp_path)
    first, _ = open_video(tmp_path / "overlay.mp4")
    assert np.ptp(first.image[:180]) < 10
    assert np.ptp(first.image[180:]) > 100

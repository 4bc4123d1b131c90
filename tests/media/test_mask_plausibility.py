"""What looks like no mask is refused or said, the same behind files and arrays of every kind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from fakes.media_pictures import picture
from segue.errors import MaskError
from segue.media.mask_arrays import array_values, overlap
from segue.media.mask_inputs import given_masks
from segue.media.masks import MaskImage, MaskReader, object_ids, palette, read_mask

AREA = 36**2 * np.pi


def disk(size: int = 120, blur: int = 10, colour: Any = 255, mode: str = "L") -> Image.Image:
    """A disk with soft edges: drawn large, then made small."""
    big = Image.new(mode, (size * blur, size * blur))
    low, high = 0.2 * size * blur, 0.8 * size * blur
    ImageDraw.Draw(big).ellipse((low, low, high, high), fill=colour)
    return big.resize((size, size), Image.Resampling.BOX)


def blocks(*values: int, background: int = 0) -> np.ndarray:
    array = np.full((60, 40 * len(values) + 20), background, np.int32)
    for place, value in enumerate(values):
        array[15:45, 40 * place + 20 : 40 * place + 40] = value
    return array


def from_array(array: np.ndarray) -> MaskImage:
    return MaskReader().label(array_values(array, "The mask of frame 0"), "The mask of frame 0")


def as_png(image: Image.Image, folder: Path) -> MaskImage:
    image.save(folder / "m.png")
    return read_mask(folder / "m.png")


def as_grey(image: Image.Image, folder: Path) -> MaskImage:
    return as_png(image.convert("L"), folder)


def as_array(image: Image.Image, folder: Path) -> MaskImage:
    return from_array(np.asarray(image.convert("L")))


def as_float(image: Image.Image, folder: Path) -> MaskImage:
    return from_array(np.asarray(image.convert("L")) / 255)


def as_sixteen(image: Image.Image, folder: Path) -> MaskImage:
    wide = np.asarray(image.convert("L")).astype(np.uint16) * 257
    return as_png(Image.fromarray(wide), folder)


def as_rgb(image: Image.Image, folder: Path) -> MaskImage:
    return as_png(image.convert("RGB"), folder)


def as_palette(image: Image.Image, folder: Path) -> MaskImage:
    return as_png(image.convert("RGB").quantize(32), folder)


def as_alpha(image: Image.Image, folder: Path) -> MaskImage:
    rgba = Image.new("RGBA", image.size, (200, 30, 30, 255))
    rgba.putalpha(image.convert("L"))
    return as_png(rgba, folder)


def as_npy(image: Image.Image, folder: Path) -> MaskImage:
    np.save(folder / "m.npy", np.asarray(image.convert("L")))
    return read_mask(folder / "m.npy")


EVERY = [as_grey, as_array, as_float, as_sixteen, as_rgb, as_palette, as_alpha, as_npy]
Form = Callable[[Image.Image, Path], MaskImage]


@pytest.mark.parametrize("form", EVERY)
@pytest.mark.parametrize("blur", [2, 10])
def test_a_white_object_with_soft_edges_is_cut_and_said(
    form: Form, blur: int, tmp_path: Path
) -> None:
    came = form(disk(blur=blur), tmp_path)
    assert object_ids(came.labels) == [1]
    assert abs(int(came.labels.sum()) - AREA) < 100
    assert "cut in the middle" in " ".join(came.doubts)


@pytest.mark.parametrize("form", [as_grey, as_array, as_rgb, as_npy, as_sixteen])
def test_noise_on_white_is_one_object(form: Form, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 2, (120, 120))
    image = np.asarray(disk().point(lambda value: 255 * (value > 127))).astype(np.int32)
    image = Image.fromarray((image - noise * (image > 0)).astype(np.uint8))
    assert set(np.unique(np.asarray(image))) == {0, 254, 255}
    came = form(image, tmp_path)
    assert object_ids(came.labels) == [1]
    assert abs(int(came.labels.sum()) - AREA) < 100
    assert "254, 255 are read as one white object" in " ".join(came.doubts) or form is as_sixteen


def test_noise_on_black_belongs_to_the_background(tmp_path: Path) -> None:
    image = np.asarray(disk().point(lambda value: 255 * (value > 127))).copy()
    image[40, :20] = np.arange(20) % 3
    image[41, :20] = 2
    image[60, 50:60] = 254
    came = as_grey(Image.fromarray(image), tmp_path)
    assert object_ids(came.labels) == [1]
    assert came.labels[41, :20].sum() == 0


@pytest.mark.parametrize("form", [as_grey, as_array, as_rgb, as_npy, as_sixteen, as_palette])
def test_photos_are_refused_with_what_was_seen(form: Form, tmp_path: Path) -> None:
    grain = np.random.default_rng(0).integers(-20, 20, (96, 128, 1))
    photo = Image.fromarray((picture(0, (96, 128)) + grain).clip(0, 255).astype(np.uint8))
    with pytest.raises(MaskError, match=r"looks like a photo|edges are soft") as caught:
        form(photo if form in (as_rgb, as_palette) else photo.convert("L"), tmp_path)
    assert any(char.isdecimal() for char in str(caught.value).replace(str(tmp_path), ""))


def test_a_photo_of_fractions_is_refused() -> None:
    with pytest.raises(MaskError, match="looks like a photo"):
        from_array(picture(0, (96, 128))[:, :, 0] / 255)


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
def test_soft_edges_of_coloured_objects_are_refused(mode: str, tmp_path: Path) -> None:
    image = disk(colour=(255, 40, 0), mode="RGB")
    ImageDraw.Draw(image).rectangle((2, 2, 20, 20), fill=(0, 0, 255))
    if mode == "P":
        table = Image.new("P", (1, 1))
        table.putpalette(palette().tobytes())
        image = image.quantize(palette=table, dither=Image.Dither.NONE)
    if mode == "RGBA":
        image = image.convert("RGBA")
        image.putalpha(image.convert("L").point(lambda value: 255 * (value > 0)))
    with pytest.raises(MaskError, match=r"only along edges: the edges are soft"):
        as_png(image, tmp_path)


def test_soft_edges_of_two_greys_are_refused(tmp_path: Path) -> None:
    image = disk(colour=200)
    ImageDraw.Draw(image).rectangle((2, 2, 20, 20), fill=100)
    with pytest.raises(MaskError, match=r"grey values, \d+ of them only along edges.* 100, 200\."):
        as_grey(image, tmp_path)


def test_one_grey_object_with_soft_edges_is_cut(tmp_path: Path) -> None:
    came = as_grey(disk(colour=128), tmp_path)
    assert object_ids(came.labels) == [1]
    assert abs(int(came.labels.sum()) - AREA) < 100


def test_small_ids_beside_a_large_one_stay_ids() -> None:
    ids = blocks(3, 1, 9)
    ids[30:32, 10:20] = 4  # two thin objects: one in the air, one beside a large one
    ids[10:12, 100:110] = 5
    ids[13:15, 100:110] = 6
    assert (from_array(ids).labels == ids).all()
    assert from_array(ids).doubts == ()


def test_many_small_objects_of_an_id_map_stay_objects() -> None:
    cells = np.zeros((100, 100), np.uint16)
    for number in range(100):
        row, column = divmod(number, 10)
        cells[10 * row + 1 : 10 * row + 8, 10 * column + 1 : 10 * column + 8] = number + 1
    assert (from_array(cells).labels == cells).all()


def test_touching_objects_of_an_id_map_stay_objects() -> None:
    tiles = np.arange(16).reshape(4, 4).repeat(12, axis=0).repeat(12, axis=1) + 1
    assert (from_array(tiles).labels == tiles).all()


@pytest.mark.parametrize("value", [1, 255, True])
def test_an_inverted_mask_is_doubted(value: int) -> None:
    inverted = np.full((60, 80), value)
    inverted[20:40, 20:50] = 0
    came = from_array(inverted)
    assert came.doubts == (
        "The mask of frame 0: 1 object, 87.5 % of the frame, touches all four borders: is the mask inverted?",
    )
    # An inverted mask of an object that leaves the frame.
    inverted[20:60, 20:50] = 0
    assert "inverted" in from_array(inverted).doubts[0]


def test_a_large_object_is_not_doubted() -> None:
    face = np.zeros((60, 80), np.uint8)
    face[3:60, 10:70] = 255
    assert from_array(face).doubts == ()
    assert from_array(np.ones((60, 80), np.uint8)).doubts == ()


def test_renumbered_ids_are_said(tmp_path: Path) -> None:
    array = blocks(5, 255, 1000).astype(np.uint16)
    Image.fromarray(array).save(tmp_path / "m.png")
    came = read_mask(tmp_path / "m.png")
    assert (came.labels == blocks(1, 2, 3)).all()
    assert came.doubts == (
        f"{tmp_path / 'm.png'}: id 5 is object 1, id 255 is object 2, id 1000 is object 3",
    )


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 249), min_size=1, max_size=6, unique=True),
    st.sampled_from([np.uint8, np.int64, np.uint16, np.float32]),
)
def test_ids_in_areas_are_kept_in_every_type(numbers: list[int], dtype: type) -> None:
    drawn = blocks(*numbers)
    assert (from_array(drawn.astype(dtype)).labels == drawn).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 12), st.floats(0.25, 0.4), st.integers(0, 5))
def test_soft_disks_are_cut_at_half(blur: int, radius: float, noise: int) -> None:
    size = 96
    big = Image.new("L", (size * blur, size * blur))
    low, high = (0.5 - radius) * size * blur, (0.5 + radius) * size * blur
    ImageDraw.Draw(big).ellipse((low, low, high, high), fill=255 - noise)
    soft = np.asarray(big.resize((size, size), Image.Resampling.BOX))
    came = from_array(soft)
    assert object_ids(came.labels) == [1]
    assert abs(int(came.labels.sum()) - np.pi * (radius * size) ** 2) < 0.05 * came.labels.sum()


def test_odd_arrays_are_named() -> None:
    for array, words in [
        (np.zeros((0, 4)), "is empty"),
        (np.zeros((4, 4, 4, 4)), r"shape \(4, 4, 4, 4\)"),
        (np.full((4, 4), -1), "the value -1"),
        (np.full((4, 4), np.nan), "no numbers"),
        (np.full((4, 4), 1.5), "probabilities from 0 to 1"),
        (np.full((4, 4), "a"), "<U1 values"),
        (np.full((4, 4), 2**40), "the value 1099511627776"),
    ]:
        with pytest.raises(MaskError, match=rf"The mask of frame 0.* {words}"):
            from_array(array)


def test_planes_are_objects() -> None:
    planes = np.stack([blocks(1, 0, 0), blocks(0, 0, 1)]).astype(bool)
    assert (from_array(planes).labels == blocks(1, 0, 2)).all()
    assert (from_array(planes[:1]).labels == blocks(1, 0, 0)).all()
    with pytest.raises(MaskError, match=r"overlap by 100 %.*\{0: first, 1: second\}"):
        from_array(np.stack([planes[0], planes[0]]))
    with pytest.raises(MaskError, match=r"plane 1, holds 3 objects"):
        from_array(np.stack([blocks(1, 2, 3)] * 2))


def test_black_and_white_after_lossy_compression_in_colour(tmp_path: Path) -> None:
    image = disk().point(lambda value: 255 * (value > 127))
    image.convert("RGB").save(tmp_path / "a.webp", quality=50)
    image.convert("RGB").save(tmp_path / "a.jpg", quality=50)
    decoded = Image.open(tmp_path / "a.jpg").convert("RGB")
    tinted = (np.asarray(decoded).astype(int) - (0, 3, 0)).clip(0, 255).astype(np.uint8)
    for came in (read_mask(tmp_path / "a.webp"), as_png(Image.fromarray(tinted), tmp_path)):
        assert object_ids(came.labels) == [1]
        assert abs(int(came.labels.sum()) - AREA) < 100
        assert came.doubts


def test_a_background_with_a_value_of_its_own_is_doubted() -> None:
    image = np.full((60, 80, 3), 255, np.uint8)
    image[20:40, 20:50] = (200, 0, 0)
    (doubt,) = from_array(image).doubts
    assert "object 2, 87.5 % of the frame, touches all four borders: is this the background?" in (
        doubt
    )
    ids = np.full((60, 80), 1, np.uint8)
    ids[20:40, 20:50] = 2
    assert "is this the background?" in from_array(ids).doubts[0]


def test_a_file_of_several_pictures_is_refused(tmp_path: Path) -> None:
    pages = [disk(), disk()]
    pages[0].save(tmp_path / "m.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(MaskError, match=r"m\.tif holds 2 pictures, expected one mask"):
        read_mask(tmp_path / "m.tif")


def test_fractions_in_a_picture_file(tmp_path: Path) -> None:
    Image.fromarray(np.asarray(disk()) / np.float32(255)).save(tmp_path / "m.tif")
    came = read_mask(tmp_path / "m.tif")
    assert abs(int(came.labels.sum()) - AREA) < 100
    assert "probabilities" in came.doubts[0]


def disks(*values: int) -> np.ndarray:
    """A large object of each value."""
    found = np.zeros((60, 90), np.uint8)
    for number, value in enumerate(values):
        cv2.circle(found, (20 + 40 * number, 30), 14, value, -1)
    return found


@pytest.mark.parametrize("opacity", [1, 102, 200])
def test_half_transparent_objects_are_objects(opacity: int) -> None:
    alpha = disks(opacity)
    red = np.dstack([alpha * 0 + 255, alpha * 0, alpha * 0, alpha])
    labels = given_masks(red).by_frame[0]
    assert ((labels == 1) == (alpha > 0)).all()


def test_several_opacities_are_refused_and_soft_ones_are_not() -> None:
    for low, high in ((50, 200), (40, 120)):
        alpha = disks(low, high)
        with pytest.raises(MaskError, match=rf"several opacities \({low} and {high} of 255\)"):
            given_masks(np.dstack([alpha, alpha, alpha, alpha]))
    soft = cv2.GaussianBlur(disks(255), (0, 0), 5)
    assert given_masks(np.dstack([soft * 0 + 255] * 3 + [soft])).by_frame[0].any()
    with pytest.raises(MaskError, match="transparent everywhere"):
        given_masks(np.dstack([disks(255)] * 3 + [disks(0)]))


def test_a_white_object_beside_ids_is_void_and_said() -> None:
    (doubt,) = given_masks(disks(128, 255)).doubts
    assert "the value 255" in doubt
    assert "is void beside ids" in doubt
    rim = disks(1)
    rim[(cv2.dilate(rim, np.ones((5, 5), np.uint8)) > 0) & (rim == 0)] = 255
    assert given_masks(rim).doubts == ()


@pytest.mark.parametrize("radius", [6, 8, 10])
def test_a_small_white_object_with_soft_edges_is_cut(radius: int) -> None:
    sharp = cv2.circle(np.zeros((120, 180), np.uint8), (30, 30), radius, 255, -1)
    came = given_masks(cv2.GaussianBlur(sharp, (0, 0), 1.5))
    assert "soft edges" in came.doubts[0]
    assert overlap(came.by_frame[0] > 0, sharp > 0) > 0.9

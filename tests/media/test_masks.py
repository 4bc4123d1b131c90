from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from fakes.media_pictures import picture
from segue.errors import MaskError, NotFoundError, WriteError
from segue.media.mask_fit import fit_mask
from segue.media.masks import (
    MaskReader,
    check_masks,
    object_ids,
    palette,
    read_mask,
    read_object_masks,
    write_mask,
)

any_path = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
labels_of = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def blocks(*values: int) -> np.ndarray:
    """A map with background and one 8x8 block per value."""
    array = np.zeros((12, 10 * len(values) + 2), np.int32)
    for place, value in enumerate(values):
        array[2:10, 10 * place + 2 : 10 * place + 10] = value
    return array


def colour_blocks(*colours: tuple[int, ...]) -> np.ndarray:
    table = np.array([(0,) * len(colours[0]), *colours], np.uint8)
    return table[blocks(*range(1, len(colours) + 1))]


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def write(array: np.ndarray, name: str = "mask.png", mode: str | None = None) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        image = Image.fromarray(array if array.dtype != np.int32 else array.astype(np.uint8))
        (image.convert(mode) if mode else image).save(path)
        return path

    return write


Save = Callable[..., Path]


@any_path
@given(labels_of.filter(lambda a: bool(((a > 0) & (a < 255)).any())))
def test_written_masks_read_back_equal(tmp_path: Path, labels: np.ndarray) -> None:
    write_mask(tmp_path / "a.png", labels)
    first = (tmp_path / "a.png").read_bytes()
    came = read_mask(tmp_path / "a.png")
    assert (came.labels == labels).all()
    assert sorted(came.sources) == object_ids(labels)
    write_mask(tmp_path / "a.png", labels)
    assert (tmp_path / "a.png").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_palette_is_that_of_davis() -> None:
    first = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128)]
    assert palette()[:6].tolist() == [list(colour) for colour in first]
    assert palette()[8].tolist() == [64, 0, 0]
    assert palette()[255].tolist() == [224, 224, 192]
    assert len({tuple(colour) for colour in palette().tolist()}) == 256


def test_write_to_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="absent"):
        write_mask(tmp_path / "absent" / "a.png", blocks(1).astype(np.uint8))


@pytest.mark.parametrize(
    ("array", "mode"),
    [
        (blocks(255), None),
        (blocks(255), "1"),
        (blocks(1), None),
        (blocks(255), "RGB"),
        (blocks(255), "P"),
        (blocks(65_535).astype(np.uint16), None),
        (colour_blocks((255, 0, 0, 255)), None),
        (colour_blocks((0, 0, 0, 255)), None),
        (colour_blocks((128, 0, 0)), None),
    ],
)
def test_every_kind_of_single_object_is_object_one(
    save: Save, array: np.ndarray, mode: str | None
) -> None:
    came = read_mask(save(array, mode=mode))
    assert (came.labels == (blocks(1) == 1)).all()
    assert list(came.sources) == [1]


def test_grey_ids_are_kept_and_255_is_void(save: Save) -> None:
    came = read_mask(save(blocks(3, 7, 255)))
    assert (came.labels == blocks(3, 7, 255)).all()
    assert came.sources == {3: "id 3", 7: "id 7"}


def test_sixteen_bit_ids_are_renumbered_only_if_they_must(save: Save) -> None:
    came = read_mask(save(blocks(1000, 5, 255).astype(np.uint16)))
    assert (came.labels == blocks(3, 1, 2)).all()
    assert came.sources == {1: "id 5", 2: "id 255", 3: "id 1000"}
    kept = read_mask(save(blocks(200, 5).astype(np.uint16)))
    assert (kept.labels == blocks(200, 5)).all()


def test_colours_of_the_palette_keep_their_index(save: Save) -> None:
    colours = [tuple(palette()[n].tolist()) for n in (9, 2, 255)]
    came = read_mask(save(colour_blocks(*colours)))
    assert (came.labels == blocks(9, 2, 255)).all()
    assert came.sources == {2: "#008000", 9: "#c00000"}


def test_other_colours_are_numbered_in_order(save: Save) -> None:
    came = read_mask(save(colour_blocks((255, 0, 0), (0, 0, 255), (255, 255, 255))))
    assert (came.labels == blocks(2, 1, 3)).all()
    assert came.sources == {1: "#0000ff", 2: "#ff0000", 3: "#ffffff"}


def test_white_beside_grey_in_rgb_is_an_object(save: Save) -> None:
    came = read_mask(save(colour_blocks((100, 100, 100), (255, 255, 255))))
    assert (came.labels == blocks(1, 2)).all()


def test_one_table_over_several_files(save: Save) -> None:
    reader = MaskReader()
    reader.read(save(colour_blocks((255, 0, 0)), "a.png"))
    later = reader.read(save(colour_blocks((0, 0, 255), (255, 0, 0)), "b.png"))
    assert (later.labels == blocks(2, 1)).all()
    assert reader.sources == {1: "#ff0000", 2: "#0000ff"}
    ids = MaskReader()
    ids.read(save(blocks(1000).astype(np.uint16), "c.png"))
    assert (ids.read(save(blocks(1, 1000).astype(np.uint16), "d.png")).labels == blocks(2, 1)).all()


def test_alpha(save: Save) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (12, 32, 3), dtype=np.uint8)
    photo = np.dstack([noise, np.zeros((12, 32), np.uint8)])
    photo[2:10, 2:10, 3] = 255
    photo[2:10, 12:20, 3] = 100  # less than half opaque
    came = read_mask(save(photo))
    assert (came.labels == (photo[:, :, 3] >= 128)).all()
    two = colour_blocks((255, 0, 0, 255), (0, 255, 0, 255))
    assert (read_mask(save(two)).labels == blocks(2, 1)).all()
    two[:, :, 3] = 255
    assert (read_mask(save(two)).labels == blocks(2, 1)).all()


def disk(colour: int | tuple[int, ...], mode: str) -> np.ndarray:
    image = Image.new(mode, (400, 400))
    ImageDraw.Draw(image).ellipse((80, 80, 320, 320), fill=colour)
    return np.asarray(image.resize((120, 120), Image.Resampling.LANCZOS))


def test_soft_edges_are_cut_if_grey_and_refused_if_coloured(save: Save) -> None:
    came = read_mask(save(disk(255, "L")))
    assert object_ids(came.labels) == [1]
    assert abs(int(came.labels.sum()) - 36**2 * np.pi) < 60
    assert "soft" in came.sources[1]
    with pytest.raises(MaskError, match="edges are soft"):
        read_mask(save(disk((255, 40, 0), "RGB")))


def test_grey_mask_after_a_detour_through_jpeg(save: Save) -> None:
    noisy = np.asarray(Image.open(save(disk(255, "L"), "a.jpg")))
    came = read_mask(save(noisy))
    assert object_ids(came.labels) == [1]
    assert abs(int(came.labels.sum()) - 36**2 * np.pi) < 60


def test_many_grey_ids_are_not_taken_for_a_soft_edge(save: Save) -> None:
    ids = (*range(1, 25), 255)
    assert (read_mask(save(blocks(*ids))).labels == blocks(*ids)).all()


def test_jpeg_masks(save: Save) -> None:
    came = read_mask(save(disk(255, "L"), "a.jpg"))
    assert abs(int(came.labels.sum()) - 36**2 * np.pi) < 60
    for array in (blocks(1, 2), blocks(100, 180), colour_blocks((255, 0, 0))):
        with pytest.raises(MaskError, match=r"b\.jpg is a JPEG"):
            read_mask(save(array, "b.jpg"))


def test_unusable_masks(save: Save, tmp_path: Path) -> None:
    for array in (blocks(0), colour_blocks((0, 0, 0)), np.zeros((4, 4, 4), np.uint8)):
        with pytest.raises(MaskError, match=r"mask\.png holds no object"):
            read_mask(save(array))
    with pytest.raises(MaskError, match="more than 254"):
        read_mask(save(np.arange(1000, 1400, dtype=np.uint16).reshape(20, 20)))
    with pytest.raises(MaskError, match="colours"):
        read_mask(save(picture(0, (64, 64))))
    whole = save(picture(0, (64, 64)), "cut.png").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (whole[: len(whole) // 2], bytes(flipped), b"", b"text"):
        (tmp_path / "cut.png").write_bytes(damaged)
        with pytest.raises(MaskError, match=r"cut\.png is not a whole image"):
            read_mask(tmp_path / "cut.png")
    with pytest.raises(NotFoundError, match=r"absent\.png"):
        read_mask(tmp_path / "absent.png")


def test_one_file_per_object(save: Save, tmp_path: Path) -> None:
    save(blocks(255, 0, 0), "objects/cat 2.png")
    save(blocks(0, 1, 1), "objects/cat 10.png")
    came = read_object_masks(tmp_path / "objects")
    assert (came.labels == blocks(1, 2, 2)).all()
    assert came.sources == {1: "cat 2.png", 2: "cat 10.png"}

    save(blocks(1, 2, 0), "objects/dog.png")
    with pytest.raises(MaskError, match=r"dog\.png holds 2 objects"):
        read_object_masks(tmp_path / "objects")
    save(blocks(1, 0), "objects/dog.png")
    with pytest.raises(MaskError, match=r"cat 2\.png is 32x12, .*dog\.png is 22x12"):
        read_object_masks(tmp_path / "objects")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MaskError, match="no mask images"):
        read_object_masks(tmp_path / "empty")


def test_fit_mask(save: Save) -> None:
    labels = blocks(1, 2).astype(np.uint8)
    assert fit_mask(labels, labels.shape) is labels
    with pytest.raises(MaskError, match="22x12, the frame 44x24 ") as caught:
        fit_mask(labels, (24, 44))
    assert "--fit-mask" in caught.value.option
    assert (fit_mask(labels, (24, 44), fit=True)[::2, ::2] == labels).all()
    labels[:] = 0
    labels[0, 0] = 7
    labels[5:, 5:] = 1
    with pytest.raises(MaskError, match="object 7 is too small"):
        fit_mask(labels, (3, 5), fit=True)


def test_check_masks_names_object_and_frames() -> None:
    one, two = blocks(1, 0).astype(np.uint8), blocks(1, 2).astype(np.uint8)
    check_masks({0: one, 9: two})
    check_masks({0: two, 9: one}, partial=True)
    with pytest.raises(
        MaskError, match=r"Object 2 .* frame 4 .* frame 9\. .*partial masks"
    ) as caught:
        check_masks({9: one, 0: one, 4: two})
    assert "--partial-masks" in caught.value.option

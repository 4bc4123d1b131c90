from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.davis import moving_square, write_davis, write_masks
from segue.errors import MaskError, NotFoundError
from segue.evaluation.pairs import pair, read_values

RAMP = np.arange(12, dtype=np.uint8).reshape(3, 4)


def test_palette_indices_are_not_colours(tmp_path: Path) -> None:
    image = Image.fromarray(RAMP, mode=None).convert("P")
    image.putdata(RAMP.ravel().tolist())
    image.putpalette([0] * 768)
    image.save(tmp_path / "m.png")
    assert (read_values(tmp_path / "m.png") == RAMP).all()


def test_one_bit_values_are_0_and_1(tmp_path: Path) -> None:
    Image.fromarray(RAMP > 5).save(tmp_path / "m.png")
    assert (read_values(tmp_path / "m.png") == (RAMP > 5)).all()


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_grey_in_any_number_of_channels(tmp_path: Path, mode: str) -> None:
    Image.fromarray(RAMP).convert(mode).save(tmp_path / "m.png")
    assert (read_values(tmp_path / "m.png") == RAMP).all()


def test_16_bit_ids(tmp_path: Path) -> None:
    Image.fromarray(RAMP.astype(np.uint16)).save(tmp_path / "m.png")
    assert (read_values(tmp_path / "m.png") == RAMP).all()
    Image.fromarray(RAMP.astype(np.uint16) * 256).save(tmp_path / "m.png")  # would wrap to 0
    with pytest.raises(MaskError, match=r"m\.png holds the value 2816"):
        read_values(tmp_path / "m.png")


def test_colours_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3), (128, 0, 0)).save(tmp_path / "m.png")
    with pytest.raises(MaskError, match=r"m\.png holds colours"):
        read_values(tmp_path / "m.png")


@given(share=st.floats(0, 0.9))
def test_a_file_cut_anywhere_is_named(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    path = tmp_path_factory.mktemp("cut") / "m.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(MaskError, match=r"m\.png is not a readable mask"):
        read_values(path)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write_davis(tmp_path / "davis", {"goat": moving_square(4), "bear": moving_square(3)})


def test_a_root_and_its_mask_folder_give_the_same_pairs(truth: Path) -> None:
    masks = truth / "Annotations/480p"
    from_root, _ = pair(masks, truth, "val")
    from_folder, _ = pair(masks, masks, "val")
    assert {p.name for p in from_root} == {"goat", "bear"}
    assert sorted(from_root, key=lambda p: p.name) == from_folder
    assert all(p.truths == p.predictions for p in from_root)


def test_frames_are_paired_by_name(truth: Path) -> None:
    masks = truth / "Annotations/480p"
    predictions = truth.parent / "ours"
    for name in ("goat", "bear"):
        write_masks(predictions / name, moving_square(5))
    (predictions / "goat/00001.png").unlink()
    (goat, bear), _ = pair(predictions, truth, "val")
    assert goat.truths == tuple(masks / "goat" / f"{t:05}.png" for t in range(4))
    assert [p.name if p else None for p in goat.predictions] == [
        "00000.png",
        None,
        "00002.png",
        "00003.png",
    ]
    assert None not in bear.predictions


@pytest.mark.parametrize("place", ["", "masks", "goat"])
def test_a_single_sequence(truth: Path, place: str) -> None:
    out = truth.parent / "out"
    write_masks(out / place, moving_square(4))
    (found,), extra = pair(out, truth / "Annotations/480p/goat", "val")
    assert found.name == "goat"
    assert found.predictions[3] == out / place / "00003.png"
    assert extra == ()


def test_frames_count_in_natural_order(tmp_path: Path) -> None:
    for folder in ("truth", "ours"):
        write_masks(tmp_path / folder, moving_square(3))
        for old, new in (("00000", "2"), ("00001", "10"), ("00002", "1")):
            (tmp_path / folder / f"{old}.png").rename(tmp_path / folder / f"{new}.png")
    (found,), _ = pair(tmp_path / "ours", tmp_path / "truth", "val")
    assert [p.stem for p in found.truths] == ["1", "2", "10"]


def test_sequences_that_the_truth_does_not_have(truth: Path) -> None:
    predictions = truth.parent / "ours"
    for name in ("goat", "bear", "zebra"):
        write_masks(predictions / name, moving_square(4))
    (predictions / "_run").mkdir()  # what segue track leaves there: no masks in it
    _, extra = pair(predictions, truth, "val")
    assert extra == ("zebra",)


def test_missing_sequences_are_named(truth: Path) -> None:
    predictions = truth.parent / "ours"
    write_masks(predictions / "goat", moving_square(4))
    with pytest.raises(NotFoundError, match=r"for 1 of 2 sequences: bear\. .*ours holds goat\."):
        pair(predictions, truth, "val")
    with pytest.raises(NotFoundError, match=r"2 of 2 sequences.*holds no folders of PNG files"):
        pair(predictions / "goat", truth, "val")


def test_no_file_name_in_common(truth: Path) -> None:
    predictions = truth.parent / "ours"
    write_masks(predictions, moving_square(3))
    for path in predictions.iterdir():
        path.rename(path.with_stem(f"frame_{path.stem}"))
    with pytest.raises(NotFoundError, match=r"such as 00000\.png; it holds frame_00000\.png"):
        pair(predictions, truth / "Annotations/480p/bear", "val")


def test_nothing_where_masks_should_be(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"No folder .*nowhere"):
        pair(tmp_path / "nowhere", tmp_path, "val")
    with pytest.raises(NotFoundError, match="No masks in"):
        pair(tmp_path, tmp_path, "val")

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.scenes_flat import flat_scenes
from fakes.trees import remove, truncate, write_tree
from segue.data.kitti_mots import KITTI_MOTS
from segue.data.mots_text import TrackedMask, read_mots, write_mots
from segue.errors import InputError, NotFoundError
from segue.media.label_file import read_label_values
from segue.media.rle import encode
from segue.synthetic.write_kitti_mots import write

PNG = "instances/0002/000001.png"
TEXT = "instances_txt/0002.txt"
IMAGE = "training/image_02/0002/000001.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree("kitti-mots", tmp_path)


def check(root: Path, split: str = "val") -> list[tuple[str, str, str, bool]]:
    return [(p.kind, p.sequence, p.frame, p.fatal) for p in KITTI_MOTS.check(root, split)]


def test_a_complete_set(root: Path) -> None:
    one, two = KITTI_MOTS.sequences(root, "val")
    assert (one.name, two.name) == ("0002", "0003")
    assert [path.name for path in one.frame_paths] == [f"00000{i}.png" for i in range(4)]
    assert one.mask_paths[1] == root / PNG
    assert one.tracks_path == root / TEXT
    assert [s.name for s in KITTI_MOTS.sequences(root, "train")] == ["0000", "0001"]
    assert check(root) == check(root, "train") == []
    assert KITTI_MOTS.recognise(root)
    assert not KITTI_MOTS.recognise(root / "instances")


def test_pngs_and_text_say_the_same(root: Path) -> None:
    assert set(np.unique(read_label_values(root / "instances/0002/000003.png"))) == {
        0,
        1001,
        2002,
    }
    frames = read_mots(root / TEXT)
    assert [[mask.track_id for mask in frames[i]] for i in (0, 3)] == [[1001], [1001, 2002]]


def test_far_objects_become_ignore_regions(tmp_path: Path) -> None:
    """The flat boxes are as large as in every other test, the frame is not."""
    (scene,) = flat_scenes("street", 1, 2)

    class Far:
        name, num_frames, objects, size_hw = scene.name, 2, scene.objects, (320, 480)

        def frames(self):
            for frame in scene.frames():
                small = np.zeros(self.size_hw, np.uint16)
                small[:8, :9] = frame.instances[9:17, 2:11]
                yield type(frame)(
                    np.zeros((*self.size_hw, 3), np.uint8),
                    small,
                    np.where(small == 1, 14, 1).astype(np.uint8),
                    np.zeros((*self.size_hw, 2), np.float32),
                )

    write(tmp_path, [Far()], "val")
    (first, *_) = read_mots(tmp_path / "instances_txt" / "0000.txt").values()
    assert [(mask.track_id, mask.class_id) for mask in first] == [(10000, 10)]
    assert check(tmp_path) == []


@pytest.mark.parametrize("folder", ["training", "instances", "instances_txt"])
def test_what_is_not_needed_may_lack(root: Path, folder: str) -> None:
    shutil.rmtree(root / folder)
    sequence = KITTI_MOTS.sequences(root, "val")[0]
    assert check(root) == []
    lengths = len(sequence.frame_paths), len(sequence.mask_paths), sequence.num_frames
    assert (
        lengths
        == {
            "training": (0, 4, 4),
            "instances": (4, 4, 0),
            "instances_txt": (4, 4, 0),
        }[folder]
    )


def test_text_alone(root: Path) -> None:
    shutil.rmtree(root / "training")
    shutil.rmtree(root / "instances")
    sequence = KITTI_MOTS.sequences(root, "val")[0]
    assert (sequence.frame_paths, sequence.mask_paths, sequence.num_frames) == ((), (), 4)
    assert check(root) == []


def test_official_sequences_that_are_there(root: Path) -> None:
    """Without a seqmap, in the order of the official list and with its lengths."""
    for path in root.glob("*.seqmap"):
        path.unlink()
    for folder in ("training", "instances"):
        shutil.rmtree(root / folder)
    (root / "instances_txt/0000.txt").rename(root / "instances_txt/0016.txt")
    sequences = KITTI_MOTS.sequences(root, "val")
    assert [(s.name, s.num_frames) for s in sequences] == [("0002", 233), ("0016", 209)]
    assert [s.name for s in KITTI_MOTS.sequences(root, "train")] == ["0001", "0003"]
    names = [s.name for s in KITTI_MOTS.sequences(root, "fulltrain")]
    assert names == ["0001", "0002", "0003", "0016"]
    missing = [p.sequence for p in KITTI_MOTS.check(root, "val") if p.kind == "missing-sequence"]
    assert missing == ["0006", "0007", "0008", "0010", "0013", "0014", "0018"]


@pytest.mark.parametrize(
    ("path", "kind", "frame"),
    [(PNG, "missing-frame", "000001"), (IMAGE, "missing-frame", "000001")],
)
def test_missing_files(root: Path, path: str, kind: str, frame: str) -> None:
    remove(root / path)
    assert check(root) == [(kind, "0002", frame, True)]


def test_a_mask_goes_with_the_frame_of_its_number(root: Path) -> None:
    remove(root / IMAGE)
    sequence = KITTI_MOTS.sequences(root, "val")[0]
    names = ["000000.png", "000002.png", "000003.png"]
    assert [path.name for path in sequence.frame_paths] == names
    assert [path.name for path in sequence.mask_paths if path] == names


@pytest.mark.parametrize("path", [PNG, IMAGE])
def test_broken_pictures(root: Path, path: str) -> None:
    truncate(root / path)
    assert check(root) == [("unreadable", "0002", "000001", True)]


def test_broken_text(root: Path) -> None:
    (root / TEXT).write_bytes((root / TEXT).read_bytes()[:-5])
    assert check(root) == [("unreadable", "0002", "", True)]


def test_text_cut_at_the_end_of_a_line(root: Path) -> None:
    lines = (root / TEXT).read_bytes().splitlines(keepends=True)
    (root / TEXT).write_bytes(b"".join(lines[:-1]))
    assert check(root) == [("listing", "0002", "000003", True)]


def test_foreign_ids(root: Path) -> None:
    remove(root / TEXT)
    values = read_label_values(root / PNG)
    Image.fromarray(np.where(values == 1001, 3001, values).astype(np.uint16)).save(root / PNG)
    assert check(root) == [("unknown-id", "0002", "000001", True)]


def test_another_size(root: Path) -> None:
    Image.new("I;16", (10, 10)).save(root / PNG)
    kinds = {(p.kind, p.frame) for p in KITTI_MOTS.check(root, "val")}
    assert kinds == {("size", "000001")}


def test_pngs_and_text_that_disagree(root: Path) -> None:
    values = read_label_values(root / PNG)
    Image.fromarray(np.where(values == 1001, 1007, values).astype(np.uint16)).save(root / PNG)
    (problem,) = KITTI_MOTS.check(root, "val")
    assert (problem.kind, problem.frame) == ("listing", "000001")
    assert "disagree about 1001, 1007" in problem.message


def test_frames_beyond_the_end(root: Path) -> None:
    shutil.copy(root / PNG, root / "instances/0002/000004.png")
    masks = [mask for frame in read_mots(root / TEXT).values() for mask in frame]
    late = TrackedMask(7, 1001, 1, encode(np.ones((32, 48), bool)))
    write_mots(root / TEXT, [*masks, late])
    found = {(p.kind, p.frame) for p in KITTI_MOTS.check(root, "val")}
    assert found == {("extra-frame", "000004"), ("extra-frame", "7")}


def test_sequences_that_no_list_names(root: Path) -> None:
    shutil.copytree(root / "instances/0002", root / "instances/park")
    assert check(root) == [("extra-sequence", "park", "", False)]


def test_a_listed_sequence_that_is_not_there(root: Path) -> None:
    shutil.rmtree(root / "instances/0002")
    remove(root / TEXT)
    assert check(root) == [("missing-sequence", "0002", "", True)]
    with pytest.raises(NotFoundError, match=r"neither instances nor instances_txt of 0002"):
        KITTI_MOTS.sequences(root, "val")


def test_a_seqmap_that_is_none(root: Path) -> None:
    (root / "val.seqmap").write_text("0002 empty 000000\n")
    with pytest.raises(InputError, match=r"val\.seqmap, line 1 reads '0002 empty 000000'"):
        KITTI_MOTS.sequences(root, "val")


def test_no_such_split(root: Path) -> None:
    with pytest.raises(NotFoundError, match=r"No split 'dev'.*fulltrain, train, val"):
        KITTI_MOTS.sequences(root, "dev")
    remove(root / "val.seqmap")
    for folder in ("instances", "instances_txt"):
        for path in (root / folder).glob("0002*"):
            path.rename(path.with_stem("0021"))
    with pytest.raises(NotFoundError, match=r"of 0002, 0006, .*belong to 'val'"):
        KITTI_MOTS.sequences(root, "val")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"expected a folder instances or instances_txt"):
        KITTI_MOTS.sequences(tmp_path, "val")


def test_the_same_bytes_every_time(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    again = write_tree("kitti-mots", tmp_path_factory.mktemp("again"))
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    assert paths
    for path in paths:
        assert path.read_bytes() == (again / path.relative_to(root)).read_bytes()

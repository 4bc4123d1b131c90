import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.label_files import rectangles, write_labels
from segue.errors import NotFoundError
from segue.evaluation.protocols.youtube_vos import YOUTUBE_VOS
from segue.evaluation.run import evaluate
from segue.metrics.agreement import agreement

SIZE = (30, 40)
NAMES = ("00000", "00005", "00010", "00015")
EVERY = [f"{t:05}" for t in range(20)]


def labels_of(shift: int = 0) -> dict[str, np.ndarray]:
    """Object 1 from the start, object 2 from the second annotated frame on."""
    return {
        name: rectangles(
            SIZE,
            id1=(3, 4 + t + shift, 12, 16 + t + shift),
            id2=(16, 5, 26, 17 + shift) if t else (0, 0, 0, 0),
        )
        for t, name in enumerate(NAMES)
    }


def write_root(root: Path, categories: dict[str, tuple[str | None, str | None]]) -> Path:
    """A video per entry with the categories of its two objects, and the metadata of a training split."""
    for split in ("train", "valid"):
        videos = {}
        for name, kinds in categories.items():
            starts = {"1": NAMES, "2": NAMES[1:]}
            objects = {key: {"frames": frames} for key, frames in starts.items()}
            for key, kind in zip(objects, kinds, strict=True):
                if kind is not None:
                    objects[key]["category"] = kind if split == "valid" else "dog"
            videos[name] = {"objects": objects}
        (root / split).mkdir(parents=True)
        (root / split / "meta.json").write_text(json.dumps({"videos": videos}))
    for name in categories:
        write_labels(root / "valid/Annotations" / name, labels_of())
        (root / "valid/JPEGImages" / name).mkdir(parents=True)
        for frame in EVERY:
            Image.new("RGB", SIZE[::-1]).save(root / "valid/JPEGImages" / name / f"{frame}.jpg")
    return root


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    write_labels(tmp_path / "ours/park", labels_of(shift=2))
    write_labels(tmp_path / "ours/zoo", labels_of())
    return tmp_path / "ours"


def plain(object_id: int, after: int) -> np.ndarray:
    """Mean J and F of an object of the shifted masks, from a frame on, in percent."""
    pairs = list(zip(labels_of(shift=2).values(), labels_of().values(), strict=True))[after:]
    return 100 * np.mean([agreement(p == object_id, t == object_id).values for p, t in pairs], 0)


def test_seen_and_unseen_apart_from_the_frame_after_the_start(ours: Path, tmp_path: Path) -> None:
    root = write_root(tmp_path / "ytvos", {"park": ("dog", "yeti"), "zoo": ("dog", "dog")})
    report = evaluate(ours, root, "youtube-vos")
    (j1, f1), (j2, f2) = plain(1, after=1), plain(2, after=2)
    assert report.summary["J_seen"] == pytest.approx((j1 + 100 + 100) / 3)
    assert report.summary["F_seen"] == pytest.approx((f1 + 100 + 100) / 3)
    assert report.summary["J_unseen"] == pytest.approx(j2)
    assert report.summary["F_unseen"] == pytest.approx(f2)
    parts = [report.summary[name] for name in ("J_seen", "J_unseen", "F_seen", "F_unseen")]
    assert report.summary["G"] == pytest.approx(np.mean(parts))
    assert report.summary["J"] == pytest.approx((j1 + j2 + 200) / 4)
    assert report.tables[0].notes == ()
    assert report.sequences["park"]["G"] is not None
    assert report.sequences["zoo"]["J_unseen"] is None
    assert list(report.tables[1].rows) == ["park_1", "park_2", "zoo_1", "zoo_2"]


def test_frames_that_are_scored(ours: Path, tmp_path: Path) -> None:
    root = write_root(tmp_path / "ytvos", {"park": ("dog", "yeti"), "zoo": ("dog", "dog")})
    for path in (ours / "park").iterdir():  # the first frame is given, not scored
        if path.stem == NAMES[0]:
            path.unlink()
    Image.new("L", SIZE[::-1]).save(ours / "park/00003.png")  # a frame without annotation
    report = evaluate(ours, root, "youtube-vos")
    assert report.problems == ()
    assert report.scored[0].frame_names == NAMES[1:]
    assert {key: c.start for key, c in report.scored[0].tally.curves.items()} == {1: 0, 2: 1}
    (ours / "park/00010.png").unlink()
    assert evaluate(ours, root, "youtube-vos").missing_frames == {"park": 1}


@pytest.mark.parametrize(
    ("kinds", "present", "absent"),
    [(("dog", "dog"), "seen", "unseen"), (("yeti", "yeti"), "unseen", "seen")],
)
def test_one_group_alone_gives_no_g(
    ours: Path, tmp_path: Path, kinds: tuple[str, str], present: str, absent: str
) -> None:
    root = write_root(tmp_path / "ytvos", {"park": kinds})
    table = evaluate(ours, root, "youtube-vos").tables[0]
    assert table.summary["G"] is table.summary[f"J_{absent}"] is None
    assert table.summary[f"J_{present}"] == table.summary["J"]
    assert table.notes == (f"There is no G: no scored object has a category that is {absent}.",)


def test_without_categories_j_and_f_are_over_all(ours: Path, tmp_path: Path) -> None:
    root = write_root(tmp_path / "ytvos", {"park": (None, None)})
    table = evaluate(ours, root, "youtube-vos").tables[0]
    assert table.summary["G"] is None
    assert table.summary["J"] == pytest.approx((plain(1, 1)[0] + plain(2, 2)[0]) / 2)
    (note,) = table.notes
    assert note.startswith("For 2 of 2 objects it is not known")


def test_an_object_that_starts_in_the_last_frame(ours: Path, tmp_path: Path) -> None:
    root = write_root(tmp_path / "ytvos", {"park": ("dog", "yeti")})
    meta = json.loads((root / "valid/meta.json").read_text())
    meta["videos"]["park"]["objects"]["2"]["frames"] = [NAMES[-1]]
    (root / "valid/meta.json").write_text(json.dumps(meta))
    table = evaluate(ours, root, "youtube-vos").tables[0]
    assert table.summary["J_unseen"] is None
    assert "1 objects have no annotated frame after their first: not scored." in table.notes


def test_truth_with_first_masks_only(ours: Path, tmp_path: Path) -> None:
    root = write_root(tmp_path / "ytvos", {"park": ("dog", "yeti")})
    (root / "valid/Annotations/park/00010.png").unlink()
    with pytest.raises(
        NotFoundError, match=r"park has no masks for 1 of 4 annotated frames, such as 00010"
    ):
        evaluate(ours, root, "youtube-vos")


def test_another_layout(ours: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"expected valid.*looks like folder"):
        evaluate(ours, ours, "youtube-vos")


def test_pictures(ours: Path, tmp_path: Path) -> None:
    root = write_root(tmp_path / "ytvos", {"park": ("dog", "yeti")})
    case = YOUTUBE_VOS.gather(ours, root, None).cases[0]
    shown = YOUTUBE_VOS.picture(case, "00010")
    assert (shown.truth == labels_of()["00010"]).all()
    assert shown.image is not None

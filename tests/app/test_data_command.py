import json
from pathlib import Path

import pytest

from fakes.trees import remove, truncate, write_tree
from segue.app.cli.main import main
from segue.data.catalog import LAYOUTS
from segue.media.label_file import read_label_values
from segue.synthetic import catalog


@pytest.fixture
def davis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_tree("davis2017", Path("davis"), videos=3)


def check(*words: str) -> int:
    return main(["data", "check", "davis", "--layout", "davis2017", *words])


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_whole_dataset(davis: Path, capsys) -> None:
    assert check() == 0
    assert capsys.readouterr().out == (
        "davis as davis2017, split val: 3 sequences, 12 frames, 12 masks\nNothing is wrong.\n"
    )


def test_problems_are_counted_and_grouped_by_sequence(davis: Path, capsys) -> None:
    masks = davis / "Annotations/480p"
    truncate(masks / "objects_03/00001.png")
    remove(masks / "objects_05/00002.png")
    remove(masks / "objects_05/00003.png")
    (masks / "objects_05/notes.txt").touch()
    assert check() == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "4 problems, 3 fatal: unreadable 1, missing-frame 2, extra-frame 1"
    assert lines[3] == "objects_03"
    assert lines[4].startswith(f"  00001  (unreadable) {masks}/objects_03/00001.png ")
    assert lines[6] == "objects_05"
    assert [line.split()[0] for line in lines[7:]] == ["00002", "00003", "notes"]
    assert "(extra-frame, not fatal)" in lines[9]


def test_other_splits_are_left_alone(davis: Path) -> None:
    truncate(davis / "Annotations/480p/objects_03/00001.png")
    assert check("--split", "train") == 0


def test_a_split_that_cannot_be_listed_is_still_checked(davis: Path, capsys) -> None:
    for path in (davis / "JPEGImages/480p/objects_03").iterdir():
        remove(path)
    truncate(davis / "Annotations/480p/objects_04/00001.png")
    assert check() == 2
    out = capsys.readouterr().out
    assert "split val: not usable yet. Sequence 'objects_03' is listed, but" in out
    assert "2 problems, 2 fatal: missing-sequence 1, unreadable 1" in out


def test_the_first_twenty_unless_all_are_asked_for(davis: Path, capsys) -> None:
    for number in range(25):
        (davis / f"Annotations/480p/objects_03/{number + 50}.txt").touch()
    assert check() == 2
    out = capsys.readouterr().out
    assert out.count("not fatal") == 20
    assert out.endswith("and 5 more; --all shows them\n")
    assert check("--all") == 2
    out = capsys.readouterr().out
    assert out.count("not fatal") == 25
    assert "more;" not in out


def test_the_document(davis: Path, capsys) -> None:
    assert check("--json", "report.json") == 0
    capsys.readouterr()
    truncate(davis / "JPEGImages/480p/objects_03/00001.jpg")
    assert check("--json") == 2
    document = json.loads(capsys.readouterr().out)
    assert document["found"] == {
        "sequences": 3,
        "frames": 12,
        "masks": 12,
        "objects": 0,
        "track files": 0,
    }
    (problem,) = document["problems"]
    assert (problem["kind"], problem["frame"], problem["fatal"]) == ("unreadable", "00001", True)
    whole = json.loads(Path("report.json").read_text())
    assert whole == {**document, "problems": []}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["davis", "--layout", "davis2016"], "davis looks like davis2017, you said davis2016."),
        ([".", "--layout", "davis2017"], "davis looks like davis2017: give that folder."),
        (["davis", "--layout", "davis17"], "No layout 'davis17'. Did you mean 'davis2017'?"),
        (["davis", "--layout", "davis2017", "--split", "x"], "Found: train, val.\n"),
        (["gone", "--layout", "vspw"], "A vspw folder holds: "),
        (["--layout", "davis2017", "--json", "davis"], "See segue data check --help.\n"),
        (["davis", "--layout", "davis2017", "--json", "x"], "a file name that ends in .json"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(davis: Path, capsys, words: list[str], text) -> None:
    try:
        code = main(["data", "check", *words])
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert text in error
    assert error.count("\n") == 1


def test_an_action_is_asked_for(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["data"])
    assert "check | synthesize" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["check", "synthesize"])
def test_help_lists_the_layouts(capsys, action: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["data", action, "--help"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: segue data {action} [-h]")
    assert all(f"\n  {name} " in out for name in LAYOUTS)


def synthesize(out: str, *words: str) -> int:
    small = ["--videos", "1", "--frames", "6", "--size", "48x64"]
    return main(["data", "synthesize", out, "--layout", "youtube-vos-2018", *small, *words])


def test_a_synthetic_dataset_is_whole(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert synthesize("new/toy") == 0
    assert capsys.readouterr().out == "2 videos of 6 frames (train, valid) -> new/toy\n"
    assert main(["data", "check", "new/toy", "--layout", "youtube-vos-2018"]) == 0
    assert "1 sequence, 2 frames," in capsys.readouterr().out
    assert [path.name for path in Path("new").iterdir()] == ["toy"]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two, other = (str(tmp_path / name) for name in ("one", "two", "other"))
    assert synthesize(one) == synthesize(two) == synthesize(other, "--seed", "1") == 0
    assert contents(Path(one)) == contents(Path(two))
    assert contents(Path(one)) != contents(Path(other))


def test_what_is_there_stays(tmp_path: Path, capsys) -> None:
    out = tmp_path / "toy"
    out.mkdir()
    assert synthesize(str(out)) == 0
    before = contents(tmp_path)
    assert synthesize(str(out)) == 2
    assert "is there already and not empty" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_nothing_is_left_of_an_interrupted_one(tmp_path: Path, monkeypatch) -> None:
    def write_some(layout: str, root: Path, scenes) -> None:
        (root / "half").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(catalog, "write_dataset", write_some)
    assert synthesize(str(tmp_path / "toy")) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys) -> None:
    (tmp_path / "file").touch()
    assert synthesize(str(tmp_path / "file" / "toy")) == 4
    assert "Could not write" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"), [("--videos", "0"), ("--frames", "-1"), ("--size", "0x9"), ("--seed", "a")]
)
def test_numbers_that_make_no_sense(tmp_path: Path, capsys, option: str, value: str) -> None:
    with pytest.raises(SystemExit) as end:
        synthesize(str(tmp_path / "toy"), option, value)
    assert end.value.code == 2
    assert value in capsys.readouterr().err


def test_lookalikes_are_a_data_set_of_several_objects(tmp_path: Path) -> None:
    out = tmp_path / "copies"
    words = ["--layout", "davis2017", "--kind", "lookalikes", "--videos", "1", "--frames", "1"]
    assert main(["data", "synthesize", str(out), *words, "--size", "60x107"]) == 0
    numbers = []
    for split in ("train", "val"):
        (name,) = (out / f"ImageSets/2017/{split}.txt").read_text().split()
        numbers.append(int(read_label_values(out / f"Annotations/480p/{name}/00000.png").max()))
    assert numbers == [2, 4]


@pytest.mark.parametrize(
    ("layout", "kind", "said"),
    [
        ("camvid", "lookalikes", "The layout camvid holds no scenes of kind 'lookalikes'"),
        ("davis2017", "street", "Layouts for street: kitti-mots"),
        ("davis2017", "twins", "No scenes of kind 'twins'. Kinds are: objects, lookalikes, street"),
    ],
)
def test_kinds_that_do_not_go_with_the_layout(
    tmp_path: Path, capsys, layout: str, kind: str, said: str
) -> None:
    assert (
        main(["data", "synthesize", str(tmp_path / "x"), "--layout", layout, "--kind", kind]) == 2
    )
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x").exists()

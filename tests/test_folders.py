import json
import os
from pathlib import Path

import pytest

from segue.errors import OutputError, WriteError
from segue.files import replacing, replacing_folder, scratch_folder, writing


def write(path: Path, **files: str) -> None:
    with replacing_folder(path) as folder:
        for name, text in files.items():
            (folder / name).write_text(text)


def visible(path: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in path.iterdir() if p.name[0] != "."}


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path / "a", one="1", two="2")
    write(tmp_path / "a", two="new")
    assert visible(tmp_path / "a") == {"two": "new"}
    assert os.listdir(tmp_path) == ["a"]


def test_a_failure_leaves_the_older_folder(tmp_path: Path) -> None:
    write(tmp_path / "a", one="1")
    with pytest.raises(UnicodeEncodeError):
        write(tmp_path / "a", two="2", three="\ud800")
    assert visible(tmp_path / "a") == {"one": "1"}
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("damage", ["foreign", "no list", "broken list"])
def test_files_of_others_stay(tmp_path: Path, damage: str) -> None:
    write(tmp_path / "a", one="1")
    listing = tmp_path / "a/.written.json"
    assert json.loads(listing.read_text()) == ["one"]
    if damage == "foreign":
        (tmp_path / "a/mine").write_text("m")
    elif damage == "no list":
        listing.unlink()
    else:
        listing.write_text("3")
    before = visible(tmp_path / "a")
    with pytest.raises(OutputError, match=r"is in the way.*Move the file away"):
        write(tmp_path / "a", two="2")
    assert visible(tmp_path / "a") == before


def test_an_empty_folder_is_no_obstacle_and_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path / "a", one="1")
    assert visible(tmp_path / "a") == {"one": "1"}
    (tmp_path / "b").write_text("b")
    with pytest.raises(OutputError, match="is a file, expected a folder"):
        write(tmp_path / "b", one="1")


def test_the_system_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="Could not write"):
        write(tmp_path / "file" / "a", one="1")


def test_a_refusal_names_the_place_that_the_user_gave(tmp_path: Path) -> None:
    """Not the temporary one; a folder that is called like a temporary one stays in the name."""
    out = tmp_path / "scratch"
    with (
        pytest.raises(WriteError) as caught,
        scratch_folder(out) as scratch,
        replacing_folder(scratch / "png") as folder,
        replacing(folder / "00001.png") as unfinished,
    ):
        raise OSError(28, "No space left on device", str(unfinished))
    assert f"Could not write {out / 'png/00001.png'}: No space left" in str(caught.value)
    assert not out.exists()


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    for path in (tmp_path / "a", tmp_path / "a/b"):
        with pytest.raises(WriteError, match="a file where a folder should be"), writing(path):
            path.mkdir(parents=True, exist_ok=True)

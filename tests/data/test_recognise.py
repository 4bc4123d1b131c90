from pathlib import Path

import pytest

from fakes.trees import write_tree
from segue.data.catalog import LAYOUTS
from segue.data.recognise import explain_wrong_layout, recognise
from segue.errors import SettingsError

LOOKALIKES = {
    "youtube-vos-2018": ["youtube-vos-2018", "youtube-vos-2019"],
    "youtube-vos-2019": ["youtube-vos-2018", "youtube-vos-2019"],
}
"""Layouts that no look at names can tell apart."""


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_tree_is_recognised_before_all_others(name: str, tmp_path: Path) -> None:
    found = recognise(write_tree(name, tmp_path))
    same = LOOKALIKES.get(name, [name])
    assert found[: len(same)] == same
    assert set(found) <= {*same, "folder"}


def test_nothing_is_recognised_in_nothing(tmp_path: Path) -> None:
    assert recognise(tmp_path) == []
    assert recognise(tmp_path / "nowhere") == []


def test_the_right_name_needs_no_words(tmp_path: Path) -> None:
    root = write_tree("davis2017", tmp_path)
    assert explain_wrong_layout(root, "davis2017") == ""


def test_the_wrong_name_is_answered_with_the_right_one(tmp_path: Path) -> None:
    root = write_tree("youtube-vos-2018", tmp_path)
    expected = f"{root} looks like youtube-vos-2018, you said davis2017."
    assert explain_wrong_layout(root, "davis2017") == expected


@pytest.mark.parametrize("given", ["", "davis/JPEGImages"])
def test_a_folder_beside_the_right_one(tmp_path: Path, given: str) -> None:
    root = write_tree("davis2016", tmp_path / "davis")
    expected = f"{root} looks like davis2016: give that folder."
    assert explain_wrong_layout(tmp_path / given, "davis2016") == expected


def test_nothing_to_say(tmp_path: Path) -> None:
    assert explain_wrong_layout(tmp_path, "davis2016") == ""


def test_a_name_that_nobody_has(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Did you mean 'davis2017'"):
        explain_wrong_layout(tmp_path, "davis17")

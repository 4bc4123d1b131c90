"""What every layout of the table can do, shown on the tree that its own writer makes."""

from pathlib import Path

import pytest

from fakes.scenes_flat import flat_scenes
from fakes.trees import truncate, write_tree
from segue.data.catalog import LAYOUTS, find_layout
from segue.data.recognise import recognise
from segue.errors import NotFoundError, SettingsError
from segue.synthetic.catalog import WRITERS, find_writer, write_dataset

EACH = pytest.mark.parametrize("name", LAYOUTS)


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def test_every_layout_has_a_writer() -> None:
    assert [*LAYOUTS] == [*WRITERS]


@EACH
def test_the_record_says_what_the_table_says(name: str) -> None:
    layout = find_layout(name)
    assert layout.name == name
    assert layout.summary
    assert layout.tree
    assert layout.default_split in find_writer(name).splits


@EACH
def test_the_tree_of_its_writer_is_whole(name: str, tmp_path: Path) -> None:
    root = write_tree(name, tmp_path / "root")
    layout = find_layout(name)
    for split in find_writer(name).splits:
        assert list(layout.check(root, split)) == []
        sequences = layout.sequences(root, split)
        assert len(sequences) == 2
        assert len({sequence.name for sequence in sequences}) == 2
        for sequence in sequences:
            assert sequence.frame_paths
            assert len(sequence.mask_paths) == len(sequence.frame_paths)
            masks = [path for path in sequence.mask_paths if path]
            assert all(path.is_file() for path in (*sequence.frame_paths, *masks))
            assert masks or sequence.tracks_path


@EACH
def test_it_is_recognised(name: str, tmp_path: Path) -> None:
    root = write_tree(name, tmp_path / "root")
    assert name in recognise(root)
    assert not find_layout(name).recognise(tmp_path / "nowhere")


@EACH
def test_a_frame_that_is_cut_short_is_named(name: str, tmp_path: Path) -> None:
    root = write_tree(name, tmp_path / "root")
    layout = find_layout(name)
    path = layout.sequences(root, layout.default_split)[0].frame_paths[1]
    truncate(path)
    (problem,) = layout.check(root, layout.default_split)
    assert (problem.kind, problem.fatal) == ("unreadable", True)
    assert str(path) in problem.message


@EACH
def test_the_same_scenes_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    one, two = (contents(write_tree(name, tmp_path / place)) for place in "ab")
    assert one == two


@EACH
def test_names_the_folder_that_is_not_there(name: str, tmp_path: Path) -> None:
    layout = find_layout(name)
    with pytest.raises(NotFoundError, match="nowhere"):
        layout.sequences(tmp_path / "nowhere", layout.default_split)
    with pytest.raises(NotFoundError, match="nowhere"):
        list(layout.check(tmp_path / "nowhere", layout.default_split))


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Did you mean 'vspw'"):
        find_layout("vspv")
    with pytest.raises(SettingsError, match="No layout 'cityscape'"):
        write_dataset("cityscape", tmp_path, flat_scenes("street", 2))

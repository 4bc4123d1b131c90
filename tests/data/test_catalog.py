"""Every layout of the table reads the fake tree that is written for it."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fakes.davis import moving_square, write_davis
from segue.data.catalog import LAYOUTS, VideoSequence
from segue.errors import NotFoundError

FAKES: Mapping[str, Callable[..., Path]] = {"davis2016": write_davis}


def reader(name: str) -> Callable[[Path, str], list[VideoSequence]]:
    module, _, function = LAYOUTS[name].partition(":")
    return getattr(importlib.import_module(module), function)


@pytest.mark.parametrize("name", LAYOUTS)
def test_reads_its_fake_tree(name: str, tmp_path: Path) -> None:
    root = FAKES[name](tmp_path, {"a": moving_square(4), "b": moving_square(5)}, split="train")
    sequences = reader(name)(root, "train")
    assert {s.name: len(s.frame_paths) for s in sequences} == {"a": 4, "b": 5}
    for sequence in sequences:
        assert len(sequence.mask_paths) == len(sequence.frame_paths)
        assert all(path.is_file() for path in sequence.frame_paths)
        assert sequence.mask_paths[0] is not None


@pytest.mark.parametrize("name", LAYOUTS)
def test_names_the_folder_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        reader(name)(tmp_path / "nowhere", "val")

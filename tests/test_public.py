"""What ``import segue`` shows."""

from pathlib import Path

import numpy as np

import segue
from segue.errors import SegueError


def test_dir_shows_the_public_names_only() -> None:
    assert dir(segue) == sorted([*segue.__all__, "__version__"])
    assert all(getattr(segue, name) for name in segue.__all__)


def test_write_mask_takes_strings(tmp_path: Path) -> None:
    labels = np.zeros((40, 50), np.uint8)
    labels[4:20, 4:20] = 3
    segue.write_mask(str(tmp_path / "a.png"), labels)
    assert (segue.read_masks(str(tmp_path / "a.png")).by_frame[0] == labels).all()


def test_messages_of_the_library_name_no_options() -> None:
    """Only ``option=`` may; the command line prints it."""
    root = Path(segue.__file__).parent
    odd = []
    for path in [*root.glob("media/mask*.py"), root / "inference/track.py"]:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if '"' in line and "--" in line and "option=" not in line and "also = " not in line:
                odd.append(f"{path.name}:{number}: {line.strip()}")
    assert odd == []
    assert SegueError("a", option="b").args == ("a",)

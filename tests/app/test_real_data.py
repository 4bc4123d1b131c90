"""The main job on real sequences, through the real command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.app.cli.main import main
from segue.evaluation.run import evaluate
from segue.media.video import open_video

pytestmark = pytest.mark.real

# Below what the shipped weights reach (docs/benchmarks.md), by less than a broken part would cost.
FLOORS = {"blackswan": 94.0, "drift-straight": 79.0, "dance-twirl": 73.0}


@pytest.fixture(scope="module")
def davis(shared: Path) -> Path:
    return shared / "data" / "davis2016_val_dev"


@pytest.mark.parametrize("name", list(FLOORS))
def test_quality_on_a_davis_sequence(davis: Path, tmp_path: Path, name: str) -> None:
    truth = davis / "Annotations" / "480p" / name
    out = tmp_path / name
    frames = davis / "JPEGImages" / "480p" / name
    words = ["track", str(frames), "--mask", str(truth / "00000.png"), "--out", str(out)]
    assert main([*words, "--no-overlay"]) == 0
    report = evaluate(out / "masks", truth)
    assert report.summary["J&F"] >= FLOORS[name]
    assert report.missing_frames == {}


def test_a_real_clip_gives_masks_an_overlay_and_tracks(shared: Path, tmp_path: Path) -> None:
    clips = shared / "data" / "clips"
    clip, mask, out = (
        clips / "cotracker_apple.mp4",
        clips / "cotracker_apple_mask.png",
        tmp_path / "out",
    )
    assert (
        main(["track", str(clip), "--mask", str(mask), "--out", str(out), "--max-side", "320"]) == 0
    )
    frames = list(open_video(clip))
    masks = sorted((out / "masks").glob("*.png"))
    assert len(masks) == len(frames)
    with Image.open(masks[-1]) as last:
        assert last.mode == "P"
        assert np.asarray(last).shape == frames[-1].image.shape[:2]
    overlay = list(open_video(out / "overlay.mp4"))
    assert [f.time for f in overlay] == [f.time - frames[0].time for f in frames]
    tracks = json.loads((out / "tracks.json").read_text())
    assert len(tracks["frames"]) == len(frames)

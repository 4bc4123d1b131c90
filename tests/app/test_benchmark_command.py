import json
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.scenes import write_frames
from segue.app.cli.benchmark import _Sample
from segue.app.cli.main import main
from segue.app.engine import Engine
from segue.inference.places import TRACKS, Places
from segue.media.mask_args import read_masks
from segue.media.masks import write_mask
from segue.media.video import open_video
from segue.models.entry import Entry


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of one sequence of 8 frames."""
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("davis/JPEGImages/480p/dog"), 8)
    masks = Path("davis/Annotations/480p/dog")
    masks.mkdir(parents=True)
    for index, labels in enumerate(truth):
        write_mask(masks / f"{index:05d}.png", (labels > 0).astype("uint8"))
    Path("davis/ImageSets/480p").mkdir(parents=True)
    Path("davis/ImageSets/480p/val.txt").write_text(
        "".join(
            f"/JPEGImages/480p/dog/{i:05d}.png /Annotations/480p/dog/{i:05d}.png\n"
            for i in range(8)
        )
    )
    return tmp_path


CLIP = ("davis/JPEGImages/480p/dog", "--mask", "davis/Annotations/480p/dog/00000.png")


def benchmark(*words: str) -> int:
    return main(["benchmark", "speed", "--model", "g-colour", "--threads", "1", *words])


def test_a_clip(place: Path, capsys) -> None:
    before = set(place.rglob("*"))
    assert benchmark(*CLIP, "--objects", "3", "rate=0.2") == 0
    said = capsys.readouterr().out
    for word in ("computed (", "reused (", "whole run", "objects", "threads", "memory"):
        assert word in said
    assert "J&F" not in said
    assert set(place.rglob("*")) == before, "nothing stays"


def test_a_data_set_is_scored_in_the_same_run(place: Path, capsys) -> None:
    layout = ("--layout", "davis2016", "--root", "davis", "--split", "val")
    assert benchmark(*layout, "--json", "speed.json") == 0
    document = json.loads(Path("speed.json").read_text())
    assert document["evaluation"]["summary"]["J&F"] > 50
    assert list(document["evaluation"]["rows"]) == ["dog"]
    assert document["videos"]["dog"]["frames"] == 8
    assert document["frames"] == {"first": 1, "reused": 5, "computed": 2}
    assert document["threads"] == 1
    assert document["run_ms"]["network"] >= document["network_ms"]["reused"]["total"] * 5 / 8 - 0.1
    assert document["objects"]["objects"] == 4
    assert document["peak_memory_mib"] > 50
    assert "masks        J&F " in capsys.readouterr().out


def test_json_on_stdout_is_one_document(place: Path, capsys) -> None:
    assert benchmark(*CLIP, "--quality", "best", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["frames"] == {"first": 1, "computed": 7}
    assert document["evaluation"] is None
    assert document["floor"]["matrix_gmac_per_s"] > 0


def test_the_sample_is_handed_out_no_larger_than_the_video(place: Path) -> None:
    video = open_video(CLIP[0])
    masks = read_masks([CLIP[2]], video.frame_names)
    twice = "segue.models.lite.sizes:working_hw"
    for max_side, sizing, handed, seen in (
        (None, None, (38, 53), (38, 53)),
        (40, None, (29, 40), (29, 40)),
        (None, twice, (38, 53), (76, 106)),
    ):
        engine = Engine(model="colour", max_side=max_side, plan_only=True)
        job = engine.track_job(video, masks, Places.for_video(place, TRACKS))
        if sizing:
            job = replace(job, sizing=Entry("", "", sizing=sizing).working_hw)
        sample = _Sample(job, 1)
        assert sample.working_hw == seen
        assert {frame.shape[:2] for frame in sample.frames} == {sample.labels.shape} == {handed}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("gone.mp4", "--mask", "0.png"), "gone.mp4"),
        (CLIP[:1], "one VIDEO and its --mask"),
        (CLIP[1:], "one VIDEO and its --mask"),
        (("--layout", "davis2016"), "--layout takes --root"),
        (("--layout", "davs", "--root", "davis"), "Did you mean"),
        (
            (*CLIP, "--objects", "200"),
            "which has 10. Give fewer. Pass a smaller number as --objects.",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    place: Path, capsys, words: tuple[str, ...], sentence: str
) -> None:
    assert benchmark(*words) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert sentence in error


def test_other_words_are_refused(place: Path, capsys) -> None:
    for words in (["benchmark", "quality"], ["benchmark", "speed", "--objects", "1"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
    assert "expected a whole number from 2 to 254, got '1'" in capsys.readouterr().err

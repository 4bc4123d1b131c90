import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes import forked
from fakes.colour_model import ColourModel
from fakes.killed_correction import kill_and_go_on, moments
from fakes.killed_job import MODELS, fill_disk, kill_and_resume, make_job, make_task
from fakes.scenes import scene, write_frames
from segue.errors import DecodeError, MaskError, OutputError, SettingsError, WriteError
from segue.inference.job import Job
from segue.inference.places import TRACKS, Places
from segue.inference.session.events import Answered, Event
from segue.inference.session.ledger import write_about
from segue.inference.tasks.track import TrackTask
from segue.media.video import ArrayVideo, open_video

RESULTS = {"masks", "overlay.mp4", "run.json", "tracks.json", "_session"}


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    write_frames(tmp_path / "frames", 16)
    return tmp_path / "frames"


def files(out: Path) -> dict[str, bytes]:
    """All results but run.json, which holds timings, and the session, which depends on the time."""
    paths = [path.relative_to(out) for path in out.rglob("*") if path.is_file()]
    kept = [path for path in paths if path.parts[0] not in ("run.json", "_session")]
    return {str(path): (out / path).read_bytes() for path in kept}


def do(job: Job, mode="new", model=None):
    assert not job.check(mode)
    return job.run(model or ColourModel(), mode)


def test_one_job_writes_everything(frames: Path, tmp_path: Path) -> None:
    record = do(make_job(frames, tmp_path / "out"))
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == RESULTS
    assert sorted(p.name for p in (out / "masks").iterdir()) == [f"{i:05d}.png" for i in range(16)]
    assert [f.index for f in open_video(out / "overlay.mp4")] == list(range(16))
    assert json.loads((out / "run.json").read_text()) == record
    assert record["complete"]
    assert record["frames"] == 16
    assert record["versions"]["torch"]
    timings = record["timings"]
    for part in ("decode", "network", "write", "overlay", "first_frame", "total"):
        assert timings[f"{part}_s"] > 0
    assert timings["total_s"] > timings["network_s"] > timings["first_frame_s"]


def test_tracks_say_what_the_masks_show(frames: Path, tmp_path: Path) -> None:
    do(make_job(frames, tmp_path / "out", task=make_task("track", sources={1: "red.png"})))
    tracks = json.loads((tmp_path / "out/tracks.json").read_text())
    assert tracks["sources"] == {"1": "red.png"}
    assert tracks["size_hw"] == [38, 53]
    assert [frame["name"] for frame in tracks["frames"]] == [f"{i:05d}" for i in range(16)]
    assert [frame["time"] for frame in tracks["frames"][:3]] == [0, 0.04, 0.08]
    assert tracks["frames"][1]["objects"] == {}
    for frame in tracks["frames"]:
        labels = np.asarray(Image.open(tmp_path / "out/masks" / f"{frame['name']}.png"))
        for number, row in frame["objects"].items():
            y, x = np.nonzero(labels == int(number))
            assert row["area"] == len(x)
            assert row["absent"] == (len(x) == 0)
            assert 0 <= row["confidence"] <= 1
            assert row["box_xyxy"] == [x.min(), y.min(), x.max() + 1, y.max() + 1]
            assert row["centroid_xy"] == pytest.approx([x.mean(), y.mean()], abs=0.006)


def test_an_absent_object_has_neither_box_nor_centroid(tmp_path: Path) -> None:
    pictures = scene(3)
    grey = np.full_like(pictures[0][0], 120)
    places = Places.for_video(tmp_path / "out", TRACKS)
    video = ArrayVideo([pictures[0][0], grey])
    do(Job(video=video, task=TrackTask({0: pictures[0][1]}), places=places, identity={}))
    row = json.loads((tmp_path / "out/tracks.json").read_text())["frames"][1]["objects"]["1"]
    assert row["absent"]
    assert (row["area"], row["box_xyxy"], row["centroid_xy"]) == (0, None, None)


KILLS = [
    *(f"network:{k}" for k in range(0, 16, 3)),
    *(f"begin:{k}" for k in (0, 7)),
    *(f"mask:{k}" for k in (1, 15)),
    *(f"record:{k}" for k in (2, 9)),
    *(f"torn:{k}" for k in (0, 5, 12)),
    *(f"checkpoint:{k}" for k in (0, 1, 8)),
    *(f"end:{k}" for k in range(3)),
]


MODELS_AND_FILES = [
    ("colour", 0, 2),
    ("colour", 2, 2),
    ("shade", 1, 3),
    ("gated-colour", 0, 3),
    ("gated-shade", 0, 4),
]


@pytest.mark.parametrize(("name", "lookahead", "num_files"), MODELS_AND_FILES)
def test_resume_after_kill_9_gives_the_same_bytes(
    frames: Path, tmp_path: Path, name: str, lookahead: int, num_files: int
) -> None:
    verb, make_model = MODELS[name]
    whole = do(make_job(frames, tmp_path / "whole", verb), model=make_model(lookahead=lookahead))
    kills = KILLS[::3] if name.startswith("gated") or lookahead else KILLS
    done = forked.run(kill_and_resume, name, frames, tmp_path, lookahead, *kills)
    assert done.returncode == 0, done.stderr
    expected = files(tmp_path / "whole")
    assert len(expected) == 16 + num_files
    resumed_at = set()
    for kill in kills:
        out = tmp_path / kill.replace(":", "-")
        assert files(out) == expected, kill
        record = json.loads((out / "run.json").read_text())
        assert record.get("flicker") == whole.get("flicker"), kill
        assert record.get("reuse") == whole.get("reuse"), kill
        resumed_at.add(record["resumed_at_frame"])
    assert len(resumed_at) >= min(4, len(kills) // 2), (
        "runs should go on from several places, not from the start"
    )


def interrupt(frames: Path, out: Path, at: int, **options) -> None:
    """A run that stops as if it had been killed before a frame."""

    class Ear:
        def advance(self, done: int, total: int | None, note: str = "") -> None:
            if done == at:
                raise KeyboardInterrupt

    job = make_job(frames, out, **options)
    job.check("new")
    with pytest.raises(KeyboardInterrupt):
        job.run(ColourModel(), "new", Ear())


def test_resume_computes_only_what_is_missing(frames: Path, tmp_path: Path) -> None:
    interrupt(frames, tmp_path / "out", at=10)
    asked = []

    class Counting(ColourModel):
        def step(self, frame, state, labels=None):
            asked.append(frame)
            return super().step(frame, state, labels)

    record = do(make_job(frames, tmp_path / "out"), "resume", Counting())
    # The memory that was kept last had not yet seen the last frame that was written.
    assert record["resumed_at_frame"] == 10
    assert len(asked) == 16 - 10 + 1
    assert (record["frames"], record["recomputed"]) == (16, 1)


def test_resume_on_a_complete_job_has_nothing_to_do(frames: Path, tmp_path: Path) -> None:
    job = make_job(frames, tmp_path / "out")
    do(job)
    before = files(tmp_path / "out")
    assert job.check("resume")
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize("complete", [True, False])
def test_resume_with_other_settings_names_them(
    frames: Path, tmp_path: Path, complete: bool
) -> None:
    first = {"identity": {"max_side": 480, "settings": {"rate": 0.1}, "model": "a"}}
    other = {"identity": {"max_side": None, "settings": {"rate": 0.2}, "model": "a"}}
    if complete:
        do(make_job_with(frames, tmp_path / "out", first))
    else:
        interrupt_with(frames, tmp_path / "out", first)
    before = files(tmp_path / "out")
    with pytest.raises(OutputError) as caught:
        make_job_with(frames, tmp_path / "out", other).check("resume")
    assert "max_side was 480, now is not set; settings.rate was 0.1, now is 0.2" in str(
        caught.value
    )
    assert "model" not in str(caught.value)
    assert files(tmp_path / "out") == before


def make_job_with(frames: Path, out: Path, values) -> Job:
    job = make_job(frames, out)
    return Job(video=job.video, task=job.task, places=job.places, **values)


def interrupt_with(frames: Path, out: Path, values) -> None:
    job = make_job_with(frames, out, values)
    job.places.prepare("new")
    write_about(job.places.session, {"identity": job.identity})


def test_results_are_not_touched_without_a_word(frames: Path, tmp_path: Path) -> None:
    do(make_job(frames, tmp_path / "out"))
    before = files(tmp_path / "out")
    with pytest.raises(OutputError, match="already holds results") as caught:
        make_job(frames, tmp_path / "out").check("new")
    assert "--" not in str(caught.value)
    assert "--resume" in caught.value.option
    assert "--overwrite" in caught.value.option
    assert files(tmp_path / "out") == before


def test_overwrite_leaves_nothing_of_the_earlier_run(frames: Path, tmp_path: Path) -> None:
    do(make_job(frames, tmp_path / "out"))
    (tmp_path / "out/mine.txt").write_text("keep")
    write_frames(tmp_path / "short", 9)
    task = make_task("track", overlay=False)
    do(make_job(tmp_path / "short", tmp_path / "out", task=task), "overwrite")
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert found == {"masks", "run.json", "tracks.json", "mine.txt", "_session"}
    assert len(list((tmp_path / "out/masks").iterdir())) == 9


def test_masks_of_unknown_origin_cannot_be_resumed(frames: Path, tmp_path: Path) -> None:
    (tmp_path / "out/masks").mkdir(parents=True)
    (tmp_path / "out/masks/00000.png").write_bytes(b"somebody's")
    with pytest.raises(OutputError, match="no record that tells how they were made"):
        make_job(frames, tmp_path / "out").check("resume")


def test_inputs_are_never_written_over(frames: Path, tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    mask = tmp_path / "masks/00000.png"
    mask.write_bytes(b"drawn by hand")
    with pytest.raises(OutputError, match=r"00000\.png is read, but lies where results"):
        make_job(frames, tmp_path, inputs=(mask,)).check("overwrite")
    assert mask.exists()


def test_a_broken_frame_keeps_what_came_before(frames: Path, tmp_path: Path) -> None:
    (frames / "00006.png").write_bytes((frames / "00006.png").read_bytes()[:300])
    job = make_job(frames, tmp_path / "out")
    job = replace(job, task=TrackTask({2: job.task.masks[2]}))
    with pytest.raises(DecodeError, match="00006") as caught:
        do(job, model=ColourModel(lookahead=2))
    assert caught.value.exit_code == 3
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == RESULTS
    assert len(list((out / "masks").iterdir())) == 6
    assert len(json.loads((out / "tracks.json").read_text())["frames"]) == 6
    assert len(list(open_video(out / "overlay.mp4"))) == 6
    record = json.loads((out / "run.json").read_text())
    assert not record["complete"]
    assert "00006" in record["error"]
    # Mended, the job can simply be done again.
    picture = scene(16)[6][0]
    Image.fromarray(picture).save(frames / "00006.png")
    assert do(job, "resume")["frames"] == 16


def test_a_mask_past_the_end_is_told_after_all_is_written(tmp_path: Path) -> None:
    pictures = scene(4)
    video = ArrayVideo(frame for frame, _ in pictures)
    masks = {0: pictures[0][1], 9: pictures[0][1]}
    places = Places.for_video(tmp_path, TRACKS)
    job = Job(video=video, task=TrackTask(masks), places=places, identity={})
    with pytest.raises(MaskError, match="frame 9"):
        do(job)
    assert len(list((tmp_path / "masks").iterdir())) == 4


@pytest.mark.parametrize("at", [3, 5, 6])
def test_a_span_with_a_damaged_frame_resumes_to_the_same_bytes(
    frames: Path, tmp_path: Path, at: int
) -> None:
    (frames / "00009.png").write_bytes(b"no picture")
    options = {"start": 1, "every": 2, "skip_damaged": True}
    truth = [labels for _, labels in scene(16)]
    task = TrackTask({3: truth[3], 7: truth[7]})
    whole = make_job(frames, tmp_path / "whole", video=open_video(frames, **options), task=task)
    record = do(whole)
    assert (record["frames"], record["damaged"]) == (7, ["00009"])
    interrupt(frames, tmp_path / "out", at=at, video=open_video(frames, **options), task=task)
    again = make_job(frames, tmp_path / "out", video=open_video(frames, **options), task=task)
    record = do(again, "resume")
    assert record["damaged"] == ["00009"]
    assert record["resumed_at_frame"]
    assert files(tmp_path / "out") == files(tmp_path / "whole")


@pytest.mark.parametrize("damage", ["gone", "cut", "spoilt"])
def test_a_lost_label_map_is_computed_again(frames: Path, tmp_path: Path, damage: str) -> None:
    do(make_job(frames, tmp_path / "whole"))
    interrupt(frames, tmp_path / "out", at=10)
    path = tmp_path / "out/masks/00004.png"
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:100] if damage == "cut" else bytes(len(content)))
    record = do(make_job(frames, tmp_path / "out"), "resume")
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    if damage != "spoilt":
        assert record["said"] == [
            "The label map of frame 00004 is gone or damaged, and computed again."
        ]


def test_a_damaged_journal_cannot_be_resumed(frames: Path, tmp_path: Path) -> None:
    interrupt(frames, tmp_path / "out", at=10)
    (tmp_path / "out/_session/journal.jsonl").write_text("{}\n")
    with pytest.raises(OutputError, match=r"journal.jsonl is damaged"):
        do(make_job(frames, tmp_path / "out"), "resume")


def test_results_of_an_earlier_version_are_one_sentence(frames: Path, tmp_path: Path) -> None:
    (tmp_path / "out/_resume").mkdir(parents=True)
    (tmp_path / "out/masks").mkdir()
    (tmp_path / "out/masks/00000.png").write_bytes(b"mask")
    (tmp_path / "out/run.json").write_text('{"complete": false, "identity": {"frames": 16}}')
    with pytest.raises(OutputError, match="earlier version of Segue") as caught:
        make_job(frames, tmp_path / "out").check("resume")
    assert "--overwrite" in caught.value.option


def test_an_unusable_folder_is_one_sentence(frames: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    job = make_job(frames, tmp_path / "file" / "out")
    with pytest.raises(WriteError, match=r"Could not write .*out") as caught:
        do(job)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(("limit", "overlay"), [(1500, "none"), (4500, "overlay")])
def test_a_full_disk_keeps_the_masks_and_can_be_resumed(
    frames: Path, tmp_path: Path, limit: int, overlay: str
) -> None:
    out = tmp_path / "out"
    done = forked.run(fill_disk, frames, out, limit, overlay == "overlay")
    assert done.returncode == 4, done.stderr
    assert "Could not write" in done.stdout
    assert "Traceback" not in done.stderr
    kept = files(out / "masks")
    assert kept
    task = make_task("track", overlay=overlay == "overlay")
    do(make_job(frames, out, task=task), "resume")
    do(make_job(frames, tmp_path / "whole", task=task))
    assert files(out) == files(tmp_path / "whole")
    assert kept.items() <= files(out / "masks").items()


def test_the_results_of_another_command_are_never_mixed_with(frames: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    do(make_job(frames, out, identity={"verb": "track"}))
    before = files(out)
    label = make_job(frames, out, "label", identity={"verb": "label"})
    with pytest.raises(OutputError, match="already holds results"):
        label.check("new")
    with pytest.raises(OutputError, match="results of segue track, which segue label does not"):
        label.check("overwrite")
    with pytest.raises(OutputError, match="verb was track, now is label"):
        label.check("resume")
    assert files(out) == before


CORRECTION_KILLS = [
    *(f"{place}:{number}" for place in ("begin", "record", "torn", "mask") for number in (0, 3)),
    *("network:11", "network:14", "checkpoint:1", "end:0", "end:1", "ledger:1", "ledger:2"),
    *("prune:0", "rename:0", "rename:9"),
]


@pytest.mark.parametrize("until", ["end", "next-given"])
def test_a_correction_goes_on_after_kill_9_to_the_same_bytes(
    frames: Path, tmp_path: Path, until: str
) -> None:
    kills = [*CORRECTION_KILLS, *moments(4, most=400_000)]
    if until == "next-given":  # local passes keep no memories
        kills = [kill for kill in kills if kill not in ("checkpoint:1", "prune:0")]
    done = forked.run(kill_and_go_on, frames, tmp_path, until, *kills)
    assert done.returncode == 0, done.stderr
    expected, before = files(tmp_path / "whole"), files(tmp_path / "before")
    assert len(expected) == 16 + 2
    assert expected != before
    for kill in kills:
        assert files(tmp_path / kill.replace(":", "-")) == expected, kill


@pytest.mark.parametrize("lookahead", [0, 2])
def test_a_cancelled_job_is_not_complete_and_goes_on(
    frames: Path, tmp_path: Path, lookahead: int
) -> None:
    do(make_job(frames, tmp_path / "whole"), model=ColourModel(lookahead=lookahead))
    cancel = threading.Event()

    def stop(event: Event) -> None:
        if isinstance(event, Answered) and event.frame.index == 6:
            cancel.set()

    job = make_job(frames, tmp_path / "out")
    job.check("new")
    model = ColourModel(lookahead=lookahead)
    record = job.run(model, "new", listeners=[stop], cancel=cancel)
    assert (record["complete"], record["cancelled"], record["error"]) == (False, True, None)
    assert json.loads((tmp_path / "out/run.json").read_text()) == record
    assert 7 <= record["frames"] < 16
    assert not (tmp_path / "out/tracks.json").exists()
    record = do(make_job(frames, tmp_path / "out"), "resume", ColourModel(lookahead=lookahead))
    assert record["complete"]
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_other_formats_are_written_too_and_go_with_overwrite(frames: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    record = do(make_job(frames, out, formats=("tracks.csv", "objects")))
    assert "tracks.csv" in record["written"]["files"]
    assert (out / "tracks.csv").exists()
    assert list((out / "objects").rglob("*.png"))
    (out / "objects/mine.txt").write_text("mine")
    do(make_job(frames, out), "overwrite")
    assert not (out / "tracks.csv").exists()
    assert [path.name for path in (out / "objects").rglob("*")] == ["mine.txt"]


def test_an_unknown_format_is_refused_before_the_work(frames: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"tracks\.csv"):
        make_job(frames, tmp_path / "out", formats=("tracks.cvs",)).check("new")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stop", [2, 9, 16])
@pytest.mark.parametrize("lookahead", [0, 2])
def test_an_interrupted_pipe_shows_its_frames_to_the_overlay_again(
    stop: int, lookahead: int, tmp_path: Path
) -> None:
    """Also where only the documents are missing; a source that can be read once has no other chance."""
    pictures = scene(16)

    def job(out: str) -> Job:
        once = ArrayVideo(picture for picture, _ in pictures)
        places = Places.for_video(tmp_path / out, TRACKS)
        return Job(video=once, task=TrackTask({0: pictures[0][1]}), places=places, identity={})

    do(job("whole"), model=ColourModel(lookahead=lookahead))

    def interrupt(event: Event) -> None:
        if isinstance(event, Answered) and event.done == stop:
            raise KeyboardInterrupt

    begun = job("cut")
    assert not begun.check("new")
    with pytest.raises(KeyboardInterrupt):
        begun.run(ColourModel(lookahead=lookahead), "new", listeners=[interrupt])
    do(job("cut"), "resume", ColourModel(lookahead=lookahead))
    assert files(tmp_path / "cut") == files(tmp_path / "whole")

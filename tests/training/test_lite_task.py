from pathlib import Path

from fakes.davis import moving_square, write_davis
from segue.models.catalog import load_model
from segue.training import journal
from segue.training.run import run
from segue.training.tasks.lite import TrainingSettings


def test_a_run_of_segue_lite_gives_weights_that_track(tmp_path: Path) -> None:
    films = {name: moving_square(8, size_hw=(64, 96)) for name in ("goat", "bear")}
    root = write_davis(tmp_path / "davis", films, split="train")
    settings = TrainingSettings.parse(
        {
            "task": "segue-lite",
            "data": {"footage": [{"root": str(root), "kind": "foreground"}]},
            "scenes": {"size_hw": [64, 96], "run": 2, "scale": [0.9, 1.1]},
            "loop": {"steps": 2, "batch": 1, "workers": 0, "device": "cpu"},
        }
    )
    run(settings, tmp_path / "run")
    lines = journal.read(tmp_path / "run/metrics.jsonl")
    assert {"cross_entropy", "iou", "score", "gradient"} <= lines[0].keys()
    assert lines[0]["gradient"] > 0
    model = load_model("segue-lite", weights=tmp_path / "run/weights.safetensors")
    assert model.name == "segue-lite"

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fakes.toy import Numbers, Small, toy_plan, toy_task
from segue.errors import DivergedError, SettingsError, TrainingError, WeightsError, WriteError
from segue.training import checkpoint, journal
from segue.training.average import standing_in
from segue.training.curriculum import Ramp, Stage
from segue.training.journal import draw_curves
from segue.training.loop import train
from segue.training.optimiser import create_optimiser
from segue.training.plan import Plan
from segue.training.schedule import Plateau
from segue.training.settings import LoopSettings, OptimiserSettings, ScheduleSettings
from segue.training.state import State


def run(folder: Path, plan: Plan | None = None, **stops: int) -> Small:
    folder.mkdir(exist_ok=True)
    task = toy_task(**stops)
    train(task, plan or toy_plan(), folder)
    return task.network


def test_training_lowers_the_loss_and_leaves_curves_and_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "draw_curves", draw_curves)  # see tests/conftest.py
    run(tmp_path, toy_plan(steps=150, validate_every=0, checkpoint_every=150))
    lines = [line for line in journal.read(tmp_path / "metrics.jsonl") if "error" in line]
    assert [line["step"] for line in lines] == list(range(150))
    losses = [line["error"] for line in lines]
    assert sum(losses[-20:]) < 0.3 * sum(losses[:20])
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert load_file(tmp_path / "weights.safetensors").keys() == Small().state_dict().keys()


@pytest.mark.parametrize("stop_at", [1, 3, 6, 7, 14])
def test_a_killed_run_goes_on_to_the_last_digit(tmp_path: Path, stop_at: int) -> None:
    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", stop_at=stop_at)
    resumed = run(tmp_path / "cut")
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    for name in ("metrics.jsonl", "weights.safetensors", "checkpoint.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "cut" / name).read_bytes()


def test_a_run_that_is_stopped_keeps_its_last_step(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    (tmp_path / "cut").mkdir()
    asked = iter((False, False, True))
    plan = toy_plan()
    assert train(toy_task(), plan, tmp_path / "cut", stop=lambda: next(asked)) == 3
    lines = [line for line in journal.read(tmp_path / "cut/metrics.jsonl") if "error" in line]
    assert len(lines) == 3
    network = run(tmp_path / "cut", plan)
    for one, other in zip(whole.parameters(), network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_worker_processes_draw_the_same_samples(tmp_path: Path) -> None:
    run(tmp_path / "inside", toy_plan(workers=0))
    run(tmp_path / "outside", toy_plan(workers=2))
    inside, outside = (tmp_path / name / "metrics.jsonl" for name in ("inside", "outside"))
    assert inside.read_bytes() == outside.read_bytes()


def test_accumulated_batches_count_as_one(tmp_path: Path) -> None:
    """Without dropout four batches of one sample give the gradient of one batch of four."""

    def first_line(batch: int, accumulate: int, gather: str = "mean") -> dict[str, float]:
        folder = tmp_path / f"{batch}-{gather}"
        folder.mkdir()
        task = toy_task()
        task.network.body[2].p = 0.0
        train(task, toy_plan(batch=batch, accumulate=accumulate, gather=gather, steps=3), folder)
        return journal.read(folder / "metrics.jsonl")[0]

    many, one = first_line(1, 4), first_line(4, 1)
    assert many["total"] == pytest.approx(one["total"], rel=1e-5)
    assert many["gradient"] == pytest.approx(one["gradient"], rel=1e-5)
    summed = first_line(1, 4, "sum")
    assert summed["total"] == pytest.approx(one["total"], rel=1e-5)  # a loss stays the mean
    assert summed["gradient"] == pytest.approx(4 * one["gradient"], rel=1e-5)


def test_a_loss_that_is_not_a_number_saves_the_batch_and_keeps_the_checkpoint(
    tmp_path: Path,
) -> None:
    with pytest.raises(
        DivergedError, match=r"nan at step 4.*\(18, 19\).*diverged_step_4"
    ) as caught:
        run(tmp_path, nan_at=9)
    assert caught.value.exit_code == 5
    saved = load_file(tmp_path / "diverged_step_4_process_0.safetensors")
    expected = Numbers().draw(0, 18, toy_task().defaults)["values"]
    assert torch.equal(saved["values"][0], torch.from_numpy(expected))
    network, average = Small(), {}
    optimiser = torch.optim.AdamW(network.parameters())
    state = checkpoint.restore(tmp_path, network, optimiser, average, {})
    assert state is not None
    assert state["step"] == 3


def test_a_dead_worker_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"prepares samples died before step \d"):
        train(toy_task(samples=Numbers(dies_at=20)), toy_plan(workers=1), tmp_path)


def test_a_full_disk_keeps_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_at=8)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteError, match="No space left on device"):
        run(tmp_path)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_foreign_or_cut_checkpoint_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    network = torch.nn.Linear(3, 3)
    optimiser = torch.optim.AdamW(network.parameters())
    with pytest.raises(WeightsError, match="not a checkpoint of this network"):
        checkpoint.restore(tmp_path, network, optimiser, {}, {})
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(WeightsError, match="Remove it"):
        run(tmp_path)


def test_the_best_weights_are_kept_and_a_plateau_lowers_the_rate(tmp_path: Path) -> None:
    scores = iter([0.1, 0.5, 0.3, 0.4, 0.2, 0.1])
    task = toy_task()
    seen: list[torch.Tensor] = []

    def validate() -> dict[str, float]:
        seen.append(task.network.head.weight.detach().clone())
        return {"score": next(scores)}

    plan = Plan(
        toy_plan(steps=18, average=0.0).loop,
        OptimiserSettings(learning_rate=0.01),
        ScheduleSettings(name="plateau", patience=1, factor=0.5),
    )
    train(replace(task, validate=validate), plan, tmp_path)
    lines = journal.read(tmp_path / "metrics.jsonl")
    assert [line["validation"]["score"] for line in lines if "validation" in line] == [
        0.1, 0.5, 0.3, 0.4, 0.2, 0.1,
    ]  # fmt: skip
    # Worse at the third and the fourth validation (after steps 8 and 11): half from step 12 on.
    rates = [line["learning_rate"] for line in lines if "learning_rate" in line]
    assert rates == [0.01] * 12 + [0.005] * 6
    assert torch.equal(load_file(tmp_path / "weights.safetensors")["head.weight"], seen[1])


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ({"name": "plateau", "watch": "loss"}, [0.01] * 9 + [0.005] * 3),
        ({"name": "plateau"}, [0.01] * 12),
        ({"name": "constant", "watch": "loss"}, [0.01] * 12),
    ],
)
def test_a_plateau_of_the_loss(
    tmp_path: Path, schedule: dict[str, object], rates: list[float]
) -> None:
    """The score gets better all the time; the loss at the second validation only."""
    values = iter([(0.1, 0.5), (0.2, 0.4), (0.3, 0.6), (0.4, 0.6)])
    task = replace(
        toy_task(),
        validate=lambda: dict(zip(("score", "loss"), next(values), strict=True)),
        scores=("score", "loss"),
    )
    settings = ScheduleSettings.parse({"patience": 0, "factor": 0.5, **schedule})
    plan = Plan(toy_plan(steps=12).loop, OptimiserSettings(learning_rate=0.01), settings)
    train(task, plan, tmp_path)
    lines = journal.read(tmp_path / "metrics.jsonl")
    assert [line["learning_rate"] for line in lines if "learning_rate" in line] == rates


def test_a_plateau_of_what_is_not_measured_is_refused_before_the_first_step(tmp_path: Path) -> None:
    plan = Plan(toy_plan().loop, schedule=ScheduleSettings(name="plateau", watch="lost"))
    task = replace(toy_task(), scores=("score", "loss"))
    with pytest.raises(SettingsError, match=r"watch = 'lost' is not among .*: score, loss\."):
        train(task, plan, tmp_path)
    with pytest.raises(SettingsError, match="needs a validation, and toy has none"):
        train(replace(task, validate=None), plan, tmp_path)
    assert not list(tmp_path.iterdir())


def test_stages_freeze_and_release_and_reset(tmp_path: Path) -> None:
    plan = toy_plan(steps=None)
    plan = Plan(
        plan.loop,
        plan.optimiser,
        stages=(
            Stage(steps=3, frozen=("body",)),
            Stage(steps=3, frozen=(), clip_length=3, reset_optimiser=True),
        ),
    )
    task = toy_task()
    first = task.network.body[0].weight.detach().clone()
    watched: list[bool] = []

    def watch(done: int, total: int, values: object) -> None:
        watched.append(torch.equal(task.network.body[0].weight, first))

    train(task, plan, tmp_path, watch)
    assert watched == [True] * 3 + [False] * 3


def test_what_does_not_fit_is_refused_before_the_first_step(tmp_path: Path) -> None:
    plan = toy_plan(steps=None)
    with pytest.raises(SettingsError, match="Nothing to train"):
        train(toy_task(), plan, tmp_path)
    with pytest.raises(SettingsError, match="two lengths"):
        train(toy_task(), Plan(toy_plan().loop, stages=(Stage(steps=1),)), tmp_path)
    fed = (Stage(steps=2, feed_prediction=Ramp(start=0, end=1)),)
    with pytest.raises(SettingsError, match="sets feed_prediction, which this task does not use"):
        train(toy_task(), Plan(plan.loop, stages=fed), tmp_path)
    with pytest.raises(
        SettingsError, match=r"No part 'tail' to freeze; the network has body, head"
    ):
        train(toy_task(), Plan(plan.loop, stages=(Stage(steps=2, frozen=("tail",)),)), tmp_path)
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="No device 'cuda'"):
            train(toy_task(), toy_plan(device="cuda"), tmp_path)
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_rates_of_parts(tmp_path: Path) -> None:
    settings = OptimiserSettings(learning_rate=0.1, factors={"body": 0.01})
    network = Small()
    groups = create_optimiser(network, settings).param_groups
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert math.isclose(rates[id(network.body[0].weight)], 0.001)
    assert math.isclose(rates[id(network.head.weight)], 0.1)


def test_weight_decay_can_spare_vectors_and_parts() -> None:
    network = Small()

    def decays(**settings: object) -> dict[str, float]:
        made = create_optimiser(network, OptimiserSettings.parse({"weight_decay": 0.1, **settings}))
        found = {id(p): group["weight_decay"] for group in made.param_groups for p in group["params"]}  # fmt: skip
        return {name: found[id(p)] for name, p in network.named_parameters()}

    assert set(decays().values()) == {0.1}
    assert decays(decay_vectors=False, undecayed=["head"]) == {
        "body.0.weight": 0.1, "body.0.bias": 0.0, "head.weight": 0.0, "head.bias": 0.0,
    }  # fmt: skip


def test_averaged_weights_stand_in_and_go() -> None:
    network = Small()
    own = network.head.weight.detach().clone()
    other = {k: torch.zeros_like(v) for k, v in network.state_dict().items()}
    network.body.eval()
    with standing_in(network, other):
        assert not network.head.weight.any()
        assert not network.head.training
    assert torch.equal(network.head.weight, own)
    assert network.head.training
    assert not network.body.training


def test_state_survives_json() -> None:
    state = State(step=5, stage=1, best=0.3, plateau=Plateau(0.3, 2, 0.1))
    assert State.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_only_one_length() -> None:
    with pytest.raises(SettingsError, match="two lengths"):
        LoopSettings.parse({"steps": 3, "epochs": 1})

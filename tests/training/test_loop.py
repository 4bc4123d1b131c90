from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from segue.errors import DivergedError, WeightsError
from segue.training import checkpoint, journal
from segue.training.loop import LoopSettings, rate_factor, train

SETTINGS = LoopSettings(steps=8, batch=2, warmup=2, checkpoint_every=3, average=0.5)


def make_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


def draw_batch(step: int) -> Tensor:
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(step))


def losses_of(network: nn.Module, stop_at: int | None = None, nan_at: int | None = None):
    calls = {"count": 0}

    def losses(batch: Tensor) -> dict[str, Tensor]:
        if calls["count"] == stop_at:
            raise KeyboardInterrupt
        error = ((network(batch)[:, 0] - batch.sum(1)) ** 2).mean()
        calls["count"] += 1
        return {"error": error * float("nan") if calls["count"] - 1 == nan_at else error}

    return losses


def run(folder: Path, **stops: int) -> nn.Module:
    folder.mkdir(exist_ok=True)
    network = make_network()
    train(network, draw_batch, losses_of(network, **stops), SETTINGS, folder)
    return network


def test_training_lowers_the_loss_and_leaves_curves(tmp_path: Path) -> None:
    run(tmp_path / "run")
    lines = journal.read(tmp_path / "run/metrics.jsonl")
    assert [line["step"] for line in lines] == list(range(8))
    assert (tmp_path / "run/curves.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("stop_at", [1, 3, 5, 7])
def test_a_killed_run_goes_on_to_the_last_digit(tmp_path: Path, stop_at: int) -> None:
    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", stop_at=stop_at)
    resumed = run(tmp_path / "cut")
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    assert (tmp_path / "whole/metrics.jsonl").read_bytes() == (
        tmp_path / "cut/metrics.jsonl"
    ).read_bytes()
    whole_average = checkpoint.average_weights(tmp_path / "whole")
    cut_average = checkpoint.average_weights(tmp_path / "cut")
    assert all(torch.equal(whole_average[k], cut_average[k]) for k in whole_average)


def test_a_loss_that_is_not_a_number_stops_the_run_and_keeps_the_checkpoint(
    tmp_path: Path,
) -> None:
    with pytest.raises(DivergedError, match="step 4"):
        run(tmp_path / "run", nan_at=4)
    network, average = make_network(), {}
    optimiser = torch.optim.AdamW(network.parameters())
    assert checkpoint.restore(tmp_path / "run", network, optimiser, average) == 3


def test_a_foreign_or_cut_checkpoint_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    network = nn.Linear(3, 3)
    optimiser = torch.optim.AdamW(network.parameters())
    with pytest.raises(WeightsError, match="not a checkpoint of this network"):
        checkpoint.restore(tmp_path, network, optimiser, {})
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(WeightsError, match="Remove it"):
        checkpoint.restore(tmp_path, make_network(), optimiser, {})


def test_the_learning_rate_rises_then_falls_to_a_hundredth() -> None:
    settings = LoopSettings(steps=100, warmup=10)
    factors = [rate_factor(step, settings) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == pytest.approx(1.0)
    assert factors.index(max(factors)) in (9, 10)
    assert all(a >= b for a, b in pairwise(factors[10:]))
    assert factors[-1] == pytest.approx(0.01, abs=0.002)

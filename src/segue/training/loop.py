"""The training loop: batches drawn by step number, so that a resumed run goes on exactly where it was."""

import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from segue.errors import DivergedError
from segue.settings import Settings
from segue.training import checkpoint, journal

log = logging.getLogger(__name__)


class LoopSettings(Settings):
    """How long and how fast to learn."""

    steps: Annotated[int, Field(ge=1)] = 10_000
    batch: Annotated[int, Field(ge=1)] = 4
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    warmup: Annotated[int, Field(ge=0)] = 200
    """Steps over which the learning rate rises; afterwards it falls on a cosine to a hundredth."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    average: Annotated[float, Field(ge=0, lt=1)] = 0.998
    """Decay of the running average of the weights; the average is what is kept."""
    bfloat16: bool = False
    """Compute in mixed precision; several times faster on processors with matrix units."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 250
    seed: int = 0


def train(
    network: nn.Module,
    draw_batch: Callable[[int], Any],
    losses: Callable[[Any], dict[str, Tensor]],
    settings: LoopSettings,
    folder: Path,
) -> None:
    """Train until the last step; goes on from the newest checkpoint in the folder if there is one.

    Args:
        network: Trained in place: every parameter with ``requires_grad``.
        draw_batch: Batch of a step, a function of the step number alone.
        losses: Losses by name; their sum is minimised.
        settings: Steps, rates, averaging.
        folder: Receives ``checkpoint.safetensors``, ``metrics.jsonl`` and ``curves.png``.

    Raises:
        DivergedError: The loss is not finite; the last checkpoint stays.
    """
    device = next(network.parameters()).device
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    average = {k: v.detach().clone() for k, v in network.state_dict().items()}
    first = checkpoint.restore(folder, network, optimiser, average)
    book = journal.Journal(folder / "metrics.jsonl", first_step=first)
    started = time.perf_counter()
    for step, batch in _prefetch(draw_batch, first, settings.steps):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * rate_factor(step, settings)
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.bfloat16):
            parts = losses(batch)
        total = torch.stack(list(parts.values())).sum()
        if not torch.isfinite(total):
            raise DivergedError(
                f"The loss is {total.item()} at step {step}; {folder} keeps the last checkpoint."
            )
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
        optimiser.step()
        _update_average(average, network, min(settings.average, (1 + step) / (10 + step)))
        book.write(
            step,
            {
                "total": total.item(),
                "gradient": norm.item(),
                **{k: v.item() for k, v in parts.items()},
            },
        )
        done = step + 1
        if done % settings.checkpoint_every == 0 or done == settings.steps:
            checkpoint.save(folder, done, network, optimiser, average)
            journal.draw_curves(folder / "metrics.jsonl", folder / "curves.png")
            rate = (done - first) / (time.perf_counter() - started)
            log.info("step %d of %d, %.2f steps/s", done, settings.steps, rate)


def rate_factor(step: int, settings: LoopSettings) -> float:
    """Share of the learning rate at a step: linear warm-up, then a cosine down to 0.01."""
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    progress = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress))


def _prefetch(draw: Callable[[int], Any], first: int, last: int) -> Iterator[tuple[int, Any]]:
    """Batches in order, the next one prepared while the current one is used."""
    with ThreadPoolExecutor(1) as pool:
        upcoming: Future[Any] = pool.submit(draw, first)
        for step in range(first, last):
            batch = upcoming.result()
            upcoming = pool.submit(draw, step + 1)
            yield step, batch


@torch.no_grad()
def _update_average(average: dict[str, Tensor], network: nn.Module, decay: float) -> None:
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - decay)
        else:
            average[name].copy_(value)


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """What is needed to rerun: the resolved settings and versions, as ``run.json``."""
    (folder / "run.json").write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")

"""What training costs: preparing clips against learning from them, and two processes against one.

    python benchmarks/training.py --root CAMVID [--clips 60] [--steps 4]

Clips of five frames with every augmentation. One worker process prepares them while nothing else runs; then the loop
trains with one thread on one of those clips again and again. Two processes of one thread each share the batches
that one process takes alone, over gloo. Both kinds of runs take turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import torch
from record import write

from segue.training.batches import Share, Source, steps
from segue.training.curriculum import Conditions
from segue.training.loop import train
from segue.training.run import plan_of
from segue.training.task import Sample, Task
from segue.training.tasks.temporal_unet import build
from segue.training.tasks.temporal_unet_settings import TrainingSettings

CLIPS = {
    "length": 5,
    "size_hw": [352, 480],
    "crop": 0.5,
    "scale": [0.7, 1.6],
    "rotation_degrees": 5,
    "colour": 0.3,
    "frame_light": 0.1,
    "noise": 12,
}
LOOP = {"batch": 1, "precision": "bfloat16", "checkpoint_every": 10**9, "device": "cpu"}
SMALL = [176, 240]
"""Height and width of the clips of the runs with one and two processes."""
CLIPS_PER_STEP = 2
WARM_UP = 2


@dataclass(frozen=True)
class OneClip:
    """The same sample again and again, so that nothing but learning takes time."""

    sample: Sample

    def __len__(self) -> int:
        return 1

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        return self.sample


def settings(root: str, variant: str, size_hw: list[int], **loop: Any) -> TrainingSettings:
    """A run on CamVid."""
    return TrainingSettings.parse(
        {
            "variant": variant,
            "data": {"root": root},
            "clips": {**CLIPS, "size_hw": size_hw},
            "loop": {**LOOP, **loop},
        }
    )


def seconds_per_step(task: Task, chosen: TrainingSettings) -> float:
    """Median of the loop's steps after the first ones."""
    ends: list[float] = []

    def watch(done: int, total: int, values: Mapping[str, float]) -> None:
        ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        train(replace(task, validate=None), plan_of(chosen), Path(folder), watch)
    return statistics.median(
        b - a for a, b in zip(ends[WARM_UP - 1 :], ends[WARM_UP:], strict=False)
    )


def clips_per_second(task: Task, chosen: TrainingSettings) -> float:
    """What one worker process delivers when nobody makes it wait."""
    plan = plan_of(chosen)
    stream = steps(Source(task.samples, plan.curriculum(task), plan.loop), Share(), 0)
    next(stream)
    started, count = time.perf_counter(), 0
    for _ in stream:
        count += 1
    return count / (time.perf_counter() - started)


def pipeline(root: str, variant: str, clips: int, num_steps: int) -> dict[str, float]:
    """Clips per second that are prepared, and that are learned from."""
    drawing = settings(root, variant, CLIPS["size_hw"], steps=clips, workers=1)
    task = build(drawing)
    prepared = clips_per_second(task, drawing)
    sample = task.samples.draw(0, 0, task.defaults)
    learning = settings(root, variant, CLIPS["size_hw"], steps=num_steps + WARM_UP, workers=0)
    learned = 1 / seconds_per_step(replace(task, samples=OneClip(sample)), learning)
    return {
        "prepared_clips_per_s": round(prepared, 2),
        "learned_clips_per_s": round(learned, 3),
        "ratio": round(prepared / learned, 1),
    }


def processes(root: str, num_steps: int, rounds: int) -> dict[str, Any]:
    """Steps per second of one and of two processes with the same global batch, in turn."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    found: dict[str, list[float]] = {"1": [], "2": []}
    for _ in range(rounds):
        for name, words in (("1", []), ("2", launcher)):
            found[name].append(_start(words, root, num_steps))
    rates = {name: round(1 / statistics.median(taken), 3) for name, taken in found.items()}
    return {
        "steps_per_s": rates,
        "times_faster_with_2": round(rates["2"] / rates["1"], 2),
    }


def _start(launcher: list[str], root: str, num_steps: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "seconds.json")
        options = ["--root", root, "--steps", str(num_steps), "--answer", str(answer)]
        subprocess.run(
            [sys.executable, *launcher, __file__, *options],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            check=True,
        )
        seconds: float = json.loads(answer.read_text())
        return seconds


def measure_one_run(root: str, num_steps: int, answer: Path) -> None:
    """In a process of ``processes``: train, and let the leading one write down how long a step takes."""
    chosen = settings(
        root,
        "temporal-unet",
        SMALL,
        steps=num_steps + WARM_UP,
        accumulate=CLIPS_PER_STEP,
        workers=0,
    )
    seconds = seconds_per_step(build(chosen), chosen)
    if os.environ.get("RANK", "0") == "0":
        answer.write_text(json.dumps(seconds))


def main() -> None:
    """Measure and write ``results/training-clips.json`` and ``results/training-processes.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--parts", nargs="+", default=["clips", "processes"])
    parser.add_argument("--variants", nargs="+", default=["temporal-unet", "temporal-unet-lite"])
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    if options.answer:
        measure_one_run(options.root, options.steps, options.answer)
        return
    chosen = {"root": Path(options.root).name, "loop": LOOP, "steps": options.steps}
    if "clips" in options.parts:
        found = {
            name: pipeline(options.root, name, options.clips, options.steps)
            for name in options.variants
        }
        given = {**chosen, "clips": CLIPS, "clips_prepared": options.clips}
        print(write("training-clips", given, found).read_text())
    if "processes" in options.parts:
        given = {
            **chosen,
            "clips": {**CLIPS, "size_hw": SMALL},
            "clips_per_step": CLIPS_PER_STEP,
            "rounds": options.rounds,
        }
        shared = processes(options.root, options.steps, options.rounds)
        print(write("training-processes", given, shared).read_text())


if __name__ == "__main__":
    main()

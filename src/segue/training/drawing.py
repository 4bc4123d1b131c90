"""The plan of a run as a picture, before the first step."""

from pathlib import Path
from typing import Any

from segue.files import replacing
from segue.training.curriculum import Curriculum
from segue.training.plan import Plan
from segue.training.schedule import rate_factor

_POINTS = 500
_LABELS = {"frame_stride": "frames skipped", "feed_prediction": "P(prediction fed)"}


def draw_plan(plan: Plan, curriculum: Curriculum, picture: Path) -> None:
    """Learning rate and every condition of the curriculum against the step, as a PNG.

    Raises:
        WriteError: The picture cannot be written.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    last = curriculum.num_steps - 1
    steps = sorted({round(last * k / (_POINTS - 1)) for k in range(_POINTS)})
    curves = plan_curves(plan, curriculum, steps)
    figure, axes = plt.subplots(len(curves), 1, figsize=(8, 1.7 * len(curves)), sharex=True)
    for axis, (name, values) in zip(axes, curves.items(), strict=True):
        axis.step(steps, values, where="post")
        axis.set_ylabel(_LABELS.get(name, name.replace("_", " ")), fontsize=8)
        axis.grid(alpha=0.3)
        for start in curriculum.starts[1:]:
            axis.axvline(start, color="tab:red", linewidth=0.8, linestyle=":")
    axes[-1].set_xlabel(f"step; an epoch is {curriculum.steps_per_epoch:.4g} steps")
    panels = dict(zip(curves, axes, strict=True))
    _name_frozen(panels["learning_rate"], curriculum)
    _draw_feeding(panels["feed_prediction"], steps, curves["feed_prediction"])
    _draw_skips(panels["frame_stride"], curriculum, steps, curves["frame_stride"])
    figure.tight_layout()
    with replacing(picture) as partial:
        figure.savefig(partial, dpi=90, format="png")
    plt.close(figure)


def plan_curves(plan: Plan, curriculum: Curriculum, steps: list[int]) -> dict[str, list[float]]:
    """Values at the steps by name; a plateau schedule is drawn as if it never falls."""
    held = [curriculum.at(step) for step in steps]
    per_epoch = curriculum.steps_per_epoch
    rates = [
        plan.optimiser.learning_rate
        * conditions.learning_rate
        * rate_factor(step, curriculum.num_steps, per_epoch, plan.schedule)
        for step, conditions in zip(steps, held, strict=True)
    ]
    return {
        "learning_rate": rates,
        "clip_length": [float(c.clip_length) for c in held],
        "frame_stride": [float(c.frame_stride) for c in held],
        "feed_prediction": [c.feed_prediction for c in held],
        "height": [float(c.size_hw[0]) for c in held],
        "width": [float(c.size_hw[1]) for c in held],
    }


def _name_frozen(axis: Any, curriculum: Curriculum) -> None:
    """What is frozen, written where its stage begins."""
    for index, start in enumerate(curriculum.starts):
        frozen = ", ".join(curriculum.at(start).frozen)
        if frozen:
            _write(axis, start, 0.02 + 0.1 * (index % 3), f"frozen: {frozen}")


def _draw_feeding(axis: Any, steps: list[int], values: list[float]) -> None:
    """The probability between 0, where only the truth is fed, and 1."""
    axis.fill_between(steps, values, step="post", alpha=0.25)
    axis.set_ylim(-0.05, 1.05)


def _draw_skips(axis: Any, curriculum: Curriculum, steps: list[int], strides: list[float]) -> None:
    """Strides as frames skipped, with the range of each stage written into it."""
    axis.lines[0].set_ydata([stride - 1 for stride in strides])
    axis.set_ylim(-0.5, max(strides) - 0.5)
    for index, start in enumerate(curriculum.starts):
        skipped = [
            int(s) - 1
            for s, at in zip(strides, steps, strict=True)
            if curriculum.stage_at(at) == index
        ]
        if skipped:
            low, high = min(skipped), max(skipped)
            _write(axis, start, 0.85, f"{low} to {high}" if high > low else f"{low}")


def _write(axis: Any, step: int, height: float, text: str) -> None:
    axis.text(step, height, f" {text}", transform=axis.get_xaxis_transform(), fontsize=7)

"""The plan of a run as a picture, before the first step."""

from pathlib import Path

from segue.media.atomic import replacing
from segue.training.curriculum import Curriculum
from segue.training.loop import Plan
from segue.training.schedule import rate_factor

_POINTS = 500


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
        axis.set_ylabel(name.replace("_", " "), fontsize=8)
        axis.grid(alpha=0.3)
        for start in curriculum.starts[1:]:
            axis.axvline(start, color="tab:red", linewidth=0.8, linestyle=":")
    axes[-1].set_xlabel(f"step; an epoch is {curriculum.steps_per_epoch:.4g} steps")
    _name_frozen(axes[0], curriculum)
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


def _name_frozen(axis: object, curriculum: Curriculum) -> None:
    """What is frozen, written where its stage begins."""
    for start in curriculum.starts:
        frozen = ", ".join(curriculum.at(start).frozen)
        if frozen:
            axis.text(start, 0.02, f" frozen: {frozen}", transform=axis.get_xaxis_transform(), fontsize=7)  # type: ignore[attr-defined]  # fmt: skip

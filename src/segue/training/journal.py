"""What a run measured: one JSON object a line, and the curves as a picture."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segue.media.atomic import replacing

VALIDATION = "validation"


class Journal:
    """Appends lines; those from ``first_step`` on (of a run that was cut off) are dropped first."""

    def __init__(self, path: Path, first_step: int, *, enabled: bool = True) -> None:
        self._path, self._enabled = path, enabled
        if enabled:
            kept = [line for line in read(path) if line["step"] < first_step]
            with replacing(path) as partial:
                partial.write_text("".join(json.dumps(line) + "\n" for line in kept))

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Add a line about a step."""
        if self._enabled:
            with self._path.open("a") as file:
                file.write(json.dumps({"step": step, **values}) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a journal; none if there is no file."""
    if not path.is_file():
        return []
    lines = []
    for text in path.read_text().splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:  # the last line of a killed run
            break
    return lines


def draw_curves(journal: Path, picture: Path) -> None:
    """Every value of the journal against the step, a panel each, as a PNG; training values smoothed."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    curves = series(read(journal))
    if not curves:
        return
    columns = min(4, len(curves))
    rows = -(-len(curves) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4 * columns, 3 * rows), squeeze=False)
    for axis in axes.flat[len(curves) :]:
        axis.axis("off")
    for axis, (name, (steps, values)) in zip(axes.flat, curves.items(), strict=False):
        _draw(axis, name, steps, values)
    figure.tight_layout()
    with replacing(picture) as partial:
        figure.savefig(partial, dpi=80, format="png")
    plt.close(figure)


def series(lines: Sequence[Mapping[str, Any]]) -> dict[str, tuple[list[int], list[float]]]:
    """Steps and values by name; those of validations are named ``validation name``."""
    found: dict[str, tuple[list[int], list[float]]] = {}
    for line in lines:
        validation = {f"{VALIDATION} {k}": v for k, v in line.get(VALIDATION, {}).items()}
        values = {k: v for k, v in line.items() if k not in ("step", VALIDATION)} | validation
        for name, value in values.items():
            steps, numbers = found.setdefault(name, ([], []))
            steps.append(line["step"])
            numbers.append(value)
    return found


def _draw(axis: Any, name: str, steps: Sequence[int], values: Sequence[float]) -> None:
    if name.startswith(VALIDATION):
        axis.plot(steps, values, marker=".")
        axis.set(title=f"{name}: last {values[-1]:.4g}, best {max(values):.4g}", xlabel="step")
    else:
        width = max(1, len(values) // 50)
        smooth = np.convolve(values, np.ones(width) / width, "valid")
        axis.plot(steps[width // 2 :][: len(smooth)], smooth)
        axis.set(title=name, xlabel="step", yscale="log" if min(values) > 0 else "linear")
    axis.grid(alpha=0.3)

"""What a run measured: one JSON object a line, and the curves as a picture."""

import json
from pathlib import Path
from typing import Any

import numpy as np


class Journal:
    """Appends one line per step; lines after ``first_step`` (of a run that was cut off) are dropped."""

    def __init__(self, path: Path, first_step: int) -> None:
        self._path = path
        kept = [line for line in read(path) if line["step"] < first_step]
        path.write_text("".join(json.dumps(line) + "\n" for line in kept))

    def write(self, step: int, values: dict[str, float]) -> None:
        """Add the values of a step."""
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
    """Every value of the journal against the step, smoothed, as a PNG."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    lines = read(journal)
    names = [name for name in lines[-1] if name != "step"]
    figure, axes = plt.subplots(1, len(names), figsize=(4 * len(names), 3), squeeze=False)
    width = max(1, len(lines) // 50)
    for axis, name in zip(axes[0], names, strict=True):
        values = np.array([line[name] for line in lines])
        smooth = np.convolve(values, np.ones(width) / width, "valid")
        axis.plot(np.arange(len(smooth)) + width / 2, smooth)
        axis.set(title=name, xlabel="step", yscale="log")
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(picture, dpi=80)
    plt.close(figure)

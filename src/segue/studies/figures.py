"""Figures of studies: panels with a grid, and how they are written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segue.files import replacing


def panels(count: int) -> tuple[Any, Sequence[Any]]:
    """A figure, and its panels side by side."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, count, figsize=(6 * count, 4.5), squeeze=False)
    for axis in axes[0]:
        axis.grid(alpha=0.3)
        axis.set_axisbelow(True)
    return figure, list(axes[0])


def save(figure: Any, picture: Path) -> None:
    """Write a figure; the file appears complete or not at all.

    Raises:
        WriteError: Disk full or read-only.
    """
    from matplotlib import pyplot as plt

    figure.tight_layout()
    with replacing(picture) as partial_file:
        figure.savefig(partial_file, dpi=110, format="png")
    plt.close(figure)

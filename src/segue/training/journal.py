"""What a run measured: one JSON object a line, the curves as a picture, and in TensorBoard for those who want it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import SettingsError
from segue.files import replacing, write_error
from segue.training.schedule import LOWER_IS_BETTER

VALIDATION = "validation"


class Journal:
    """Appends lines; those from ``first_step`` on (of a run that was cut off) are dropped first.

    Args:
        path: The file.
        first_step: The step that comes next.
        enabled: Otherwise nothing is written.
        tensorboard: Folder that receives the same values as events of TensorBoard.

    Raises:
        SettingsError: TensorBoard is wanted and not installed.
        WriteError: Disk full or read-only, here and in ``write``.
    """

    def __init__(
        self, path: Path, first_step: int, *, enabled: bool = True, tensorboard: Path | None = None
    ) -> None:
        self._path, self._enabled = path, enabled
        self._events: Any = None
        if not enabled:
            return
        kept = [line for line in read(path) if line["step"] < first_step]
        with replacing(path) as partial:
            partial.write_text("".join(json.dumps(line) + "\n" for line in kept))
        if tensorboard is not None:
            with _writing(tensorboard):
                self._events = _begin_events(tensorboard)
                for line in kept:
                    self._add_events(line)

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Add a line about a step."""
        if not self._enabled:
            return
        line = {"step": step, **values}
        with _writing(self._path):
            with self._path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            if self._events is not None:
                self._add_events(line)

    def close(self) -> None:
        """Write out what TensorBoard still holds back."""
        if self._events is not None:
            with _writing(self._path):
                self._events.close()

    def _add_events(self, line: Mapping[str, Any]) -> None:
        for name, (steps, values) in series([line]).items():
            validated = name.startswith(VALIDATION)
            tag = name.replace(" ", "/", 1) if validated else f"training/{name}"
            self._events.add_scalar(tag, values[0], steps[0])


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error


def _begin_events(folder: Path) -> Any:
    """A writer of events; those of the run before it was cut off go, for the journal holds them too."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise SettingsError(
            "loop.tensorboard = true needs TensorBoard, which is not installed. "
            'Run: pip install "segue[tensorboard]"'
        ) from None
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    return SummaryWriter(str(folder))


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
        best = (min if name == f"{VALIDATION} {LOWER_IS_BETTER}" else max)(values)
        axis.plot(steps, values, marker=".")
        axis.set(title=f"{name}: last {values[-1]:.4g}, best {best:.4g}", xlabel="step")
    else:
        width = max(1, len(values) // 50)
        smooth = np.convolve(values, np.ones(width) / width, "valid")
        axis.plot(steps[width // 2 :][: len(smooth)], smooth)
        axis.set(title=name, xlabel="step", yscale="log" if min(values) > 0 else "linear")
    axis.grid(alpha=0.3)

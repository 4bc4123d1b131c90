"""What ``segue models NAME`` says of a model that has to be built first: settings, parameters, operations.

Building one takes seconds, most of them to import torch. So what the shipped models come to at the usual frame size
stands in a file, which ``benchmarks/model_sizes.py`` writes and a test compares with the models.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.models.catalog import find
from segue.settings import load_place

if TYPE_CHECKING:
    from segue.models.click.model import Clicker
    from segue.models.interface import VideoModel

SIZE_HW = (480, 854)
"""Height and width at which operations are counted if no other size is asked for."""
FILE = Path(__file__).parent / "assets" / "model_sizes.json"


_UNCOUNTED: dict[str, Any] = {"total": None, "trainable": None, "by_part": {}}
"""Of a model that shows no network."""


def shipped_sizes(name: str) -> dict[str, Any] | None:
    """What ``measure_sizes`` returns for a model with its own weights and settings; ``None`` if the file is silent."""
    sizes: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return sizes.get(name)


def measure_sizes(
    name: str, *, weights: Path | None, settings: Mapping[str, Any], size_hw: tuple[int, int]
) -> dict[str, Any]:
    """Classes, settings, parameters and multiply-accumulates of one model: of frames, or of looks and clicks.

    Args:
        name: A model of the table.
        weights: As in ``load_model``.
        settings: As in ``load_model``.
        size_hw: Height and width of the frame at which operations are counted.

    Raises:
        SegueError: As in ``load_model``.
    """
    from segue.models.catalog import load_model
    from segue.models.interface import ConfiguredModel, NetworkModel, SemanticModel, ungated
    from segue.nn.backends.catalog import using
    from segue.nn.backends.torch_backend import TorchBackend
    from segue.nn.weights import describe

    with using(TorchBackend()):  # operations of other backends are not counted
        if not find(name).goes_through_videos:
            return _click_sizes(name, weights, settings, size_hw)
        model = load_model(name, weights=weights, settings=settings)
    height, width = size_hw
    counted = describe(model.network) if isinstance(model, NetworkModel) else _UNCOUNTED
    masked = find(name).begins_with != "nothing"
    return {
        "lookahead": model.lookahead,
        "classes": list(model.classes) if isinstance(model, SemanticModel) else None,
        "settings": model.settings.model_dump(mode="json")
        if isinstance(model, ConfiguredModel)
        else dict(settings),
        "parameters": {**counted, "per_object": model.parameters_per_object},
        "macs": {"size": f"{height}x{width}", **_macs(ungated(model), size_hw, masked)},
    }


def _click_sizes(
    name: str, weights: Path | None, settings: Mapping[str, Any], size_hw: tuple[int, int]
) -> dict[str, Any]:
    """The same of a model that makes masks from clicks."""
    from segue.models.interface import ConfiguredModel, NetworkModel
    from segue.nn.weights import describe

    build = load_place(find(name).build)
    model: Clicker = build(name, settings=settings, weights=weights, device="cpu")
    counted = describe(model.network) if isinstance(model, NetworkModel) else _UNCOUNTED
    return {
        "classes": None,
        "settings": model.settings.model_dump(mode="json")
        if isinstance(model, ConfiguredModel)
        else dict(settings),
        "parameters": {**counted, "per_object": 0},
        "macs": {"size": f"{size_hw[0]}x{size_hw[1]}", **_click_macs(model, size_hw)},
    }


def _click_macs(model: "Clicker", size_hw: tuple[int, int]) -> dict[str, int]:
    """Operations of a look at a frame, and of a further click where that was looked at."""
    import numpy as np

    from segue.models.click.prompt import Prompt
    from segue.nn.counting import count_macs
    from segue.types import Click

    height, width = size_hw
    frame = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    look = count_macs(model.see, frame)
    seen = model.see(frame)
    whole = (0.0, 0.0, float(width), float(height))  # nothing is looked at more closely
    answer = model.mask(seen, Prompt(box=whole))
    clicked = Prompt((Click(width // 2, height // 2),), whole)
    return {"look": look, "click": count_macs(model.mask, seen, clicked, answer)}


def _macs(model: "VideoModel[Any]", size_hw: tuple[int, int], masked: bool) -> dict[str, int]:
    """Operations of the first frame and of a later, computed one; ``masked``: one object is given, in the middle."""
    import numpy as np

    from segue.nn.counting import count_macs

    height, width = size_hw
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (height, width, 3), np.uint8)
    labels = None
    if masked:
        labels = np.zeros(size_hw, np.uint8)
        labels[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 1
    states = []

    def start() -> None:
        states.append(model.start(frame, labels)[1])

    def go_on() -> None:
        states.append(model.step(frame, states.pop())[1])

    first = count_macs(start)
    for _ in range(model.lookahead):  # until frames are answered
        count_macs(go_on)
    return {"first_frame": first, "frame": count_macs(go_on)}

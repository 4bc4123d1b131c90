"""List the models, or describe one: what it does, parameters, multiply-accumulates, weights and their card.

segue models
segue models segue-lite --json
segue models frtm-fast --size 480x854
"""

import argparse
import re
from pathlib import Path
from typing import Any

from segue.app.cli.output import add_json_argument, check_json_target, write_document
from segue.app.model_sizes import SIZE_HW, measure_sizes, shipped_sizes
from segue.errors import InputError
from segue.models.catalog import WHAT_THEY_DO, entries, find, outside
from segue.settings import override

_BEGINNINGS = {"masks": "given masks", "nothing": "no mask", "either": "given masks, or none"}
_PARTS = {
    "first_frame": "first frame",
    "frame": "a frame",
    "look": "a look",
    "click": "a click",
}
"""What the operations are of: frames of a video, or looks at a frame and clicks on it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue models``."""
    parser.usage = "segue models [NAME [key=value ...]] [options]"
    parser.add_argument("words", nargs="*", metavar="NAME | key=value", help="a model and settings")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="a .safetensors file")
    parser.add_argument(
        "--size",
        type=_size,
        default=SIZE_HW,
        metavar="HEIGHTxWIDTH",
        help="frame size at which operations are counted (480x854)",
    )
    for moved in (
        "check",
        "calibrate",
    ):  # a verb of their own; scripts that know the old one are told
        parser.add_argument(
            f"--{moved}", nargs="?", const="", action=_Moved, help=argparse.SUPPRESS
        )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the table of models, or one model's description."""
    check_json_target(arguments.json)
    names = [word for word in arguments.words if "=" not in word]
    if len(names) > 1:
        raise InputError(f"Give one model at most, got {', '.join(names)}.")
    document = _describe(names[0], arguments) if names else _list()
    if arguments.json:
        write_document(document, arguments.json)
    elif names:
        _print_model(document)
    else:
        _print_list(document)
    return 0


class _Moved(argparse.Action):
    """An option that is a command now."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Say which, and leave."""
        action = self.dest
        parser.error(f"--{action} is a command now: segue backends {action} NAME --data FOLDER")


def _settings(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Those that were given; without any weights, also those that build the model without."""
    weights = arguments.weights or _weights(name, None)
    defaults = {} if weights else find(name).unweighted
    return override(defaults, [word for word in arguments.words if "=" in word])


def _list() -> dict[str, Any]:
    """Everything that can be said without building a model."""
    return {
        "models": [
            {
                "name": name,
                "kind": entry.kind,
                "summary": entry.summary,
                "weights": _weights(name, None),
            }
            for name, entry in entries().items()
        ],
        "problems": dict(outside().problems),
    }


def _describe(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    entry = find(name)
    weights = _weights(name, arguments.weights)
    as_shipped = (
        arguments.weights is None and arguments.size == SIZE_HW and len(arguments.words) == 1
    )
    sizes = (shipped_sizes(name) if as_shipped else None) or measure_sizes(
        name,
        weights=arguments.weights,
        settings=_settings(name, arguments),
        size_hw=arguments.size,
    )
    about = {
        "name": name,
        "kind": entry.kind,
        "summary": entry.summary,
        "begins_with": entry.begins_with,
        "gated": entry.gated,
        "lookahead": entry.lookahead,
    }
    return {**about, **sizes, "weights": weights}


def _weights(name: str, given: Path | None) -> dict[str, Any] | None:
    """The weights file, its size and its card; None where nothing ships."""
    # Spelt out here, since segue.nn.weights would import torch for a mere list.
    path = given or Path(__file__).parents[2] / "weights" / f"{name}.safetensors"
    if not path.is_file():
        return None
    card = path.with_suffix(".md")
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "card": card.read_text(encoding="utf-8") if card.is_file() else None,
    }


def _print_list(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "for", "what it is", "weights", box=None, pad_edge=False)
    for row in document["models"]:
        weights = row["weights"]
        size = f"{weights['bytes'] / 1e6:.1f} MB, shipped" if weights else "not shipped"
        table.add_row(row["name"], row["kind"], row["summary"], size)
    Console().print(table)
    for sentence in document["problems"].values():
        print(f"\n{sentence}")
    print("\nMore about one: segue models NAME")


def _print_model(document: dict[str, Any]) -> None:
    counts, macs, weights = (document[key] for key in ("parameters", "macs", "weights"))
    print(f"{document['name']}: {document['summary']}\n")
    print(f"task           {WHAT_THEY_DO[document['kind']]}")
    if find(document["name"]).goes_through_videos:
        print(f"begins with    {_BEGINNINGS[document['begins_with']]}")
    if document["lookahead"]:
        print(f"looks ahead    {document['lookahead']} frames")
    if document["classes"]:
        print(f"classes        {', '.join(document['classes'])}")
    if counts["total"] is None:
        print("parameters     not told by the model")
    else:
        print(f"parameters     {counts['total']:,} (trainable: {counts['trainable']:,})")
    for part, number in counts["by_part"].items():
        print(f"  {part:12} {number:,}")
    if counts["per_object"]:
        print(f"  {'per object':12} {counts['per_object']:,}, fitted in each video")
    given = "one object at " if find(document["name"]).begins_with != "nothing" else ""
    print(f"MACs, {given}{macs['size']} (height x width)")
    for part in (key for key in macs if key != "size"):
        print(f"  {_PARTS[part]:12} {macs[part] / 1e9:.2f} G")
    print("settings")
    for key, value in document["settings"].items():
        print(f"  {key} = {value}")
    if weights:
        print(f"weights        {weights['file']} ({weights['bytes'] / 1e6:.1f} MB)")
        if weights["card"]:
            print(f"\n{weights['card']}")


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or "0" in match.groups():
        raise argparse.ArgumentTypeError(f"expected HEIGHTxWIDTH such as 480x854, got {text!r}")
    return int(match[1]), int(match[2])

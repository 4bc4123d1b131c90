"""Tables of models for ``render.py``: look-alikes kept apart, and every shipped model and preset."""

import json
from pathlib import Path
from typing import Any

from tables import origin, table


def lookalikes(found: dict[str, Any]) -> str:
    """Identities kept among copies of one object, by model."""
    rows = []
    for record in found.values():
        settings = record["settings"]
        words = [settings["model"], *(f"{k}={v}" for k, v in settings["model_settings"].items())]
        if settings["weights"]:
            words.append(settings["weights"])
        for copies, result in record["results"]["copies"].items():
            counts = result["identities"]
            objects = sum(counts.values())
            share = f"{100 * counts['kept'] / objects:.1f} %"
            cells = [f"`{' '.join(words)}`", copies, result["clips"], objects, share]
            rows.append([*cells, counts["exchanged"], counts["lost"], result["J&F"]])
    head = ["model", "copies", "clips", "objects", "kept", "exchanged", "lost", "J&F"]
    height, width = next(iter(found.values()))["settings"]["size_hw"]
    return "\n\n".join(
        [
            "## Look-alikes",
            f"Synthetic clips of 40 frames, {height}x{width} (`segue data synthesize OUT --layout davis2017 --kind "
            "lookalikes`): two or four copies of one object, equal up to a small change of light. Each pair crosses, "
            "and the nearer one hides at least half of the farther one. An object is kept if its mask on the last "
            "frame overlaps its own true mask with an IoU above 0.5, exchanged if it overlaps that of another copy so "
            "much, and lost otherwise. J&F is the mean over all frames but the first:",
            table(head, rows),
            origin(next(iter(found.values()))),
        ]
    )


def comparison(found: dict[str, Any], picture: str) -> str:
    """J&F and milliseconds of every shipped model and preset, with one object and with several; and their picture."""
    rows = []
    for record in found.values():
        settings, cells = record["settings"], []
        for half in ("one", "several"):
            result = record["results"][half]
            cells += [f"{result[k]:.1f}" for k in ("J&F", "pipeline_ms", "model_ms")]
        options = " ".join(settings["options"]) or "(the default)"
        rows.append([settings["model"], f"`{options}`", *cells])
    first = next(iter(found.values()))
    one, several = (first["results"][half] for half in ("one", "several"))
    runs = sorted({record["settings"]["begun"] for record in found.values()})
    told = (
        "All rows are from one run."
        if len(runs) == 1
        else f"The rows are from {len(runs)} runs, begun {', '.join(runs)} (UTC): between them, the state of "
        "the machine may differ."
    )
    objects = several["objects"]
    head = ["model", "options"]
    for count in (1, objects):
        of = "1 object" if count == 1 else f"{count} objects"
        head += [f"J&F, {of}", "ms per frame", "model ms"]
    return "\n\n".join(
        [
            "## Shipped models and presets",
            f"One object: {first['settings']['root']}, {one['frames']} frames. {objects} objects: "
            f"{first['settings']['clip']}, {several['frames']} frames. *ms per frame* is the whole of `segue track`, "
            "decoding and writing included, over all frames; *model ms* is the model alone, without first frames, on "
            "which objects are learned. The masks of the timed run are scored. Models and presets that are not in the "
            "table were not measured. " + told,
            table(head, rows),
            f"![J&F over milliseconds per frame]({picture})",
            origin(first),
        ]
    )


def read_rows(folder: Path, order: list[str]) -> dict[str, Any]:
    """The rows of ``compare.py`` by name: models in the given order, of each the slowest preset first."""
    found = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    keys = {name: number for number, name in enumerate(order)}

    def place(record: dict[str, Any]) -> tuple[int, float]:
        settings = record["settings"]
        return keys.get(settings["model"], len(keys)), -record["results"]["one"]["pipeline_ms"]

    return {
        f"{r['settings']['model']} {r['settings']['preset']}": r for r in sorted(found, key=place)
    }

"""Models of other packages: entry points of the group ``segue.models``.

An entry point is a name of a model and the place of its ``Entry``, or of a function without arguments that returns
one. A package is imported when somebody lists the models or asks for a model that is not ours. One that is broken is
left out, and the reason is a sentence; the others stay.
"""

import importlib.metadata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from segue.models.entry import Entry

GROUP = "segue.models"


@dataclass(frozen=True, slots=True)
class OutsideModels:
    """What other packages bring."""

    entries: Mapping[str, Entry]
    """By the name of the model."""
    problems: Mapping[str, str]
    """Name of a model that cannot be used -> a sentence that says why, and what to do."""


def outside_models(taken: Collection[str]) -> OutsideModels:
    """The models of all other packages that are installed.

    Args:
        taken: Names that no other package may give to a model.
    """
    points = list(importlib.metadata.entry_points(group=GROUP))
    times = Counter(point.name for point in points)
    entries: dict[str, Entry] = {}
    problems: dict[str, str] = {}
    for point in points:
        name = point.name
        if times[name] > 1 or name in taken:
            owners = ["Segue"] if name in taken else []
            owners += sorted(_package(other) for other in points if other.name == name)
            problems[name] = _clash(name, owners, ours=name in taken)
            continue
        # Whatever goes wrong in the code of others must not keep anybody from our models.
        try:
            entries[name] = _entry(point.load())
        except Exception as error:
            problems[name] = (
                f"Model {name!r} of the package {_package(point)} cannot be used: {type(error).__name__}: {error} "
                "Repair or uninstall that package."
            )
    return OutsideModels(entries, problems)


def _entry(found: object) -> Entry:
    entry = found if isinstance(found, Entry) else found() if callable(found) else found
    if isinstance(entry, Entry):
        return entry
    raise TypeError(
        f"expected a segue.models.entry.Entry or a function that returns one, got {entry!r}."
    )


def _clash(name: str, owners: list[str], *, ours: bool) -> str:
    kept = "Segue's own is used." if ours else "None of them is used."
    return (
        f"The name of the model {name!r} is given by {' and by '.join(owners)}. {kept} Uninstall one of the packages, "
        "or have its author rename the model."
    )


def _package(point: EntryPoint) -> str:
    dist = point.dist
    return dist.name if dist is not None else point.value

"""Settings of RVOS; those of the first group belong to the weights."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from segue.errors import SettingsError
from segue.models.rvos.merging import Merging
from segue.nn.backends.catalog import BackendName
from segue.settings import Settings

Shot = Literal["one", "zero"]
"""``one``: objects are given by a mask; ``zero``: the network finds them itself."""
Recurrence = Literal["both", "spatial", "temporal"]
"""Over the objects of a frame and over frames; or the ablations with one of them."""
Side = Annotated[int, Field(ge=1)]

LITE = "rvos-lite"


class NetworkSettings(Settings):
    """What the weights were trained for."""

    shot: Shot = "one"
    recurrence: Recurrence = "both"
    reference: bool = False
    """Compare frames with the one on which an object was given (``rvos-lite``; ours, not in the paper)."""
    slots: Annotated[int, Field(ge=1, le=254)] = 10
    """``shot = "zero"``: how many objects the network looks for."""


class RVOSSettings(NetworkSettings):
    """How RVOS runs."""

    when_empty: Literal["keep", "drop"] = "keep"
    """An object of which one prediction is empty stays and may come back, or is lost for ever and those behind it move
    up (the released code of RVOS-MOTS)."""
    later: Literal["given", "predicted"] = "given"
    """On the frame on which an object is added to others: show it as it was given, and enter the next frame so too; or
    as it is predicted (the released code)."""
    most_objects: Annotated[int, Field(ge=1)] | None = None
    """``shot = "one"``: objects that may be followed at once; the released code has 10 slots. ``None``: any number."""
    least_found: Annotated[float, Field(ge=0, le=1)] = 0.0
    """``shot = "zero"``, without given objects: share of the frame's pixels that a slot must have to count as an object
    that was found (ours; 0: a single pixel will do). A slot that shows the same as another one is none."""
    merging: Merging = "surest"
    """Who gets a pixel in which masks overlap: the surest object, or the one whose area has changed least."""
    size_hw: tuple[Side, Side] | None = None
    """Sides to which frames are resized for the network, as in the papers, the longer one along the longer side of the
    frame; ``None``: frames as they are."""
    backend: BackendName = "auto"
    """What computes the network; ``auto``: OpenVINO on the CPU, torch elsewhere."""
    random_weights: bool = False
    """Run with untrained weights and nothing downloaded: masks mean nothing, timings do."""
    seed: int = 0
    """Of the random weights; RVOS itself draws nothing at random."""


def variant(name: str, values: Mapping[str, Any]) -> RVOSSettings:
    """Settings of a variant with some values changed.

    ``rvos-lite`` works at the size that it was trained at. It has a reference if it is one-shot, and as many slots as
    it was trained with if it is zero-shot.

    Raises:
        SettingsError: An unknown setting, a value out of range, or a reference where there is none.
    """
    lite: dict[str, Any] = {}
    if name == LITE:
        lite = {"size_hw": (256, 448), "reference": values.get("shot", "one") == "one"}
        if values.get("shot") == "zero":
            lite |= {"slots": 4, "least_found": 0.002}
    settings = RVOSSettings.parse({**lite, **values})
    check(name, settings)
    return settings


def check(name: str, settings: NetworkSettings) -> None:
    """Refuse what a variant does not have.

    Raises:
        SettingsError: A reference in a network of the paper, or without given objects.
    """
    if settings.reference and (name != LITE or settings.shot == "zero"):
        raise SettingsError(
            f'Setting reference = true is for {LITE} with shot = "one", here it is {name} with '
            f'shot = "{settings.shot}". Leave it out.'
        )

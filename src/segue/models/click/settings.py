"""Settings of segue-click that may change without training again."""

from typing import Annotated

from pydantic import Field

from segue.nn.backends.catalog import BackendName
from segue.settings import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class ClickSettings(Settings):
    """How segue-click looks at frames."""

    side: Annotated[int, Field(ge=64, multiple_of=32)] = 384
    """Longest side that the network sees, in pixels."""
    zoom: bool = True
    """Look more closely at an object that fills little of the frame."""
    margin: Annotated[float, Field(ge=1)] = 1.4
    """Sides of the closer look against those of the object."""
    zoom_below: Share = 0.5
    """Share of the frame that a closer look must stay below to be worth it."""
    backend: BackendName = "auto"
    """What computes the network; ``auto``: on the CPU torch while a shape of frame is new, then OpenVINO, which has to
    be compiled for each shape; torch elsewhere."""

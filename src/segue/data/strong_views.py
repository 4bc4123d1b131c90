"""Strong views of clips: the same pixels in the same places, in other colours and blurred.

A mean teacher answers for the weak view, and its student has to say the same of the strong one.
"""

from typing import Annotated

import cv2
import numpy as np
from jaxtyping import UInt8
from pydantic import Field

from segue.data.label_clips import draw_colour
from segue.settings import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class StrongViewSettings(Settings):
    """How strong (ours; the paper does not say)."""

    colour: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Strength of changes of brightness, contrast, saturation and tint, one for all frames of a clip."""
    blur: Share = 0.5
    """Share of the clips that are blurred."""
    most_blur: Annotated[float, Field(gt=0)] = 2.0
    """Largest standard deviation of the blur, in pixels."""
    noise: Annotated[float, Field(ge=0)] = 12.0
    """Largest standard deviation of the noise, in grey levels."""


def strengthen(
    frames: UInt8[np.ndarray, "time height width 3"],
    settings: StrongViewSettings,
    rng: np.random.Generator,
) -> UInt8[np.ndarray, "time height width 3"]:
    """The strong view of a clip; the same state of ``rng`` gives the same view."""
    colour = draw_colour(settings.colour, rng)
    blurred = rng.random() < settings.blur
    deviation = float(rng.uniform(0.1, settings.most_blur)) if blurred else 0.0
    noise = settings.noise * float(rng.random())
    grain = np.random.default_rng(int(rng.integers(2**31)))
    seen = []
    for frame in frames:
        changed = cv2.transform(frame, colour)
        if deviation:
            changed = cv2.GaussianBlur(changed, (0, 0), deviation)
        if noise:
            rough = changed + noise * grain.standard_normal(frame.shape[:2], np.float32)[..., None]
            changed = np.clip(rough, 0, 255).astype(np.uint8)
        seen.append(changed)
    return np.stack(seen)

"""The one condition that all metrics share: both masks have one shape."""

from segue.errors import MaskError
from segue.types import Mask


def check_same_shape(prediction: Mask, truth: Mask) -> None:
    """Refuse masks of two sizes.

    Raises:
        MaskError: The masks differ in shape.
    """
    if prediction.shape != truth.shape:
        raise MaskError(
            f"A prediction is scored at the size of the truth, {truth.shape[0]}x{truth.shape[1]} "
            f"(height x width), but it is {prediction.shape[0]}x{prediction.shape[1]}. "
            "Resize the prediction without blending labels."
        )

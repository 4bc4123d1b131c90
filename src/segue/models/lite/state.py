"""What segue-lite remembers of a video."""

from dataclasses import dataclass

from jaxtyping import Float, UInt8
from torch import Tensor

from segue.models.lite import target
from segue.models.lite.ways import Ways


@dataclass(frozen=True, slots=True)
class LiteState:
    """The memory of a video: of constant size, whatever its length. Row ``i`` belongs to object ``ids[i]``."""

    size_hw: tuple[int, int]
    """Of the video's frames."""
    working_hw: tuple[int, int]
    """Of the frames that the network sees."""
    last: UInt8[Tensor, "rows columns 3"]
    """Thumbnail of the last frame."""
    unlearned: int
    """Frames since the moving memory was last brought up to date."""
    turn: int
    """Computed frames so far: says which of the objects that are not where they were is looked for everywhere."""
    ids: tuple[int, ...]
    anchor_gram: target.Gram
    """Normal equations of the given masks."""
    anchor_cross: target.Cross
    moving_gram: target.Gram
    """Normal equations of the model's own recent masks."""
    moving_cross: target.Cross
    fixed: target.Cross
    """Target models learned from the given masks alone."""
    adaptive: target.Cross
    """Target models learned from both."""
    previous: Float[Tensor, "objects 1 height8 width8"]
    """Probabilities on the last frame."""
    areas: Float[Tensor, " objects"]
    """Area over the last frames on which the object was in view, in stride-8 cells."""
    ways: Ways
    looks: Float[Tensor, "objects 2 channels"]
    """Mean and variance of the features of each object in its given mask."""
    likeness: Float[Tensor, " objects"]
    """What the target model says of the given masks, as a share of what it should say."""

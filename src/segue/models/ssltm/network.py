"""The wiring of SSLTM: what frames show, what neighbours agree on, what a frame far away and the whole data set know.

    trunk -> features x and regions r    of each frame alone
    STT                                  x of the newest frame, having seen its neighbours'
    RFCE                                 y: x with the classes' context of a reference frame (QFCE: of the frame itself)
    GCC                                  z: y with the classes' context of the data set
    decoder                              classes

RFCE is the object attention of OCRNet, fed with another frame's regions; it has no weights of its own. With the parts
switched off, the network is OCRNet. The supplement names the parts; how they are joined is our reading.
"""

from dataclasses import dataclass
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import InputError
from segue.models.ssltm.centres import Centres
from segue.models.ssltm.parts import Neck, Seen
from segue.models.ssltm.transformer import SpatialTemporalTransformer
from segue.nn.backbones import MULTIPLE, Backbone, Maps
from segue.nn.context import Fuse, ObjectAttention, gather
from segue.nn.resize import resized

Clips = Float[Tensor, "batch time 3 height width"]
Frames = Float[Tensor, "batch 3 height width"]
Features = Float[Tensor, "batch channels rows columns"]
Contexts = Float[Tensor, "batch classes channels"]
Trust = Float[Tensor, "batch time"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the network says of the newest frame of each clip."""

    logits: Float[Tensor, "batch classes height width"]
    """At the size of the frame."""
    auxiliary: Float[Tensor, "batch classes rows columns"]
    """Logits of the regions, for the auxiliary loss; at the size of the features."""
    features: Features
    """y: what the centres of the data set are centres of."""


class Ssltm(nn.Module):
    """Classes per pixel of the newest frame of clips.

    Nothing of a video is kept in the module. Frames are in [0, 1], their sides multiples of ``multiple``.

    Args:
        trunk: Frames -> maps.
        neck: Maps -> features and regions.
        decoder: Features, and the maps of the same frames -> logits.
        attention: How pixels ask vectors of classes.
        fuse: Features and the answer -> features.
        stt: Neighbouring frames -> features that agree; ``None``: each frame for itself.
        centres: Vectors of the data set; ``None``: none.
        centre_attention: How pixels ask those; ``None``: as they ask others, with the same weights.
    """

    multiple = MULTIPLE

    def __init__(
        self,
        trunk: Backbone,
        neck: nn.Module,
        decoder: nn.Module,
        attention: ObjectAttention,
        fuse: Fuse,
        *,
        stt: SpatialTemporalTransformer | None = None,
        centres: Centres | None = None,
        fuse_centres: Fuse | None = None,
        centre_attention: ObjectAttention | None = None,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.neck = neck
        self.stt = stt
        self.attention = attention
        self.fuse = fuse
        self.centres = centres
        self.centre_attention = centre_attention
        self.fuse_centres = fuse_centres
        self.decoder = decoder

    def forward(
        self,
        frames: Clips,
        reference: Float[Tensor, "batch 3 far_height far_width"] | None = None,
        trust: Trust | None = None,
    ) -> Answer:
        """The answer for the last frame of each clip.

        Args:
            frames: The oldest first. One frame is a clip, too.
            reference: A frame of the same video far away, of any size; ``None``: the frame's own context (QFCE).
            trust: As in ``SpatialTemporalTransformer.forward``.

        Raises:
            InputError: Sides that are no multiples.
        """
        frames = frames[:, -self.reach :]
        trust = None if trust is None else trust[:, -self.reach :]
        batch, time = frames.shape[:2]
        maps, seen = self.see(frames.flatten(0, 1))
        features = seen.features
        x = self.agree(features.reshape(batch, time, *features.shape[1:]), trust)
        newest = tuple(m[time - 1 :: time] for m in maps)
        regions = seen.regions[time - 1 :: time]
        if reference is None:
            contexts = gather(x, regions)
        else:
            _, far = self.see(reference)
            contexts = self.context(far)
        y, z = self.ask(x, contexts)
        logits = resized(self.decoder(z, newest), frames)
        return Answer(logits, regions, y)

    @property
    def reach(self) -> int:
        """How many frames, the newest one included, an answer can depend on besides the reference."""
        return self.stt.window[0] if self.stt is not None else 1

    @property
    def stride(self) -> int:
        """Of the features."""
        return self.trunk.strides[cast(Neck, self.neck).level]

    def see(self, frames: Frames) -> tuple[Maps, Seen]:
        """The trunk's maps of single frames, and features and regions.

        Raises:
            InputError: Sides that are no multiples.
        """
        height, width = frames.shape[-2:]
        if height % self.multiple or width % self.multiple:
            raise InputError(
                f"Frames are {height}x{width} (height x width); both sides must be multiples of {self.multiple}. "
                "Pad or crop them."
            )
        maps: Maps = self.trunk(frames)
        return maps, cast(Neck, self.neck)(maps)

    def agree(
        self, clips: Float[Tensor, "batch time channels rows columns"], trust: Trust | None = None
    ) -> Features:
        """Features of the newest frame, having seen those before it."""
        if self.stt is None:
            return clips[:, -1]
        return self.stt.newest(clips, trust)

    def context(self, seen: Seen) -> Contexts:
        """One vector per class of frames that others may refer to: seen alone, so that it depends on nothing else."""
        return gather(self.agree(seen.features[:, None]), seen.regions)

    def ask(
        self, x: Features, contexts: Contexts, begun: bool | None = None
    ) -> tuple[Features, Features]:
        """Features with the context of a reference (y), and with that of the data set, too (z).

        Args:
            x: Of the frames that are answered.
            contexts: One vector per class.
            begun: ``centres.begun``, where that is known.
        """
        y = self.fuse(self.attention(x, contexts), x)
        if self.centres is None or self.fuse_centres is None:
            return y, y
        if not (self.centres.begun if begun is None else begun):
            return y, y
        points, known = self.centres.contexts(len(y))
        attention = self.centre_attention or self.attention
        return y, self.fuse_centres(attention(y, points, known), y)

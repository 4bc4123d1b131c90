"""Networks of scenes that the task ``ssltm`` trains, by the name of their variant. To add one: a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn

from segue.models.interface import SemanticModel
from segue.settings import Settings, load_place, look_up


@runtime_checkable
class SceneAnswer(Protocol):
    """What a network says of the last frame of each clip."""

    @property
    def logits(self) -> Float[Tensor, "batch classes height width"]:
        """At the size of the frames."""
        ...

    @property
    def auxiliary(self) -> Float[Tensor, "batch classes rows columns"] | None:
        """Of a second head, for a second loss; at any size."""
        ...

    @property
    def features(self) -> Float[Tensor, "batch width rows columns"] | None:
        """What centres of the data set are centres of; ``None`` where there are none."""
        ...


def ask(network: nn.Module, frames: Tensor, reference: Tensor | None) -> SceneAnswer:
    """See ``Family.ask``; of networks that are called with clips and references."""
    answer: SceneAnswer = network(frames, reference)
    return answer


@dataclass(frozen=True, slots=True)
class Family:
    """How networks of some variants are made; the places are ``module:attribute``."""

    variant: str
    """``variant(name, values) -> settings``"""
    create: str
    """``create(settings, imagenet=...) -> network``"""
    model: str
    """``model(name, network, settings) -> streaming model``"""
    most_frames: int | None = None
    """Frames of a clip that it looks at; ``None``: the network's own ``reach``."""
    asked: str = "segue.training.tasks.scene_networks:ask"
    """``ask(network, frames, reference) -> SceneAnswer``"""
    extra: str = ""
    """``more_losses(answer, frames) -> losses by name``, of labelled clips; none by default."""

    def settings(self, name: str, values: dict[str, Any]) -> Settings:
        """Of a variant, with some values changed.

        Raises:
            SettingsError: An unknown setting, or a value that does not fit.
        """
        found: Settings = load_place(self.variant)(name, values)
        return found

    def network(self, settings: Settings, *, imagenet: bool) -> nn.Module:
        """A new network.

        Raises:
            WeightsError: The ImageNet weights cannot be had.
        """
        create: Callable[..., nn.Module] = load_place(self.create)
        return create(settings, imagenet=imagenet)

    def clip_length(self, network: nn.Module, wanted: int) -> int:
        """Frames of a clip: those that the network looks at, no more."""
        most = self.most_frames or int(getattr(network, "reach", 1))
        return min(wanted, most)

    def ask(self, network: nn.Module, frames: Tensor, reference: Tensor | None) -> SceneAnswer:
        """The answer for the last frame of each clip.

        Args:
            network: Of this family.
            frames: In [0, 1], ``batch time 3 height width``, the oldest first.
            reference: A frame far away for each clip, ``batch 3 height width``; ``None``: each clip is its own.
        """
        answer: SceneAnswer = load_place(self.asked)(network, frames, reference)
        return answer

    def more_losses(self, answer: SceneAnswer, frames: Tensor) -> dict[str, Tensor]:
        """Losses of labelled clips that only this family has."""
        if not self.extra:
            return {}
        found: dict[str, Tensor] = load_place(self.extra)(answer, frames)
        return found

    def streaming(self, name: str, network: nn.Module, settings: Settings) -> SemanticModel[Any]:
        """The model that goes through videos with a network, as ``segue label`` does."""
        model: SemanticModel[Any] = load_place(self.model)(name, network, settings)
        return model


_SSLTM = Family(
    "segue.models.ssltm.settings:variant",
    "segue.models.ssltm.build:create_network",
    "segue.models.ssltm.model:SsltmModel",
)


def _rival(most_frames: int) -> Family:
    return Family(
        "segue.models.scene_parsing.settings:variant",
        "segue.models.scene_parsing.build:create_network",
        "segue.models.scene_parsing.model:SceneParsingModel",
        most_frames=most_frames,
        asked="segue.training.tasks.scene_rivals:ask",
        extra="segue.training.tasks.scene_rivals:more_losses",
    )


SCENE_NETWORKS: dict[str, Family] = {
    "ssltm": _SSLTM,
    "ssltm-lite": _SSLTM,
    **dict.fromkeys(("pspnet", "ocrnet", "upernet", "deeplabv3plus", "segmenter"), _rival(1)),
    **dict.fromkeys(("etc", "netwarp"), _rival(2)),
    "tcb": _rival(4),
}


def find_family(name: str) -> Family:
    """How the networks of a variant are made.

    Raises:
        SettingsError: There is none of this name; the message names the nearest.
    """
    return look_up(SCENE_NETWORKS, "network of scenes", name)

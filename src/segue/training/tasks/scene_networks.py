"""Networks of scenes that the task ``ssltm`` trains, by the name of their variant. To add one: a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from jaxtyping import Float
from torch import Tensor, nn

from segue.models.interface import SemanticModel
from segue.settings import Settings, load_place, look_up


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


class SceneNetwork(Protocol):
    """Called with clips, the oldest frame first, and a reference frame each; frames are in [0, 1]."""

    def __call__(
        self,
        frames: Float[Tensor, "batch time 3 height width"],
        reference: Float[Tensor, "batch 3 height width"] | None = None,
    ) -> SceneAnswer:
        """The answer for the last frame of each clip; without a reference each frame is its own."""
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """How networks of some variants are made; the places are ``module:attribute``."""

    variant: str
    """``variant(name, values) -> settings``"""
    create: str
    """``create(settings, imagenet=...) -> network``"""
    model: str
    """``model(name, network, settings) -> streaming model``"""
    centres: bool = False
    """Whether it may have centres of classes, see ``segue.models.ssltm.centres``."""

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

    def streaming(self, name: str, network: nn.Module, settings: Settings) -> SemanticModel[Any]:
        """The model that goes through videos with a network, as ``segue label`` does."""
        model: SemanticModel[Any] = load_place(self.model)(name, network, settings)
        return model


_SSLTM = Family(
    "segue.models.ssltm.settings:variant",
    "segue.models.ssltm.build:create_network",
    "segue.models.ssltm.model:SsltmModel",
    centres=True,
)
SCENE_NETWORKS: dict[str, Family] = {"ssltm": _SSLTM, "ssltm-lite": _SSLTM}


def find_family(name: str) -> Family:
    """How the networks of a variant are made.

    Raises:
        SettingsError: There is none of this name; the message names the nearest.
    """
    return look_up(SCENE_NETWORKS, "network of scenes", name)

"""Features of frames on disk, so that runs that begin with the same detector compute each frame once together."""

from segue.models.slowfast.network import SlowFastNetwork
from segue.training.kept_maps import MapStore


class KeptMaps(MapStore):
    """Features of frames; others of the same backbone and size may use them too.

    Args:
        parent: Receives a folder that is named by the backbone and by the size at which it sees frames.
    """

    def begin(self, network: SlowFastNetwork) -> None:
        """The features are those of a network whose backbone does not learn from now on."""
        settings = network.settings
        self.name_by(network.backbone, f"{settings.short_side} {settings.long_side}")

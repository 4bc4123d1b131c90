"""The protocol for two folders of masks from anywhere."""

from segue.evaluation.protocols.vos import ObjectProtocol

FOLDER = ObjectProtocol(
    name="folder",
    summary="any two folders of masks: every id from its first appearance on, all frames",
    layouts=("folder",),
    objects="appearance",
)

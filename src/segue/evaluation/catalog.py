"""The table of protocols: name -> the object that scores. To add one: a file in ``protocols/``, a line here."""

from segue.evaluation.interface import EvaluationProtocol
from segue.settings import load_entry

PROTOCOLS: dict[str, str] = {
    "davis2016": "segue.evaluation.protocols.vos:DAVIS2016",
    "davis2016-all-frames": "segue.evaluation.protocols.vos:DAVIS2016_ALL_FRAMES",
    "davis2017": "segue.evaluation.protocols.vos:DAVIS2017",
    "davis2017-unsupervised": "segue.evaluation.protocols.unsupervised:DAVIS2017_UNSUPERVISED",
    "youtube-vos": "segue.evaluation.protocols.youtube_vos:YOUTUBE_VOS",
    "kitti-mots": "segue.evaluation.protocols.mots:KITTI_MOTS",
    "kitti-mots-by-sequence": "segue.evaluation.protocols.mots:KITTI_MOTS_BY_SEQUENCE",
    "cityscapes": "segue.evaluation.protocols.semantic:CITYSCAPES",
    "vspw": "segue.evaluation.protocols.vspw:VSPW",
    "vspw-by-reference": "segue.evaluation.protocols.vspw:VSPW_BY_REFERENCE",
    "camvid": "segue.evaluation.protocols.semantic:CAMVID",
    "camvid-by-reference": "segue.evaluation.protocols.semantic:CAMVID_BY_REFERENCE",
    "clicks": "segue.evaluation.protocols.clicks:CLICKS",
    "clicks-random": "segue.evaluation.protocols.clicks:CLICKS_RANDOM",
    "clicks-correct": "segue.evaluation.protocols.clicks:CLICKS_CORRECT",
    "clicks-box": "segue.evaluation.protocols.clicks:CLICKS_BOX",
    "folder": "segue.evaluation.protocols.folder:FOLDER",
}


def find_protocol(name: str) -> EvaluationProtocol:
    """The protocol of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    found: EvaluationProtocol = load_entry(PROTOCOLS, "protocol", name)
    return found

"""The table of packers: name -> the object that prepares the archive. To add one: a file here, a line below."""

from segue.evaluation.packing.interface import Packer
from segue.settings import load_entry

PACKERS: dict[str, str] = {
    "davis2017": "segue.evaluation.packing.davis:DAVIS2017",
    "youtube-vos": "segue.evaluation.packing.youtube_vos:YOUTUBE_VOS",
    "kitti-mots": "segue.evaluation.packing.kitti_mots:KITTI_MOTS",
    "cityscapes": "segue.evaluation.packing.cityscapes:CITYSCAPES",
    "cityscapes-train-ids": "segue.evaluation.packing.cityscapes:CITYSCAPES_TRAIN_IDS",
    "vspw": "segue.evaluation.packing.vspw:VSPW",
}


def find_packer(name: str) -> Packer:
    """The packer of a benchmark.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    found: Packer = load_entry(PACKERS, "benchmark", name)
    return found

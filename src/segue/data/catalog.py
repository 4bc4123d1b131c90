"""The table of dataset layouts: name -> the record of the layout.

To add one: a file in this folder that ends with its record, a line here, and a writer with its line in
``segue.synthetic.catalog``. The order is that of help; the most general layout is last.
"""

from segue.data.layout import Layout
from segue.settings import load_entry

LAYOUTS: dict[str, str] = {
    "davis2016": "segue.data.davis:DAVIS2016",
    "davis2017": "segue.data.davis:DAVIS2017",
    "davis2017-unsupervised": "segue.data.davis:DAVIS2017_UNSUPERVISED",
    "youtube-vos-2018": "segue.data.youtube_vos:YOUTUBE_VOS_2018",
    "youtube-vos-2019": "segue.data.youtube_vos:YOUTUBE_VOS_2019",
    "kitti-mots": "segue.data.kitti_mots:KITTI_MOTS",
    "mots-challenge": "segue.data.mots_challenge:MOTS_CHALLENGE",
    "cityscapes": "segue.data.cityscapes:CITYSCAPES",
    "vspw": "segue.data.vspw:VSPW",
    "camvid": "segue.data.camvid:CAMVID",
    "folder": "segue.data.folder:FOLDER",
}


def find_layout(name: str) -> Layout:
    """The layout of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    found: Layout = load_entry(LAYOUTS, "layout", name)
    return found

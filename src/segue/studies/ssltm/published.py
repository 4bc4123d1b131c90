"""What the supplement prints of table 1: mIoU in percent on VSPW with Swin-S, and millions of parameters.

Figures 1, 3 and 4 are printed without numbers.
"""

from collections.abc import Mapping

MEAN_IOU: Mapping[str, float] = {
    "deeplabv3plus": 37.48,
    "upernet": 39.49,
    "pspnet": 38.18,
    "ocr": 39.56,
    "segmenter": 39.94,
    "etc": 40.82,
    "netwarp": 40.22,
    "tcb": 41.42,
    "ssltm": 43.11,
    "ssltm-teacher": 44.37,
}

MILLIONS: Mapping[str, str] = {
    "deeplabv3plus": "59.5 M",
    "upernet": "58.1 M",
    "pspnet": "64.1 M",
    "ocr": "55.5 M",
    "segmenter": "57.8 M",
    "etc": "55.5 M",
    "netwarp": "55.5 M",
    "tcb": "55.5 M",
    "ssltm": "59.3 M",
    "ssltm-teacher": "59.3 M",
}

"""What the paper prints: tables 1 to 3, and what its text says of figures 1 and 8."""

from collections.abc import Mapping

Printed = Mapping[str, float]
"""By the key of a measure: percent, and frames per second on the authors' card."""


def _davis(dv17: float, dv16: float, fps: float, **more: float) -> Printed:
    return {"davis2017": dv17, "davis2016": dv16, "fps": fps, **more}


OTHERS: Mapping[str, Printed] = {
    "OnAVOS": _davis(67.9, 85.5, 0.08),
    "OSVOS-S": _davis(68.0, 86.5, 0.22),
    "STM": _davis(81.8, 89.3, 6.25),
    "GC": _davis(71.4, 86.6, 25.0),
    "OSMN": _davis(54.8, 73.5, 7.69),
    "RANet": _davis(65.7, 85.5, 30.3),
    "A-GAME": _davis(70.0, 82.1, 14.3),
    "FEELVOS": _davis(71.5, 81.7, 2.22),
    "SiamMask": _davis(56.4, 69.8, 55.0),
    "DTN": _davis(67.4, 83.6, 14.3),
    "FRTM": _davis(76.7, 83.5, 21.9),
    "FRTM-fast": _davis(70.2, 78.5, 41.3),
    "TTVOS": _davis(67.8, 83.8, 39.6),
}
"""Table 1: models without a gate, by name."""

GATED: Mapping[tuple[str, float], Printed] = {
    ("g-frtm", 1.0): _davis(76.4, 84.3, 18.2),
    ("g-frtm", 0.7): _davis(74.3, 82.3, 28.1),
    ("g-frtm-fast", 1.0): _davis(71.7, 80.9, 37.6, reuse=0.0),
    ("g-frtm-fast", 0.7): _davis(69.9, 80.5, 58.0, reuse=47.5),
    ("g-ttvos", 0.7): _davis(66.5, 83.5, 49.1),
}
"""Table 1: gated models by threshold; reuse rates from the text, on DAVIS-16."""

ABLATIONS: Mapping[tuple[str, float], Printed] = {
    ("translate", 1.0): _davis(71.7, 80.9, 37.8, reuse=0.0),
    ("translate", 0.7): _davis(69.6, 80.5, 58.0, reuse=47.5),
    ("translate", 0.5): _davis(66.5, 78.7, 68.2),
    ("translate", 0.1): _davis(56.5, 72.0, 78.1, reuse=95.4),
    ("fusion", 0.7): _davis(69.0, 79.6, 61.8),
    ("fusion", 0.5): _davis(63.7, 75.0, 77.7),
    ("copy", 0.7): _davis(63.3, 72.4, 75.6),
    ("copy", 0.5): _davis(52.6, 60.3, 100.8),
    ("copy", 0.1): _davis(31.2, 34.8, 150.2),
}
"""Table 2: G-FRTM-fast by path and threshold; reuse rates from the text, on DAVIS-16."""

FAST = _davis(71.7, 81.3, 40.1)
"""Table 2: FRTM-fast, trained as the gated one."""
FAST_REDUCED = _davis(66.1, 78.6, 48.6)
"""Table 2: FRTM-fastR, with fewer channels."""
NUMBER_OF_GATES = _davis(61.3, 76.5, 37.8)
"""Table 2: the gate trained for a fixed share of reused frames."""

SIMILAR = 73.3
"""Figure 1: percent of successive masks of DAVIS-17 whose IoU is above 0.7."""

_SEEN = ("G", "J_seen", "J_unseen", "F_seen", "F_unseen")

YOUTUBE: Mapping[str, Printed] = {
    name: dict(zip(_SEEN, values, strict=False))
    for name, values in {
        "OnAVOS": (55.2, 60.1, 46.1, 62.7, 51.4),
        "OSVOS": (58.8, 59.8, 54.2, 60.5, 60.7),
        "S2S": (64.4, 71.0, 55.5, 70.0, 61.2),
        "PreMVOS": (66.9, 71.4, 56.5),
        "STM": (79.4, 79.7, 72.8, 84.2, 80.9),
        "GC": (73.2, 72.6, 68.9, 75.6, 75.7),
        "A-GAME": (66.1, 67.8, 60.8, 69.5, 66.2),
        "RVOS": (56.8, 63.6, 45.5, 67.2, 51.0),
        "FRTM-fast": (65.7, 68.6, 58.4, 71.3, 64.5),
        "FRTM-fast*": (61.9, 67.0, 52.6, 69.5, 58.6),
        "G-FRTM-fast*": (62.3, 66.7, 55.3, 67.2, 60.0),
    }.items()
}
"""Table 3; with a star: trained as the gate, and with the changed training of the gate (at 0.6)."""

YOUTUBE_GATED: Mapping[float, Printed] = {
    1.0: dict(zip(_SEEN, (60.9, 65.1, 53.0, 66.7, 58.8), strict=True)),
    0.6: dict(zip(_SEEN, (60.3, 64.3, 53.1, 65.2, 58.6), strict=True)) | {"reuse": 25.0},
}
"""Table 3: G-FRTM-fast by threshold; the reuse rate from the text."""

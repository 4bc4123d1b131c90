"""The textures of the world by name. Most are light grey, to be coloured by the surface that wears them."""

from collections.abc import Iterable

import numpy as np

from segue.synthetic.texture import (
    Levels,
    Maker,
    Texture,
    blend,
    grey,
    noise,
    over,
    steepen,
)

_SIDE = 128
_VERSIONS = 3


def _rough(rng: np.random.Generator, low: int, high: int, side: int = _SIDE) -> Texture:
    cells = int(rng.integers(4, 9))
    return grey(noise(rng, side, (cells, cells), 5), low, high)


def _asphalt(rng: np.random.Generator) -> Texture:
    grain = noise(rng, 256, (128, 128)) // 2 + noise(rng, 256, (5, 5), 3) // 2
    return grey(grain, 120, 235)


def _grass(rng: np.random.Generator) -> Texture:
    blades = noise(rng, _SIDE, (16, 64), 2) // 2 + noise(rng, _SIDE, (4, 4), 3) // 2
    return blend((50, 82, 30), (176, 196, 112), steepen(blades, 128, 2))


def _leaves(rng: np.random.Generator) -> Texture:
    clumps = noise(rng, _SIDE, (11, 11)) // 3 + noise(rng, _SIDE, (28, 28), 2) * 2 // 3
    return blend((34, 52, 24), (190, 215, 130), steepen(clumps, 125, 3))


def _bark(rng: np.random.Generator) -> Texture:
    return blend((70, 54, 42), (175, 150, 125), steepen(noise(rng, _SIDE, (5, 40), 2), 128, 2))


def _grid(
    rows: int, columns: int, shift: int, gap: int, side: int = _SIDE
) -> tuple[Levels, Levels]:
    """Number of the brick at each texel, and 255 where there is mortar; odd rows are shifted."""
    down, across = np.indices((side, side), np.int32)
    row = down * rows // side
    moved = (across + (row % 2) * shift) % side
    column = moved * columns // side
    joint = (down * rows % side < gap * rows) | (moved * columns % side < gap * columns)
    return row * columns + column, joint * np.int32(255)


def _laid(
    rng: np.random.Generator, rows: int, columns: int, shift: int, gap: int, joint: int
) -> Texture:
    """Bricks, slabs or planks: pieces of varied brightness with joints between them."""
    piece, mortar = _grid(rows, columns, shift, gap)
    levels = rng.integers(60, 230, rows * columns, np.int32)[piece]
    face = levels // 2 + noise(rng, _SIDE, (12, 12), 3) // 2
    return over(grey(face, 130, 245), grey(mortar * 0, joint, joint), mortar)


def _bricks(rng: np.random.Generator) -> Texture:
    return _laid(rng, 16, 8, 8, 1, 205)


def _slabs(rng: np.random.Generator) -> Texture:
    return _laid(rng, 4, 4, 16, 1, 95)


def _planks(rng: np.random.Generator) -> Texture:
    return _laid(rng, 1, 8, 0, 2, 60)


def _stones(rng: np.random.Generator) -> Texture:
    return _laid(rng, 8, 5, 13, 2, 110)


def _facade(rng: np.random.Generator) -> Texture:
    """A wall with windows: two floors high, two to four windows wide, 256 texels for 6.4 metres."""
    side = 256
    columns = int(rng.integers(2, 5))
    down, across = np.indices((side, side), np.int32)
    cell_x, cell_y = across * columns % side // columns, down % 128
    width = int(rng.uniform(0.4, 0.75) * side / columns)
    left = (side // columns - width) // 2
    top, height = int(rng.integers(22, 38)), int(rng.integers(58, 86))
    inner = _frame(cell_x, cell_y, left, top, width, height)
    outer = _frame(cell_x, cell_y, left - 4, top - 4, width + 8, height + 8)
    bars = inner & ((abs(cell_x - left - width // 2) < 2) | (abs(cell_y - top - height // 3) < 2))
    wall = _rough(rng, 165, 235, side)
    if rng.random() < 0.4:
        wall = np.tile(_bricks(rng), (2, 2, 1))
    window = (down // 128) * columns + across * columns // side
    glass = rng.integers(0, 150, 2 * columns, np.int32)[window] + (cell_y - top)
    panes = blend((24, 32, 42), (140, 160, 178), np.clip(glass, 0, 255))
    ledge = (cell_y > 122 if rng.random() < 0.6 else cell_y < 0) * np.int32(255)
    trim = int(rng.integers(90, 256))
    plain = grey(ledge * 0, trim, trim)
    texture = over(wall, plain, ledge)
    texture = over(texture, plain, outer * 255)
    texture = over(texture, panes, inner * 255)
    return over(texture, plain, bars * 255)


def _frame(x: Levels, y: Levels, left: int, top: int, width: int, height: int) -> Levels:
    inside = (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
    return inside.astype(np.int32)


def _shops(rng: np.random.Generator) -> Texture:
    """A ground floor: shop windows below a band of colour."""
    side = 256
    down, across = np.indices((side, side), np.int32)
    inner = _frame(across % 128, down, 12, 76, 104, 150)
    things = noise(rng, side, (10, 14), 3)
    panes = blend((20, 24, 30), (190, 170, 140), steepen(things, 150, 2))
    colours = rng.integers(30, 230, (2, 3))
    band = (across >= 128) * np.int32(255)
    bands = blend(colours[0].tolist(), colours[1].tolist(), band)
    letters = steepen(noise(rng, side, (18, 40)), 150, 8)
    letters = letters * _frame(across % 128, down, 14, 36, 100, 18)
    texture = over(_rough(rng, 90, 190, side), panes, inner * 255)
    texture = over(texture, bands, _frame(across % 128, down, 4, 26, 120, 38) * 255)
    return over(texture, grey(band * 0, 245, 245), letters)


def _sky(rng: np.random.Generator) -> Texture:
    """Clouds over a clear sky; lighter towards the lower edge, where the horizon is."""
    down = np.indices((256, 256), np.int32)[0]
    deep = rng.integers((70, 120, 175), (130, 170, 225)).tolist()
    clear = blend(deep, (218, 229, 240), down)
    clouds = steepen(noise(rng, 256, (6, 4), 5), int(rng.integers(100, 190)), 3)
    return over(clear, grey(noise(rng, 256, (8, 6), 4), 200, 255), clouds * 3 // 4)


def _water(rng: np.random.Generator) -> Texture:
    return blend((22, 78, 110), (120, 190, 205), noise(rng, _SIDE, (10, 4), 3))


def _spots(rng: np.random.Generator) -> Texture:
    cells = int(rng.integers(6, 13))
    return grey(steepen(noise(rng, _SIDE, (cells, cells)), int(rng.integers(110, 150)), 8), 60, 240)


def _stripes(rng: np.random.Generator) -> Texture:
    down, across = np.indices((_SIDE, _SIDE), np.int32)
    bend = noise(rng, _SIDE, (4, 4)) // int(rng.integers(5, 12))
    count = int(rng.integers(4, 9))
    wave = (across * count + down + bend * 4) % _SIDE * 510 // _SIDE
    return grey(steepen(np.minimum(wave, 510 - wave), 128, 6), 50, 240)


def _checks(rng: np.random.Generator) -> Texture:
    down, across = np.indices((_SIDE, _SIDE), np.int32) // int(rng.choice([8, 16, 32]))
    return over(_rough(rng, 180, 240), _rough(rng, 50, 110), 255 * ((down + across) % 2))


def _knit(rng: np.random.Generator) -> Texture:
    return grey(noise(rng, _SIDE, (64, 32)) // 3 + noise(rng, _SIDE, (6, 6), 3) * 2 // 3, 120, 245)


def _fur(rng: np.random.Generator) -> Texture:
    return grey(noise(rng, _SIDE, (12, 48), 2) // 2 + noise(rng, _SIDE, (5, 3), 2) // 2, 70, 250)


def _paint(rng: np.random.Generator) -> Texture:
    return grey(noise(rng, _SIDE, (3, 3), 3), 190, 240)


def _glass(rng: np.random.Generator) -> Texture:
    return blend((18, 22, 28), (150, 170, 185), steepen(noise(rng, _SIDE, (3, 4), 2), 150, 2))


def _strokes(rng: np.random.Generator) -> Texture:
    """Dark signs on light ground, as on a sign or a plate."""
    return grey(255 - steepen(noise(rng, _SIDE, (14, 14)), 150, 10), 20, 245)


MATERIALS: dict[str, Maker] = {
    "asphalt": _asphalt, "bark": _bark, "bricks": _bricks, "checks": _checks, "facade": _facade,
    "fur": _fur, "glass": _glass, "grass": _grass, "knit": _knit, "leaves": _leaves, "paint": _paint,
    "planks": _planks, "rough": lambda rng: _rough(rng, 130, 240), "shops": _shops, "sky": _sky,
    "slabs": _slabs, "spots": _spots, "stones": _stones, "stripes": _stripes, "strokes": _strokes,
    "water": _water,
}  # fmt: skip
"""How each material is drawn."""


def pick(rng: np.random.Generator, *names: str) -> str:
    """One of the versions of one of the materials, such as "facade 2"."""
    return f"{names[rng.integers(len(names))]} {rng.integers(_VERSIONS)}"


def draw_materials(seed: int, chosen: Iterable[str]) -> dict[str, Texture]:
    """The textures of the chosen materials; each has its own seed, so it does not depend on the others."""
    textures = {}
    for name in sorted(set(chosen) - {""}):
        kind, version = name.split()
        rng = np.random.default_rng([seed, sorted(MATERIALS).index(kind), int(version)])
        textures[name] = MATERIALS[kind](rng)
    return textures

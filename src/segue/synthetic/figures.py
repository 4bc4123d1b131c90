"""People, animals and things: figures cut from flat parts that bend and swing. Their feet or middle are the origin."""

from dataclasses import replace

import numpy as np

from segue.synthetic.materials import pick
from segue.synthetic.scene import WORLD_CLASSES
from segue.synthetic.shapes import blob, cushion, disc, divide, limb, upright
from segue.synthetic.stage import Colour, Points, Ripple, Surface, Swing

Figure = tuple[Surface, ...]

SKIN: tuple[Colour, ...] = ((1.05, 0.82, 0.68), (0.85, 0.62, 0.48), (0.55, 0.38, 0.28))


def class_of(name: str) -> int:
    """Index of a class in ``WORLD_CLASSES``; 0 (void) for any other name."""
    return WORLD_CLASSES.index(name) if name in WORLD_CLASSES else 0


def draw_colour(rng: np.random.Generator, low: float = 0.15, high: float = 1.1) -> Colour:
    """A colour, grey or bright."""
    grey = rng.uniform(low, high)
    red, green, blue = grey + (rng.uniform(low, high, 3) - grey) * rng.uniform(0, 1.2)
    return (max(red, 0.08), max(green, 0.08), max(blue, 0.08))


def shaded(colour: Colour, light: float) -> Colour:
    """The colour in other light."""
    red, green, blue = colour
    return (light * red, light * green, light * blue)


def part(outline: Points, material: str, colour: Colour, turn: Swing | None = None) -> Surface:
    """A part of a figure, lighter towards its upper left."""
    reach = float(np.abs(outline - outline.mean(axis=0)).max())
    middle = outline.mean(axis=0)
    tilt = 0.25 / reach
    # The gradient counts from the origin of the surface: the frame is moved to the middle of the part.
    return Surface(
        (outline - middle,),
        upright(*middle),
        material,
        colour,
        density=60.0,
        gradient=(-tilt * 0.8, tilt),
        swing=turn and replace(turn, joint=tuple(turn.joint - middle)),
        two_sided=True,
    )


def owned(figure: Figure, thing: int, class_id: int) -> Figure:
    """The figure as an object of a scene."""
    return tuple(replace(surface, thing=thing, class_id=class_id) for surface in figure)


def shadow_of(figure: Figure, right: float, up: float) -> Figure:
    """The same outlines as shadows, shifted: what the figure casts on a wall behind it."""
    shift = np.array([[0, 0, right], [0, 0, up], [0, 0, 0]])
    return tuple(
        replace(surface, frame=surface.frame + shift, shadow=True, thing=0) for surface in figure
    )


def person(rng: np.random.Generator, stride: float) -> Figure:
    """A person of 1.6 to 1.9 metres; ``stride`` is the angle of legs and arms in radians."""
    scale = rng.uniform(0.9, 1.08)
    shirt, trousers, skin = draw_colour(rng), draw_colour(rng, 0.1, 0.7), SKIN[rng.integers(3)]
    cloth, below = pick(rng, "knit", "stripes", "checks", "knit"), pick(rng, "knit", "rough")
    speed, start = rng.uniform(0.35, 0.7), rng.uniform(0, 2 * np.pi)
    broad = rng.uniform(0.8, 1.08)

    def swing(sign: float, x: float, y: float, share: float = 1.0) -> Swing:
        return Swing(sign * stride * share, speed, start, (x * scale, y * scale))

    def leg(x: float, sign: float) -> Surface:
        outline = np.array(
            [
                (-0.1, 0.92),
                (0.1, 0.92),
                (0.08, 0.5),
                (0.06, 0.1),
                (0.19, 0.06),
                (0.19, 0),
                (-0.07, 0),
            ]
        )
        return part((outline + np.array((x, 0))) * scale, below, trousers, swing(sign, x, 0.88))

    def arm(x: float, sign: float) -> Surface:
        outline = limb((x, 1.42), (x * 1.25, 0.86), 0.07, 0.045) * scale
        return part(outline, cloth, shirt, swing(sign, x, 1.42, 0.8))

    side = 0.21 * broad
    darker = shaded(shirt, 0.75)
    torso = cushion(0.44 * broad, 0.66, (0.0, 1.17)) * scale
    head = disc(0.115, (0.01, 1.62), 1.2) * scale
    hair = head[(head - head.mean(axis=0)) @ (0.35, 1.0) > 0.01]
    parts = [arm(-side, 1.0), leg(-0.07, -1.0), leg(0.07, 1.0), part(torso, cloth, shirt)]
    if rng.random() < 0.3:
        parts[1:3] = [
            *parts[1:3],
            part(limb((0.0, 1.0), (0.0, 0.5), 0.2, 0.3) * scale, cloth, shirt),
        ]
    if rng.random() < 0.3:
        parts.append(part(cushion(0.3, 0.42, (-0.06, 1.25)) * scale, "rough 0", draw_colour(rng)))
    parts += [
        part(head, "paint 0", skin),
        part(hair, "fur 0", draw_colour(rng, 0.1, 0.7)),
        replace(arm(side, -1.0), colour=darker),
    ]
    return tuple(parts)


def animal(rng: np.random.Generator) -> Figure:
    """A four-legged animal, about a metre high, walking to the right."""
    coat, colour = pick(rng, "fur", "spots", "stripes", "fur"), draw_colour(rng, 0.35, 1.1)
    far = shaded(colour, 0.65)
    long, high, thick = rng.uniform(0.45, 0.7), rng.uniform(0.45, 0.75), rng.uniform(0.2, 0.3)
    speed, start, stride = rng.uniform(0.3, 0.7), rng.uniform(0, 6.3), rng.uniform(0.25, 0.5)
    neck = (long * rng.uniform(1.0, 1.25), high + rng.uniform(0.15, 0.6))

    def leg(x: float, sign: float, shade: Colour) -> Surface:
        turn = Swing(sign * stride, speed, start, (x, high))
        return part(limb((x, high), (x, 0.05), 0.09, 0.05), coat, shade, turn)

    nod = Swing(rng.uniform(0.05, 0.25), speed / 2, start, (long * 0.8, high))
    wag = Swing(rng.uniform(0.2, 0.6), speed * 1.5, start, (-long, high))
    tail = (-long - rng.uniform(0.2, 0.5), high + rng.uniform(-0.4, 0.3))
    ear = (neck[0] - 0.07, neck[1] + 0.24)
    body = blob(rng, (long, thick), (0.0, high), 3, 0.08)
    return (
        part(limb((-long * 0.9, high + 0.05), tail, 0.05, 0.025), coat, colour, wag),
        leg(-long * 0.7, 1.0, far),
        leg(long * 0.65, -1.0, far),
        part(body, coat, colour),
        leg(-long * 0.75, -1.0, colour),
        leg(long * 0.7, 1.0, colour),
        part(limb((long * 0.75, high), neck, 0.15, 0.1), coat, colour, nod),
        part(limb(neck, (neck[0] + 0.22, neck[1] - 0.06), 0.14, 0.08), coat, colour, nod),
        part(limb((neck[0] - 0.03, neck[1] + 0.06), ear, 0.06, 0.02), coat, far, nod),
        part(disc(0.022, (neck[0] + 0.06, neck[1] + 0.04)), "glass 0", (0.2, 0.2, 0.2), nod),
    )


def bird(rng: np.random.Generator) -> Figure:
    """A bird in flight to the right, about a metre long, beating its wings."""
    coat, colour = pick(rng, "fur", "spots", "rough"), draw_colour(rng, 0.3, 1.1)
    wing_colour, far = draw_colour(rng, 0.3, 1.0), shaded(colour, 0.6)
    speed, start = rng.uniform(0.2, 0.5), rng.uniform(0, 6.3)
    span = rng.uniform(0.55, 0.8)

    def wing(lean: float, shade: Colour, sign: float) -> Surface:
        beat = Swing(sign * rng.uniform(0.4, 0.8), speed, start, (0.0, 0.05))
        outline = np.array(
            [(-0.2, 0.03), (0.2, 0.05), (0.05 + lean, span), (-0.28 + lean, span * 0.8)]
        )
        return part(divide(outline, 0.1), coat, shade, beat)

    tail = np.array([(-0.35, 0.0), (-0.8, 0.12), (-0.75, -0.12)])
    beak = np.array([(0.55, 0.15), (0.55, 0.07), (0.72, 0.09)])
    return (
        wing(0.15, far, 1.0),
        part(tail, coat, far),
        part(blob(rng, (0.45, 0.17), (0.0, 0.0), 2, 0.06), coat, colour),
        part(disc(0.13, (0.46, 0.11)), coat, colour),
        part(beak, "paint 0", (1.1, 0.7, 0.2)),
        part(disc(0.02, (0.5, 0.15)), "glass 0", (0.2, 0.2, 0.2)),
        wing(-0.05, wing_colour, -1.0),
    )


def fish(rng: np.random.Generator) -> Figure:
    """A fish that swims to the right; a wave runs through all of it."""
    coat, colour = pick(rng, "stripes", "spots", "checks", "fur"), draw_colour(rng, 0.4, 1.2)
    high, fin = rng.uniform(0.18, 0.36), draw_colour(rng, 0.3, 1.1)
    ripple = Ripple(
        (0.02, rng.uniform(0.03, 0.08)), (3.0, rng.uniform(3, 6)), (0.0, rng.uniform(0, 6.3)),
        rng.uniform(0.25, 0.6),
    )  # fmt: skip
    tail = np.array([(-0.45, 0.05), (-0.9, 0.32), (-0.78, 0), (-0.9, -0.32), (-0.45, -0.05)])
    back = np.array([(-0.3, high * 0.7), (0.05, high + 0.22), (0.3, high * 0.6)])
    parts = (
        part(divide(tail, 0.05), coat, fin),
        part(divide(back, 0.05), coat, fin),
        part(blob(rng, (0.6, high), (0.0, 0.0), 2, 0.05), coat, colour),
        part(disc(0.05, (0.42, high * 0.25)), "paint 0", (1.1, 1.1, 1.1)),
        part(disc(0.025, (0.43, high * 0.25)), "glass 0", (0.1, 0.1, 0.1)),
    )
    return tuple(_rippling(surface, ripple) for surface in parts)


def _rippling(surface: Surface, ripple: Ripple) -> Surface:
    """The surface with a ripple that is one over all parts of a figure."""
    (outline,), middle = surface.outlines, surface.frame[:2, 2]
    return replace(
        surface, outlines=(outline + middle,), frame=upright(), gradient=(-0.3, 0.6), ripple=ripple
    )


def ball(rng: np.random.Generator) -> Figure:
    """A ball of half a metre; it turns with its body."""
    coat = pick(rng, "stripes", "checks", "spots", "strokes")
    return (replace(part(disc(0.27), coat, draw_colour(rng, 0.4, 1.2)), gradient=(0.0, 0.0)),)


def toy(rng: np.random.Generator) -> Figure:
    """A soft thing without a name that bends in waves, with smaller ones grown to it."""
    ripple = Ripple(
        tuple(rng.uniform(0.03, 0.1, 2)), tuple(rng.uniform(2, 6, 2)), tuple(rng.uniform(0, 6, 2)),
        rng.uniform(0.1, 0.4),
    )  # fmt: skip
    coat, colour = (
        pick(rng, "knit", "spots", "checks", "fur", "stripes"),
        draw_colour(rng, 0.3, 1.2),
    )
    size = tuple(rng.uniform(0.3, 0.6, 2))
    parts = []
    for _ in range(int(rng.integers(0, 4))):
        angle = rng.uniform(0, 2 * np.pi)
        centre = (0.9 * size[0] * np.cos(angle), 0.9 * size[1] * np.sin(angle))
        knob = blob(rng, tuple(rng.uniform(0.12, 0.25, 2)), centre, 3, 0.1)
        parts.append(part(knob, coat, draw_colour(rng, 0.3, 1.2)))
    parts.append(part(blob(rng, size, (0.0, 0.0), 6, 0.25), coat, colour))
    return tuple(_rippling(surface, ripple) for surface in parts)

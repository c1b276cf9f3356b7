"""Faces painted part by part, from the back to the front."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...errors import UserError, at_least
from .canvas import Canvas, arc, box, ellipse
from .factors import check_factors
from .looks import Looks, looks_of

# the smallest and the largest height of an image, in pixels
HEIGHTS = (32, 256)

# the head's middle in an image, and half its height, as shares of the image's height
MIDDLE = 0.52
HALF_HEAD = 0.335

# the head's half height, in units
CHIN = 1.0

# how many images are painted at once: their planes stay in the processor's cache
AT_ONCE = 64

WHITE = torch.ones(1, 3, 1, 1)
GOLD = torch.tensor([0.93, 0.76, 0.25])[:, None, None]
INK = torch.tensor([0.16, 0.12, 0.14])[:, None, None]
LIPS = torch.tensor([0.72, 0.25, 0.27])[:, None, None]
BLUSH = torch.tensor([0.93, 0.36, 0.38])[:, None, None]
INSIDE_MOUTH = torch.tensor([0.38, 0.09, 0.12])[:, None, None]


def draw_faces(factors: Tensor, size: tuple[int, int] = (64, 48)) -> Tensor:
    """Images of factors.

    Args:
        factors: (n, F), whole numbers, in the order of FACTORS.
        size: (height, width) in pixels: height 32 … 256, width 0.7 … 2 times the height.
    Returns:
        (n, 3, height, width) uint8, with smooth edges.
    Raises:
        UserError: factors of another shape or out of range, a size out of range.
    """
    check_factors(factors)
    _check_size(size)
    images = torch.empty(len(factors), 3, *size, dtype=torch.uint8)
    for start in range(0, len(factors), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        painted = _paint(looks_of(factors[rows]), size)
        images[rows] = painted.mul_(255).round_().clamp_(0, 255).to(torch.uint8)
    return images


def _check_size(size: tuple[int, int]) -> None:
    height, width = size
    at_least("the height in size", height, *HEIGHTS)
    least = math.ceil(0.7 * height)
    if not least <= width <= 2 * height:
        raise UserError(
            f"a face {height} pixels high needs a width of {least} … {2 * height}, "
            f"got {width}; size is (height, width)"
        )


def _paint(looks: Looks, size: tuple[int, int]) -> Tensor:
    """Float images in [0, 1], (n, 3, H, W)."""
    canvas = _blank(looks, size)

    _where(~looks.bald, _hair_behind, canvas, looks)
    _body(canvas, looks)
    _ears(canvas, looks)
    _head(canvas, looks)
    _where(looks.rosy, _blush, canvas, looks)
    _where(looks.earrings, _earrings, canvas, looks)
    _where(looks.wrinkles > 0, _wrinkles, canvas, looks)
    _eyes(canvas, looks)
    _nose(canvas, looks)
    _mouth(canvas, looks)
    _where(looks.mustache, _mustache, canvas, looks)
    _where(looks.goatee, _goatee, canvas, looks)
    _where(looks.glasses, _glasses, canvas, looks)
    _where(looks.bald, _gleam, canvas, looks)
    _where(~looks.bald, _hair_in_front, canvas, looks)
    _brows(canvas, looks)
    _where(looks.hat, _hat, canvas, looks)
    return canvas.image


def _where(
    flag: Tensor, part: Callable[[Canvas, Looks], None], canvas: Canvas, looks: Looks
) -> None:
    """Paint a part on those faces alone that have it: that is faster."""
    rows = flag.flatten().nonzero().flatten()
    if len(rows):
        chosen = canvas.of(rows)
        part(chosen, looks.of(rows))
        canvas.image[rows] = chosen.image


def _blank(looks: Looks, size: tuple[int, int]) -> Canvas:
    """The background, and each pixel's place in the frame of the tilted head."""
    height, width = size
    scale = HALF_HEAD * height
    row = MIDDLE * height
    column = width / 2
    down = ((torch.arange(height) + 0.5 - row) / scale)[:, None]
    right = ((torch.arange(width) + 0.5 - column) / scale)[None, :]

    cosine = looks.tilt.cos()
    sine = looks.tilt.sin()
    # the head turns about the neck
    pivot = 0.8
    u = cosine * right + sine * (down - pivot)
    v = pivot + cosine * (down - pivot) - sine * right

    brightness = 1.03 - 0.10 * down + 0.06 * looks.light * right
    image = (looks.background * brightness).clamp_(0, 1)
    return Canvas(image, u, v, scale, (row, column))


def _features(canvas: Canvas, looks: Looks, top: float, bottom: float) -> Canvas:
    """A strip of the face whose middle moves as the head turns and nods."""
    return canvas.window(top, bottom, -1.15, 1.15).moved(looks.turn, looks.nod)


def _hair_behind(canvas: Canvas, looks: Looks) -> None:
    """What falls behind the head: a round top, and two straight sides."""
    colour = 0.72 * looks.hair
    half = looks.half_width + 0.15
    above = canvas.window(-1.45, 0.9, -3, 3)
    above.paint(ellipse(above.u, above.v + 0.22, half, 0.95), colour)

    # long hair widens downwards, and ends round
    below = canvas.window(-0.6, 1.7, -3, 3)
    fall = looks.hair_end + 0.22
    lower = below.v - looks.hair_end + fall / 2
    sides = box(below.u, lower, half - 0.16 + 0.08 * lower, fall / 2 - 0.14, round=0.14)
    below.paint(sides, colour)


def _body(canvas: Canvas, looks: Looks) -> None:
    part = canvas.window(0.55, 3, -3, 3)
    neck = box(part.u, part.v - 1.1, 0.30, 0.45)
    part.paint(neck, 0.82 * looks.skin)
    shoulders = ellipse(part.u, part.v - 1.95, 1.25, 0.85)
    part.paint(shoulders, looks.clothes)
    collar = ellipse(part.u, part.v - 1.22, 0.36, 0.26)
    part.paint(collar, 0.82 * looks.skin)


def _ears(canvas: Canvas, looks: Looks) -> None:
    part = canvas.window(-0.4, 0.8, -1.25, 1.25)
    side = part.u.abs() - looks.half_width - 0.02
    part.paint(ellipse(side, part.v - 0.05, 0.12, 0.19), 0.88 * looks.skin)


def _earrings(canvas: Canvas, looks: Looks) -> None:
    part = canvas.window(0.1, 0.75, -1.25, 1.25)
    side = part.u.abs() - looks.half_width - 0.05
    part.paint(ellipse(side, part.v - 0.37, 0.10, 0.10), GOLD)


def _head(canvas: Canvas, looks: Looks) -> None:
    part = canvas.window(-1.3, 1.35, -1.15, 1.15)
    # narrower towards the chin
    half = looks.half_width * (1 - 0.20 * part.v.clamp(0, 1).square())
    outline = ellipse(part.u, part.v, half, CHIN)
    shade = 1 + 0.16 * looks.light * part.u - 0.05 * part.v
    part.paint(outline, (looks.skin * shade).clamp(0, 1))
    # its edge turns away from the light
    edge = (outline + 0.09 + 0.07 * looks.light * part.u).mul_(5).clamp_(0, 0.35)
    part.paint(outline, 0.55 * looks.skin, edge)


def _blush(canvas: Canvas, looks: Looks) -> None:
    part = _features(canvas, looks, -0.2, 0.7)
    cheek = ((part.u.abs() - 0.42) / 0.17).square() + ((part.v - 0.26) / 0.13).square()
    blush = torch.exp(-cheek).mul_(0.75)
    part.image.lerp_(BLUSH.expand_as(part.image), blush)


def _wrinkles(canvas: Canvas, looks: Looks) -> None:
    """Two lines on the forehead, a fold from each side of the nose to the mouth."""
    line = 0.6 * looks.skin
    forehead = _features(canvas, looks, -0.85, -0.2)
    for height in (-0.60, -0.48):
        frown = arc(forehead.u, forehead.v - height, -0.18, 0.36) - 0.022
        forehead.paint(frown, line, looks.wrinkles)
    cheeks = _features(canvas, looks, -0.1, 0.85)
    side = cheeks.u.abs()
    fold = arc(cheeks.v - 0.42, side - 0.33, 0.9, 0.17)
    bag = arc(side - 0.34, cheeks.v - 0.12, 0.9, 0.12)
    cheeks.paint(torch.minimum(fold, bag) - 0.024, line, looks.wrinkles)


def _eyes(canvas: Canvas, looks: Looks) -> None:
    part = _features(canvas, looks, -0.55, 0.4)
    u = part.u.abs() - 0.34
    v = part.v + 0.06
    white = ellipse(u, v, 0.155, looks.opening)
    # the lid is darker above the eye
    lid = ellipse(u, v + 0.03, 0.165, looks.opening + 0.01)
    part.paint(lid, 0.35 * looks.skin)
    part.paint(white, WHITE)
    # both irises look to the same side as the head
    aside = part.u - part.u.sign() * 0.34 - 0.15 * looks.turn
    iris = torch.maximum(ellipse(aside, v + 0.01, 0.098, 0.105), white)
    part.paint(iris, looks.iris)
    pupil = torch.maximum(ellipse(aside, v + 0.01, 0.052, 0.056), white)
    part.paint(pupil, INK)
    part.paint(ellipse(aside - 0.03, v + 0.035, 0.025, 0.025), WHITE, 0.9)


def _brows(canvas: Canvas, looks: Looks) -> None:
    part = _features(canvas, looks, -0.75, 0.15)
    thick = 0.026 + 0.050 * looks.bushy
    brow = arc(part.u.abs() - 0.34, part.v + 0.27, -0.9, 0.18) - thick
    part.paint(brow, 0.62 * looks.hair)


def _nose(canvas: Canvas, looks: Looks) -> None:
    part = _features(canvas, looks, -0.3, 0.55)
    # the tip is nearer than the face, so it moves further
    tip = part.moved(0.25 * looks.turn, torch.zeros(1))
    shadow = ellipse(tip.u, tip.v - 0.24, 0.115, 0.075)
    part.paint(shadow, 0.80 * looks.skin)
    bridge = ellipse(tip.u - 0.01, tip.v - 0.12, 0.065, 0.20)
    part.paint(bridge, (1.07 * looks.skin).clamp(0, 1), 0.8)


def _mouth(canvas: Canvas, looks: Looks) -> None:
    part = _features(canvas, looks, 0.2, 1.0)
    v = part.v - 0.52
    # corners up or down
    bend = 1.5 * looks.smile
    half = 0.25 + 0.10 * looks.smile.clamp(0, 1)
    lower = v + bend * part.u * part.u - 0.10 * looks.smile
    wide = (1 - (part.u / half).square()).clamp(min=0)
    gap = 0.17 * looks.mouth_open
    hole = lower.abs() - gap * wide / 2
    inside = torch.maximum(hole, part.u.abs() - half)
    open_mouth = looks.mouth_open.float()
    part.paint(inside, INSIDE_MOUTH, open_mouth)
    teeth = torch.maximum(inside, lower + 0.015)
    part.paint(teeth, WHITE, open_mouth)
    lips = torch.maximum(hole.abs() - 0.030, part.u.abs() - half)
    part.paint(lips, LIPS)


def _mustache(canvas: Canvas, looks: Looks) -> None:
    part = _features(canvas, looks, 0.1, 0.85)
    outline = arc(part.u, part.v - 0.39, -1.2, 0.26) - 0.058
    part.paint(outline, 0.85 * looks.hair)


def _goatee(canvas: Canvas, looks: Looks) -> None:
    part = _features(canvas, looks, 0.5, 1.25)
    outline = ellipse(part.u, part.v - 0.90, 0.24, 0.20)
    part.paint(outline, 0.85 * looks.hair)


def _glasses(canvas: Canvas, looks: Looks) -> None:
    part = _features(canvas, looks, -0.6, 0.5)
    lens = ellipse(part.u.abs() - 0.36, part.v + 0.03, 0.27, 0.23)
    part.paint(lens, WHITE, 0.14)
    frame = lens.abs() - 0.030
    bridge = arc(part.u, part.v + 0.06, -0.8, 0.10) - 0.024
    temples = box(part.u.abs() - 0.72, part.v + 0.06, 0.10, 0.024)
    part.paint(torch.minimum(torch.minimum(frame, bridge), temples), INK)


def _hair_in_front(canvas: Canvas, looks: Looks) -> None:
    """Hair above the forehead, and down both sides of the face."""
    part = canvas.window(-1.45, 0.6, -1.25, 1.25)
    half = looks.half_width + 0.10
    cap = ellipse(part.u, part.v + 0.12, half, 1.0)
    # the hairline: high in the middle; with bangs low, and waved
    parting = part.u - 0.5 * looks.turn
    free = part.v + 0.62 - 0.95 * parting.square()
    waves = 0.045 * torch.cos(16 * parting)
    fringe = part.v + 0.33 - 0.30 * parting.square() + waves
    line = torch.where(looks.bangs, fringe, free)
    # it thins out beside the ears
    sides = torch.maximum(cap, line)
    part.paint(torch.maximum(sides, part.v - 0.10), looks.hair)

    crown = canvas.window(-1.2, -0.4, -1, 1)
    gloss = arc(crown.u - 0.3 * looks.light, crown.v + 0.88, -0.35, 0.28) - 0.035
    bright = (1.25 * looks.hair + 0.06).clamp(0, 1)
    crown.paint(gloss, bright, 0.55)


def _gleam(canvas: Canvas, looks: Looks) -> None:
    """Light on a bald head."""
    part = canvas.window(-1.2, -0.4, -1, 1)
    spot = ellipse(part.u - 0.28 * looks.light - 0.05, part.v + 0.74, 0.16, 0.09)
    part.paint(spot, WHITE, 0.35)


def _hat(canvas: Canvas, looks: Looks) -> None:
    part = canvas.window(-1.8, 0.2, -1.4, 1.4)
    half = looks.half_width + 0.17
    colour = (1.25 * looks.clothes.flip(1)).clamp(0, 1)
    dome = torch.maximum(ellipse(part.u, part.v + 0.50, half, 0.86), part.v + 0.62)
    part.paint(dome, colour)
    cuff = box(part.u, part.v + 0.62 - 0.10 * part.u.square(), half - 0.02, 0.12) - 0.03
    part.paint(cuff, 0.72 * colour)

"""Diagrams of models as SVG: what goes in, what comes out, and what the loss compares.

    draw = Diagram(760, 180, "An autoencoder: image, code, image")
    x = draw.image(60, 90, "x")
    z = draw.circle(380, 90, "z")
    draw.arrow(x, z)

Each lies on a pale panel of its own, so it reads in light and dark pages alike.
"""
from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import UserError, finite, pick

INK = "#1f2933"
PAPER = "#fbfaf6"
LINE = "#52606d"
# what a part does, in colours that colour-blind readers can distinguish
FILLS = {
    "network": "#cfe3f3",
    "latent": "#f7d9c4",
    "data": "#e4e7eb",
    "loss": "#fdf0c4",
    "noise": "#e3d7ee",
    "frozen": "#ffffff",
}
FONT = "font-family='Helvetica, Arial, sans-serif'"
SIZE = 15
LARGEST = 4000


class Part(NamedTuple):
    """A part of a diagram: its middle, and half of its width and height, in pixels."""

    x: float
    y: float
    half_width: float
    half_height: float


class Diagram:
    """A picture of boxes and arrows, shown by a notebook as SVG.

    Args:
        width, height: in pixels.
        title: stands above it, and is read out in its place.
    Raises:
        UserError: no size, or no title.
    """

    def __init__(self, width: float, height: float, title: str):
        self.width = finite("width", width, above=0, most=LARGEST)
        self.height = finite("height", height, above=0, most=LARGEST)
        if not title.strip():
            raise UserError(f"title must say what the diagram shows, got {title!r}")
        self.title = title
        self.parts: list[str] = []
        self.arrows: list[str] = []

    def box(
        self, x: float, y: float, text: str, *, kind: str = "data", width: float = 110,
        height: float = 46,
    ) -> Part:
        """A box around (x, y); `kind` is one of FILLS. A line break in the text begins a line."""
        part = self._part(x, y, width, height)
        self._shape(
            f"<rect x='{x - width / 2:g}' y='{y - height / 2:g}' width='{width:g}' "
            f"height='{height:g}' rx='5'",
            kind,
        )
        self._text(x, y, text)
        return part

    def image(self, x: float, y: float, text: str, *, size: float = 62) -> Part:
        """An image: a square with a fine grid of pixels."""
        finite("size", size, above=0, most=LARGEST)
        part = self._part(x, y, size, size)
        left, top = x - size / 2, y - size / 2
        self._shape(
            f"<rect x='{left:g}' y='{top:g}' width='{size:g}' height='{size:g}' rx='2'", "data"
        )
        steps = [size * k / 6 for k in range(1, 6)]
        lines = "".join(
            f"M{left + s:g} {top:g}v{size:g}M{left:g} {top + s:g}h{size:g}" for s in steps
        )
        self.parts.append(f"<path d='{lines}' stroke='#ffffff' stroke-width='1' fill='none'/>")
        self._text(x, y, text)
        return part

    def encoder(self, x: float, y: float, text: str, *, width: float = 120) -> Part:
        """A network that makes things smaller: a shape that narrows to the right."""
        return self._trapezoid(x, y, text, width, left=76, right=44)

    def decoder(self, x: float, y: float, text: str, *, width: float = 120) -> Part:
        """A network that makes things larger: a shape that widens to the right."""
        return self._trapezoid(x, y, text, width, left=44, right=76)

    def circle(self, x: float, y: float, text: str, *, kind: str = "latent") -> Part:
        """A random variable, or another quantity of few numbers."""
        part = self._part(x, y, 52, 52)
        self._shape(f"<circle cx='{x:g}' cy='{y:g}' r='26'", kind)
        self._text(x, y, text)
        return part

    def note(self, x: float, y: float, text: str) -> None:
        """Words without a box."""
        self._part(x, y, SIZE, SIZE)
        self._text(x, y, text, size=13)

    def arrow(
        self, start: Part, end: Part, text: str = "", *, dashed: bool = False, bend: float = 0
    ) -> None:
        """An arrow from one part to another; dashed where only the loss looks.

        Args:
            bend: pixels by which it leaves the straight line, upwards if negative.
        """
        bend = finite("bend", bend, least=-LARGEST, most=LARGEST)
        x0, y0 = _edge(start, end)
        x1, y1 = _edge(end, start)
        middle = ((x0 + x1) / 2, (y0 + y1) / 2 + bend)
        path = f"M{x0:g} {y0:g}Q{middle[0]:g} {middle[1]:g} {x1:g} {y1:g}"
        dashes = " stroke-dasharray='6 4'" if dashed else ""
        self.arrows.append(
            f"<path d='{path}' fill='none' stroke='{LINE}' stroke-width='1.8'{dashes} "
            "marker-end='url(#tip)'/>"
        )
        if text:
            is_steep = abs(y1 - y0) > abs(x1 - x0)
            place = (middle[0] + 12, middle[1]) if is_steep else (middle[0], middle[1] - 11)
            self._text(*place, text, size=13, anchor="start" if is_steep else "middle")

    def svg(self) -> str:
        """The picture as text."""
        title = html.escape(self.title)
        return "\n".join([
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {self.width:g} "
            f"{self.height:g}' width='{self.width:g}' role='img' style='max-width: 100%'>",
            f"<title>{title}</title>",
            "<defs><marker id='tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' "
            f"markerHeight='7' orient='auto'><path d='M0 0L8 4L0 8z' fill='{LINE}'/></marker>"
            "</defs>",
            f"<rect width='{self.width:g}' height='{self.height:g}' rx='8' fill='{PAPER}'/>",
            f"<text x='16' y='24' {FONT} font-size='14' fill='{LINE}'>{title}</text>",
            *self.arrows,
            *self.parts,
            "</svg>",
        ])

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"Diagram({self.title})"

    def _trapezoid(
        self, x: float, y: float, text: str, width: float, *, left: float, right: float
    ) -> Part:
        part = self._part(x, y, width, (left + right) / 2)
        points = [
            (x - width / 2, y - left / 2),
            (x + width / 2, y - right / 2),
            (x + width / 2, y + right / 2),
            (x - width / 2, y + left / 2),
        ]
        listed = " ".join(f"{across:g},{down:g}" for across, down in points)
        self._shape(f"<polygon points='{listed}'", "network")
        self._text(x, y, text)
        return part

    def _part(self, x: float, y: float, width: float, height: float) -> Part:
        """The place of a part, whose middle lies on the panel."""
        x = finite("x", x, least=0, most=self.width)
        y = finite("y", y, least=0, most=self.height)
        width = finite("width", width, above=0, most=LARGEST)
        height = finite("height", height, above=0, most=LARGEST)
        return Part(x, y, width / 2, height / 2)

    def _shape(self, opening: str, kind: str) -> None:
        fill = FILLS[pick("kind", kind, FILLS)]
        dashes = " stroke-dasharray='5 3'" if kind in ("loss", "frozen") else ""
        self.parts.append(
            f"{opening} fill='{fill}' stroke='{LINE}' stroke-width='1.4'{dashes}/>"
        )

    def _text(
        self, x: float, y: float, text: str, *, size: int = SIZE, anchor: str = "middle"
    ) -> None:
        lines = text.split("\n")
        # the first line so high that all of them stand around y
        first = y - (len(lines) - 1) * size * 0.6 + size * 0.35
        for number, line in enumerate(lines):
            self.parts.append(
                f"<text x='{x:g}' y='{first + number * size * 1.2:g}' text-anchor='{anchor}' "
                f"{FONT} font-size='{size}' fill='{INK}'>{html.escape(line)}</text>"
            )


def chain(diagram: Diagram, parts: Sequence[Part]) -> None:
    """An arrow from each part to the next."""
    for start, end in zip(parts, parts[1:]):
        diagram.arrow(start, end)


def _edge(start: Part, end: Part) -> tuple[float, float]:
    """Where the line from the middle of one part to another leaves the first, and a gap."""
    gap = 5
    dx, dy = end.x - start.x, end.y - start.y
    if dx == dy == 0:
        return start.x, start.y
    wide = (start.half_width + gap) / abs(dx) if dx else float("inf")
    high = (start.half_height + gap) / abs(dy) if dy else float("inf")
    share = min(wide, high, 1.0)
    return start.x + share * dx, start.y + share * dy

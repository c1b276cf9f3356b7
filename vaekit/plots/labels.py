"""Where names stand in a plot, so that they cover neither a point nor one another."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox


def label_points(
    ax: Axes,
    names: Mapping[str, tuple[float, float]],
    points: Sequence[tuple[float, float]],
) -> None:
    """Each name beside its own point, at the first place where it covers nothing.

    Args:
        ax: in a figure that was drawn once, so that the layout knows where things are.
        names: name → the point it belongs to.
        points: all points that no name may cover.
    """
    taken = [_around(ax, point) for point in points]
    legend = ax.get_legend()
    if legend:
        taken.append(legend.get_window_extent())

    for name, point in sorted(names.items(), key=lambda item: item[1]):
        taken.append(_place(ax, name, point, taken))


def move_apart(
    places: Sequence[tuple[float, float]],
    width: float,
    height: float,
) -> list[tuple[float, float]]:
    """The same places, raised where the name at one would cover the name at another.

    Args:
        places: (x, y) of each name's middle.
        width, height: of the plot, in the units of the data.
    Raises:
        UserError: a side < 0 or not finite.
    """
    width = finite("width", width, least=0)
    height = finite("height", height, least=0)

    # shares of the plot that a name needs
    name_width = 0.16 * width
    name_height = 0.035 * height

    placed: dict[int, tuple[float, float]] = {}
    from_below = sorted(range(len(places)), key=lambda i: places[i][1])
    for i in from_below:
        x, y = places[i]
        for other_x, other_y in placed.values():
            if abs(other_x - x) < name_width:
                y = max(y, other_y + name_height)
        placed[i] = (x, y)
    return [placed[i] for i in range(len(places))]


def halo() -> list:
    """A white rim that keeps text legible on top of points."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=3, foreground="white")]


def _around(ax: Axes, point: tuple[float, float]) -> Bbox:
    """The pixels that a point's marker covers."""
    from matplotlib.transforms import Bbox

    x, y = ax.transData.transform(point)
    return Bbox.from_bounds(x - 8, y - 8, 16, 16)


def _place(ax: Axes, name: str, point: tuple[float, float], taken: Sequence[Bbox]) -> Bbox:
    """Write `name` where it is inside the plot and clear of `taken`; returns the box it fills."""
    note = ax.annotate(
        name,
        point,
        (0, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        path_effects=halo(),
    )
    inside = ax.get_window_extent()
    for offset in _offsets():
        # to the right of its point a name begins there, to the left it ends there
        note.set(position=offset, horizontalalignment="left" if offset[0] > 0 else "right")
        box = note.get_window_extent()
        within = inside.containsx(box.x0) and inside.containsx(box.x1)
        if within and not any(box.overlaps(other) for other in taken):
            break

    # if nothing was free, the name stays at the last offset
    return note.get_window_extent()


def _offsets() -> list[tuple[int, int]]:
    """Offsets of a name from its point, in points of the font; the nearest come first."""
    return [
        (side * reach, lift)
        for reach in (7, 16)
        for lift in (5, -5, 0, 14, -14, 24, -24)
        for side in (1, -1)
    ]

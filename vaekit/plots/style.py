"""The house style: colours, fonts, and the empty figure that every plot begins with.

Colour-blind readers can distinguish the colours: those of Okabe & Ito 2008 for lines, Tol's muted
scheme for classes. Classes are also named in the plot.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import at_least, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
CLASSES = (
    "#CC6677",
    "#332288",
    "#DDCC77",
    "#117733",
    "#88CCEE",
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
    "#555555",
)
STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
# inches: more than 2**16 pixels a side, no picture can have
LARGEST_SIDE = 600
# no model has latents there, and no axis needs more
LARGEST_LATENT = 1e6
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def figure(
    width: float = 7,
    height: float = 3.2,
    columns: int = 1,
    **kwargs: Any,
) -> tuple[Figure, Any]:
    """A figure in the house style and its axes.

    It is not registered with pyplot, so a notebook cell shows it once, as its value.

    Args:
        width, height: in inches.
        columns: how many axes, side by side.
        kwargs: for matplotlib's `subplots`.
    Returns:
        The figure, and its axes: one, or an array of `columns`.
    Raises:
        UserError: no size, or one that no picture can have; less than one column.
    """
    width = finite("width", width, above=0, most=LARGEST_SIDE)
    height = finite("height", height, above=0, most=LARGEST_SIDE)
    columns = at_least("columns", columns, 1, 100)

    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        try:
            fig, axes = plt.subplots(1, columns, figsize=(width, height), **kwargs)
        except AttributeError as error:
            # what Python raises for an unknown keyword
            raise TypeError(str(error)) from error
    plt.close(fig)
    return fig, axes


def latent_name(dim: int) -> str:
    """The name of a latent dimension, which counts from 0: z₁ for 0."""
    dim = at_least("dim", dim, 0)
    return f"z{dim + 1}".translate(SUBSCRIPTS)

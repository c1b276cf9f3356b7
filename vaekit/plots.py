"""Figures: image sheets, training curves, latent maps. Each function returns one matplotlib Figure, the value of a notebook cell.

Colours are told apart by colour-blind readers (Okabe & Ito 2008 for lines, Tol's muted scheme for classes); classes are also named in the plot.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .data.images import check_images
from .errors import UserError, at_least

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
CLASSES = ("#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499", "#555555")
STYLE = {"figure.dpi": 100, "figure.constrained_layout.use": True, "font.size": 10, "axes.titlesize": 11, "axes.spines.top": False,
         "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "legend.frameon": False}


def figure(width: float = 7, height: float = 3.2, columns: int = 1, **kwargs):
    """A figure in the house style and its axes; not registered with pyplot, so a cell shows it once, as its value."""
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        fig, axes = plt.subplots(1, columns, figsize=(width, height), **kwargs)
    plt.close(fig)
    return fig, axes


def sheet(images: Tensor, *, columns: int = 10, title: str = "", scale: float = 0.62):
    """A sheet of images (N, C, H, W) in [0, 1], read row by row."""
    columns = min(at_least("columns", columns, 1), len(images))
    rows = math.ceil(len(images) / columns)
    fig, ax = figure(columns * scale + 0.2, rows * scale + 0.45)
    _draw(ax, images, columns)
    ax.set_axis_off()
    ax.set_title(title)
    return fig


def compare(rows: Mapping[str, Tensor], *, title: str = "", scale: float = 0.62, ticks: Sequence[str] | None = None, xlabel: str = ""):
    """Named rows of images, one above the other: {"original": (N, C, H, W), "reconstruction": (N, C, H, W), …}."""
    counts = {name: len(images) for name, images in rows.items()}
    if len(set(counts.values())) != 1:
        raise UserError(f"compare needs rows of equal length, got {counts}")
    n, height = next(iter(counts.values())), next(iter(rows.values())).shape[-2]
    fig, ax = figure(n * scale + 1.4, len(rows) * scale + 0.55 + (0.35 if ticks else 0))
    _draw(ax, torch.cat([images.cpu() for images in rows.values()]), n)
    pitch = height + PAD
    ax.set_yticks([PAD + height / 2 + pitch * i for i in range(len(rows))], rows)
    width = next(iter(rows.values())).shape[-1] + PAD
    ax.set_xticks([PAD + width / 2 - 1 + width * i for i in range(n)] if ticks else [], ticks or [])
    _frameless(ax)
    ax.set_xlabel(xlabel)
    ax.set_title(title)
    fig.draw_without_rendering()                # the layout makes room for long names only once the images' aspect is known
    return fig


def curves(histories, *, term: str = "loss", title: str = "", ylabel: str = "nats per image"):
    """Train (dashed), validation (dotted) and test (solid) curves of one term over epochs: one History, or {"name": History, …}.

    Where there is no such term but several players have one each, as the losses of a GAN, there is a pair of curves a player.
    """
    named = histories if isinstance(histories, Mapping) else {"": histories}
    fig, ax = figure(6.5, 3.4)
    wanted = [(name, history, each) for name, history in named.items() for each in _terms(history, term)]
    for (name, history, each), colour in zip(wanted, LINES):
        for split, style in (("train", "--"), ("validation", ":"), ("test", "-")):
            if f"{split}_{each}" in history.columns:
                label = f"{name} {each.removesuffix(f'_{term}') if each != term else ''} {split}"
                ax.plot(history["epoch"], history[f"{split}_{each}"], style, color=colour, label=" ".join(label.split()))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(title=title, xlabel="epoch", ylabel=ylabel)
    ax.legend() if len(named) == 1 else fig.legend(loc="outside right center", frameon=False)      # several histories: beside the lines, not on them
    return fig


def _terms(history, term: str) -> list[str]:
    """`term`, if the history has it; else every player's."""
    if f"train_{term}" in history.columns:
        return [term]
    return [column.removeprefix("train_") for column in history.columns if column.startswith("train_") and column.endswith(f"_{term}")]


def lines(x: Sequence[float], series: Mapping[str, Sequence[float]], *, title: str, xlabel: str, ylabel: str, log_x: bool = False,
          log_y: bool = False):
    """One line per named series over x."""
    fig, ax = figure(6.5, 3.4)
    for (name, y), colour, marker in zip(series.items(), LINES, "os^Dv<>"):
        ax.plot(x, y, marker + "-", color=colour, label=name)
    if log_x:
        ax.set_xscale("log", base=2)
        ax.set_xticks(list(x), [f"{v:g}" for v in x])
    if log_y:
        ax.set_yscale("log")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return fig


def rate_distortion(series: Mapping[str, Mapping[object, tuple[float, float]]], *, title: str = "Rate and distortion", label: str = ""):
    """Rate (KL) against distortion (reconstruction), nats per image: {"here": {β: (rate, distortion), …}, …}; each point is labelled `label`β.

    Source: Alemi et al. 2018 for the picture. On the grey lines rate + distortion, the −ELBO, is the same.
    """
    from matplotlib.ticker import MaxNLocator

    fig, ax = figure(6.5, 4)
    for (name, points), marker, colour in zip(series.items(), "osD^v", LINES):
        ordered = sorted(points.values())
        ax.plot(*zip(*ordered), marker + ("-" if len(series) == 1 else ""), color=colour, label=name, clip_on=False, zorder=3)
    ax.margins(x=0.12, y=0.08)
    ax.set(title=title, xlabel="rate: KL, nats per image", ylabel="distortion: −log p(x | z), nats per image", xlim=(0, ax.get_xlim()[1]))
    if len(series) > 1:
        ax.legend()
    every = [point for points in series.values() for point in points.values()]
    totals = [sum(point) for point in every]
    for total in MaxNLocator(6).tick_values(min(totals), max(totals)):
        ax.axline((0, total), slope=-1, color="0.88", linewidth=0.8, zorder=0)
    _label(ax, {f"{label}{key}": point for key, point in next(iter(series.values())).items()}, every)
    return fig


def latent_map(z: Tensor, y: Tensor, classes: Sequence[str], *, title: str = "", extra: Tensor | None = None, extra_name: str = "",
               xlabel: str = "z₁", ylabel: str = "z₂", limit: float | None = None):
    """Latents (N, 2) as points coloured by class, each class named at its median; `extra` points (M, 2) as crosses."""
    if z.ndim != 2 or z.shape[1] != 2:
        raise UserError(f"a latent map needs points (N, 2), got {tuple(z.shape)}; reduce them with PCA or t-SNE first")
    fig, ax = figure(6.2, 5.4)
    z, y = z.detach().cpu(), y.cpu()
    labels = y.unique().tolist()
    extent = [2 * limit] * 2 if limit else (z.amax(0) - z.amin(0)).tolist()
    names = _apart([z[y == label].median(0).values.tolist() for label in labels], *extent)
    for label, place in zip(labels, names):
        points, colour = z[y == label], CLASSES[label % len(CLASSES)]
        ax.scatter(*points.T, s=5, alpha=0.6, color=colour, linewidths=0)
        ax.annotate(classes[label], place, ha="center", va="center", fontsize=9, weight="bold", color=colour,
                    path_effects=_halo())
    if extra is not None:
        ax.scatter(*extra.detach().cpu().T, s=36, marker="x", color="black", linewidths=1.2, label=extra_name)
        ax.legend(loc="upper right", framealpha=0.9, frameon=True)
    if limit:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return fig


@torch.no_grad()
def walk(model, *, low: float = -5, high: float = 5, n: int = 15, dim: int = 0, start: Tensor | None = None, title: str = ""):
    """Images decoded along one latent dimension from `low` to `high`; the others rest at `start` (0 if left out)."""
    values = torch.linspace(low, high, n)
    z = torch.zeros(n, model.latent_dim) if start is None else start.detach().cpu().reshape(1, -1).repeat(n, 1)
    z[:, dim] = values
    return compare({"decoded": model.decode(z)}, title=title, ticks=[_tick(v) for v in values], xlabel=f"z{dim + 1:d}".translate(SUBSCRIPTS))


@torch.no_grad()
def lattice(model, *, x: tuple[float, float] = (-5, 5), y: tuple[float, float] = (-5, 5), n: int = 15, title: str = ""):
    """Images decoded on an n × n grid over a two-dimensional latent space, drawn where their latents lie."""
    if model.latent_dim != 2:
        raise UserError(f"a lattice shows a model with latent_dim 2, this one has {model.latent_dim}; use plots.walk")
    across, up = torch.linspace(*x, n), torch.linspace(*reversed(y), n)           # image rows run downwards
    z = torch.cartesian_prod(up, across).flip(1)
    fig, ax = figure(5.4, 5.6)
    half_x, half_y = (x[1] - x[0]) / (n - 1) / 2, (y[1] - y[0]) / (n - 1) / 2
    _draw(ax, model.decode(z), n, padding=0, extent=(x[0] - half_x, x[1] + half_x, y[0] - half_y, y[1] + half_y))
    ax.set_aspect("auto")
    ax.grid(False)
    ax.set(title=title, xlabel="z₁", ylabel="z₂")
    return fig


PAD = 2
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _draw(ax, images: Tensor, columns: int, padding: int = PAD, **kwargs) -> None:
    from torchvision.utils import make_grid

    check_images(images)
    montage = make_grid(images.detach().cpu().float(), nrow=columns, padding=padding, pad_value=1.0).permute(1, 2, 0)
    ax.imshow(montage.numpy(), interpolation="nearest", **kwargs)


def _label(ax, names: Mapping[str, tuple[float, float]], points: Sequence[tuple[float, float]]) -> None:
    """Each name beside its own point, at the first place where it covers no point and no other name."""
    from matplotlib.transforms import Bbox

    ax.figure.draw_without_rendering()                                        # from here on the layout knows where things are
    dots = [Bbox.from_bounds(*(ax.transData.transform(point) - 8), 16, 16) for point in points]
    inside, taken = ax.get_window_extent(), dots + ([legend.get_window_extent()] if (legend := ax.get_legend()) else [])
    places = [(side * reach, lift) for reach in (7, 16) for lift in (5, -5, 0, 14, -14, 24, -24) for side in (1, -1)]
    for name, point in sorted(names.items(), key=lambda item: item[1]):
        note = ax.annotate(name, point, places[0], textcoords="offset points", va="center", fontsize=9, path_effects=_halo())
        for place in places:
            note.set(position=place, horizontalalignment="left" if place[0] > 0 else "right")
            box = note.get_window_extent()
            if inside.containsx(box.x0) and inside.containsx(box.x1) and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)


def _apart(places: list[list[float]], width: float, height: float) -> list[list[float]]:
    """The same places, raised where a name would cover another one; the plot's width and height in data units."""
    done: dict[int, list[float]] = {}
    for i in sorted(range(len(places)), key=lambda i: places[i][1]):
        x, y = places[i]
        done[i] = [x, max([y, *(b + 0.035 * height for a, b in done.values() if abs(a - x) < 0.16 * width)])]
    return [done[i] for i in range(len(places))]


def _tick(value) -> str:
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")


def _frameless(ax) -> None:
    ax.grid(False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _halo():
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=3, foreground="white")]

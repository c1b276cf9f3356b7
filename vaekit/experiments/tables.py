"""The tables of RESULTS.md, written from the measurements in results/.

A page holds each table between two markers. The text between them is written anew, the rest of
the page is kept:

    <!-- table: NAME -->
    <!-- /table -->
"""
from __future__ import annotations

import re
from pathlib import Path

from ..errors import UserError, pick
from ..files import read_text, write_text
from .layouts import Layout, grid, plain, reproduced, s1_table, scores, side_by_side

PLACE = re.compile(r"<!-- table: (?P<name>\S+) -->.*?<!-- /table -->", re.DOTALL)

SPEED = {
    "what": "{what}",
    "measured": "{value:.3g} {unit}",
    "lowest to highest": "{low:.3g} to {high:.3g}",
}

S2 = {
    "λ": "{lambda:g}",
    "β": "{beta:g}",
    "z": "{latent_dim}",
    "squared error, per image": "{squared_error:.1f}",
    "per value": "{error_per_value:.5f}",
    "KL, nats": "{kl:.1f}",
    "active units": "{active_units:.0f}",
    "SSIM": "{ssim:.3f}",
    "data": "{data}",
    "epochs": "{epochs}",
    "seconds": "{seconds:.0f}",
}

S4 = {
    "data": "{data}",
    "−ELBO": "{loss:.0f}",
    "cross-entropy": "{reconstruction:.0f}",
    "KL": "{kl:.1f}",
    "active units": "{active_units:.0f} of {latent_dim}",
    "SSIM": "{ssim:.3f}",
    "epochs": "{epochs}",
}

TABLES: dict[str, Layout] = {
    "claims": plain("claims.json", {
        "claim or choice": "{claim}",
        "measured here": "{number}",
        "verdict": "**{verdict}**",
        "command": "`{command}`",
    }),
    "s0-ssim": scores("s0-cifar10/ssim.json"),
    "s0-training": plain("s0-cifar10/training.json", {
        "training images": "{images}",
        "epochs": "{epochs}",
        "training loss": "{train}",
        "test loss": "{test}",
        "of it KL": "{kl}",
        "lowest test loss": "{best} after epoch {best_epoch}",
        "training, minutes": "{minutes}",
        "command": "`{command}`",
    }),
    "s0-residual": grid(
        "s0-cifar10/residual.json",
        down="{images}, {epochs} epochs",
        across="{blocks}",
        cell="{loss}, KL {kl:.1f}",
    ),
    "s1-table1": s1_table("s1-table1"),
    "s1-training-loss": plain("s1-table1/training_loss.json", {
        "z": "{latent_dim}",
        "β": "{beta}",
        "training loss": "{train}",
        "test loss": "{test}",
    }),
    "s2-lambda": reproduced("s2-lambda", S2, "vaekit reproduce s2-lambda --data celeba"),
    "s2-latent": reproduced("s2-latent", S2, "vaekit reproduce s2-latent --data celeba"),
    "s4-faces": reproduced("s4-faces", S4, "vaekit reproduce s4-faces"),
    "s2-claims": grid(
        "s2-claims-celeba.json",
        down="{metric}",
        across="{model}",
        cell="{text}",
    ),
    "conditional": scores("conditional/mnist.json"),
    "ten-images": grid(
        "conditional/ten-images.json",
        down="{model}",
        across="{metric}, {n:,} against {n:,}",
        cell="{value:.3g}",
    ),
    "scores": side_by_side({
        "MNIST": "scores/mnist.json",
        "Fashion-MNIST": "scores/fashion_full.json",
    }),
    "fair-models": plain("fair-fight/models.json", {
        "model": "{model}",
        "weights": "{weights:,}",
        "epochs": "{epochs}",
        "training, minutes of one core": "{minutes:.1f}",
        "trained by": "`{command}`",
    }),
    "fair-scores": scores("fair-fight/scores.json"),
    "fair-sweep": scores("fair-fight/sweep.json"),
    "fair-speed": plain("fair-fight/speed.json", SPEED),
    "labs": plain("labs.json", {
        "lab": "{lab}",
        "seconds": "{seconds}",
        "words": "{words:,}",
        "longest code line": "{longest}",
        "exercises: write it, predict it, find the bug": "{write}, {predict}, {bug}",
        "what the run printed": "{printed}",
    }),
    "memory": grid(
        "memory.json",
        down="{lab}",
        across="at its peak, torch {torch}",
        cell="{peak_mb:,.0f} MB",
    ),
    "latency": plain("latency.json", {
        "what": "{what}",
        "median": "{median:.3g} {unit}",
        "95 % below": "{p95:.3g} {unit}",
        "n": "{n}",
    }),
    "tsne": plain("tsne.json", {
        "t-SNE of 64 numbers per point": "{model}",
        "points": "{n:,}",
        "measured": "{metric}",
        "value": "{value:.3g}",
    }),
    "drawing": plain("drawing.json", {
        "drawn": "{model}",
        "measured": "{metric}",
        "value": "{value:,}",
    }),
    "speed": plain("speed.json", {**SPEED, "command": "`{command}`"}),
    "hostile": plain("hostile.json", {
        "part of vaekit": "`{room}`",
        "functions": "{functions}",
        "exempt": "{exempt}",
        "calls": "{values:,}",
        "refused in a sentence": "{refused:,}",
        "rightly accepted": "{accepted:,}",
        "anything else": "{fault}",
    }),
    "coverage": plain("coverage.json", {
        "score": "{score}",
        "n": "{n}",
        "what the interval is about": "{about}",
        "promised": "{promised}",
        "held by": "{coverage:.1%}",
        "width, 1 would just do": "{relative_width:.2f}",
    }),
}


def names() -> list[str]:
    """Every table that can be written."""
    return list(TABLES)


def render(name: str, root: str | Path) -> str:
    """A table as Markdown.

    Args:
        name: one of `names()`.
        root: the folder of measurements, results/ in the repository.
    Raises:
        UserError: no such table; a file of measurements is missing or damaged, or lacks a value.
    """
    layout = TABLES[pick("table", name, TABLES)]
    try:
        return layout(Path(root))
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"table {name!r} cannot be made from the files in {root}: "
            f"a value is missing, given twice or of the wrong kind ({error!r}); "
            "restore the files or measure again"
        ) from error


def update(path: str | Path, root: str | Path) -> list[str]:
    """Write the tables of a page anew.

    Args:
        path: the page, RESULTS.md in the repository.
        root: as for `render`.
    Returns:
        The names of the tables that changed. If there is none, the page is not touched.
    Raises:
        UserError: as for `render`; a page without tables, or with a marker too few.
    """
    page = read_text(path)
    changed = _changed(page, path, root)
    if changed:
        renewed = PLACE.sub(lambda place: _between_markers(place["name"], root), page)
        write_text(path, renewed)
    return changed


def check(path: str | Path, root: str | Path) -> list[str]:
    """The names of a page's tables that differ from the measurements; nothing is written.

    Raises:
        UserError: as for `update`.
    """
    return _changed(read_text(path), path, root)


def _changed(page: str, path: str | Path, root: str | Path) -> list[str]:
    places = list(PLACE.finditer(page))
    openings = page.count("<!-- table: ")
    closings = page.count("<!-- /table -->")
    if not places or not len(places) == openings == closings:
        raise UserError(
            f"{path} has {openings} opening and {closings} closing markers, {len(places)} pairs; "
            "each table stands between <!-- table: NAME --> and <!-- /table -->"
        )
    return [place["name"] for place in places if place[0] != _between_markers(place["name"], root)]


def _between_markers(name: str, root: str | Path) -> str:
    # Markdown asks for the blank lines
    return f"<!-- table: {name} -->\n\n{render(name, root)}\n\n<!-- /table -->"

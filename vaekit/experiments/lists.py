"""What can be trained and reproduced, as a terminal lists it. Nothing here needs torch."""
from __future__ import annotations

from dataclasses import dataclass

from ..recipes.faces import S2_LAMBDA, S2_LAMBDAS, S2_LATENT_DIM, S2_LATENT_DIMS, s2_beta
from ..recipes.system import Reported
from ..recipes.systems import SYSTEMS


@dataclass(frozen=True)
class Table:
    """What is trained and measured under a name of its own.

    Attributes:
        recipes: the system on each data set that it can be trained on; the first if none is named.
        rows: what to train it with; None: the rows of the report.
        measures: what is measured of each row, of `measures.MEASURES`; None: what the report gives.
    """

    recipes: tuple[str, ...]
    rows: tuple[Reported, ...] | None = None
    measures: tuple[str, ...] | None = None


S2_SYSTEMS = ("instancenorm-vae-faces", "instancenorm-vae-celeba")
# S2 compares pictures and gives no numbers
S2_MEASURES = ("lambda", "squared_error", "error_per_value", "kl", "active_units", "ssim")

TABLES = {
    "s1-table1": Table(("mlp-vae-mnist",)),
    "s2-lambda": Table(
        S2_SYSTEMS,
        tuple(Reported(S2_LATENT_DIM, {}, s2_beta(weight)) for weight in S2_LAMBDAS),
        S2_MEASURES,
    ),
    "s2-latent": Table(
        S2_SYSTEMS,
        tuple(Reported(latent_dim, {}, s2_beta(S2_LAMBDA)) for latent_dim in S2_LATENT_DIMS),
        S2_MEASURES,
    ),
    # S4's FID of these faces looks through Inception, for which nothing of ours stands in
    "s4-faces": Table(
        ("conv-cvae-faces", "conv-cvae-celeba"),
        (Reported(2, {}),),
        ("loss", "reconstruction", "kl", "active_units", "ssim"),
    ),
}


def names() -> list[str]:
    """Everything that can be reproduced: tables by name, and each recipe with reported numbers."""
    # what a table measures in its own way is reproduced by that table alone
    elsewhere = {name for table in TABLES.values() if table.measures for name in table.recipes}
    with_numbers = [name for name, system in SYSTEMS.items() if system.get("reported")]
    return [*TABLES, *(name for name in with_numbers if name not in elsewhere)]


def recipe_table() -> str:
    """One line per recipe, for a terminal."""
    width = max(len(name) for name in SYSTEMS)
    lines = ["recipes (vaekit train NAME):"]
    for name, system in SYSTEMS.items():
        source = "ours" if system["source"] == "house" else system["source"]
        line = f"{name:{width}}  {source:4}  {system['title']}"
        line += f" · {system['data']}, {system['epochs']} epochs"
        if system.get("fast"):
            line += " · --fast"
        lines.append(line)
    return "\n".join(lines)

"""What can be trained and reproduced, as a terminal lists it. Nothing here needs torch."""
from __future__ import annotations

from ..recipes.systems import SYSTEMS

# a report's own name for the rows of a recipe
TABLES = {"s1-table1": "mlp-vae-mnist"}


def names() -> list[str]:
    """Everything that can be reproduced: tables by name, and each recipe with reported numbers."""
    with_numbers = [name for name, system in SYSTEMS.items() if system.get("reported")]
    return [*TABLES, *with_numbers]


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

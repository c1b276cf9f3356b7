"""Options that several commands share."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

Fast = Annotated[
    bool, typer.Option("--fast", help="the recipe's fast schedule instead of the report's")
]
Epochs = Annotated[Optional[int], typer.Option(help="passes over the training set")]
Seed = Annotated[int, typer.Option(help="same seed, same machine, same numbers")]
Device = Annotated[str, typer.Option(help="auto, cuda, mps or cpu")]


def written(files: list[Path]) -> str:
    """The line that names what a command has written."""
    return "written: " + ", ".join(str(file) for file in files)

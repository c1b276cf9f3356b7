"""vaekit reproduce"""
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from . import signals
from .options import Device, Epochs, Fast, Seed, written
from .output import say


def reproduce(
    name: Annotated[
        Optional[str],
        typer.Argument(
            help="a report's table, or a recipe with reported numbers; all are listed if left out"
        ),
    ] = None,
    fast: Fast = False,
    jobs: Annotated[
        Optional[int],
        typer.Option(help="rows trained at a time; on the CPU one per core if left out"),
    ] = None,
    data: Annotated[
        Optional[str], typer.Option(help="another data set than the report's")
    ] = None,
    epochs: Epochs = None,
    limit: Annotated[
        Optional[int], typer.Option(help="train on the first so many images only")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    out: Annotated[
        Optional[Path],
        typer.Option(help="folder for the results, runs/NAME or runs/NAME-fast if left out"),
    ] = None,
) -> None:
    """Train the rows of a report's table and print it beside the report's.

    Interrupted, it goes on where it stopped. Other data, epochs or a limit are for trials.
    """
    if name is None:
        from ..experiments.lists import names

        signals.raise_interrupt()
        say(f"tables and recipes (vaekit reproduce NAME): {', '.join(names())}")
        return

    from ..experiments import figures
    from ..experiments import reproduce as reproduction

    signals.raise_interrupt()
    if out is None:
        out = Path("runs") / (f"{name}-fast" if fast else name)
    rows = reproduction.reproduce(
        name,
        out=out,
        fast=fast,
        jobs=jobs,
        data=data,
        epochs=epochs,
        limit=limit,
        seed=seed,
        device=device,
        report=say,
    )
    text = reproduction.table(rows)
    # the table first: the figures take a while
    say(f"\n{text}\n")
    say(written(figures.write_table(name, rows, text, out)))

"""vaekit labs"""
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from . import signals
from .output import say


def labs(
    names: Annotated[
        Optional[list[str]],
        typer.Argument(help="labs by number or name, all if left out: 01 or 01_autoencoder"),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="folder for executed notebooks and index.html")
    ] = Path("build/labs"),
    parameter: Annotated[
        Optional[list[str]], typer.Option("--parameter", "-p", help="NAME=VALUE, for every lab run")
    ] = None,
    notebooks: Annotated[
        Optional[Path],
        typer.Option(help="folder of the labs, the repository's notebooks/ if left out"),
    ] = None,
    cell_timeout: Annotated[int, typer.Option(help="seconds that one cell may take")] = 600,
) -> None:
    """Run the labs and make a page of results."""
    import os

    from ..course import labs as runner

    # a notebook shows its figures itself, which the command's own choice would prevent
    os.environ.pop("MPLBACKEND", None)

    signals.raise_interrupt()
    results = runner.run_all(
        names,
        out=out,
        parameters=runner.parse_parameters(parameter or []),
        notebooks=notebooks,
        cell_timeout=cell_timeout,
        report=say,
    )
    say("\n" + runner.summary(results))
    say(f"\nresults: {out / 'index.html'}")
    if any(result.error for result in results):
        raise typer.Exit(1)

"""vaekit results"""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UserError
from . import signals
from .output import say


def write_results(
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; say which tables differ")
    ] = False,
) -> None:
    """Write the tables of RESULTS.md anew from the measurements in results/.

    In the folder of a clone of the repository.
    """
    from ..experiments import tables

    signals.raise_interrupt()
    page = Path("RESULTS.md")
    measurements = Path("results")
    if not page.is_file() or not measurements.is_dir():
        raise UserError(
            f"RESULTS.md and results/ are not in {Path.cwd()}; "
            "run this command in the folder of a clone of the repository"
        )

    if check:
        changed = tables.check(page, measurements)
        what = "differ from the measurements"
    else:
        changed = tables.update(page, measurements)
        what = "written"

    if not changed:
        say("all tables are as measured")
        return
    say(f"tables {what}: {', '.join(changed)}")
    if check:
        raise typer.Exit(1)

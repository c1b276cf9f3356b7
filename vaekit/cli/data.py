"""vaekit data"""
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from . import signals
from .output import say


def data(
    name: Annotated[
        Optional[str],
        typer.Argument(
            help="fetch and check this data set, or folder:PATH; all are listed if left out"
        ),
    ] = None,
    root: Annotated[
        Optional[Path], typer.Option(help="look here first, and download to here")
    ] = None,
) -> None:
    """List the data sets and where they are, or fetch and check one."""
    from .. import data as data_sets

    signals.raise_interrupt()
    if name is None:
        for each in data_sets.SOURCES:
            say(_where(each, root))
        say(_line("folder:PATH", "your own images, see load", "vaekit data folder:PATH"))
        return

    data_sets.source_of(name)
    for split in ("train", "test"):
        say(str(data_sets.load(name, split, root=root)))
    say(_where(name, root))


def _where(name: str, root: Path | None) -> str:
    """A data set's name, title and place, as a line."""
    from .. import data as data_sets

    source = data_sets.source_of(name)
    found = data_sets.locate(name, root)
    if found is not None:
        where = str(found)
    elif data_sets.is_here(name, root):
        where = "made on the fly"
    else:
        where = f"not here yet: vaekit data {name}"
    return _line(name, source.title, where)


def _line(name: str, title: str, where: str) -> str:
    """A line of the list, in columns."""
    from .. import data as data_sets

    names = max(len(each) for each in data_sets.SOURCES)
    titles = max(len(each.title) for each in data_sets.SOURCES.values())
    return f"{name:{names}}  {title:{titles}}  {where}"

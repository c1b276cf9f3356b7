"""A report's table again: each row trained with the report's recipe, the two tables side by side.

A row that is finished has its files; one that was interrupted has a checkpoint. Whatever stopped a
reproduction, the same command goes on from there.
"""
from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .. import plots, recipes
from ..data import Selection, load
from ..device import device_of, pick_device
from ..errors import at_least, pick
from ..files import sweep
from ..recipes import Recipe, Reported
from . import rows as row_files
from .folders import named, own_folder
from .jobs import cores, run_all
from .lists import TABLES, Table, names
from .measures import MEASURES, measure
from .rows import Row, name_of


@dataclass(frozen=True)
class Plan:
    """What all rows of a reproduction share, as a worker process needs it.

    The recipe travels by name: the functions that build its model cannot be sent to a process.
    """

    recipe: str
    selection: Selection
    out: Path
    fast: bool
    epochs: int | None
    seed: int
    device: str
    # None: what the report gives
    measures: tuple[str, ...] | None = None

    def settings(self) -> dict[str, Any]:
        """What must be equal for a row in the folder to be one of this reproduction."""
        recipe = recipes.get(self.recipe)
        return {
            **recipe.settings(fast=self.fast, epochs=self.epochs),
            "warm_up": recipe.warm_up if self.fast else None,
            "data": self.selection.name,
            "limit": self.selection.limit,
            "seed": self.seed,
        }


def reproduce(
    name: str,
    *,
    out: str | Path,
    fast: bool = False,
    jobs: int | None = None,
    seed: int = 0,
    device: str = "auto",
    data: str | None = None,
    root: str | Path | None = None,
    limit: int | None = None,
    epochs: int | None = None,
    report: Callable[[str], None] | None = None,
) -> list[Row]:
    """Train the rows of a table that `out` does not hold yet, several at a time, and give all.

    Args:
        name: one of `names()`.
        out: folder for a .json, a .history.json and weights of each row. Rows found there are kept
            if they were made with the same settings.
        fast: the recipe's fast schedule instead of the report's.
        jobs: rows trained at the same time, each on its share of the cores; if left out, on the
            CPU as many as there are cores, else 1.
        seed, device: as for `recipes.train`.
        data: another data set; S2's and S4's faces are drawn unless it is "celeba".
        limit, epochs: for trials; the numbers then no longer compare with the report's.
        root: a folder to look for the data in, before all others.
        report: called with a line of text whenever a row is done.
    Raises:
        UserError: unknown name, a setting out of range, a folder that another process writes to
            or that has rows made with other settings or a damaged row, a row that failed.
    """
    recipe, rows, measures = _what(name, data)
    selection = Selection(recipe.data if data is None else data, root=root, limit=limit)
    plan = Plan(recipe.name, selection, named("out", out), fast, epochs, seed, device, measures)
    settings = plan.settings()

    pick_device(device)
    with own_folder(plan.out):
        # fetched once, before several workers want it
        load(selection.name, "test", root=root)
        row_files.claim(plan.out, {"recipe": recipe.name, **settings})
        try:
            _train_rows(name, plan, rows, jobs, report)
        finally:
            # of workers that were ended
            sweep(plan.out)
            row_files.give_up(plan.out)
        return list(row_files.finished(plan.out, rows, settings).values())


def _train_rows(
    name: str,
    plan: Plan,
    rows: Sequence[Reported],
    jobs: int | None,
    report: Callable[[str], None] | None,
) -> None:
    """Train the rows that the folder does not hold yet."""
    done_before = row_files.finished(plan.out, rows, plan.settings())
    pending = [row for row in rows if name_of(row) not in done_before]
    jobs = _at_a_time(jobs, plan.device, len(pending))

    def say(text: str) -> None:
        if report:
            report(text)

    which = f"{name} on {plan.selection.name}"
    say(f"{which}: {len(rows)} rows, {len(done_before)} done before, {jobs} at a time")
    run_all(partial(train_row, plan), pending, jobs=jobs, done=lambda row: say(_line(row)))


def train_row(plan: Plan, reported: Reported) -> Row:
    """Train and measure one row, and write its files."""
    checkpoint = row_files.checkpoint_of(plan.out, reported)
    run = recipes.train(
        plan.recipe,
        plan.selection,
        latent_dim=reported.latent_dim,
        beta=reported.beta,
        fast=plan.fast,
        epochs=plan.epochs,
        seed=plan.seed,
        device=plan.device,
        checkpoint=checkpoint,
        progress=False,
    )
    row = Row(
        recipe=plan.recipe,
        latent_dim=reported.latent_dim,
        beta=reported.beta,
        settings=plan.settings(),
        reported=dict(reported.terms),
        measured=measure(run, reported.terms if plan.measures is None else plan.measures),
        seconds=round(sum(run.history["seconds"]), 1),
        date=datetime.date.today().isoformat(),
        machine=_machine(run.model),
    )
    row_files.write(plan.out, row, run)
    checkpoint.unlink(missing_ok=True)
    return row


def table(rows: Sequence[Row]) -> str:
    """Markdown: each row's terms, the report's beside them, and the differences.

    Of rows trained on other data than the report's there is no difference to tell.

    Raises:
        UserError: no rows.
    """
    at_least("number of rows", len(rows), 1)
    source = recipes.get(rows[0].recipe).source
    measured = {term for row in rows for term in row.measured}
    terms = [term for term in MEASURES if term in measured]

    with_report = {term for row in rows for term in row.reported}

    head = ["z", "β"]
    for term in terms:
        title = MEASURES[term].title
        if term in with_report:
            head += [f"{title} here", f"{title} {source}", f"{title} difference"]
        else:
            head.append(title)
    head.append("seconds")

    lines = []
    for row in rows:
        cells = [str(row.latent_dim), f"{row.beta:g}"]
        for term in terms:
            if term in with_report:
                cells += _here_there_difference(row, term)
            else:
                cells.append(_written(term, row.measured.get(term)))
        cells.append(f"{row.seconds:.0f}")
        lines.append(cells)
    return str(plots.table(head, lines))


def _here_there_difference(row: Row, term: str) -> list[str]:
    here = row.measured.get(term)
    there = row.reported.get(term)
    if here is None or there is None:
        difference = ""
    elif not row.is_comparable:
        difference = "other data"
    elif MEASURES[term].comparable:
        difference = f"{here - there:+.2f}"
    else:
        difference = "other features"
    return [_written(term, here), _written(term, there), difference]


def _written(term: str, value: float | None) -> str:
    return "" if value is None else format(value, MEASURES[term].form)


def _what(
    name: str, data: str | None
) -> tuple[Recipe, Sequence[Reported], tuple[str, ...] | None]:
    """The recipe of a table on this data, the rows, and what is measured of them."""
    pick("table", name, names())
    table = TABLES.get(name, Table((name,)))
    found = [recipes.get(each) for each in table.recipes]
    # on data of one's own it is the first
    recipe = next((each for each in found if each.data == data), found[0])
    rows = recipe.reported if table.rows is None else table.rows
    return recipe, rows, table.measures


def _at_a_time(jobs: int | None, device: str, pending: int) -> int:
    """How many rows to train at the same time: no more than there are."""
    if jobs is None:
        on_cpu = pick_device(device).type == "cpu"
        jobs = cores() if on_cpu else 1
    return max(1, min(at_least("jobs", jobs, 1), pending))


def _line(row: Row) -> str:
    measured = row.measured.items()
    terms = [f"{MEASURES[term].title} {_written(term, value)}" for term, value in measured]
    return f"{row.title}: {', '.join(terms)}, {row.seconds:.0f} s"


def _machine(model: nn.Module) -> dict[str, str | int]:
    """Where a model was trained."""
    return {
        "device": str(device_of(model)),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }

"""The command line.

    vaekit labs         run the labs, make a page of results
    vaekit train        train one recipe
    vaekit reproduce    train the rows of a report's table, print it beside the report's
    vaekit results      write the tables of RESULTS.md anew, or check them
    vaekit data         list the data sets, fetch and check one

What takes long to import is imported by the command that needs it.
"""
from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from .errors import UserError, pick

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="VAE labs: run the labs, train the reports' systems, look after the data.",
)

# options that several commands share
Fast = Annotated[
    bool, typer.Option("--fast", help="the recipe's fast schedule instead of the report's")
]
Epochs = Annotated[Optional[int], typer.Option(help="passes over the training set")]
Limit = Annotated[Optional[int], typer.Option(help="train on the first so many images only")]
Seed = Annotated[int, typer.Option(help="same seed, same machine, same numbers")]
Device = Annotated[str, typer.Option(help="auto, cuda, mps or cpu")]


def plain_errors(command: Callable[..., None]) -> Callable[..., None]:
    """A mistake of the user's is one sentence on stderr and exit code 2, never a traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except UserError as error:
            typer.echo(f"vaekit: {error}", err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            typer.echo("vaekit: interrupted", err=True)
            raise typer.Exit(130) from None

    return wrapped


@app.command()
@plain_errors
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
    """Run the labs with papermill and make a page of results."""
    from .course import labs as runner

    results = runner.run_all(
        names,
        out=out,
        parameters=runner.parse_parameters(parameter or []),
        notebooks=notebooks,
        cell_timeout=cell_timeout,
        report=typer.echo,
    )
    typer.echo("\n" + runner.summary(results))
    typer.echo(f"\nresults: {out / 'index.html'}")
    if any(result.error for result in results):
        raise typer.Exit(1)


@app.command()
@plain_errors
def train(
    name: Annotated[
        Optional[str], typer.Argument(help="a recipe; all are listed if left out")
    ] = None,
    data: Annotated[
        Optional[str],
        typer.Option(help="data set (vaekit data lists them); the recipe's own if left out"),
    ] = None,
    epochs: Epochs = None,
    latent_dim: Annotated[Optional[int], typer.Option(help="size of z")] = None,
    beta: Annotated[
        Optional[float], typer.Option(help="weight of the KL: 1 is the ELBO")
    ] = None,
    condition: Annotated[
        Optional[str],
        typer.Option(help="one-hot, embedding or attributes, for a conditional recipe"),
    ] = None,
    batch_size: Annotated[Optional[int], typer.Option(help="images per step")] = None,
    lr: Annotated[Optional[float], typer.Option(help="learning rate")] = None,
    patience: Annotated[
        Optional[int], typer.Option(help="stop after so many epochs without a better loss")
    ] = None,
    fast: Fast = False,
    limit: Limit = None,
    only: Annotated[
        Optional[list[str]],
        typer.Option(help="train and test on this class only; may be given several times"),
    ] = None,
    per_class: Annotated[
        Optional[int], typer.Option(help="train on the first so many images of each class")
    ] = None,
    test_limit: Annotated[
        Optional[int], typer.Option(help="test on the first so many images only")
    ] = None,
    validation: Annotated[
        Optional[float],
        typer.Option(
            help="share of the training images that patience watches in place of the test set"
        ),
    ] = None,
    augment: Annotated[
        Optional[str],
        typer.Option(help="flip or shift-flip: changed copies of the training images"),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    out: Annotated[
        Optional[Path], typer.Option(help="folder for the results, runs/NAME if left out")
    ] = None,
) -> None:
    """Train one recipe: weights, history, loss curves and a sample sheet.

    An interrupted run goes on where it stopped.
    """
    from . import recipes
    from .data import Selection
    from .experiments import results
    from .files import check_writable

    if name is None:
        typer.echo(results.recipe_table())
        return

    recipe = recipes.get(name)
    selection = Selection(
        recipe.data if data is None else data,
        limit=limit,
        classes=tuple(only or ()),
        per_class=per_class,
        test_limit=test_limit,
        validation=validation,
    )
    out = check_writable(Path("runs") / name if out is None else out)
    checkpoint = out / "checkpoint.safetensors"
    if checkpoint.exists():
        typer.echo(f"going on from {checkpoint}")

    run = recipes.train(
        recipe,
        selection,
        latent_dim=latent_dim,
        beta=beta,
        condition=condition,
        fast=fast,
        augment=augment,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        progress=sys.stderr.isatty(),
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        patience=patience,
    )
    files = results.write(run, out)

    # it served its purpose; a finished run is trained afresh next time
    checkpoint.unlink(missing_ok=True)
    typer.echo(f"{recipe.title} ({recipe.source}) on {run.train}")
    typer.echo(results.against_report(run))
    typer.echo(_written(files))


@app.command()
@plain_errors
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
    limit: Limit = None,
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
    from .experiments import figures
    from .experiments import reproduce as reproduction

    if name is None:
        known = ", ".join(reproduction.names())
        typer.echo(f"tables and recipes (vaekit reproduce NAME): {known}")
        return

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
        report=typer.echo,
    )
    text = reproduction.table(rows)
    # the table first: the figures take a while
    typer.echo(f"\n{text}\n")
    typer.echo(_written(figures.write_table(name, rows, text, out)))


@app.command("results")
@plain_errors
def write_results(
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; say which tables differ")
    ] = False,
) -> None:
    """Write the tables of RESULTS.md anew from the measurements in results/.

    In the folder of a clone of the repository.
    """
    from .experiments import tables

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
        typer.echo("all tables are as measured")
        return
    typer.echo(f"tables {what}: {', '.join(changed)}")
    if check:
        raise typer.Exit(1)


@app.command()
@plain_errors
def data(
    name: Annotated[
        Optional[str],
        typer.Argument(help="fetch and check this data set; all are listed if left out"),
    ] = None,
    root: Annotated[
        Optional[Path], typer.Option(help="look here first, and download to here")
    ] = None,
) -> None:
    """List the data sets and where they are, or fetch and check one."""
    from . import data as data_sets

    if name is None:
        for each in data_sets.SOURCES:
            typer.echo(_where(each, root))
        return

    pick("data set", name, data_sets.SOURCES)
    for split in ("train", "test"):
        typer.echo(str(data_sets.load(name, split, root=root)))
    typer.echo(_where(name, root))


def _where(name: str, root: Path | None) -> str:
    """A data set's name, title and place, as a line."""
    from . import data as data_sets

    source = data_sets.SOURCES[name]
    if source.file is None:
        where = "made on the fly"
    else:
        path = data_sets.locate(name, root)
        where = f"not here yet: vaekit data {name}" if path is None else str(path)
    return f"{name:14}{source.title:52}{where}"


def _written(files: list[Path]) -> str:
    return "written: " + ", ".join(str(file) for file in files)


def main() -> None:
    """Run the command line."""
    # a scheduler's SIGTERM ends a run as Ctrl-C does: files whole, workers gone
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app()


if __name__ == "__main__":
    main()

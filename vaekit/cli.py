"""The command line: vaekit labs | train | reproduce | data."""
from __future__ import annotations

import functools
import signal
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from .errors import UserError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="VAE labs: run the labs, train the reports' systems, look after the data.")


def plain_errors(command):
    """A mistake of the user's is one sentence on stderr and exit code 2, never a traceback."""
    @functools.wraps(command)
    def wrapped(*args, **kwargs):
        try:
            return command(*args, **kwargs)
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
    names: Annotated[Optional[list[str]], typer.Argument(help="labs by number or name, all if left out: 01 or 01_autoencoder")] = None,
    out: Annotated[Path, typer.Option(help="folder for executed notebooks and index.html")] = Path("build/labs"),
    parameter: Annotated[Optional[list[str]], typer.Option("--parameter", "-p", help="NAME=VALUE, for every lab run")] = None,
    notebooks: Annotated[Optional[Path], typer.Option(help="folder of the labs, the repository's notebooks/ if left out")] = None,
    cell_timeout: Annotated[int, typer.Option(help="seconds that one cell may take")] = 600,
):
    """Run the labs with papermill and make a page of results."""
    from .course import labs as runner

    results = runner.run_all(names, out=out, parameters=runner.parse_parameters(parameter or []), notebooks=notebooks,
                             cell_timeout=cell_timeout, report=typer.echo)
    typer.echo("\n" + runner.summary(results))
    typer.echo(f"\nresults: {out / 'index.html'}")
    if any(result.error for result in results):
        raise typer.Exit(1)


@app.command()
@plain_errors
def train(
    name: Annotated[Optional[str], typer.Argument(help="a recipe; all are listed if left out")] = None,
    data: Annotated[Optional[str], typer.Option(help="data set (vaekit data lists them); the recipe's own if left out")] = None,
    epochs: Annotated[Optional[int], typer.Option(help="passes over the training set")] = None,
    latent_dim: Annotated[Optional[int], typer.Option(help="size of z")] = None,
    beta: Annotated[Optional[float], typer.Option(help="weight of the KL: 1 is the ELBO")] = None,
    condition: Annotated[Optional[str], typer.Option(help="one-hot, embedding or attributes, for a conditional recipe")] = None,
    batch_size: Annotated[Optional[int], typer.Option(help="images a step")] = None,
    lr: Annotated[Optional[float], typer.Option(help="learning rate")] = None,
    patience: Annotated[Optional[int], typer.Option(help="stop after so many epochs without a better loss")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="the recipe's fast schedule instead of the report's")] = False,
    limit: Annotated[Optional[int], typer.Option(help="train on the first so many images only")] = None,
    only: Annotated[Optional[list[str]], typer.Option(help="train and test on this class only; may be given several times")] = None,
    per_class: Annotated[Optional[int], typer.Option(help="train on the first so many images of each class")] = None,
    test_limit: Annotated[Optional[int], typer.Option(help="test on the first so many images only")] = None,
    validation: Annotated[Optional[float], typer.Option(help="share of the training images that patience watches in place of the test set")] = None,
    augment: Annotated[Optional[str], typer.Option(help="flip or shift-flip: changed copies of the training images")] = None,
    seed: Annotated[int, typer.Option(help="same seed, same machine, same numbers")] = 0,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu")] = "auto",
    out: Annotated[Optional[Path], typer.Option(help="folder for the results, runs/NAME if left out")] = None,
):
    """Train one recipe: weights, history, loss curves and a sample sheet. An interrupted run goes on where it stopped."""
    from . import recipes
    from .experiments import results
    from .files import check_writable

    if name is None:
        typer.echo(results.recipe_table())
        return
    recipe = recipes.get(name)
    out = check_writable(Path("runs") / name if out is None else out)
    checkpoint = out / "checkpoint.safetensors"
    if checkpoint.exists():
        typer.echo(f"going on from {checkpoint}")
    run = recipes.train(name, data=data, latent_dim=latent_dim, beta=beta, condition=condition, fast=fast, limit=limit, classes=only or (),
                        per_class=per_class, test_limit=test_limit, validation=validation, augment=augment, seed=seed, device=device,
                        checkpoint=checkpoint, epochs=epochs, batch_size=batch_size, lr=lr, patience=patience, progress=sys.stderr.isatty())
    files = results.write(run, out)
    checkpoint.unlink(missing_ok=True)                  # it served its purpose; a finished run is trained afresh next time
    typer.echo(f"{recipe.title} ({recipe.source}) on {run.train}\n{results.against_report(run)}\nwritten: " + ", ".join(str(f) for f in files))


@app.command()
@plain_errors
def reproduce(
    name: Annotated[Optional[str], typer.Argument(help="a report's table, or a recipe with reported numbers; all are listed if left out")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="the recipe's fast schedule instead of the report's")] = False,
    jobs: Annotated[Optional[int], typer.Option(help="rows trained at a time; on the CPU one a core if left out")] = None,
    data: Annotated[Optional[str], typer.Option(help="another data set than the report's, for a trial")] = None,
    epochs: Annotated[Optional[int], typer.Option(help="passes over the training set, for a trial")] = None,
    limit: Annotated[Optional[int], typer.Option(help="train on the first so many images only, for a trial")] = None,
    seed: Annotated[int, typer.Option(help="same seed, same machine, same numbers")] = 0,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu")] = "auto",
    out: Annotated[Optional[Path], typer.Option(help="folder for the results, runs/NAME or runs/NAME-fast if left out")] = None,
):
    """Train the rows of a report's table and print it beside the report's. Interrupted, it goes on where it stopped."""
    from .experiments import reproduce as reproduction
    from .experiments import results

    if name is None:
        typer.echo("tables and recipes (vaekit reproduce NAME): " + ", ".join(reproduction.names()))
        return
    out = Path("runs") / (name + "-fast" * fast) if out is None else out
    rows = reproduction.reproduce(name, out=out, fast=fast, jobs=jobs, data=data, epochs=epochs, limit=limit, seed=seed, device=device,
                                  report=typer.echo)
    text = reproduction.table(rows)
    typer.echo(f"\n{text}\n")                              # the figures take a while
    typer.echo("written: " + ", ".join(str(f) for f in results.write_table(name, rows, text, out)))


@app.command()
@plain_errors
def data(
    name: Annotated[Optional[str], typer.Argument(help="fetch and check this data set; all are listed if left out")] = None,
    root: Annotated[Optional[Path], typer.Option(help="look here first, and download to here")] = None,
):
    """List the data sets and where they are, or fetch and check one."""
    from . import data as data_sets
    from .errors import pick

    for each in data_sets.SOURCES if name is None else [pick("data set", name, data_sets.SOURCES)]:
        source = data_sets.SOURCES[each]
        if name is not None:
            typer.echo(f"{data_sets.load(each, 'train', root=root)}\n{data_sets.load(each, 'test', root=root)}")
        where = "made on the fly" if source.file is None else data_sets.locate(each, root) or f"not here yet: vaekit data {each}"
        typer.echo(f"{each:14}{source.title:52}{where}")


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)       # a scheduler's SIGTERM ends a run as Ctrl-C does: files whole, workers gone
    app()


if __name__ == "__main__":
    main()

"""vaekit train"""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from . import signals
from .options import Device, Epochs, Fast, Seed, written
from .output import say, tell


def train(
    name: Annotated[
        Optional[str], typer.Argument(help="a recipe; all are listed if left out")
    ] = None,
    data: Annotated[
        Optional[str],
        typer.Option(
            help="data set (vaekit data lists them), or folder:PATH with your own images; "
            "the recipe's own if left out"
        ),
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
        Optional[int],
        typer.Option(
            help="stop after so many epochs without a better loss on the --validation images"
        ),
    ] = None,
    fast: Fast = False,
    only: Annotated[
        Optional[list[str]],
        typer.Option(help="train and test on this class only; may be given several times"),
    ] = None,
    limit: Annotated[
        Optional[int],
        typer.Option(help="train on the first so many images only, of the chosen classes"),
    ] = None,
    per_class: Annotated[
        Optional[int],
        typer.Option(help="train on the first so many images of each class, within --limit"),
    ] = None,
    test_limit: Annotated[
        Optional[int],
        typer.Option(help="test on the first so many images only, of the chosen classes"),
    ] = None,
    validation: Annotated[
        Optional[float],
        typer.Option(
            help="share of the training images that patience watches in place of the test set"
        ),
    ] = None,
    size: Annotated[
        Optional[str],
        typer.Option(help="height and width of faces, celeba or your own images, as 64x48"),
    ] = None,
    attributes: Annotated[
        Optional[str],
        typer.Option(help="only these attributes of faces, celeba or your own images, as A,B"),
    ] = None,
    augment: Annotated[
        Optional[str],
        typer.Option(help="flip, shift-flip or flip-blur: changed copies of the training images"),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    out: Annotated[
        Optional[Path], typer.Option(help="folder for the results, runs/NAME if left out")
    ] = None,
) -> None:
    """Train one recipe: weights, history, loss curves, samples and what else shows the model.

    An interrupted run goes on where it stopped.
    """
    if name is None:
        from ..experiments.lists import recipe_table

        signals.raise_interrupt()
        say(recipe_table())
        return

    from .. import recipes
    from ..data import Selection
    from ..data.size import read_size
    from ..experiments import results
    from ..experiments.folders import own_folder
    from .progress import Lines

    signals.raise_interrupt()
    recipe = recipes.get(name)
    selection = Selection(
        recipe.data if data is None else data,
        limit=limit,
        classes=tuple(only or ()),
        per_class=per_class,
        test_limit=test_limit,
        validation=validation,
        size=None if size is None else read_size(size),
        attributes=_names(attributes),
    )
    with own_folder(Path("runs") / name if out is None else out) as folder:
        checkpoint = results.checkpoint_in(folder)
        if checkpoint.exists():
            say(f"found {checkpoint}, trying to go on")

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
            progress=True if sys.stderr.isatty() else Lines,
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            patience=patience,
        )
        files = results.write(run, folder)
        # it served its purpose; a finished run is trained afresh next time
        checkpoint.unlink(missing_ok=True)

    say(f"{recipe.title} ({recipe.source}) on {run.train}")
    say(results.against_report(run))
    if run.history.selected_on == "test":
        tell(
            "--patience chose this epoch by its test loss, which is then too good to report; "
            "give it --validation 0.1 to watch"
        )
    say(written(files))


def _names(text: str | None) -> tuple[str, ...]:
    """The names in a text "A,B"; none where it is left out."""
    return () if text is None else tuple(name.strip() for name in text.split(","))

"""The arguments of training that work, and the hostile values that are rightly accepted."""
import tempfile
from pathlib import Path

import torch
from support.hostile import ALL, Case, Exempt
from support.vaes import small_vae

from vaekit import data, losses
from vaekit.training import Checkpoint, History
from vaekit.training.settings import Settings

OF_THE_LOOP = "called by fit and evaluate alone, with what they have checked"
# a file's settings and rows are what json makes of them
OF_A_FILE = "called by Checkpoint with the content of a file; test_damaged_checkpoints.py"

PART = ("none",)
WITHOUT_BOUND = {"lr": ("huge",), "weight_decay": ("zero", "huge"), "seed": ("zero",)}
ANY_TEXT = ("folder",)


def images(n=4):
    return data.load("digits", "train").first(n)


def settings(**changes):
    working = dict(
        epochs=1,
        batch_size=2,
        lr=1e-3,
        weight_decay=0.1,
        schedule="constant",
        optimizer="adam",
        betas=(0.9, 0.999),
        seed=1,
    )
    return working | changes


def checkpoint():
    model = small_vae()
    return dict(
        path=Path(tempfile.mkdtemp()) / "run.safetensors",
        settings={"seed": 1},
        model=model,
        optimizers=[torch.optim.Adam(model.parameters())],
    )


def after_one_epoch(**arguments):
    self = Checkpoint(**checkpoint() | {"path": None})
    self.after_epoch({"epoch": 1, "test_loss": 2.0})
    return dict(self=self, **arguments)


def history(**arguments):
    return dict(self=History([{"epoch": 1, "test_loss": 2.0}]), **arguments)


CASES = {
    "training.fit.fit": Case(
        lambda: dict(
            model=small_vae(),
            train=images(),
            objective=losses.negative_elbo,
            test=images(),
            validation=images(2),
            patience=1,
            augment=torch.zeros_like,
            checkpoint=None,
            device="cpu",
            **settings(),
        ),
        {
            "test": PART,
            "validation": PART,
            "patience": PART,
            "augment": PART,
            # Adam divides by the gradient's size, so any decay is finite
            "weight_decay": ("zero", "huge"),
            "seed": ("zero",),
            "progress": ANY_TEXT,
        },
    ),
    "training.evaluate.evaluate": Case(
        lambda: dict(
            model=small_vae(),
            images=images(),
            objective=losses.negative_elbo,
            batch_size=2,
            seed=1,
        ),
        {"batch_size": ("none",), "seed": ("zero",)},
    ),
    "training.history.History": Case(
        lambda: dict(rows=[{"epoch": 1, "train_loss": 3.0}]),
        {"rows": ("none", "empty list")},
    ),
    "training.history.History.add": Case(lambda: history(row={"epoch": 2})),
    "training.history.History.save": Case(lambda: history(path="h.csv")),
    "training.settings.one_cycle": Case(
        lambda: dict(progress=0.5, warmup=0.3, start=0.04, end=1e-4),
        {
            "progress": ("zero",),
            "warmup": ("zero",),
            "start": ("zero", "huge"),
            "end": ("zero", "huge"),
        },
    ),
    "training.settings.constant": Case(lambda: dict(progress=0.5), {"progress": ("zero",)}),
    "training.settings.Settings": Case(settings, WITHOUT_BOUND),
    "training.settings.Settings.lr_at": Case(
        lambda: dict(self=Settings(**settings()), progress=0.5), {"progress": ("zero",)}
    ),
    "training.settings.Settings.make_optimizer": Exempt(OF_THE_LOOP),
    "training.checkpoints.Checkpoint": Case(
        checkpoint,
        {"path": ("none",), "optimizers": ("empty list",)},
        {"path": "checkpoint"},
    ),
    "training.checkpoints.Checkpoint.stale_for": Case(
        lambda: after_one_epoch(patience=1), {"patience": ("none",)}
    ),
    "training.checkpoints.Checkpoint.after_epoch": Case(
        lambda: after_one_epoch(row={"epoch": 2, "test_loss": 1.0}),
    ),
    "training.checkpoints.Checkpoint.restore_best": Case(after_one_epoch),
    "training.contents.check_same_run": Exempt(OF_A_FILE),
    "training.contents.rows_of": Exempt(OF_A_FILE),
    "training.contents.moments_of": Exempt(OF_A_FILE),
    "training.contents.check_tensors": Exempt(OF_A_FILE),
    "training.contents.is_judged": Exempt(OF_A_FILE),
    # any value may be asked about: what is no objective depends on no batch
    "training.estimators.depends_on_batch": Case(
        lambda: dict(objective=losses.capacity), {"objective": ALL}
    ),
    "training.estimators.check_size_of_training_set": Exempt(OF_THE_LOOP),
    "training.evaluate.means_of": Exempt(OF_THE_LOOP),
    "training.modes.frozen_parts": Exempt(OF_THE_LOOP),
    "training.modes.to_training": Exempt(OF_THE_LOOP),
    "training.modes.usable_afterwards": Exempt(OF_THE_LOOP),
    "training.parts.part_of": Exempt(OF_THE_LOOP),
    "training.players.players_of": Exempt(OF_THE_LOOP),
    "training.players.set_lr": Exempt(OF_THE_LOOP),
    "training.players.gradient_norms": Exempt(OF_THE_LOOP),
    "training.players.size_of_weights": Exempt(OF_THE_LOOP),
    "training.progress.Bar.update": Exempt(OF_THE_LOOP),
    "training.progress.Bar.show": Exempt(OF_THE_LOOP),
    "training.progress.Bar.close": Exempt(OF_THE_LOOP),
    "training.progress.progress_bar": Exempt(OF_THE_LOOP),
    "training.refusals.check_model": Exempt(OF_THE_LOOP),
    "training.refusals.check_is_module": Exempt(OF_THE_LOOP),
    "training.refusals.check_objective": Exempt(OF_THE_LOOP),
    "training.refusals.check_holds_values": Exempt(OF_THE_LOOP),
    "training.refusals.check_images": Exempt(OF_THE_LOOP),
    "training.refusals.check_patience": Exempt(OF_THE_LOOP),
    "training.refusals.check_augmented": Exempt(OF_THE_LOOP),
    "training.refusals.stop_if_not_finite": Exempt(OF_THE_LOOP),
    "training.refusals.stop_if_held_out_is_not_finite": Exempt(OF_THE_LOOP),
    "training.seeds.seed_of": Exempt(OF_THE_LOOP),
    "training.seeds.seed_epoch": Exempt(OF_THE_LOOP),
    "training.settings.fingerprint": Exempt(OF_THE_LOOP),
    "training.settings.watched": Exempt(OF_THE_LOOP),
    "training.settings.content_of": Exempt(OF_THE_LOOP),
    "training.tally.Tally": Exempt(OF_THE_LOOP),
    "training.tally.Tally.add": Exempt(OF_THE_LOOP),
    "training.tally.Tally.table": Exempt(OF_THE_LOOP),
    "training.tally.Tally.means": Exempt(OF_THE_LOOP),
    "training.tally.Tally.first_not_finite": Exempt(OF_THE_LOOP),
    "training.terms.terms_of": Exempt(OF_THE_LOOP),
}

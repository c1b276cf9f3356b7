"""What the reports measure, by name, and how it is measured here."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ..device import seeded
from ..errors import UserError, brief, pick
from ..models.conditioning import labels_of
from ..recipes import Run
from ..recipes.faces import s2_beta

# reconstructions of large images want memory
AT_A_TIME = 500


@dataclass(frozen=True)
class Measure:
    """One number of a trained model.

    Attributes:
        title: its name in a table.
        value: measures it.
        form: how it is written.
        comparable: whether our number and the report's are of one kind.
        beside: another measure that is always taken with this one.
    """

    title: str
    value: Callable[[Run], float]
    form: str = ".2f"
    comparable: bool = True
    beside: str | None = None


def measure(run: Run, terms: Iterable[Any]) -> dict[str, float]:
    """These terms of a finished training, and what is taken beside them.

    Raises:
        UserError: a term that is not measured.
    """
    measured = {}
    for term in [terms] if isinstance(terms, str) else terms:
        if not isinstance(term, str):
            raise UserError(f"terms must be names of measures, got {brief(terms)}")
        pick("term among terms:", term, MEASURES)
        measured[term] = MEASURES[term].value(run)
        beside = MEASURES[term].beside
        if beside is not None:
            measured[beside] = MEASURES[beside].value(run)
    return measured


def _after_training(term: str, run: Run) -> float:
    """A term of the loss on the test set, after the last epoch."""
    return run.history.last[f"test_{term}"]


def _s2_lambda(run: Run) -> float:
    """The weight that S2 would have written for this β."""
    return run.settings["beta"] / s2_beta(1.0)


def _error_per_value(run: Run) -> float:
    """The squared error averaged over pixel values instead of summed."""
    return _after_training("reconstruction", run) / math.prod(run.test.shape)


def _active_units(run: Run) -> float:
    from ..metrics.latents import active_units

    model: Any = run.model
    return active_units(model, run.test).value


def _ssim(run: Run) -> float:
    """SSIM of the test images and their reconstructions, without interval and floor."""
    from ..metrics.image import ssim

    model: Any = run.model
    labels = labels_of(model, run.test)
    found = []
    for start in range(0, len(run.test), AT_A_TIME):
        batch = slice(start, start + AT_A_TIME)
        c = None if labels is None else labels[batch]
        found.append(model.reconstruct(run.test.images(batch), c).cpu())
    return ssim(run.test, torch.cat(found), floor=False, resamples=2).value


def _fid(n: int, run: Run) -> float:
    """FID of n generated images against n real ones, of the same classes."""
    from ..metrics.distances import frechet, gaussian
    from ..metrics.features import load_features

    network = load_features("mnist")
    real = run.test.first(n)
    fake = run.model.sample(len(real), real.y, generator=seeded(run.settings["seed"]))
    of_real = gaussian(network.features(real.images()))
    of_fake = gaussian(network.features(fake.cpu()))
    return frechet(of_real, of_fake).item()


# in the order of a table's columns
MEASURES: dict[str, Measure] = {
    # what S2 calls its β
    "lambda": Measure("λ", _s2_lambda, "g"),
    "loss": Measure("total", partial(_after_training, "loss")),
    "reconstruction": Measure("BCE", partial(_after_training, "reconstruction")),
    # the reconstruction of `negative_elbo_gaussian`
    "squared_error": Measure("squared error", partial(_after_training, "reconstruction")),
    "error_per_value": Measure("per value", _error_per_value, ".5f"),
    "kl": Measure("KL", partial(_after_training, "kl")),
    "active_units": Measure("active units", _active_units, ".0f"),
    "ssim": Measure("SSIM", _ssim, ".3f"),
    # the report looks through Inception, we through our own classifier; and 10 images are too few
    # to say much, so 5,000 are measured as well
    "fid_10": Measure("FID, 10 images", partial(_fid, 10), comparable=False, beside="fid_5000"),
    "fid_5000": Measure("FID, 5,000 images", partial(_fid, 5000), comparable=False),
}

"""What the reports measure, by name, and how it is measured here."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..device import seeded
from ..errors import UserError, brief, pick
from ..recipes import Run


@dataclass(frozen=True)
class Measure:
    """One number of a trained model.

    Attributes:
        title: its name in a table.
        value: measures it.
        comparable: whether our number and the report's are of one kind.
        beside: another measure that is always taken with this one.
    """

    title: str
    value: Callable[[Run], float]
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
    "loss": Measure("total", partial(_after_training, "loss")),
    "reconstruction": Measure("BCE", partial(_after_training, "reconstruction")),
    "kl": Measure("KL", partial(_after_training, "kl")),
    # the report looks through Inception, we through our own classifier; and 10 images are too few
    # to say much, so 5,000 are measured as well
    "fid_10": Measure("FID, 10 images", partial(_fid, 10), comparable=False, beside="fid_5000"),
    "fid_5000": Measure("FID, 5,000 images", partial(_fid, 5000), comparable=False),
}

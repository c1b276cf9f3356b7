"""The arguments of metrics of attributes that work, and what is rightly accepted."""
import torch
from support.attributes import NAMES, Reader, attribute_set, images_of, planted
from support.hostile import Case, Exempt

from vaekit.device import seeded

Y = planted(40, (0.5, 0.5, 0.5))
TEXTS = ("empty text", "folder")
CALLED = "called by the metrics of attributes with what they were given"


def errors(n=40, seed=0):
    return torch.rand(n, generator=seeded(seed))


def pictures(n=12, seed=0):
    return torch.rand(n, 3, 8, 8, generator=seeded(seed))


CASES = {
    "metrics.shares.wilson_interval": Case(
        lambda: dict(share=0.5, n=10.0), {"share": ("zero",), "n": ("huge",)}
    ),
    "metrics.attributes.read_attributes": Case(
        lambda: dict(classifier=Reader(), images=images_of(Y)), words={"classifier": "model"}
    ),
    "metrics.attributes.carried": Case(
        lambda: dict(
            classifier=Reader(),
            images=images_of(Y),
            asked=Y,
            names=NAMES,
            present=True,
            real=attribute_set(Y),
        ),
        {"asked": ("another dtype",), "real": ("none",)},
        words={"classifier": "model"},
    ),
    "metrics.attributes.generation_rates": Case(
        lambda: dict(classifier=Reader(), images=images_of(Y), real=attribute_set(Y)),
        words={"classifier": "model"},
    ),
    "metrics.attributes.balanced_accuracy": Case(
        lambda: dict(classifier=Reader(), images=attribute_set(Y)), words={"classifier": "model"}
    ),
    "metrics.attributes.attribute_rows": Exempt(CALLED),
    "metrics.attributes.labels_of_attributes": Exempt(CALLED),
    "metrics.attributes.check_both_groups": Exempt(CALLED),
    "metrics.by_attribute.error_by_attribute": Case(
        lambda: dict(
            errors=errors(), images=attribute_set(Y), unit="nats", resamples=5, seed=1
        ),
        {"seed": ("zero",), "unit": TEXTS},
    ),
    "metrics.by_attribute.error_per_image": Exempt(CALLED),
    "metrics.amplification.phi": Case(
        lambda: dict(first=Y[:, 0], second=Y[:, 1]),
        {"first": ("another dtype",), "second": ("another dtype",)},
    ),
    "metrics.amplification.bias_amplification": Case(
        lambda: dict(
            classifier=Reader(),
            images=images_of(Y),
            real=attribute_set(Y),
            first=NAMES[0],
            second=NAMES[1],
            resamples=5,
            seed=1,
        ),
        {"seed": ("zero",)},
        words={"classifier": "model", "first": "attribute", "second": "attribute"},
    ),
    "metrics.membership.membership": Case(
        lambda: dict(members=errors(), others=errors(seed=1)),
    ),
    "metrics.membership.membership_by_samples": Case(
        lambda: dict(
            samples=pictures(), members=pictures(seed=1), others=pictures(seed=2), memory_mb=1
        ),
        {"memory_mb": ("huge",)},
    ),
    "metrics.spectrum.power_spectrum": Case(lambda: dict(images=pictures(), window=True)),
    "metrics.spectrum.lost_frequencies": Case(
        lambda: dict(
            real=pictures(),
            reconstructed=pictures(seed=1),
            bands=[1.0, 2.0, 4.0],
            window=True,
            resamples=5,
            seed=1,
        ),
        {"seed": ("zero",)},
    ),
}

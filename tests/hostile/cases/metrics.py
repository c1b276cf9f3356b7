"""The arguments of metrics that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import Case, Exempt
from support.scores import FID, like_fid
from torch import nn

from vaekit.data import ImageSet
from vaekit.metrics.feature_network import FeatureNetwork
from vaekit.metrics.inception import AnyImage
from vaekit.metrics.table import Table
from vaekit.models import nets
from vaekit.models.conditioning import OneHot
from vaekit.models.vae import VAE

SHAPE = (1, 8, 8)
OF_FEATURES = "a formula of fid, kid and class_variety, called with features that they checked"
TEXTS = ("empty text", "folder")
NUMBERS = ("nan", "inf", "-inf", "zero", "-1", "huge")
# what messages call images of either set
OF_TWO_SETS = {"real": "images", "fake": "images"}


def images(n=12, seed=0):
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(seed))


def labels(n=12):
    return torch.arange(n) % 2


def image_set(n=12, seed=0):
    return ImageSet(images(n, seed), labels(n), ("a", "b"))


def vae(condition=None):
    torch.manual_seed(0)
    width = 0 if condition is None else condition.width
    encoder = nets.mlp_encoder(SHAPE, (8,))
    decoder = nets.mlp_decoder(2 + width, (8,), SHAPE)
    return VAE(encoder, decoder, 2, SHAPE, condition=condition)


class Reader(nn.Module):
    """Two features of an image, which are its logits too."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 2)

    def forward(self, x):
        return self.layer(x.flatten(1))


def reader():
    torch.manual_seed(0)
    return Reader()


def network():
    return FeatureNetwork("own", "", 2, reader(), classes=2)


def of_posterior(**more):
    return Case(lambda: dict(model=vae(), x=images()) | more, words={"x": "images"})


CASES = {
    "metrics.bootstrap.bootstrap": Case(
        lambda: dict(statistic=lambda index: float(index.sum()), n=5, resamples=3, seed=1),
        {"seed": ("zero",)},
    ),
    "metrics.bootstrap.interval": Exempt("of resampled scores, called by what drew them"),
    "metrics.bootstrap.student": Case(lambda: dict(n=5)),
    "metrics.bootstrap.times_drawn": Case(
        lambda: dict(n=5, resamples=3, generator=torch.Generator())
    ),
    "metrics.compared.features_of": Exempt("called by fid and its like with what they were given"),
    "metrics.compared.floor_of": Exempt(OF_FEATURES),
    "metrics.compared.note_of": Exempt("words about a network that was loaded"),
    "metrics.consistency.class_consistency": Case(
        lambda: dict(
            model=vae(OneHot(2)), classes=[0, 1], n=10, features=reader(), resamples=5, seed=1
        ),
        {"seed": ("zero",)},
    ),
    "metrics.consistency.consistency_of": Case(
        lambda: dict(images=images(), labels=labels(), features=reader(), resamples=5, seed=1),
        {"seed": ("zero",)},
    ),
    "metrics.disentanglement.mig": Case(
        lambda: dict(
            codes=torch.rand(60, 2, generator=torch.Generator().manual_seed(0)),
            factors=labels(60)[:, None],
            bins=5,
        ),
    ),
    "metrics.distances.fid": Case(
        lambda: dict(
            real=images(), fake=images(seed=1), features=reader(), floor=False, resamples=3, seed=1
        ),
        {"seed": ("zero",)},
        words=OF_TWO_SETS,
    ),
    "metrics.distances.kid": Case(
        lambda: dict(
            real=images(), fake=images(seed=1), features=reader(), floor=False, resamples=3, seed=1
        ),
        {"seed": ("zero",)},
        words=OF_TWO_SETS,
    ),
    "metrics.feature_distances.fid_of_features": Exempt(OF_FEATURES),
    "metrics.feature_distances.kid_of_features": Exempt(OF_FEATURES),
    "metrics.feature_distances.gaussian": Exempt(OF_FEATURES),
    "metrics.feature_distances.frechet": Exempt(OF_FEATURES),
    "metrics.feature_distances.kid_of_subsets": Exempt(OF_FEATURES),
    "metrics.feature_distances.mixture": Exempt(OF_FEATURES),
    "metrics.feature_distances.mmd_influences": Exempt(OF_FEATURES),
    "metrics.feature_distances.kernel": Exempt(OF_FEATURES),
    "metrics.feature_network.FeatureNetwork": Case(
        lambda: dict(
            name="own",
            hash="abc",
            num_features=2,
            module=reader(),
            accuracy=0.5,
            classes=2,
            note="a note",
            chunk=10,
        ),
        {
            "name": TEXTS,
            "hash": TEXTS,
            "num_features": ("none",),
            "module": ("meta device",),
            "accuracy": ("none", "zero"),
            "classes": ("none",),
            "note": TEXTS,
        },
    ),
    "metrics.feature_network.FeatureNetwork.features": Case(
        lambda: dict(self=network(), images=images())
    ),
    "metrics.feature_network.FeatureNetwork.classify": Case(
        lambda: dict(self=network(), images=image_set())
    ),
    "metrics.feature_network.FeatureNetwork.logits": Case(
        lambda: dict(self=network(), images=images())
    ),
    "metrics.features.load_features": Case(
        lambda: dict(features="mnist", device="cpu"),
    ),
    "metrics.image.ssim": Case(
        lambda: dict(x=images(), x_hat=images(seed=1), floor=False, resamples=3, seed=1),
        {"seed": ("zero",)},
        words={"x": "images", "x_hat": "images"},
    ),
    "metrics.inception.load_inception": Exempt("it has no arguments; it fetches 90 MB"),
    "metrics.inception.AnyImage": Case(
        lambda: dict(network=nn.Linear(1, 1)), {"network": ("meta device",)}
    ),
    "metrics.inception.AnyImage.forward": Case(
        lambda: dict(self=AnyImage(nn.Flatten()), x=images()), words={"x": "images"}
    ),
    "metrics.labels.one_label_per_image": Case(lambda: dict(labels=labels(), images=12)),
    "metrics.latents.posteriors": Case(
        lambda: dict(model=vae(), x=images(), batch_size=5), words={"x": "images"}
    ),
    "metrics.latents.kl_per_dimension": of_posterior(),
    "metrics.latents.posterior_mean_variance": of_posterior(),
    "metrics.latents.active_units": Case(
        lambda: dict(model=vae(), x=images(), threshold=0.1),
        # no dimension is so active
        {"threshold": ("huge",)},
        words={"x": "images"},
    ),
    "metrics.latents.aggregate_moments": of_posterior(),
    "metrics.latents.aggregate_posterior": of_posterior(),
    "metrics.likelihood.nll": Case(
        lambda: dict(
            model=vae(), x=images(), k=3, unit="bits per dimension", seed=1, memory_mb=1.0
        ),
        {"seed": ("zero",), "memory_mb": ("huge",)},
        words={"x": "images"},
    ),
    "metrics.likelihood.importance_bound": Case(
        lambda: dict(model=vae(), x=images(), k=3, seed=1, memory_mb=1.0),
        {"seed": ("zero",), "memory_mb": ("huge",)},
        words={"x": "images"},
    ),
    "metrics.likelihood.importance_weights": Case(
        lambda: dict(model=vae(), x=images(), k=3, seed=1, memory_mb=1.0),
        {"seed": ("zero",), "memory_mb": ("huge",)},
        words={"x": "images"},
    ),
    # a formula of any logarithms, −inf (a weight of 0) among them
    "metrics.likelihood.log_mean_exp": Case(
        lambda: dict(log_w=torch.rand(3, 4), dim=1),
        {
            "log_w": ("another dtype", "complex", "meta device", "empty set", "all nan", "one inf"),
            "dim": ("-1",),
        },
        not_a_number=("log_w",),
    ),
    "metrics.likelihood.bernoulli_entropy": Case(
        lambda: dict(x=images()), words={"x": "images"}
    ),
    "metrics.likelihood.bits_per_dimension": Case(
        lambda: dict(score=like_fid(metric="NLL", unit="nats per image"), pixels=64)
    ),
    "metrics.memorisation.nearest_neighbours": Case(
        lambda: dict(
            samples=images(), train=images(seed=1), held_out=images(seed=2), memory_mb=1.0
        ),
        {"held_out": ("none",), "memory_mb": ("huge",)},
        words={"samples": "images", "train": "images", "held_out": "images"},
    ),
    "metrics.memorisation.nearest": Case(
        lambda: dict(images=images(), among=images(seed=1), memory_mb=1.0),
        {"memory_mb": ("huge",)},
        words={"among": "images"},
    ),
    "metrics.precision_recall.precision": Case(
        lambda: dict(
            real=images(), fake=images(seed=1), features=reader(), neighbours=2, floor=False, seed=1
        ),
        {"seed": ("zero",)},
        words=OF_TWO_SETS,
    ),
    "metrics.precision_recall.recall": Case(
        lambda: dict(
            real=images(), fake=images(seed=1), features=reader(), neighbours=2, floor=False, seed=1
        ),
        {"seed": ("zero",)},
        words=OF_TWO_SETS,
    ),
    "metrics.score.Score": Case(
        lambda: dict(
            metric="FID",
            value=1.0,
            low=0.5,
            high=2.0,
            n=10,
            floor=0.1,
            floor_name="real",
            features="fashion",
            weights="abc",
            unit="nats",
            better="lower",
            note="a note",
        ),
        # a record of what was measured, whatever that was
        {
            "metric": TEXTS,
            "value": NUMBERS,
            "low": NUMBERS,
            "high": NUMBERS,
            "n": ("zero",),
            "floor": ("none", *NUMBERS),
            "floor_name": TEXTS,
            "reference": TEXTS,
            "features": TEXTS,
            "weights": TEXTS,
            "unit": TEXTS,
            "note": TEXTS,
        },
        words={"better": "direction"},
        not_a_number=("value", "low", "high", "floor"),
    ),
    "metrics.score.Score.beats": Case(lambda: dict(self=FID, other=like_fid(value=1.0))),
    "metrics.score.short": Case(lambda: dict(value=1.0), {"value": NUMBERS}),
    "metrics.posterior.images_of": Exempt("called by nll and its like with what they were given"),
    "metrics.posterior.check_posterior": Exempt(
        "of what a model answered to nll and its like; tests/metrics try wrong answers"
    ),
    "metrics.reference.reference_of": Exempt("of images that fid and its like checked"),
    "metrics.table.Table": Case(lambda: dict(rows={"VAE": [FID]})),
    "metrics.table.Table.figure": Case(
        lambda: dict(self=Table({"VAE": [FID]}), title="t"), {"title": TEXTS}
    ),
    "metrics.table.table": Case(lambda: dict(rows=[FID]), words={"rows": "row"}),
    "metrics.variety.class_variety": Case(
        lambda: dict(
            images=images(),
            labels=labels(),
            real=image_set(),
            features=reader(),
            resamples=3,
            seed=1,
        ),
        {"seed": ("zero",)},
    ),
}

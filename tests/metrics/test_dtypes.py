"""Images of every dtype that an ImageSet takes give every metric the same numbers."""
import inspect

import pytest
import torch
from support.hostile import public_functions
from torch import nn

from vaekit import metrics
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics import latents
from vaekit.metrics.feature_network import FeatureNetwork
from vaekit.metrics.score import Score
from vaekit.models import nets
from vaekit.models.diffusion import Diffusion
from vaekit.models.vae import VAE

SHAPE = (1, 8, 8)
PIXELS = torch.randint(256, (12, *SHAPE), generator=seeded(0), dtype=torch.uint8)
OTHERS = torch.rand(12, *SHAPE, generator=seeded(1))
LABELS = torch.arange(12) % 2


class OwnVAE(VAE):
    """As a student writes it: it gives its images to a network as they come."""

    def posterior(self, x, c=None):
        features = self.joint(self.encoder(x))
        return self.to_mean(features), self.to_log_var(features)


def vae():
    torch.manual_seed(0)
    return OwnVAE(nets.mlp_encoder(SHAPE, (8,)), nets.mlp_decoder(2, (8,), SHAPE), 2, SHAPE)


def reader():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 2))


def network():
    return FeatureNetwork("own", "", 2, reader(), classes=2)


class Denoiser(nn.Module):
    """The network of a diffusion model, as small as can be."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 64)

    def forward(self, x, t, cond=None):
        return self.layer(x.flatten(1)).reshape(x.shape)


def diffusion():
    torch.manual_seed(0)
    return Diffusion(Denoiser(), SHAPE, steps=10)


def labelled(x):
    return ImageSet(x, LABELS, ("a", "b"))


class AttributeReader(nn.Module):
    """Two attributes: whether the upper and the lower half are light."""

    def classify(self, x):
        return (x.unflatten(2, (2, 4)).mean((1, 3, 4)) > 0.5).long()


def values(scores):
    """Of all that scores say."""
    found = [each for score in scores for each in (score.value, score.low, score.high)]
    return torch.tensor(found)


ATTRIBUTES = torch.tensor([[0, 1], [1, 0], [1, 1], [0, 0]]).repeat(3, 1)


def with_attributes(x):
    return ImageSet(x, ATTRIBUTES, ("a", "b"))


# by the name of the function: how it is called with images
CALLS = {
    "amplification.bias_amplification": lambda x: values(
        metrics.bias_amplification(
            AttributeReader(), x, with_attributes(OTHERS), "a", "b", resamples=9
        )
    ),
    "attributes.read_attributes": lambda x: metrics.read_attributes(AttributeReader(), x),
    "attributes.carried": lambda x: values(
        metrics.carried(AttributeReader(), x, ATTRIBUTES, ("a", "b")).values()
    ),
    "attributes.generation_rates": lambda x: values(
        metrics.generation_rates(AttributeReader(), x, with_attributes(OTHERS)).values()
    ),
    "membership.membership_by_samples": lambda x: metrics.membership_by_samples(
        OTHERS, x, OTHERS.flip(3)
    ),
    "spectrum.power_spectrum": lambda x: metrics.power_spectrum(x),
    "spectrum.lost_frequencies": lambda x: values(
        metrics.lost_frequencies(OTHERS, x, resamples=3).values()
    ),
    "consistency.consistency_of": lambda x: metrics.consistency_of(
        x, LABELS, features=reader(), resamples=2
    ),
    "denoising_bound.denoising_bound": lambda x: metrics.denoising_bound(diffusion(), x, draws=3),
    "denoising_bound.fit_variances": lambda x: metrics.fit_variances(diffusion(), x, draws=3),
    "precision_recall.precision": lambda x: metrics.precision(
        OTHERS, x, features=reader(), floor=False
    ),
    "precision_recall.recall": lambda x: metrics.recall(
        OTHERS, x, features=reader(), floor=False
    ),
    "distances.fid": lambda x: metrics.fid(
        OTHERS, x, features=reader(), floor=False, resamples=2
    ),
    "distances.kid": lambda x: metrics.kid(
        OTHERS, x, features=reader(), floor=False, resamples=2
    ),
    "feature_network.FeatureNetwork.features": lambda x: network().features(x),
    "feature_network.FeatureNetwork.classify": lambda x: network().classify(x),
    "feature_network.FeatureNetwork.logits": lambda x: network().logits(x),
    "image.ssim": lambda x: metrics.ssim(x, OTHERS, floor=False, resamples=2),
    "latents.posteriors": lambda x: latents.posteriors(vae(), x),
    "latents.kl_per_dimension": lambda x: metrics.kl_per_dimension(vae(), x),
    "latents.posterior_mean_variance": lambda x: metrics.posterior_mean_variance(vae(), x),
    "latents.active_units": lambda x: metrics.active_units(vae(), x),
    "latents.aggregate_moments": lambda x: metrics.aggregate_moments(vae(), x),
    "latents.aggregate_posterior": lambda x: metrics.aggregate_posterior(vae(), x),
    "likelihood.nll": lambda x: metrics.nll(vae(), x, 3),
    "likelihood.importance_bound": lambda x: metrics.importance_bound(vae(), x, 3),
    "likelihood.importance_weights": lambda x: metrics.importance_weights(vae(), x, 3),
    "memorisation.nearest_neighbours": lambda x: metrics.nearest_neighbours(x, OTHERS),
    "variety.class_variety": lambda x: metrics.class_variety(
        x, LABELS, labelled(OTHERS), features=reader(), resamples=2
    ),
}
# called by those above, with what they were given
WITHIN = {"compared.features_of", "posterior.images_of", "reference.reference_of"}


def numbers(found):
    if isinstance(found, Score):
        return torch.tensor([found.value, found.low, found.high])
    # what a named tuple holds
    return tuple(found) if isinstance(found, tuple) else found


def check_equal(found, expected):
    torch.testing.assert_close(numbers(found), numbers(expected), rtol=0, atol=0)


def test_every_metric_of_images_is_called_here():
    of_images = set()
    for name, function in public_functions("metrics").items():
        hints = [str(each.annotation) for each in inspect.signature(function).parameters.values()]
        if any("ImageSet" in hint and "Tensor" in hint for hint in hints):
            of_images.add(name.removeprefix("metrics."))
    assert of_images - WITHIN == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_stored_pixels_are_measured_as_images(name):
    measure = CALLS[name]
    check_equal(measure(PIXELS), measure(PIXELS / 255))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", CALLS)
def test_every_float_dtype_is_measured_as_float32(name, dtype):
    measure = CALLS[name]
    images = (PIXELS / 255).to(dtype)
    check_equal(measure(images), measure(images.float()))


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
@pytest.mark.parametrize("name", CALLS)
def test_other_dtypes_are_refused(name, dtype):
    with pytest.raises(UserError, match="must be float in .*; divide uint8 pixels by 255"):
        CALLS[name](PIXELS.to(dtype))

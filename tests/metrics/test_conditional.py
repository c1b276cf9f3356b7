"""The metrics of a conditional model, by hand: every image with its own label, whatever the batches."""
import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal

from vaekit import metrics
from vaekit.data import ImageSet
from vaekit.errors import UserError
from vaekit.losses import gaussian_kl
from vaekit.metrics.features import FeatureNetwork
from vaekit.metrics.likelihood import importance_bound, importance_weights, nll
from vaekit.models import conditioning, nets
from vaekit.models.vae import VAE

SHAPE, N, D, SIZE = (1, 4, 4), 9, 2, 3
latents = metrics.latents


@pytest.fixture(params=["one-hot", "embedding", "attributes"])
def kind(request):
    return request.param


@pytest.fixture
def model(kind):
    torch.manual_seed(0)
    condition = conditioning.make(kind, SIZE, D)
    model = VAE(nn.Flatten(), nets.mlp_decoder(D + condition.width, (16,), SHAPE), D, SHAPE, condition=condition, hidden=(16,))
    with torch.no_grad():                          # fresh weights barely listen; these do
        for parameter in model.parameters():
            parameter.mul_(3)
    return model.eval()


@pytest.fixture
def images(kind, generator):
    x = (torch.rand(N, *SHAPE, generator=generator) > 0.5).float()
    y = torch.tensor([0, 1, 2, 1, 0, 0, 2, 2, 1])
    return ImageSet(x, torch.stack([y % 2, y // 2, 1 - y % 2], 1) if kind == "attributes" else y, tuple("abc"))


def by_hand(model, images, k):
    """log w, (k, N), image by image and draw by draw."""
    columns = []
    for i in range(N):
        x, c = images.x[i:i + 1], images.y[i:i + 1]
        mean, log_var = model.posterior(x, c)
        noise = torch.randn(k, D, generator=torch.Generator().manual_seed(i))
        q, rows = Normal(mean, (0.5 * log_var).exp()), []
        for one in noise:
            z = mean + (0.5 * log_var).exp() * one
            log_p_x = Bernoulli(logits=model.logits(z, c)).log_prob(x).sum()
            rows.append(log_p_x + Normal(0.0, 1.0).log_prob(z).sum() - q.log_prob(z).sum())
        columns.append(torch.stack(rows))
    return torch.stack(columns, 1).detach().double()


# the last two cut the images into blocks, and the draws of one image into pieces
@pytest.mark.parametrize("memory_mb", [64, 32 * 16 * 14 / 2**20, 32 * 16 * 3 / 2**20])
def test_each_draw_of_an_image_is_weighed_with_that_images_label(model, images, memory_mb):
    expected = by_hand(model, images, 7)
    torch.testing.assert_close(importance_weights(model, images, 7, memory_mb=memory_mb), expected, atol=2e-4, rtol=0)
    bound = torch.logsumexp(expected, 0) - math.log(7)
    torch.testing.assert_close(importance_bound(model, images, 7, memory_mb=memory_mb), bound, atol=2e-4, rtol=0)
    assert nll(model, images, 7, memory_mb=memory_mb).value == pytest.approx(-bound.mean().item(), abs=1e-4)


def test_wrong_labels_give_another_number(model, images):
    wrong = ImageSet(images.x, images.y.roll(1, 0), images.classes)
    assert abs(nll(model, wrong, 20).value - nll(model, images, 20).value) > 0.01


@pytest.mark.parametrize("batch_size", [1, 4, 1000])
def test_posteriors_are_given_the_labels_of_their_batch(model, images, batch_size):
    expected = [part.detach().double() for part in model.posterior(images.images(), images.y)]
    torch.testing.assert_close(list(latents.posteriors(model, images, batch_size=batch_size)), expected, atol=1e-5, rtol=1e-5)


def test_the_latent_diagnostics_use_the_labels(model, images, kind):
    mean, log_var = (part.detach().double() for part in model.posterior(images.images(), images.y))
    torch.testing.assert_close(metrics.kl_per_dimension(model, images), gaussian_kl(mean, log_var).mean(0), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(latents.posterior_mean_variance(model, images), mean.var(0), atol=1e-5, rtol=1e-5)
    threshold = mean.var(0).mean().item()                       # one of two dimensions is above it
    assert metrics.active_units(model, images, threshold).value == 1
    assert metrics.active_units(model, images, 1e-6).value == 2
    torch.testing.assert_close(latents.aggregate_moments(model, images)[0], mean.mean(0), atol=1e-5, rtol=1e-5)
    wrong = metrics.kl_per_dimension(model, ImageSet(images.x, images.y.roll(1, 0), images.classes))
    assert torch.allclose(wrong, metrics.kl_per_dimension(model, images)) == (kind == "embedding"), "only the encoder counts here"


class Judge(nn.Module):
    """Reads the class off the brightness: class k is k / 4."""

    def forward(self, x):
        return -(x.mean((1, 2, 3))[:, None] - torch.arange(SIZE) / 4).abs()


def test_class_consistency_of_a_real_conditional_vae():
    """A decoder that paints the label it hears, and one that paints the next."""
    judge = FeatureNetwork("judge", "abcdef0123456789", None, Judge(), accuracy=None, classes=SIZE)
    for slip, expected in ((0, 1.0), (1, 0.0)):
        decoder = nets.mlp_decoder(D + SIZE, (8,), SHAPE)
        model = VAE(nn.Flatten(), decoder, D, SHAPE, condition=conditioning.OneHot(SIZE))
        brightness = torch.logit(torch.tensor([0.02, 0.25, 0.5]).roll(-slip))
        model.decoder = nn.Sequential(nn.Linear(D + SIZE, 16), nn.Unflatten(1, SHAPE))
        with torch.no_grad():
            model.decoder[0].weight.zero_()[:, D:] = brightness
            model.decoder[0].bias.zero_()
        assert metrics.class_consistency(model, range(SIZE), n=30, features=judge).value == expected
    with pytest.raises(UserError, match="classes must lie in 0 … 2, got 3"):
        metrics.class_consistency(model, [3], n=30, features=judge)


@pytest.mark.parametrize("measure", [nll, importance_bound, importance_weights, metrics.active_units, metrics.kl_per_dimension,
                                     latents.posteriors, latents.aggregate_moments, metrics.aggregate_posterior])
def test_labels_are_demanded_and_checked(model, images, measure, kind):
    with pytest.raises(UserError, match="this model is conditional, but the images are a plain tensor; pass an ImageSet, which has labels"):
        measure(model, images.x)
    y, words = (torch.zeros(N, 10), "takes 3 attributes an image") if kind == "attributes" else (torch.full((N,), 5), "unknown class 5")
    with pytest.raises(UserError, match=words):
        measure(model, ImageSet(images.x, y))


def test_an_unconditional_model_needs_no_labels_and_ignores_those_it_gets(generator):
    torch.manual_seed(0)
    model = VAE(nn.Flatten(), nets.mlp_decoder(D, (16,), SHAPE), D, SHAPE).eval()
    x = torch.rand(N, *SHAPE, generator=generator)
    labelled = ImageSet(x, torch.arange(N))
    assert nll(model, x, 5).value == nll(model, labelled, 5).value
    assert torch.equal(metrics.kl_per_dimension(model, x), metrics.kl_per_dimension(model, labelled))

"""The metrics of a conditional model, by hand: every image with its own label, in any batches."""
import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal

from vaekit import metrics
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.losses import gaussian_kl
from vaekit.metrics import latents
from vaekit.metrics.features import FeatureNetwork
from vaekit.metrics.likelihood import importance_bound, importance_weights, nll
from vaekit.models import conditioning, nets
from vaekit.models.vae import VAE

SHAPE = (1, 4, 4)
PIXELS = 16
# images, latent dimensions, classes
N = 9
D = 2
SIZE = 3


@pytest.fixture(params=["one-hot", "embedding", "attributes"])
def kind(request):
    return request.param


@pytest.fixture
def model(kind):
    torch.manual_seed(0)
    condition = conditioning.make(kind, SIZE, D)
    decoder = nets.mlp_decoder(D + condition.width, (16,), SHAPE)
    model = VAE(nn.Flatten(), decoder, D, SHAPE, condition=condition, hidden=(16,))

    # fresh weights depend on the condition too little to see it
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model.eval()


@pytest.fixture
def images(kind, generator):
    x = (torch.rand(N, *SHAPE, generator=generator) > 0.5).float()
    y = torch.tensor([0, 1, 2, 1, 0, 0, 2, 2, 1])
    if kind == "attributes":
        y = torch.stack([y % 2, y // 2, 1 - y % 2], 1)
    return ImageSet(x, y, tuple("abc"))


def with_wrong_labels(images):
    return ImageSet(images.x, images.y.roll(1, 0), images.classes)


def by_hand(model, images, k):
    """log w, (k, N), image by image and draw by draw."""
    prior = Normal(0.0, 1.0)
    columns = []
    for i in range(N):
        x = images.x[i:i + 1]
        c = images.y[i:i + 1]
        mean, log_var = model.posterior(x, c)
        std = (0.5 * log_var).exp()
        q = Normal(mean, std)

        rows = []
        for noise in torch.randn(k, D, generator=seeded(i)):
            z = mean + std * noise
            log_p_x = Bernoulli(logits=model.logits(z, c)).log_prob(x).sum()
            rows.append(log_p_x + prior.log_prob(z).sum() - q.log_prob(z).sum())
        columns.append(torch.stack(rows))
    return torch.stack(columns, 1).detach().double()


# the last two cut the images into blocks, and the draws of one image into pieces
@pytest.mark.parametrize(
    "memory_mb",
    [
        64,
        32 * PIXELS * 14 / 2**20,
        32 * PIXELS * 3 / 2**20,
    ],
)
def test_each_draw_of_an_image_is_weighed_with_that_images_label(model, images, memory_mb):
    expected = by_hand(model, images, 7)
    weights = importance_weights(model, images, 7, memory_mb=memory_mb)
    torch.testing.assert_close(weights, expected, atol=2e-4, rtol=0)

    expected_bound = torch.logsumexp(expected, 0) - math.log(7)
    bound = importance_bound(model, images, 7, memory_mb=memory_mb)
    torch.testing.assert_close(bound, expected_bound, atol=2e-4, rtol=0)

    score = nll(model, images, 7, memory_mb=memory_mb)
    assert score.value == pytest.approx(-expected_bound.mean().item(), abs=1e-4)


def test_wrong_labels_give_another_number(model, images):
    right = nll(model, images, 20)
    wrong = nll(model, with_wrong_labels(images), 20)
    assert abs(wrong.value - right.value) > 0.01


@pytest.mark.parametrize("batch_size", [1, 4, 1000])
def test_posteriors_are_given_the_labels_of_their_batch(model, images, batch_size):
    expected = model.posterior(images.images(), images.y)
    found = latents.posteriors(model, images, batch_size=batch_size)
    for part, expected_part in zip(found, expected, strict=True):
        expected_part = expected_part.detach().double()
        torch.testing.assert_close(part, expected_part, atol=1e-5, rtol=1e-5)


def test_the_latent_diagnostics_use_the_labels(model, images, kind):
    mean, log_var = model.posterior(images.images(), images.y)
    mean = mean.detach().double()
    log_var = log_var.detach().double()

    kl = metrics.kl_per_dimension(model, images)
    expected = gaussian_kl(mean, log_var).mean(0)
    torch.testing.assert_close(kl, expected, atol=1e-5, rtol=1e-5)

    variance = latents.posterior_mean_variance(model, images)
    torch.testing.assert_close(variance, mean.var(0), atol=1e-5, rtol=1e-5)

    # one of two dimensions is above it
    threshold = mean.var(0).mean().item()
    assert metrics.active_units(model, images, threshold).value == 1
    assert metrics.active_units(model, images, 1e-6).value == 2

    m, _ = latents.aggregate_moments(model, images)
    torch.testing.assert_close(m, mean.mean(0), atol=1e-5, rtol=1e-5)

    # only the encoder counts here, and an embedding is added to the latent alone
    wrong = metrics.kl_per_dimension(model, with_wrong_labels(images))
    assert torch.allclose(wrong, kl) == (kind == "embedding")


class Judge(nn.Module):
    """Reads the class off the brightness: class k is k / 4."""

    def forward(self, x):
        brightness = x.mean((1, 2, 3))
        return -(brightness[:, None] - torch.arange(SIZE) / 4).abs()


JUDGE = FeatureNetwork("judge", "abcdef0123456789", None, Judge(), accuracy=None, classes=SIZE)


def painter(slip):
    """A conditional VAE whose decoder paints class c as brightness (c + slip) / 4."""
    decoder = nets.mlp_decoder(D + SIZE, (8,), SHAPE)
    model = VAE(nn.Flatten(), decoder, D, SHAPE, condition=conditioning.OneHot(SIZE))

    linear = nn.Linear(D + SIZE, PIXELS)
    model.decoder = nn.Sequential(linear, nn.Unflatten(1, SHAPE))
    brightness = torch.tensor([0.02, 0.25, 0.5]).roll(-slip)
    with torch.no_grad():
        linear.weight.zero_()
        linear.weight[:, D:] = torch.logit(brightness)
        linear.bias.zero_()
    return model


@pytest.mark.parametrize("slip, expected", [(0, 1.0), (1, 0.0)])
def test_class_consistency_of_a_real_conditional_vae(slip, expected):
    model = painter(slip)
    score = metrics.class_consistency(model, range(SIZE), n=30, features=JUDGE)
    assert score.value == expected
    with pytest.raises(UserError, match="classes must lie in 0 … 2, got 3"):
        metrics.class_consistency(model, [3], n=30, features=JUDGE)


@pytest.mark.parametrize(
    "measure",
    [
        nll,
        importance_bound,
        importance_weights,
        metrics.active_units,
        metrics.kl_per_dimension,
        latents.posteriors,
        latents.aggregate_moments,
        metrics.aggregate_posterior,
    ],
)
def test_labels_are_required_and_checked(model, images, measure, kind):
    words = (
        "this model is conditional, but the images are a plain tensor; "
        "pass an ImageSet, which has labels"
    )
    with pytest.raises(UserError, match=words):
        measure(model, images.x)

    if kind == "attributes":
        y = torch.zeros(N, 10)
        words = "takes 3 attributes per image"
    else:
        y = torch.full((N,), 5)
        words = "unknown class 5"
    with pytest.raises(UserError, match=words):
        measure(model, ImageSet(images.x, y))


def test_an_unconditional_model_needs_no_labels_and_ignores_those_it_gets(generator):
    torch.manual_seed(0)
    model = VAE(nn.Flatten(), nets.mlp_decoder(D, (16,), SHAPE), D, SHAPE).eval()
    x = torch.rand(N, *SHAPE, generator=generator)
    labelled = ImageSet(x, torch.arange(N))
    assert nll(model, x, 5).value == nll(model, labelled, 5).value

    without = metrics.kl_per_dimension(model, x)
    assert torch.equal(without, metrics.kl_per_dimension(model, labelled))

"""The ELBO of Gaussian pixels, against S2's loss in plain torch, in [−1, 1] and with tanh."""
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from vaekit import losses
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.losses import effective_beta, negative_elbo_gaussian
from vaekit.models import VAEOutput
from vaekit.recipes.faces import S2_LAMBDAS, s2_beta

VALUES = 3 * 64 * 48


def output(n=2, latent_dim=5, shape=(3, 64, 48)):
    generator = seeded(0)
    logits = torch.randn(n, *shape, generator=generator, dtype=torch.double)
    mean = torch.randn(n, latent_dim, generator=generator, dtype=torch.double)
    log_var = torch.randn(n, latent_dim, generator=generator, dtype=torch.double)
    for each in (logits, mean, log_var):
        each.requires_grad_()
    return VAEOutput(logits, mean, log_var, mean)


def images(n=2, shape=(3, 64, 48)):
    return torch.rand(n, *shape, generator=seeded(1), dtype=torch.double)


def s2_loss(out, x, weight):
    """As the report has it: the mean squared error of tanh in [−1, 1] + λ · KL."""
    # σ(l) = (tanh(l / 2) + 1) / 2
    signed = torch.tanh(out.logits / 2)
    posterior = Normal(out.mean, torch.exp(0.5 * out.log_var))
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1).mean()
    return F.mse_loss(signed, 2 * x - 1) + weight * kl


@pytest.mark.parametrize("weight", S2_LAMBDAS)
def test_it_is_s2s_loss_times_2304(weight):
    out = output()
    x = images()
    beta = effective_beta(weight, pixels=VALUES, width=2)
    ours = negative_elbo_gaussian(out, x, beta=beta)["loss"].mean()
    assert ours.item() == pytest.approx(2304 * s2_loss(out, x, weight).item(), rel=1e-10)


@pytest.mark.parametrize("weight", S2_LAMBDAS)
def test_its_gradient_is_that_of_s2s_loss_times_2304(weight):
    out = output()
    x = images()
    parts = (out.logits, out.mean, out.log_var)
    beta = effective_beta(weight, pixels=VALUES, width=2)
    ours = torch.autograd.grad(negative_elbo_gaussian(out, x, beta=beta)["loss"].mean(), parts)
    theirs = torch.autograd.grad(s2_loss(out, x, weight), parts)
    for one, other in zip(ours, theirs):
        assert torch.allclose(one, 2304 * other, rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("weight, beta", [
    (1e-3, 2.304), (1e-4, 0.2304), (1e-5, 0.02304), (1e-6, 0.002304)
])
def test_the_betas_of_s2(weight, beta):
    assert s2_beta(weight) == pytest.approx(beta, rel=1e-12)
    assert effective_beta(weight, pixels=VALUES, width=2) == pytest.approx(beta, rel=1e-12)


def test_tanh_is_a_sigmoid_of_twice_the_input():
    a = torch.linspace(-4, 4, 33, dtype=torch.double)
    assert torch.allclose(torch.tanh(a), 2 * torch.sigmoid(2 * a) - 1, atol=1e-14)


def test_its_reconstruction_is_the_density_but_for_a_constant():
    out = output()
    x = images()
    density = Normal(out.logits.sigmoid(), 0.5**0.5).log_prob(x).flatten(1).sum(1)
    reconstruction = negative_elbo_gaussian(out, x)["reconstruction"]
    constant = -density - reconstruction
    expected = 0.5 * VALUES * torch.log(torch.tensor(torch.pi, dtype=torch.double))
    assert torch.allclose(constant, expected.expand(2))


def test_a_beta_below_1_is_a_smaller_variance():
    """loss / β and the −ELBO at σ² = β/2 differ by a constant, so images agree on differences."""
    out = output()
    x = images()
    beta = 0.3
    terms = negative_elbo_gaussian(out, x, beta=beta)
    density = Normal(out.logits.sigmoid(), (beta / 2)**0.5).log_prob(x).flatten(1).sum(1)
    elbo = terms["kl"] - density
    difference = terms["loss"] / beta - elbo
    assert difference[0].item() == pytest.approx(difference[1].item(), abs=1e-6)


def test_the_loss_is_per_image():
    terms = negative_elbo_gaussian(output(), images(), beta=2.0)
    assert terms["loss"].shape == (2,)
    assert torch.allclose(terms["loss"], terms["reconstruction"] + 2 * terms["kl"])


def test_several_draws_are_refused():
    out = output()
    several = out._replace(logits=out.logits[None])
    with pytest.raises(UserError, match="one draw of z per image"):
        negative_elbo_gaussian(several, images())


def test_images_in_minus_one_to_one_are_refused():
    with pytest.raises(UserError, match="x: images"):
        negative_elbo_gaussian(output(), 2 * images() - 1)


@pytest.mark.parametrize("beta", [-1.0, float("nan"), float("inf")])
def test_a_beta_out_of_range_is_refused(beta):
    with pytest.raises(UserError, match="beta must be ≥ 0"):
        negative_elbo_gaussian(output(), images(), beta=beta)


def test_it_can_be_scheduled():
    scheduled = losses.Scheduled(negative_elbo_gaussian, beta=losses.WarmUp(2.0))
    out = output()
    x = images()
    half = scheduled.at(0.25)(out, x, None)
    assert torch.allclose(half["loss"], negative_elbo_gaussian(out, x, beta=1.0)["loss"])

"""The relatives of the ELBO.

Oracles: the ELBO itself where they meet, torch.distributions, brute force, quadrature, Gaussians in
closed form.
"""
import functools
import itertools
import math

import pytest
import torch
from support.objectives import (
    SHAPE,
    N,
    gradients,
    log_likelihood,
    log_posterior,
    log_prior,
    output,
    with_gradient,
)
from torch.distributions import (
    Bernoulli,
    Normal,
)

from vaekit import losses
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models.vae import VAEOutput

TCVAE = functools.partial(losses.beta_tcvae, images=50)


def test_log_normal_is_the_density(generator):
    like = dict(generator=generator, dtype=torch.double)
    z = torch.randn(5, 1, 3, **like)
    mean = torch.randn(4, 3, **like)
    log_var = torch.randn(4, 3, **like)
    expected = Normal(mean, (0.5 * log_var).exp()).log_prob(z)
    torch.testing.assert_close(losses.log_normal(z, mean, log_var), expected)


@pytest.mark.parametrize("seed", range(3))
def test_each_row_of_the_table_is_the_elbo_where_it_says_so(seed):
    out, x = output(seed=seed)
    elbo = losses.negative_elbo(out, x)["loss"]

    free_bits = losses.free_bits(out, x, free=0.0)["loss"]
    torch.testing.assert_close(free_bits, elbo)
    capacity = losses.capacity(out, x, nats=0.0, gamma=1.0)["loss"]
    torch.testing.assert_close(capacity.mean(), elbo.mean())

    schedules = [
        losses.WarmUp(),
        losses.WarmUp(over=1.0, start=3.0),
        losses.Cyclic(),
        losses.Cyclic(rise=1.0),
    ]
    for schedule in schedules:
        scheduled = losses.Scheduled(losses.negative_elbo, beta=schedule)
        torch.testing.assert_close(scheduled.at(1.0)(out, x)["loss"], elbo)
        torch.testing.assert_close(scheduled(out, x)["loss"], elbo)

    one_draw = losses.bernoulli_nll(out.logits, x) + log_posterior(out) - log_prior(out.z)
    tcvae = TCVAE(out, x, alpha=1.0, beta=1.0, gamma=1.0)["loss"]
    torch.testing.assert_close(tcvae, one_draw)
    importance_weighted = losses.ImportanceWeighted(1)(out, x)["loss"]
    torch.testing.assert_close(importance_weighted, one_draw)


@pytest.mark.parametrize("objective, samples", [
    (losses.negative_elbo, 1),
    (functools.partial(losses.free_bits, free=2.0), 1),
    (losses.capacity, 1),
    (TCVAE, 1),
    (losses.ImportanceWeighted(1), 1),
    (losses.ImportanceWeighted(4), 4),
    (losses.Scheduled(losses.negative_elbo, beta=losses.Cyclic()), 1),
])
def test_terms_are_one_number_per_image_and_kl_is_the_true_one(objective, samples):
    assert losses.samples_of(objective) == samples
    out, x = output(samples=samples)
    terms = objective(out, x, None)

    assert {"loss", "reconstruction", "kl"} <= set(terms)
    assert all(value.shape == (N,) for value in terms.values())

    kl = losses.gaussian_kl(out.mean, out.log_var).sum(1)
    torch.testing.assert_close(terms["kl"], kl)
    logits = out.logits.reshape(samples, N, *SHAPE)
    reconstruction = -log_likelihood(logits, x).mean(0)
    torch.testing.assert_close(terms["reconstruction"], reconstruction)


@pytest.mark.parametrize("beta", [0.0, 1.0, 2.5])
def test_free_bits_price_the_larger_of_kl_and_allowance(beta):
    out, x = output()
    kl = losses.gaussian_kl(out.mean, out.log_var)
    # one dimension below it, two above
    free = kl.mean(0).sort().values[:2].mean().item()
    terms = losses.free_bits(out, x, free=free, beta=beta)
    loss = terms["loss"].mean()
    reconstruction = terms["reconstruction"].mean()

    price = sum(max(free, value) for value in kl.mean(0).tolist())
    torch.testing.assert_close(loss, reconstruction + beta * price)

    # compared image by image, that would be another objective
    price_image_by_image = kl.clamp_min(free).sum(1).mean()
    other = reconstruction + beta * price_image_by_image
    assert beta == 0 or abs(loss - other) > 1e-3


def test_free_bits_leave_a_dimension_below_its_allowance_alone():
    out, x = output()
    out = with_gradient(out)
    kl = losses.gaussian_kl(out.mean, out.log_var).mean(0).detach()
    free = kl.sort().values[:2].mean().item()
    below = kl < free
    above = ~below
    assert below.sum() == 1

    loss = losses.free_bits(out, x, free=free, beta=2.0)["loss"].mean()
    _, mean, log_var, _ = gradients(loss, out)
    assert (mean[:, below] == 0).all()
    assert (log_var[:, below] == 0).all()

    plain_loss = losses.negative_elbo(out, x, beta=2.0)["loss"].mean()
    _, plain_mean, plain_log_var, _ = gradients(plain_loss, out)
    assert torch.equal(mean[:, above], plain_mean[:, above])
    assert torch.equal(log_var[:, above], plain_log_var[:, above])
    assert (plain_mean[:, below] != 0).all()


@pytest.mark.parametrize("offset", [-2.0, 2.0])
def test_capacity_pulls_the_mean_rate_to_its_target_from_both_sides(offset):
    out, x = output()
    out = with_gradient(out)
    rate = losses.gaussian_kl(out.mean, out.log_var).sum(1)
    target = rate.mean().item() + offset

    terms = losses.capacity(out, x, nats=target, gamma=3.0)
    loss = terms["loss"].mean()
    torch.testing.assert_close(loss, terms["reconstruction"].mean() + 3.0 * abs(offset))

    found = gradients(loss, out)
    formula = losses.bernoulli_nll(out.logits, x).mean() + 3.0 * (rate.mean() - target).abs()
    torch.testing.assert_close(found, gradients(formula, out))

    # too low a rate: descent makes the means larger; too high: smaller
    gradient_of_mean = found[1]
    assert (gradient_of_mean * out.mean).sum() * offset < 0


@pytest.mark.parametrize("samples", [2, 5])
def test_importance_weighting_by_brute_force(samples):
    out, x = output(samples=samples)
    log_weights = []
    for logits, z in zip(out.logits, out.z):
        log_joint = log_likelihood(logits, x) + log_prior(z)
        log_weights.append(log_joint - log_posterior(out, z))
    log_weights = torch.stack(log_weights)

    shift = log_weights.max()
    expected = -((log_weights - shift).exp().mean(0).log() + shift)
    loss = losses.ImportanceWeighted(samples)(out, x)["loss"]
    torch.testing.assert_close(loss, expected)


def test_importance_weighting_survives_weights_beyond_floating_point():
    out, x = output(samples=3)
    sure_and_wrong = out._replace(logits=torch.full_like(out.logits, -500))
    loss = losses.ImportanceWeighted(3)(sure_and_wrong, torch.ones_like(x))["loss"]
    assert (loss - 500 * math.prod(SHAPE)).abs().max() < 20


def test_importance_weighting_falls_to_the_true_likelihood_as_draws_are_added():
    """One latent, four pixels: log p(x) by quadrature.

    The posterior is wrong on purpose, so that the bounds are far apart.
    """
    slope = torch.tensor([2.0, -1.0, 0.5, 3.0]).double()
    shift = torch.tensor([0.5, 0.0, -1.0, 0.2]).double()
    x = torch.tensor([1.0, 0.0, 0.0, 1.0]).double()
    n = 20_000
    mean = torch.full((n, 1), 0.2).double()
    log_var = torch.full((n, 1), 0.5).double()
    std = (0.5 * log_var).exp()

    # log p(x) and the ELBO as integrals over z
    grid = torch.linspace(-9, 9, 20_001, dtype=torch.double)
    spacing = 18 / 20_000
    log_p_x_given_z = Bernoulli(logits=grid[:, None] * slope + shift).log_prob(x).sum(1)
    log_prior_of_grid = Normal(0.0, 1.0).log_prob(grid)
    log_p = torch.logsumexp(log_p_x_given_z + log_prior_of_grid, 0).item() + math.log(spacing)
    q_of_grid = Normal(0.2, math.exp(0.25)).log_prob(grid).exp()
    reconstruction = -(log_p_x_given_z * q_of_grid).sum().item() * spacing
    negative_elbo = reconstruction + losses.gaussian_kl(mean[:1], log_var[:1]).item()

    def loss_with(samples):
        noise = torch.randn(samples, n, 1, generator=seeded(samples), dtype=torch.double)
        z = mean + std * noise
        logits = (z * slope + shift).reshape(samples, n, 1, 2, 2)
        images = x.reshape(1, 1, 2, 2).expand(n, -1, -1, -1)
        out = VAEOutput(logits, mean, log_var, z)
        if samples == 1:
            out = VAEOutput(logits[0], mean, log_var, z[0])
        return losses.ImportanceWeighted(samples)(out, images)["loss"].mean().item()

    bounds = [loss_with(samples) for samples in (1, 2, 8, 64)]
    assert bounds[0] == pytest.approx(negative_elbo, abs=0.03)
    for looser, tighter in itertools.pairwise(bounds):
        assert looser > tighter + 0.005, bounds
    assert bounds[-1] > -log_p - 0.005
    assert bounds[-1] == pytest.approx(-log_p, abs=0.02)




def test_any_other_objective_wants_one_draw():
    def own(output, x, c):
        return {"loss": output}

    objectives = [
        losses.reconstruction_error,
        losses.cross_entropy,
        functools.partial(losses.negative_elbo, beta=2.0),
        own,
    ]
    for objective in objectives:
        assert losses.samples_of(objective) == 1


OUT, X = output()
THREE_DRAWS, _ = output(samples=3)


@pytest.mark.parametrize("value", [-0.5, math.nan, math.inf])
@pytest.mark.parametrize("objective, weight, name", [
    (losses.negative_elbo, "beta", "beta"),
    (losses.free_bits, "free", "free"),
    (losses.free_bits, "beta", "beta"),
    (losses.capacity, "nats", "nats"),
    (losses.capacity, "gamma", "gamma"),
    (TCVAE, "alpha", "alpha"),
    (TCVAE, "beta", "beta"),
    (TCVAE, "gamma", "gamma"),
])
def test_a_weight_that_is_negative_or_no_number_is_named(objective, weight, name, value):
    with pytest.raises(UserError, match=f"{name} must be ≥ 0, got {value}"):
        objective(OUT, X, **{weight: value})


@pytest.mark.parametrize("objective", [
    losses.negative_elbo,
    losses.free_bits,
    losses.capacity,
    TCVAE,
])
def test_several_draws_are_refused_where_one_is_meant(objective):
    words = (
        "takes one draw of z per image, the output holds 3; "
        "use ImportanceWeighted, or samples=1"
    )
    with pytest.raises(UserError, match=words):
        objective(THREE_DRAWS, X)


@pytest.mark.parametrize("call, words", [
    (
        lambda: losses.negative_elbo(OUT, X, beta=-1),
        "a negative weight would reward posteriors far from the prior",
    ),
    (
        lambda: losses.capacity(OUT, X, nats=-1.0),
        "nats must be ≥ 0",
    ),
    (lambda: losses.ImportanceWeighted(0), "samples must be ≥ 1, got 0"),
    (lambda: losses.ImportanceWeighted(-1), "samples must be ≥ 1, got -1"),
    (
        lambda: losses.ImportanceWeighted(2.5),
        "samples of ImportanceWeighted must be int, got float 2.5",
    ),
    (
        lambda: losses.ImportanceWeighted(5)(THREE_DRAWS, X),
        r"needs 5 draws per image, got logits of shape \(3, 6, 2, 3, 3\)"
        r".*call model\(x, samples=5\)",
    ),
    # as many as there are images
    (lambda: losses.ImportanceWeighted(6)(OUT, X), "needs 6 draws per image"),
    (lambda: losses.ImportanceWeighted(1)(THREE_DRAWS, X), "needs 1 draws per image"),
    (
        lambda: losses.beta_tcvae(OUT, X, images=5),
        "images is the size of the training set, 5, but the batch alone has 6",
    ),
    (lambda: losses.beta_tcvae(OUT, X, images=0), "images must be ≥ 1, got 0"),
    (
        lambda: losses.cross_entropy(torch.zeros(N, 10), X, None),
        "cross_entropy compares with labels, got None",
    ),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()

"""The oracle against torch.distributions and Monte Carlo."""
import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from vaekit.errors import UserError
from vaekit.models.linear_gaussian import LinearGaussian

PRIOR = Normal(0.0, 1.0)


@pytest.fixture(params=["orthogonal", "oblique"])
def model(request, generator):
    if request.param == "orthogonal":
        return LinearGaussian.from_spectrum([3.0, 1.0, 0.3], pixels=6, variance=0.5)
    weight = torch.randn(6, 3, generator=generator)
    bias = torch.randn(6, generator=generator)
    return LinearGaussian(weight, bias, 0.7)


def test_log_prob_is_the_integral_over_the_prior(model, generator):
    x = model.sample(3, generator=generator)
    z = torch.randn(200_000, 3, generator=generator, dtype=torch.double)
    for one in x:
        log_w = model.log_likelihood(one.expand(len(z), -1), z)
        estimate = torch.logsumexp(log_w, 0) - math.log(len(z))
        assert estimate.item() == pytest.approx(model.log_prob(one[None]).item(), abs=0.15)


def test_log_likelihood_is_a_gaussian_around_the_decoded_latent(model, generator):
    z = torch.randn(4, 3, generator=generator, dtype=torch.double)
    x = model.sample(4, generator=generator)
    decoded = z @ model.weight.T + model.bias
    expected = Normal(decoded, math.sqrt(model.variance)).log_prob(x).sum(1)
    torch.testing.assert_close(model.log_likelihood(x, z), expected)


def test_bayes_rule_holds_at_every_latent(model, generator):
    """log p(x | z) + log p(z) − log p(z | x) is log p(x), whichever z is put in."""
    x = model.sample(5, generator=generator)
    z = torch.randn(5, 3, generator=generator, dtype=torch.double)
    mean, covariance = model.true_posterior(x)
    joint = model.log_likelihood(x, z) + PRIOR.log_prob(z).sum(1)
    of_z = MultivariateNormal(mean, covariance).log_prob(z)
    torch.testing.assert_close(joint - of_z, model.log_prob(x))


def test_samples_have_the_models_moments(model, generator):
    x = model.sample(100_000, generator=generator)
    noise = model.variance * torch.eye(6, dtype=torch.double)
    covariance = model.weight @ model.weight.T + noise
    torch.testing.assert_close(x.mean(0), model.bias, atol=0.06, rtol=0)
    torch.testing.assert_close(torch.cov(x.T), covariance, atol=0.15, rtol=0.03)


def test_the_gap_between_log_p_and_the_elbo_is_the_kl_to_the_true_posterior(model, generator):
    x = model.sample(4, generator=generator)
    any_mean = torch.randn(4, 3, generator=generator, dtype=torch.double)
    any_log_var = torch.randn(4, 3, generator=generator, dtype=torch.double)
    true_mean, true_covariance = model.true_posterior(x)
    true = MultivariateNormal(true_mean, true_covariance.expand(4, 3, 3))

    for mean, log_var in ((any_mean, any_log_var), model.posterior(x)):
        q = MultivariateNormal(mean, torch.diag_embed(log_var.exp()))
        gap = model.log_prob(x) - model.elbo(x, mean, log_var)
        torch.testing.assert_close(gap, kl_divergence(q, true))


def test_the_elbo_is_its_monte_carlo_estimate(model, generator):
    x = model.sample(1, generator=generator)
    mean = torch.tensor([[0.3, -1.0, 0.5]], dtype=torch.double)
    std = torch.tensor([[0.5, 1.0, 2.0]], dtype=torch.double)
    q = Independent(Normal(mean, std), 1)

    z = q.sample((400_000,))[:, 0]
    log_likelihood = model.log_likelihood(x.expand(len(z), -1), z)
    log_prior = PRIOR.log_prob(z).sum(1)
    log_q = q.log_prob(z[:, None])[:, 0]
    sampled = (log_likelihood + log_prior - log_q).mean()

    closed = model.elbo(x, q.mean, q.variance.log())
    assert closed.item() == pytest.approx(sampled.item(), abs=0.3, rel=0.01)


def test_no_diagonal_posterior_has_a_better_elbo(model, generator):
    x = model.sample(6, generator=generator)
    mean, log_var = model.posterior(x)
    best = model.elbo(x, mean, log_var)
    for _ in range(20):
        nudge = 0.1 * torch.randn(2, 6, 3, generator=generator, dtype=torch.double)
        other = model.elbo(x, mean + nudge[0], log_var + nudge[1])
        assert bool((other < best).all())


def test_orthogonal_columns_make_the_true_posterior_diagonal(generator):
    model = LinearGaussian.from_spectrum([2.0, 1.0], pixels=5)
    x = model.sample(3, generator=generator)
    squared_lengths = torch.tensor([[4.0, 0], [0, 1]], dtype=torch.double)
    torch.testing.assert_close(model.weight.T @ model.weight, squared_lengths)

    mean, log_var = model.posterior(x)
    _, covariance = model.true_posterior(x)
    torch.testing.assert_close(covariance, log_var[0].exp().diag())
    torch.testing.assert_close(model.elbo(x, mean, log_var), model.log_prob(x))


W = torch.zeros(3, 2)
X = torch.zeros(1, 3)
Z = torch.zeros(1, 2)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: LinearGaussian(torch.zeros(3)), r"the weight is \(P, D\)"),
        (
            lambda: LinearGaussian(W, torch.zeros(2)),
            r"bias \(P,\), got \(3, 2\) and \(2,\)",
        ),
        (lambda: LinearGaussian(W, variance=0.0), "noise variance must be > 0, got 0"),
        (lambda: LinearGaussian(W, variance=math.nan), "noise variance must be > 0, got nan"),
        (lambda: LinearGaussian(torch.full((3, 2), math.nan)), "hold inf or NaN"),
        (
            lambda: LinearGaussian.from_spectrum([1, 2, 3], pixels=2),
            "pixels must be ≥ 3, got 2",
        ),
        (
            lambda: LinearGaussian(W).log_prob(torch.zeros(1, 4)),
            r"x of shape \(N, 3\), got \(1, 4\)",
        ),
        (
            lambda: LinearGaussian(W).log_likelihood(X, torch.zeros(1, 3)),
            r"latents of shape \(N, 2\), got \(1, 3\)",
        ),
        (lambda: LinearGaussian(W).sample(0), "n must be ≥ 1, got 0"),
        (lambda: LinearGaussian(W).sample(1, 0), "this model is unconditional: leave c out"),
        (lambda: LinearGaussian(W).posterior(X, 0), "this model is unconditional"),
        (lambda: LinearGaussian(W).log_likelihood(X, Z, 0), "this model is unconditional"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()

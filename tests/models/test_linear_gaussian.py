"""The oracle against torch.distributions and Monte Carlo."""
import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from vaekit.errors import UserError
from vaekit.models.linear_gaussian import LinearGaussian


@pytest.fixture(params=["orthogonal", "oblique"])
def model(request, generator):
    if request.param == "orthogonal":
        return LinearGaussian.from_spectrum([3.0, 1.0, 0.3], pixels=6, variance=0.5)
    return LinearGaussian(torch.randn(6, 3, generator=generator), torch.randn(6, generator=generator), 0.7)


def test_log_prob_is_the_integral_over_the_prior(model, generator):
    x = model.sample(3, generator=generator)
    z = torch.randn(200_000, 3, generator=generator, dtype=torch.double)
    for one in x:
        log_w = model.log_likelihood(one.expand(len(z), -1), z)
        assert (torch.logsumexp(log_w, 0) - math.log(len(z))).item() == pytest.approx(model.log_prob(one[None]).item(), abs=0.15)


def test_log_likelihood_is_a_gaussian_around_the_decoded_latent(model, generator):
    z, x = torch.randn(4, 3, generator=generator, dtype=torch.double), model.sample(4, generator=generator)
    expected = Normal(z @ model.weight.T + model.bias, math.sqrt(model.variance)).log_prob(x).sum(1)
    torch.testing.assert_close(model.log_likelihood(x, z), expected)


def test_bayes_rule_holds_at_every_latent(model, generator):
    """log p(x | z) + log p(z) − log p(z | x) is log p(x), whichever z is asked."""
    x, z = model.sample(5, generator=generator), torch.randn(5, 3, generator=generator, dtype=torch.double)
    mean, covariance = model.true_posterior(x)
    joint = model.log_likelihood(x, z) + Normal(0.0, 1.0).log_prob(z).sum(1)
    torch.testing.assert_close(joint - MultivariateNormal(mean, covariance).log_prob(z), model.log_prob(x))


def test_samples_have_the_models_moments(model, generator):
    x = model.sample(100_000, generator=generator)
    covariance = model.weight @ model.weight.T + model.variance * torch.eye(6, dtype=torch.double)
    torch.testing.assert_close(x.mean(0), model.bias, atol=0.06, rtol=0)
    torch.testing.assert_close(torch.cov(x.T), covariance, atol=0.15, rtol=0.03)


def test_the_gap_between_log_p_and_the_elbo_is_the_kl_to_the_true_posterior(model, generator):
    x = model.sample(4, generator=generator)
    mean, log_var = (torch.randn(4, 3, generator=generator, dtype=torch.double) for _ in range(2))
    true = MultivariateNormal(*(part.expand(4, *part.shape[-d:]) for part, d in zip(model.true_posterior(x), (1, 2))))
    for m, v in ((mean, log_var), model.posterior(x)):
        q = MultivariateNormal(m, torch.diag_embed(v.exp()))
        torch.testing.assert_close(model.log_prob(x) - model.elbo(x, m, v), kl_divergence(q, true))


def test_the_elbo_is_its_monte_carlo_estimate(model, generator):
    x = model.sample(1, generator=generator)
    q = Independent(Normal(torch.tensor([[0.3, -1.0, 0.5]], dtype=torch.double), torch.tensor([[0.5, 1.0, 2.0]], dtype=torch.double)), 1)
    z = q.sample((400_000,))[:, 0]
    sampled = (model.log_likelihood(x.expand(len(z), -1), z) + Normal(0.0, 1.0).log_prob(z).sum(1) - q.log_prob(z[:, None])[:, 0]).mean()
    closed = model.elbo(x, q.mean, q.variance.log())
    assert closed.item() == pytest.approx(sampled.item(), abs=0.3, rel=0.01)


def test_no_diagonal_posterior_has_a_better_elbo(model, generator):
    x = model.sample(6, generator=generator)
    mean, log_var = model.posterior(x)
    best = model.elbo(x, mean, log_var)
    for _ in range(20):
        nudge = 0.1 * torch.randn(2, 6, 3, generator=generator, dtype=torch.double)
        assert bool((model.elbo(x, mean + nudge[0], log_var + nudge[1]) < best).all())


def test_orthogonal_columns_make_the_true_posterior_diagonal(generator):
    model = LinearGaussian.from_spectrum([2.0, 1.0], pixels=5)
    x = model.sample(3, generator=generator)
    torch.testing.assert_close(model.weight.T @ model.weight, torch.tensor([[4.0, 0], [0, 1]], dtype=torch.double))
    torch.testing.assert_close(model.true_posterior(x)[1], model.posterior(x)[1][0].exp().diag())
    torch.testing.assert_close(model.elbo(x, *model.posterior(x)), model.log_prob(x))


@pytest.mark.parametrize("call, words", [
    (lambda: LinearGaussian(torch.zeros(3)), r"the weight is \(P, D\)"),
    (lambda: LinearGaussian(torch.zeros(3, 2), torch.zeros(2)), r"bias \(P,\), got \(3, 2\) and \(2,\)"),
    (lambda: LinearGaussian(torch.zeros(3, 2), variance=0.0), "noise variance must be > 0, got 0"),
    (lambda: LinearGaussian(torch.zeros(3, 2), variance=math.nan), "noise variance must be > 0, got nan"),
    (lambda: LinearGaussian(torch.full((3, 2), math.nan)), "hold inf or NaN"),
    (lambda: LinearGaussian.from_spectrum([1, 2, 3], pixels=2), "pixels must be ≥ 3, got 2"),
    (lambda: LinearGaussian(torch.zeros(3, 2)).log_prob(torch.zeros(1, 4)), r"x of shape \(N, 3\), got \(1, 4\)"),
    (lambda: LinearGaussian(torch.zeros(3, 2)).log_likelihood(torch.zeros(1, 3), torch.zeros(1, 3)), r"latents of shape \(N, 2\), got \(1, 3\)"),
    (lambda: LinearGaussian(torch.zeros(3, 2)).sample(0), "n must be ≥ 1, got 0"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()

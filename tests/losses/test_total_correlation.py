"""The three parts of β-TCVAE's KL.

Oracles: mixtures of torch.distributions, every batch that there is, Gaussians in closed form.
"""
import functools
import itertools
import math

import pytest
import torch
from support.objectives import D, N, at_index, log_posterior, log_prior, output
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vaekit import losses
from vaekit.device import seeded
from vaekit.models.vae import VAEOutput

TCVAE = functools.partial(losses.beta_tcvae, images=50)


def test_tcvae_weighs_its_three_parts():
    out, x = output()
    terms = TCVAE(out, x, alpha=0.5, beta=6.0, gamma=2.0)
    reconstruction = terms["reconstruction"]
    information = terms["information"]
    correlation = terms["correlation"]
    marginals = terms["marginals"]

    price = 0.5 * information + 6.0 * correlation + 2.0 * marginals
    torch.testing.assert_close(terms["loss"], reconstruction + price)

    kl_of_one_draw = log_posterior(out) - log_prior(out.z)
    torch.testing.assert_close(information + correlation + marginals, kl_of_one_draw)

    default = TCVAE(out, x)["loss"]
    torch.testing.assert_close(default, reconstruction + information + 6 * correlation + marginals)


def log_q(out, x, images):
    """log q(z) and Σ log q(z_d) of the output's own draws, as the objective estimates them."""
    terms = losses.beta_tcvae(out, x, images=images)
    joint = log_posterior(out) - terms["information"]
    marginals = joint - terms["correlation"]
    return joint, marginals


def test_a_batch_that_is_the_whole_training_set_gives_the_exact_mixture():
    out, x = output()
    std = (0.5 * out.log_var).exp()
    uniform = Categorical(torch.ones(N, dtype=torch.double))
    joint, marginals = log_q(out, x, images=N)

    mixture = MixtureSameFamily(uniform, Independent(Normal(out.mean, std), 1))
    torch.testing.assert_close(joint, mixture.log_prob(out.z))

    expected = torch.zeros(N, dtype=torch.double)
    for d in range(D):
        mixture = MixtureSameFamily(uniform, Normal(out.mean[:, d], std[:, d]))
        expected += mixture.log_prob(out.z[:, d])
    torch.testing.assert_close(marginals, expected)
    terms = losses.beta_tcvae(out, x, images=N)
    torch.testing.assert_close(terms["marginals"], expected - log_prior(out.z))


@pytest.mark.parametrize("batch", [2, 3, 4])
def test_a_smaller_batch_estimates_the_mixture_without_bias(batch):
    """Image 0 with every choice of companions that it can have in a batch.

    The mean of q(z), not of its logarithm, is the mixture.
    """
    out, x = output()
    first_dimension = VAEOutput(out.logits, out.mean[:, :1], out.log_var[:, :1], out.z[:, :1])
    exact = log_q(out, x, images=N)[0][0].exp()
    exact_marginal = log_q(first_dimension, x, images=N)[1][0].exp()

    estimates = []
    marginals = []
    for others in itertools.combinations(range(1, N), batch - 1):
        index = torch.tensor([0, *others])
        joint, _ = log_q(at_index(out, index), x[index], images=N)
        _, marginal = log_q(at_index(first_dimension, index), x[index], images=N)
        estimates.append(joint[0].exp())
        marginals.append(marginal[0].exp())

    estimates = torch.stack(estimates)
    torch.testing.assert_close(estimates.mean(), exact)
    torch.testing.assert_close(torch.stack(marginals).mean(), exact_marginal)
    assert estimates.std() > 0.01 * exact, "the estimates differ, or this shows nothing"


def test_one_dimension_has_no_total_correlation():
    out, x = output(d=1)
    correlation = losses.beta_tcvae(out, x, images=40)["correlation"]
    torch.testing.assert_close(correlation, torch.zeros(N).double())


@pytest.mark.parametrize("images", [1, 40])
def test_one_image_has_no_information(images):
    out, x = output(n=1)
    terms = losses.beta_tcvae(out, x, images=images, beta=1.0)
    torch.testing.assert_close(terms["information"], torch.zeros(1).double())

    kl_of_one_draw = log_posterior(out) - log_prior(out.z)
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + kl_of_one_draw)


def test_the_three_parts_of_a_gaussian_aggregate():
    """Means drawn from N(0, S − v I), all variances v: together N(0, S), with known parts."""
    v = 0.3
    n = 1500
    covariance = torch.tensor([[2.3, 1.6], [1.6, 2.3]])
    generator = seeded(0)
    of_means = torch.linalg.cholesky(covariance - v * torch.eye(2))
    mean = torch.randn(n, 2, generator=generator) @ of_means.T
    log_var = torch.full((n, 2), math.log(v))
    z = mean + math.sqrt(v) * torch.randn(n, 2, generator=generator)
    blank = torch.zeros(n, 1, 1, 1)
    terms = losses.beta_tcvae(VAEOutput(blank, mean, log_var, z), blank, images=n)

    # 1.71, 0.33, 0.47
    half_log_det = 0.5 * torch.logdet(covariance).item()
    expected = {
        "information": half_log_det - math.log(v),
        "correlation": math.log(2.3) - half_log_det,
        "marginals": 2.3 - 1 - math.log(2.3),
    }
    for name, value in expected.items():
        assert terms[name].mean().item() == pytest.approx(value, abs=0.06), name

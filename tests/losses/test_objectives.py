"""The relatives of the ELBO. Oracles: the ELBO itself where they meet, torch.distributions, brute force, quadrature, Gaussians in closed form."""
import functools
import itertools
import math

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily, Normal

from vaekit import losses
from vaekit.errors import UserError
from vaekit.models.vae import VAEOutput

N, D, SHAPE = 6, 3, (2, 3, 3)
FIVE = functools.partial(losses.beta_tcvae, images=50)


def output(n=N, d=D, samples=1, seed=0, spread=1.0):
    """A random output with draws from its own posterior, float64, and images to go with it."""
    g = torch.Generator().manual_seed(seed)
    mean, log_var = spread * torch.randn(n, d, generator=g, dtype=torch.double), torch.randn(n, d, generator=g, dtype=torch.double) - 1
    z = mean + (0.5 * log_var).exp() * torch.randn(samples, n, d, generator=g, dtype=torch.double)
    logits = 2 * torch.randn(samples, n, *SHAPE, generator=g, dtype=torch.double)
    x = torch.rand(n, *SHAPE, generator=g, dtype=torch.double)
    return (VAEOutput(logits, mean, log_var, z) if samples > 1 else VAEOutput(logits[0], mean, log_var, z[0])), x


def with_gradient(out):
    return VAEOutput(*(part.clone().requires_grad_() for part in out))


def gradients(loss, out):
    return torch.autograd.grad(loss, out, allow_unused=True, materialize_grads=True)


def posterior(out, z=None):
    return Normal(out.mean, (0.5 * out.log_var).exp()).log_prob(out.z if z is None else z).sum(-1)


def prior(z):
    return Normal(0.0, 1.0).log_prob(z).sum(-1)


def test_log_normal_is_the_density(generator):
    z, mean, log_var = (torch.randn(shape, generator=generator, dtype=torch.double) for shape in ((5, 1, 3), (4, 3), (4, 3)))
    torch.testing.assert_close(losses.log_normal(z, mean, log_var), Normal(mean, (0.5 * log_var).exp()).log_prob(z))


@pytest.mark.parametrize("seed", range(3))
def test_each_row_of_the_table_is_the_elbo_where_it_says_so(seed):
    out, x = output(seed=seed)
    elbo = losses.negative_elbo(out, x)["loss"]
    torch.testing.assert_close(losses.free_bits(out, x, free=0.0)["loss"], elbo)
    torch.testing.assert_close(losses.capacity(out, x, nats=0.0, gamma=1.0)["loss"].mean(), elbo.mean())
    for schedule in (losses.WarmUp(), losses.WarmUp(over=1.0, start=3.0), losses.Cyclic(), losses.Cyclic(rise=1.0)):
        scheduled = losses.Scheduled(losses.negative_elbo, beta=schedule)
        torch.testing.assert_close(scheduled.at(1.0)(out, x)["loss"], elbo)
        torch.testing.assert_close(scheduled(out, x)["loss"], elbo)
    one_draw = losses.bernoulli_nll(out.logits, x) + posterior(out) - prior(out.z)
    torch.testing.assert_close(losses.beta_tcvae(out, x, images=50, alpha=1.0, beta=1.0, gamma=1.0)["loss"], one_draw)
    torch.testing.assert_close(losses.ImportanceWeighted(1)(out, x)["loss"], one_draw)


@pytest.mark.parametrize("objective", [losses.negative_elbo, functools.partial(losses.free_bits, free=2.0), losses.capacity, FIVE,
                                       losses.ImportanceWeighted(1), losses.ImportanceWeighted(4),
                                       losses.Scheduled(losses.negative_elbo, beta=losses.Cyclic())])
def test_terms_are_one_number_an_image_and_kl_is_the_true_one(objective):
    out, x = output(samples=getattr(objective, "samples", 1))
    terms = objective(out, x, None)
    assert all(value.shape == (N,) for value in terms.values()) and {"loss", "reconstruction", "kl"} <= set(terms)
    torch.testing.assert_close(terms["kl"], losses.gaussian_kl(out.mean, out.log_var).sum(1))
    logits = out.logits if out.logits.ndim == 5 else out.logits[None]
    torch.testing.assert_close(terms["reconstruction"], -Bernoulli(logits=logits, validate_args=False).log_prob(x).sum((2, 3, 4)).mean(0))


@pytest.mark.parametrize("beta", [0.0, 1.0, 2.5])
def test_free_bits_price_the_larger_of_kl_and_allowance(beta):
    out, x = output()
    kl = losses.gaussian_kl(out.mean, out.log_var).mean(0)
    free = kl.sort().values[:2].mean().item()                              # one dimension below it, two above
    terms = losses.free_bits(out, x, free=free, beta=beta)
    expected = terms["reconstruction"].mean() + beta * sum(max(free, value) for value in kl.tolist())
    torch.testing.assert_close(terms["loss"].mean(), expected)
    image_by_image = terms["reconstruction"] + beta * losses.gaussian_kl(out.mean, out.log_var).clamp_min(free).sum(1)
    assert beta == 0 or abs(terms["loss"].mean() - image_by_image.mean()) > 1e-3, "that would be another objective"


def test_free_bits_leave_a_dimension_below_its_allowance_alone():
    out, x = output()
    out = with_gradient(out)
    kl = losses.gaussian_kl(out.mean, out.log_var).mean(0)
    free = kl.detach().sort().values[:2].mean().item()
    below = kl < free
    assert below.sum() == 1
    _, mean, log_var, _ = gradients(losses.free_bits(out, x, free=free, beta=2.0)["loss"].mean(), out)
    assert bool((mean[:, below] == 0).all() and (log_var[:, below] == 0).all())
    _, plain_mean, plain_log_var, _ = gradients(losses.negative_elbo(out, x, beta=2.0)["loss"].mean(), out)
    assert torch.equal(mean[:, ~below], plain_mean[:, ~below]) and torch.equal(log_var[:, ~below], plain_log_var[:, ~below])
    assert bool((plain_mean[:, below] != 0).all())


@pytest.mark.parametrize("offset", [-2.0, 2.0])
def test_capacity_pulls_the_mean_rate_to_its_target_from_both_sides(offset):
    out, x = output()
    out = with_gradient(out)
    rate = losses.gaussian_kl(out.mean, out.log_var).sum(1)
    target = rate.mean().item() + offset
    terms = losses.capacity(out, x, nats=target, gamma=3.0)
    torch.testing.assert_close(terms["loss"].mean(), terms["reconstruction"].mean() + 3.0 * abs(offset))
    got = gradients(terms["loss"].mean(), out)
    expected = gradients(losses.bernoulli_nll(out.logits, x).mean() + 3.0 * (rate.mean() - target).abs(), out)
    torch.testing.assert_close(got, expected)
    assert (got[1] * out.mean).sum() * offset < 0, "too low a rate: descent makes the means larger; too high: smaller"


@pytest.mark.parametrize("samples", [2, 5])
def test_importance_weighting_by_brute_force(samples):
    out, x = output(samples=samples)
    log_w = torch.stack([Bernoulli(logits=out.logits[k], validate_args=False).log_prob(x).sum((1, 2, 3)) + prior(out.z[k]) - posterior(out, out.z[k])
                         for k in range(samples)])
    shift = log_w.max()
    torch.testing.assert_close(losses.ImportanceWeighted(samples)(out, x)["loss"], -((log_w - shift).exp().mean(0).log() + shift))


def test_importance_weighting_survives_weights_beyond_floating_point():
    out, x = output(samples=3)
    loss = losses.ImportanceWeighted(3)(out._replace(logits=torch.full_like(out.logits, -500)), torch.ones_like(x))["loss"]
    assert bool((loss - 500 * math.prod(SHAPE)).abs().max() < 20)


def test_importance_weighting_falls_to_the_true_likelihood_as_draws_are_added():
    """One latent, four pixels: log p(x) by quadrature. The posterior is wrong on purpose, so that the bounds are far apart."""
    slope, shift = torch.tensor([2.0, -1.0, 0.5, 3.0]).double(), torch.tensor([0.5, 0.0, -1.0, 0.2]).double()
    x, n = torch.tensor([1.0, 0.0, 0.0, 1.0]).double(), 20_000
    grid = torch.linspace(-9, 9, 20_001, dtype=torch.double)
    joint = Bernoulli(logits=grid[:, None] * slope + shift).log_prob(x).sum(1) + Normal(0.0, 1.0).log_prob(grid)
    log_p = torch.logsumexp(joint, 0).item() + math.log(18 / 20_000)
    mean, log_var = torch.full((n, 1), 0.2).double(), torch.full((n, 1), 0.5).double()
    losses_at = []
    for samples in (1, 2, 8, 64):
        g = torch.Generator().manual_seed(samples)
        z = mean + (0.5 * log_var).exp() * torch.randn(samples, n, 1, generator=g, dtype=torch.double)
        logits = (z * slope + shift).reshape(samples, n, 1, 2, 2)
        images = x.reshape(1, 1, 2, 2).expand(n, -1, -1, -1)
        out = VAEOutput(logits if samples > 1 else logits[0], mean, log_var, z if samples > 1 else z[0])
        losses_at.append(losses.ImportanceWeighted(samples)(out, images)["loss"].mean().item())
    elbo = losses.gaussian_kl(mean[:1], log_var[:1]).item() - (joint - Normal(0.0, 1.0).log_prob(grid)).mul(
        Normal(0.2, math.exp(0.25)).log_prob(grid).exp()).sum().item() * 18 / 20_000
    assert losses_at[0] == pytest.approx(elbo, abs=0.03)
    assert all(a > b + 0.005 for a, b in itertools.pairwise(losses_at)), losses_at
    assert -log_p < losses_at[-1] + 0.005 and losses_at[-1] == pytest.approx(-log_p, abs=0.02)


def test_tcvae_weighs_its_three_parts():
    out, x = output()
    terms = losses.beta_tcvae(out, x, images=50, alpha=0.5, beta=6.0, gamma=2.0)
    parts = 0.5 * terms["information"] + 6.0 * terms["correlation"] + 2.0 * terms["marginals"]
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + parts)
    torch.testing.assert_close(terms["information"] + terms["correlation"] + terms["marginals"], posterior(out) - prior(out.z))
    default = losses.beta_tcvae(out, x, images=50)["loss"]
    torch.testing.assert_close(default, terms["reconstruction"] + terms["information"] + 6 * terms["correlation"] + terms["marginals"])


def log_q(out, x, images):
    """log q(z) and Σ log q(z_d) of the output's own draws, as the objective estimates them."""
    terms = losses.beta_tcvae(out, x, images=images)
    joint = posterior(out) - terms["information"]
    return joint, joint - terms["correlation"]


def test_a_batch_that_is_the_whole_training_set_gives_the_exact_mixture():
    out, x = output()
    even = Categorical(torch.ones(N, dtype=torch.double))
    std = (0.5 * out.log_var).exp()
    joint, marginals = log_q(out, x, N)
    torch.testing.assert_close(joint, MixtureSameFamily(even, Independent(Normal(out.mean, std), 1)).log_prob(out.z))
    each = [MixtureSameFamily(even, Normal(out.mean[:, d], std[:, d])).log_prob(out.z[:, d]) for d in range(D)]
    torch.testing.assert_close(marginals, sum(each))
    terms = losses.beta_tcvae(out, x, images=N)
    torch.testing.assert_close(terms["marginals"], sum(each) - prior(out.z))


@pytest.mark.parametrize("batch", [2, 3, 4])
def test_a_smaller_batch_estimates_the_mixture_without_bias(batch):
    """Image 0 with all the companies it can have in a batch: the mean of q(z), not of its logarithm, is the mixture."""
    out, x = output()
    exact = torch.stack(log_q(out, x, N))[0, 0].exp()
    one_dimensional = VAEOutput(out.logits, out.mean[:, :1], out.log_var[:, :1], out.z[:, :1])
    exact_marginal = log_q(one_dimensional, x, N)[1][0].exp()
    estimates, marginals = [], []
    for others in itertools.combinations(range(1, N), batch - 1):
        index = torch.tensor([0, *others])
        estimates.append(log_q(VAEOutput(*(part[index] for part in out)), x[index], N)[0][0].exp())
        marginals.append(log_q(VAEOutput(*(part[index] for part in one_dimensional)), x[index], N)[1][0].exp())
    torch.testing.assert_close(torch.stack(estimates).mean(), exact)
    torch.testing.assert_close(torch.stack(marginals).mean(), exact_marginal)
    assert torch.stack(estimates).std() > 0.01 * exact, "the estimates differ, or this shows nothing"


def test_one_dimension_has_no_total_correlation_and_one_image_no_information():
    out, x = output(d=1)
    torch.testing.assert_close(losses.beta_tcvae(out, x, images=40)["correlation"], torch.zeros(N).double())
    out, x = output(n=1)
    for images in (1, 40):
        terms = losses.beta_tcvae(out, x, images=images, beta=1.0)
        torch.testing.assert_close(terms["information"], torch.zeros(1).double())
        torch.testing.assert_close(terms["loss"], terms["reconstruction"] + posterior(out) - prior(out.z))


def test_the_three_parts_of_a_gaussian_aggregate():
    """Means drawn from N(0, S − v I), all variances v: together N(0, S), for which each part is known."""
    v, n, s = 0.3, 1500, torch.tensor([[2.3, 1.6], [1.6, 2.3]])
    g = torch.Generator().manual_seed(0)
    mean = torch.randn(n, 2, generator=g) @ torch.linalg.cholesky(s - v * torch.eye(2)).T
    log_var = torch.full((n, 2), math.log(v))
    z = mean + math.sqrt(v) * torch.randn(n, 2, generator=g)
    terms = losses.beta_tcvae(VAEOutput(torch.zeros(n, 1, 1, 1), mean, log_var, z), torch.zeros(n, 1, 1, 1), images=n)
    half_log_det = 0.5 * torch.logdet(s).item()
    expected = {"information": half_log_det - math.log(v), "correlation": math.log(2.3) - half_log_det, "marginals": 2.3 - 1 - math.log(2.3)}
    for name, value in expected.items():                                       # 1.71, 0.33, 0.47
        assert terms[name].mean().item() == pytest.approx(value, abs=0.06), name


OUT, X = output()
DRAWS, _ = output(samples=3)


@pytest.mark.parametrize("call, words", [
    *[(functools.partial(objective, OUT, X, **{name: value}), f"{'capacity' if name == 'nats' else name} must be ≥ 0, got {value}")
      for objective, names in ((losses.negative_elbo, ["beta"]), (losses.free_bits, ["free", "beta"]), (losses.capacity, ["nats", "gamma"]),
                               (FIVE, ["alpha", "beta", "gamma"])) for name in names for value in (-0.5, math.nan)],
    (lambda: losses.negative_elbo(OUT, X, beta=-1), "a negative weight would reward posteriors far from the prior"),
    (lambda: losses.capacity(OUT, X, nats=-1.0), "no latent can carry less than nothing"),
    (lambda: losses.ImportanceWeighted(0), "samples must be ≥ 1, got 0"),
    (lambda: losses.ImportanceWeighted(-1), "samples must be ≥ 1, got -1"),
    (lambda: losses.ImportanceWeighted(2.5), "samples must be a whole number"),
    (lambda: losses.ImportanceWeighted(5)(DRAWS, X), r"needs 5 draws an image, got logits of shape \(3, 6, 2, 3, 3\).*call model\(x, samples=5\)"),
    (lambda: losses.ImportanceWeighted(6)(OUT, X), "needs 6 draws an image"),          # as many as there are images
    (lambda: losses.ImportanceWeighted(1)(DRAWS, X), "needs 1 draws an image"),
    *[(functools.partial(objective, DRAWS, X), "takes one draw of z an image, the output holds 3; use ImportanceWeighted, or samples=1")
      for objective in (losses.negative_elbo, losses.free_bits, losses.capacity, FIVE)],
    (lambda: losses.beta_tcvae(OUT, X, images=5), "images is the size of the training set, 5, but the batch alone has 6"),
    (lambda: losses.beta_tcvae(OUT, X, images=0), "images must be ≥ 1, got 0"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()

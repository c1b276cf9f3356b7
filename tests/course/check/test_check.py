"""Each check passes the right answer and tells each wrong one which property failed."""
import math

import pytest
import torch

from vaekit import losses
from vaekit.course import check
from vaekit.metrics import distances, likelihood
from vaekit.models import vae


def pca(train, x, k, centre=True, smallest=False):
    mean = train.mean(0) if centre else torch.zeros(train.shape[1])
    axes = torch.linalg.svd(train - mean, full_matrices=False).Vh
    axes = (axes.flip(0) if smallest else axes)[:k]
    return mean + (x - mean) @ axes.T @ axes


def lerp(a, b, steps):
    return torch.lerp(a, b, torch.linspace(0, 1, steps)[:, None])


def nll(p, x):
    return -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1)


def root(c):
    values, vectors = torch.linalg.eigh(c)
    return vectors @ values.clamp_min(0).sqrt().diag() @ vectors.T


def frechet(m, c, n, d, means=lambda v: v.square().sum(), root=lambda c, d: root(root(c) @ d @ root(c))):
    return means(m - n) + (c + d - 2 * root(c, d)).trace()


def within(k):
    return (k.sum() - k.trace()) / (len(k) * (len(k) - 1))


def seeded():
    return torch.Generator().manual_seed(1)


RIGHT = [
    (check.squared_error, lambda x, x_hat: losses.squared_error(x_hat, x)),
    (check.pca, pca),
    (check.interpolate, lerp),
    (check.gaussian_kl, losses.gaussian_kl),
    (check.reparameterize, vae.reparameterize),
    (check.bernoulli_nll, nll),
    (check.effective_beta, lambda weight, pixels, latents: losses.effective_beta(weight, pixels=pixels, latents=latents)),
    (check.importance_bound, likelihood.log_mean_exp),
    (check.importance_bound, lambda w: (w - w.amax(0)).exp().mean(0).log() + w.amax(0)),
    (check.frechet_distance, frechet),
    (check.frechet_distance, lambda m, c, n, d: float(distances.frechet((m, c), (n, d)))),
    (check.mmd, lambda a, b, c: within(a) + within(b) - 2 * c.mean()),
]


@pytest.mark.parametrize("checker, solution", RIGHT, ids=lambda f: getattr(f, "__name__", ""))
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    assert repr(checker(solution)).startswith(f"✓ {checker.__name__}: ")


@pytest.mark.parametrize("checker, wrong, words", [
    (check.squared_error, lambda x, y: (x - y).square().flatten(1).mean(1), "sum over the pixels, do not average"),
    (check.squared_error, lambda x, y: (x - y).square().sum(), r"shape \(\), expected \(5,\)\. Keep one number an image"),
    (check.squared_error, lambda x, y: (x - y).abs().flatten(1).sum(1), "four times as much"),
    (check.squared_error, lambda x, y: (x - y).flatten(1).norm(dim=1), "costs? twice as much|four times as much"),
    (check.squared_error, lambda x, y: 0.5 * (x - y).square().flatten(1).sum(1), "should cost exactly 1"),
    (check.squared_error, lambda x, y: (x * x).flatten(1).sum(1), "compared with itself should cost 0"),
    (check.squared_error, lambda x, y: None, "returns nothing"),
    (check.squared_error, lambda x, y: 3.0, "Return a tensor, not float"),
    (check.pca, lambda t, x, k: pca(t, x, k, centre=False), "mean"),
    (check.pca, lambda t, x, k: pca(t, x, k, smallest=True), "directions of \\*largest\\* variance"),
    (check.pca, lambda t, x, k: pca(t, x, k) - t.mean(0), "add the mean back"),
    (check.pca, lambda t, x, k: pca(t, x, 7 - k if k < 6 else 6), "More components should never make the error larger"),
    (check.interpolate, lambda a, b, n: lerp(a, b, n + 1)[:-1], "last step should be b itself"),
    (check.interpolate, lambda a, b, n: lerp(b, a, n), "first step should be a itself"),
    (check.interpolate, lambda a, b, n: torch.lerp(a, b, torch.linspace(0, 1, n)[:, None] ** 2), "equal size"),
    (check.interpolate, lambda a, b, n: lerp(a, b, n).T, "One row a step"),
    (check.gaussian_kl, lambda m, v: -losses.gaussian_kl(m, v), "never negative"),
    (check.gaussian_kl, lambda m, v: 2 * losses.gaussian_kl(m, v), "Monte Carlo|200,000 samples"),
    (check.gaussian_kl, lambda m, v: losses.gaussian_kl(m, 2 * v), "200,000 samples|never negative"),
    (check.gaussian_kl, lambda m, v: losses.gaussian_kl(m, v).sum(1), "Keep one value a dimension"),
    (check.gaussian_kl, lambda m, v: losses.gaussian_kl(m, v) + 0.5, "exactly 0"),
    (check.gaussian_kl, lambda m, v: 0.5 * (m.exp() - m + v.exp() - v - 2), "as far from the prior"),
    (check.reparameterize, lambda m, v: m + v.exp() * torch.randn_like(m), "log σ² as if it were log σ"),
    (check.reparameterize, lambda m, v: m + v * torch.randn_like(m), r"spread is (1\.9|2\.0)"),
    (check.reparameterize, lambda m, v: m, "where is the noise"),
    (check.reparameterize, lambda m, v: m + (0.5 * v).exp() * torch.rand_like(m), "Gaussian, or uniform"),
    (check.reparameterize, lambda m, v: m + (0.5 * v).exp() * (torch.rand_like(m) - 0.5) * math.sqrt(12), "Is the noise Gaussian"),
    (check.reparameterize, lambda m, v: torch.normal(m, (0.5 * v).exp()).detach(), "No gradient reaches mean or log_var"),
    (check.reparameterize, lambda m, v: m + (0.5 * v).exp().detach() * torch.randn_like(m), "No gradient reaches log_var"),
    (check.reparameterize, lambda m, v: m.detach() + (0.5 * v).exp() * torch.randn_like(m), "Moving the mean by 1"),
    (check.reparameterize, lambda m, v: m + (0.5 * v).exp() * torch.randn(m.shape[0], 1), "two dimensions got the same noise"),
    (check.reparameterize, lambda m, v: m + (0.5 * v).exp() * torch.randn(m.shape, generator=seeded()), "fresh noise every time"),
    (check.bernoulli_nll, lambda p, x: nll(p, x) / 25, "You averaged over pixels"),
    (check.bernoulli_nll, lambda p, x: nll(p, x) / math.log(2), "That is bits"),
    (check.bernoulli_nll, lambda p, x: -nll(p, x), "Check the sign"),
    (check.bernoulli_nll, lambda p, x: -(x * p.log()).flatten(1).sum(1), "25 fair coins should cost|Do pixels at 0 cost"),
    (check.bernoulli_nll, lambda p, x: (p - x).square().flatten(1).sum(1), "25 fair coins should cost"),
    (check.effective_beta, lambda w, p, k: w, "do not pull in the same direction"),
    (check.effective_beta, lambda w, p, k: w * p, "do not pull in the same direction"),
    (check.effective_beta, lambda w, p, k: w * k / p, "do not pull in the same direction"),
    (check.effective_beta, lambda w, p, k: None, "Return a number, not NoneType"),
    (check.importance_bound, lambda w: w.mean(0), "plain mean of the log-weights"),
    (check.importance_bound, lambda w: torch.logsumexp(w, 0), "is it a sum where a mean is asked"),
    (check.importance_bound, lambda w: torch.logsumexp(w, 1), r"shape \(6,\), expected \(4,\)\. The samples are the rows"),
    (check.importance_bound, lambda w: w.exp().mean(0), r"single sample \(k = 1\) the bound should be that sample's log-weight"),
    (check.importance_bound, lambda w: -likelihood.log_mean_exp(w), r"single sample \(k = 1\)"),
    (check.importance_bound, lambda w: w.exp().mean(0).log(), "around -2000.*inf or NaN"),
    (check.importance_bound, lambda w: (w.exp().mean(0) + 1e-30).log(), "around -2000.*move along"),
    (check.importance_bound, lambda w: w.clamp(-700, 700).double().exp().mean(0).log().float(), "around -2000.*move along"),
    (check.importance_bound, lambda w: (w - w.max()).exp().mean(0).log() + w.max(), "should not depend on the images beside it"),
    (check.importance_bound, lambda w: w.amax(0), "equal to a log p|come within 0.1"),
    (check.importance_bound, lambda w: w.median(0).values, "Jensen|come within 0.1"),
    (check.importance_bound, lambda w: w.mean(0) + 0.5 * w.var(0, correction=0), "exceed the largest|come within 0.1"),
    (check.importance_bound, lambda w: None, "returns nothing"),
    (check.frechet_distance, lambda m, c, n, d: frechet(m, c, n, d, means=lambda v: v.norm()), "a squared one: 9"),
    (check.frechet_distance, lambda m, c, n, d: (m - n).square().sum(), "the traces is not enough"),
    (check.frechet_distance, lambda m, c, n, d: (m - n).square().sum() + (c.trace().sqrt() - d.trace().sqrt()) ** 2, "the traces is not enough"),
    (check.frechet_distance, lambda m, c, n, d: frechet(m, c, n, d, root=lambda c, d: (c @ d).abs().sqrt()), "itself should have distance 0"),
    (check.frechet_distance, lambda m, c, n, d: frechet(m, c, n, d, root=lambda c, d: (c * d).abs().sqrt()), "root of each of its entries"),
    (check.frechet_distance, lambda m, c, n, d: frechet(m, c, n, d, root=lambda c, d: root(c) @ root(d)), "not the product of their roots"),
    (check.frechet_distance, lambda m, c, n, d: (m - n).square().sum() + (c - d).square().sum(), "Is the matrix root under the trace"),
    (check.frechet_distance, lambda m, c, n, d: frechet(m, c, n, d) + (c[0, 1] - d[0, 1]).clamp(-1, 2), "Swapping the two"),
    (check.frechet_distance, lambda m, c, n, d: frechet(m, c, n, d).log(), "inf or NaN"),
    (check.frechet_distance, lambda m, c, n, d: m - n, "one real number"),
    (check.frechet_distance, lambda m, c, n, d: None, "returns nothing"),
    (check.mmd, lambda a, b, c: a.mean() + b.mean() - 2 * c.mean(), "diagonal of K_xx compares each image with itself"),
    (check.mmd, lambda a, b, c: within(a) + b.mean() - 2 * c.mean(), "diagonal of K_yy"),
    (check.mmd, lambda a, b, c: within(a) + within(b) - c.mean(), "how often does K_xy count"),
    (check.mmd, lambda a, b, c: (a.sum() - a.trace()) / a.numel() + (b.sum() - b.trace()) / b.numel() - 2 * c.mean(), "How many pairs"),
    (check.mmd, lambda a, b, c: within(a) + within(b) - 2 * (c.sum() - c.trace()) / (c.numel() - len(c)), "its diagonal counts like everything else"),
    (check.mmd, lambda a, b, c: 2 * c.mean() - within(a) - within(b), "Check the signs"),
    (check.mmd, lambda a, b, c: (within(a) + within(b) - 2 * c.mean()).clamp_min(0), "average 0|never does"),
    (check.mmd, lambda a, b, c: (within(a) + within(b) - 2 * c.mean()) / 2, "should average 12"),
    (check.mmd, lambda a, b, c: a, "one real number"),
    (check.mmd, lambda a, b, c: None, "returns nothing"),
])
def test_a_wrong_answer_is_told_which_property_failed(checker, wrong, words):
    with pytest.raises(check.CheckFailed, match=words):
        checker(wrong)


def test_between():
    assert repr(check.between("test loss", 240.123, 230, 260)) == "✓ test loss lies between 230 and 260"
    for value in (229.9, 261, math.nan):
        with pytest.raises(check.CheckFailed, match="test loss is .*, expected between 230 and 260"):
            check.between("test loss", value, 230, 260)


def test_a_notebook_shows_the_sentence_only():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    with capture_output() as captured:
        shell.run_cell("from vaekit.course import check\ncheck.between('loss', 3, 0, 1)")
    assert captured.stdout.strip() == "✗ Not yet. loss is 3, expected between 0 and 1"

"""A VAE's random output for objectives to judge, and the densities that they are made of."""
import torch
from torch.distributions import Bernoulli, Normal

from vaekit.device import seeded
from vaekit.models.vae import VAEOutput

N = 6
D = 3
SHAPE = (2, 3, 3)


def output(n=N, d=D, samples=1, seed=0):
    """A random output with draws from its own posterior, float64, and images to go with it."""
    like = dict(generator=seeded(seed), dtype=torch.double)
    mean = torch.randn(n, d, **like)
    log_var = torch.randn(n, d, **like) - 1
    z = mean + (0.5 * log_var).exp() * torch.randn(samples, n, d, **like)
    logits = 2 * torch.randn(samples, n, *SHAPE, **like)
    x = torch.rand(n, *SHAPE, **like)
    if samples == 1:
        return VAEOutput(logits[0], mean, log_var, z[0]), x
    return VAEOutput(logits, mean, log_var, z), x


def with_gradient(out):
    return VAEOutput(*[part.clone().requires_grad_() for part in out[:4]])


def gradients(loss, out):
    return torch.autograd.grad(loss, out[:4], allow_unused=True, materialize_grads=True)


def at_index(out, index):
    return VAEOutput(*[part[index] for part in out[:4]])


def log_posterior(out, z=None):
    z = out.z if z is None else z
    return Normal(out.mean, (0.5 * out.log_var).exp()).log_prob(z).sum(-1)


def log_prior(z):
    return Normal(0.0, 1.0).log_prob(z).sum(-1)


def log_likelihood(logits, x):
    """log p(x | z) per image; images are grey, which Bernoulli would refuse."""
    return Bernoulli(logits=logits, validate_args=False).log_prob(x).sum((-3, -2, -1))

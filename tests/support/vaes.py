"""A VAE small enough to train inside a test, and the question whether two are the same."""
from __future__ import annotations

import torch
from torch import nn

from vaekit import recipes


def small_vae(latent_dim: int = 2, seed: int = 0) -> nn.Module:
    return recipes.build("mlp-vae-mnist-small", latent_dim, seed=seed)


def same_weights(a: nn.Module, b: nn.Module) -> bool:
    """To the last bit."""
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(of_a, of_b) for of_a, of_b in pairs)

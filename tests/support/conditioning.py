"""A small VAE with a condition of any kind, and labels for it."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vaekit.models import conditioning, nets
from vaekit.models.vae import VAE

SHAPE = (1, 8, 8)
PIXELS = 64
LATENTS = 3
# number of classes, or of attributes
SIZE = 4
KINDS = ("one-hot", "embedding", "attributes")


def build(kind: str | None, *, hidden: Sequence[int] = (16,), weight: float = 1.0) -> VAE:
    torch.manual_seed(0)
    condition = conditioning.make(kind, SIZE, LATENTS, weight)
    decoder = nets.mlp_decoder(LATENTS + condition.width, (16,), SHAPE)
    model = VAE(nn.Flatten(), decoder, LATENTS, SHAPE, condition=condition, hidden=hidden)
    return model.eval()


def labels(kind: str, n: int) -> Tensor:
    """n conditions, neighbours different: classes 0 1 2 3 0 …, or the bits of these."""
    c = torch.arange(n) % SIZE
    if kind != "attributes":
        return c
    return torch.stack([c % 2, c // 2, 1 - c % 2, torch.ones_like(c)], 1)

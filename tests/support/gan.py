"""A GAN small enough to train inside a test, and both of its losses."""
from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from vaekit.models import gan
from vaekit.models.gan import GAN

SHAPE = (1, 4, 4)
LOSSES = pytest.mark.parametrize("loss", [gan.non_saturating, gan.least_squares])


def small_gan(
    seed: int = 0, latent_dim: int = 3, shape: Sequence[int] = SHAPE, hidden: int = 16
) -> GAN:
    torch.manual_seed(seed)
    generator = gan.fc_generator(latent_dim, shape, hidden)
    discriminator = gan.fc_discriminator(shape, hidden)
    return GAN(generator, discriminator, latent_dim, shape)

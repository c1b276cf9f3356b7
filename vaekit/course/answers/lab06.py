"""Reference solutions of lab 06."""
from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

__all__ = ["discriminator_loss", "non_saturating"]


def non_saturating(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """What discriminator and generator minimise, nats, for scores (…): (…) each."""
    discriminator = F.softplus(-real) + F.softplus(fake)
    generator = F.softplus(-fake)
    return discriminator, generator


def discriminator_loss(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor
) -> Tensor:
    """The discriminator's loss, nats, points (N, D) twice → (N,); the generator learns nothing."""
    scores_real = discriminator(real)[..., 0]
    scores_fake = discriminator(fake.detach())[..., 0]
    return F.softplus(-scores_real) + F.softplus(scores_fake)

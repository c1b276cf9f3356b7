"""Diffusion that can be followed by hand: Gaussian data, a linear network, a small U-Net.

For Gaussian data the best possible network is known, so the process and its samplers can be
compared with closed forms.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vaekit.data.images import ImageSet
from vaekit.models import conditioning
from vaekit.models.diffusion import Diffusion, UNet, cumulative

# an image of three pixels, and the Gaussian that it comes from
SHAPE = (1, 1, 3)
MEAN = torch.tensor([0.3, -0.2, 0.0], dtype=torch.double)
COVARIANCE = torch.tensor(
    [
        [0.030, 0.015, 0.0],
        [0.015, 0.020, -0.006],
        [0.0, -0.006, 0.010],
    ],
    dtype=torch.double,
)

# an image for a small U-Net
SMALL = (1, 8, 8)


class BestForGaussian(nn.Module):
    """E[x_0 | x_t] for x_0 ~ N(MEAN, COVARIANCE), as the prediction that the target wants.

    It follows from the joint Gaussian of x_0 and x_t.
    """

    def __init__(self, alpha_bar: Tensor, target: str):
        super().__init__()
        self.alpha_bar = alpha_bar
        self.target = target
        self.mean = MEAN
        self.eigenvalues, self.axes = torch.linalg.eigh(COVARIANCE)

    def forward(self, x: Tensor, t: Tensor, code: Tensor | None = None) -> Tensor:
        x_t = x.flatten(1).double()
        kept = self.alpha_bar[t][:, None]
        signal = kept.sqrt()
        sigma = (1 - kept).sqrt()

        # Cov(x_0, x_t) / Var(x_t) along each axis
        gain = signal * self.eigenvalues / (kept * self.eigenvalues + 1 - kept)
        x0 = self.mean + (x_t - signal * self.mean) @ self.axes * gain @ self.axes.T
        eps = (x_t - signal * x0) / sigma

        prediction = eps if self.target == "epsilon" else signal * eps - sigma * x0
        return prediction.reshape(x.shape).to(x.dtype)


class LinearNetwork(nn.Module):
    """prediction = x / 2 + t / 100 + k for class k − 1: simple enough to follow by hand.

    Attributes:
        calls: how often it was called.
        codes: the code of each call.
    """

    def __init__(self, width: int = 3):
        super().__init__()
        self.calls = 0
        self.codes: list[Tensor | None] = []
        self.worth = torch.arange(1.0, width + 1)

    def forward(self, x: Tensor, t: Tensor, code: Tensor | None = None) -> Tensor:
        self.calls += 1
        self.codes.append(code)
        shift = t / 100
        if code is not None:
            shift = shift + code @ self.worth
        return x / 2 + shift[:, None, None, None]


def gaussian_model(target: str = "v", schedule: str = "cosine", steps: int = 1000) -> Diffusion:
    """Diffusion of the Gaussian data, with the best possible network."""
    network = BestForGaussian(cumulative(schedule, steps), target)
    return Diffusion(network, SHAPE, steps=steps, schedule=schedule, target=target, ema=None)


def conditional_model(**settings) -> Diffusion:
    """Diffusion of three classes with the linear network."""
    return Diffusion(LinearNetwork(), SHAPE, condition=conditioning.OneHot(3), **settings)


def small_model(channels: Sequence[int] = (16, 32), seed: int = 0, **settings) -> Diffusion:
    """Diffusion of two classes with a small U-Net."""
    torch.manual_seed(seed)
    network = UNet(SMALL, channels=channels, cond_width=2)
    return Diffusion(network, SMALL, condition=conditioning.OneHot(2), **settings)


def dark_and_bright(n: int = 64) -> ImageSet:
    """Two classes, two constant images each: class 0 is dark, class 1 is bright."""
    y = torch.arange(n) % 2
    variant = torch.arange(n) // 2 % 2
    grey = torch.tensor([[0.05, 0.25], [0.75, 0.95]])[y, variant]
    images = grey[:, None, None, None].expand(n, *SMALL).contiguous()
    return ImageSet(images, y, ("dark", "bright"))


def woken(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network with something to say: its last layers begin at zero."""
    torch.manual_seed(seed)
    for weight in network.parameters():
        if not weight.any():
            nn.init.normal_(weight, std=0.1)
    return network

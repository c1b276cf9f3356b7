"""The recipes, one entry each."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, nn

from ..data.augment import jitter
from ..errors import UserError, pick
from ..losses import cross_entropy, negative_elbo, reconstruction_error
from ..models.diffusion import denoising_error
from ..models.gan import least_squares, minimax
from ..training.fit import ADAM
from .builders import (
    block_cvae,
    classifier,
    conv_autoencoder,
    conv_cvae,
    dc_gan,
    ddpm,
    fc_gan,
    mlp_cvae,
    mlp_vae,
    wide_conv_cvae,
)

NOISE = "squared error per pixel, of noise of variance 1"


@dataclass(frozen=True)
class Reported:
    """One row of a report's table: the settings, and what it measured with them (test set, nats per image, where nothing else is said)."""

    latent_dim: int
    terms: Mapping[str, float]
    beta: float = 1.0


def _elbo_row(latent_dim: int, beta: float, reconstruction: float, kl: float, loss: float) -> Reported:
    return Reported(latent_dim, {"reconstruction": reconstruction, "kl": kl, "loss": loss}, beta)


@dataclass(frozen=True)
class Recipe:
    """One system: what to build, how the report trained it, what the report measured."""

    name: str
    title: str
    source: str                                        # the report's key, or "house" for what serves the labs themselves
    build: Callable[..., nn.Module]                    # (latent_dim, image_shape) → model, with the condition third if it has one
    loss: Callable
    latent_dim: int | None                             # None: there is no latent space
    epochs: int
    batch_size: int
    lr: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "constant"
    optimizer: str = "adam"
    betas: tuple[float, float] = ADAM
    condition: str | None = None                       # how the class reaches the model: one of conditioning.CONDITIONS
    data: str = "mnist"
    augment: Callable[[Tensor], Tensor] | None = None
    unit: str = "nats per image"                       # of the loss
    fast: Mapping = field(default_factory=dict)        # settings that reach the same number sooner; warm_up: share in which a β > 1 rises from 1
    reported: tuple[Reported, ...] = ()
    note: str = ""

    def settings(self, *, fast: bool = False, **overrides) -> dict:
        """The arguments of `fit`: the report's, or the fast ones, with overrides that are not None on top."""
        if fast and not self.fast:
            raise UserError(f"recipe {self.name!r} has no fast schedule; leave --fast out, or set --epochs")
        own = {key: getattr(self, key) for key in ("epochs", "batch_size", "lr", "weight_decay", "schedule")}
        own |= {} if (self.optimizer, self.betas) == ("adam", ADAM) else {"optimizer": self.optimizer, "betas": self.betas}
        return own | (dict(self.fast) if fast else {}) | {k: v for k, v in overrides.items() if v is not None}

    def reported_at(self, latent_dim: int, beta: float = 1.0) -> Mapping[str, float]:
        """What the report measured with these settings on the recipe's own data set; nothing if it gives no such row."""
        return next((row.terms for row in self.reported if (row.latent_dim, row.beta) == (latent_dim, beta)), {})


RECIPES = {recipe.name: recipe for recipe in (
    Recipe("conv-ae-mnist", "convolutional autoencoder", "S4", conv_autoencoder, reconstruction_error,
           latent_dim=4, epochs=15, batch_size=512, weight_decay=1e-5, unit="squared error per image"),
    Recipe("mlp-vae-mnist-small", "small MLP VAE, 784-32-32-20", "S4", mlp_vae(32, 32), negative_elbo,
           latent_dim=20, epochs=10, batch_size=512,
           note="the report gives one hidden size, 32; both hidden layers have it here"),
    Recipe("mlp-vae-mnist", "MLP VAE, 784-256-256-z with z = 1, 2 or 64", "S1", mlp_vae(256, 256), negative_elbo,
           latent_dim=64, epochs=300, batch_size=256, lr=1e-4,
           fast=dict(epochs=28, batch_size=128, lr=3e-3, schedule="one-cycle", warm_up=0.5),
           reported=(_elbo_row(1, 1, 156.82, 4.22, 161.04), _elbo_row(2, 1, 137.70, 6.80, 144.49), _elbo_row(64, 1, 76.23, 23.80, 100.03),
                     _elbo_row(64, 0.1, 59.18, 77.68, 66.94), _elbo_row(64, 0.5, 69.50, 34.30, 86.65), _elbo_row(64, 2, 87.29, 15.46, 118.20),
                     _elbo_row(64, 10, 143.37, 3.69, 180.22))),
    Recipe("fc-vae", "fully connected VAE, three hidden layers, z = 15; MNIST or CIFAR-10 shapes", "S3", mlp_vae(400, 400, 400), negative_elbo,
           latent_dim=15, epochs=10, batch_size=128,
           note="the report calls the hidden width H and does not give it; 400 here"),
    Recipe("fc-cvae", "fully connected conditional VAE, three hidden layers, z = 15; MNIST or CIFAR-10 shapes", "S3", mlp_cvae(400, 400, 400),
           negative_elbo, latent_dim=15, epochs=10, batch_size=128, condition="one-hot",
           note="the report calls the hidden width H and does not give it; 400 here"),
    Recipe("conv-cvae-mnist", "convolutional conditional VAE, hidden 512, z = 2", "S4", conv_cvae, negative_elbo,
           latent_dim=2, epochs=15, batch_size=100, condition="one-hot", reported=(Reported(2, {"fid_10": 182.47}),),
           note="the report does not give the channels of its convolutions; 16 and 32 here. Its FID compares 10 images with 10"),
    Recipe("block-cvae-cifar10", "conditional VAE of four-convolution blocks without residuals, three down, three up, z = 128", "S0",
           block_cvae(residual=False), negative_elbo, latent_dim=128, epochs=200, batch_size=46, condition="embedding", data="cifar10",
           note="the report gives neither widths nor initialisation: 64 channels, 256, z = 128 and He et al. 2015 here; the MLPs of μ and log σ² "
                "share their hidden layer"),
    Recipe("block-cvae", "the same with the residual connections of the blocks restored", "house", block_cvae(residual=True), negative_elbo,
           latent_dim=128, epochs=200, batch_size=46, condition="embedding", data="cifar10"),
    Recipe("fc-gan", "fully connected GAN, 96-1024-1024-784 against 784-256-256-1; MNIST or CIFAR-10 shapes", "S3", fc_gan, minimax,
           latent_dim=96, epochs=10, batch_size=128, unit="nats per image"),
    Recipe("ls-gan", "the same networks, least-squares loss", "S3", fc_gan, least_squares, latent_dim=96, epochs=10, batch_size=128,
           unit="squared error of the score"),
    Recipe("dc-gan", "convolutional GAN; MNIST or CIFAR-10 shapes", "S3", dc_gan(), minimax, latent_dim=96, epochs=10, batch_size=128,
           betas=(0.5, 0.999),
           note="the report does not give its layers; two up and two down here. Initialisation and betas are those of Radford et al. 2016"),
    Recipe("ddpm-cifar10", "class-conditional diffusion, a U-Net that predicts the noise", "S0", ddpm("linear", "epsilon"), denoising_error,
           latent_dim=None, epochs=200, batch_size=128, optimizer="radam", condition="one-hot", data="cifar10", unit=NOISE,
           note="the report does not give its U-Net, learning rate or batch; 1.5 million weights, 1e-3 and 128 here"),
    Recipe("conv-cvae-fashion", "convolutional conditional VAE, z = 20, of the size of the U-Net", "house", wide_conv_cvae, negative_elbo,
           latent_dim=20, epochs=50, batch_size=128, schedule="one-cycle", condition="one-hot", data="fashion_full"),
    Recipe("dc-gan-fashion", "convolutional GAN, both players together of the size of the U-Net", "house", dc_gan(96), minimax, latent_dim=96,
           epochs=12, batch_size=128, lr=4e-4, schedule="one-cycle", betas=(0.5, 0.999), data="fashion_full"),
    Recipe("ddpm-fashion", "class-conditional diffusion, a U-Net that predicts v, cosine schedule", "house", ddpm("cosine", "v"), denoising_error,
           latent_dim=None, epochs=12, batch_size=128, schedule="one-cycle", optimizer="radam", condition="one-hot", data="fashion_full", unit=NOISE),
    Recipe("classifier-fashion", "small classifier, the feature network of FID and KID on Fashion-MNIST", "house", classifier, cross_entropy,
           latent_dim=64, epochs=14, batch_size=128, lr=6e-3, schedule="one-cycle", data="fashion_full", augment=partial(jitter, flip=True)),
    Recipe("classifier-mnist", "small classifier, the feature network of FID and KID on MNIST", "house", classifier, cross_entropy,
           latent_dim=64, epochs=8, batch_size=128, lr=6e-3, schedule="one-cycle", augment=jitter),
)}


def get(name: str) -> Recipe:
    """A recipe by name, or a UserError that lists them."""
    return RECIPES[pick("recipe", name, RECIPES)]

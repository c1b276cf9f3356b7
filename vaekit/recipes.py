"""Every system of the five student reports by name: data, model, loss, optimiser, and the numbers the report gives.

The reports, by key:
    S1  "Variational Autoencoder for Image Generation", AI3611, Shanghai Jiao Tong University
    S3  "Generative models using VAEs & GANs", CPSC 8810, Clemson University
    S4  "Generating Images using conditional Variational Autoencoders"

A recipe is Python: its defaults are the report's hyper-parameters, and any of them can be overridden in `train`.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from . import nets
from .autoencoder import Autoencoder
from .classifier import Classifier, jitter
from .data import SOURCES, load
from .errors import UserError, pick
from .files import load_weights, save_weights
from .images import ImageSet
from .losses import cross_entropy, negative_elbo, reconstruction_error
from .training import History, fit
from .vae import VAE


@dataclass(frozen=True)
class Recipe:
    """One system: what to build, how the report trained it, what the report measured."""

    name: str
    title: str
    source: str                                        # the report's key, or "house" for what serves the labs themselves
    build: Callable[[int, nets.Shape], nn.Module]      # (latent_dim, image_shape) → model
    loss: Callable
    latent_dim: int
    epochs: int
    batch_size: int
    lr: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "constant"
    data: str = "mnist"
    augment: Callable[[Tensor], Tensor] | None = None
    unit: str = "nats per image"                       # of the loss
    fast: Mapping = field(default_factory=dict)        # settings that reach the same number sooner
    reported: Mapping[int, Mapping[str, float]] = field(default_factory=dict)    # latent_dim → test-set terms, nats per image
    note: str = ""

    def settings(self, *, fast: bool = False, **overrides) -> dict:
        """The arguments of `fit`: the report's, or the fast ones, with overrides that are not None on top."""
        if fast and not self.fast:
            raise UserError(f"recipe {self.name!r} has no fast schedule; leave --fast out, or set --epochs")
        own = {key: getattr(self, key) for key in ("epochs", "batch_size", "lr", "weight_decay", "schedule")}
        return own | (dict(self.fast) if fast else {}) | {k: v for k, v in overrides.items() if v is not None}


class Run(NamedTuple):
    """What `train` gives back."""

    recipe: Recipe
    model: nn.Module
    history: History
    train: ImageSet
    test: ImageSet
    settings: dict


def mlp_vae(*hidden: int) -> Callable[[int, nets.Shape], VAE]:
    """image → hidden … → (μ, log σ²), and the same widths back."""
    def build(latent_dim: int, shape: nets.Shape) -> VAE:
        return VAE(nets.mlp_encoder(shape, hidden), nets.mlp_decoder(latent_dim, hidden[::-1], shape), latent_dim, shape)
    return build


def conv_autoencoder(latent_dim: int, shape: nets.Shape) -> Autoencoder:
    return Autoencoder(nets.conv_encoder(shape), nets.conv_decoder(latent_dim, shape), latent_dim, shape)


def classifier(features: int, shape: nets.Shape) -> Classifier:
    if tuple(shape) != Classifier.image_shape:
        raise UserError(f"the classifier takes images of shape {Classifier.image_shape}, got {tuple(shape)}")
    return Classifier(features=features)


RECIPES = {recipe.name: recipe for recipe in (
    Recipe("conv-ae-mnist", "convolutional autoencoder", "S4", conv_autoencoder, reconstruction_error,
           latent_dim=4, epochs=15, batch_size=512, weight_decay=1e-5, unit="squared error per image"),
    Recipe("mlp-vae-mnist-small", "small MLP VAE, 784-32-32-20", "S4", mlp_vae(32, 32), negative_elbo,
           latent_dim=20, epochs=10, batch_size=512,
           note="the report gives one hidden size, 32; both hidden layers have it here"),
    Recipe("mlp-vae-mnist", "MLP VAE, 784-256-256-z with z = 1, 2 or 64", "S1", mlp_vae(256, 256), negative_elbo,
           latent_dim=64, epochs=300, batch_size=256, lr=1e-4,
           fast=dict(epochs=25, batch_size=64, lr=2e-3, schedule="one-cycle"),
           reported={1: dict(reconstruction=156.82, kl=4.22, loss=161.04),
                     2: dict(reconstruction=137.70, kl=6.80, loss=144.49),
                     64: dict(reconstruction=76.23, kl=23.80, loss=100.03)}),
    Recipe("fc-vae", "fully connected VAE, three hidden layers, z = 15; MNIST or CIFAR-10 shapes", "S3", mlp_vae(400, 400, 400), negative_elbo,
           latent_dim=15, epochs=10, batch_size=128,
           note="the report calls the hidden width H and does not give it; 400 here"),
    Recipe("classifier-fashion", "small classifier, the feature network of FID and KID on Fashion-MNIST", "house", classifier, cross_entropy,
           latent_dim=64, epochs=14, batch_size=128, lr=6e-3, schedule="one-cycle", data="fashion_full", augment=partial(jitter, flip=True)),
    Recipe("classifier-mnist", "small classifier, the feature network of FID and KID on MNIST", "house", classifier, cross_entropy,
           latent_dim=64, epochs=8, batch_size=128, lr=6e-3, schedule="one-cycle", augment=jitter),
)}


def get(name: str) -> Recipe:
    """A recipe by name, or a UserError that lists them."""
    return RECIPES[pick("recipe", name, RECIPES)]


def train(name: str, *, data: str | None = None, latent_dim: int | None = None, fast: bool = False, root: str | Path | None = None,
          limit: int | None = None, seed: int = 0, device: str = "auto", checkpoint: str | Path | None = None, progress: bool = True,
          **overrides) -> Run:
    """Train a recipe, as its report did unless told otherwise.

    Args:
        data: a name for `load`; the report's data set if left out.
        latent_dim: size of z; the report's if left out.
        fast: the recipe's fast schedule instead of the report's.
        limit: train on the first so many images only.
        overrides: epochs, batch_size, lr, weight_decay, schedule, patience; None means the recipe's own.
    Raises:
        UserError: unknown recipe or data set, data not to be had, settings out of range.
    """
    recipe = get(name)
    settings = recipe.settings(fast=fast, **overrides)
    data = recipe.data if data is None else pick("data set", data, SOURCES)
    train_set, test_set = load(data, "train", root=root, limit=limit), load(data, "test", root=root)
    model = build(name, latent_dim, train_set.shape, seed)
    history = fit(model, train_set, recipe.loss, test=test_set, seed=seed, device=device, checkpoint=checkpoint, progress=progress,
                  augment=recipe.augment, **settings)
    return Run(recipe, model, history, train_set, test_set, settings | {"data": data, "seed": seed})


def build(name: str, latent_dim: int | None = None, image_shape: nets.Shape = (1, 28, 28), seed: int = 0) -> nn.Module:
    """A recipe's model with fresh weights drawn from `seed`."""
    recipe = get(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return recipe.build(recipe.latent_dim if latent_dim is None else latent_dim, tuple(image_shape))


def save(path: str | Path, name: str, model: nn.Module) -> Path:
    """Weights with what `load_model` needs to build the model again."""
    shape = ",".join(map(str, model.image_shape))
    return save_weights(path, model.state_dict(), {"recipe": name, "latent_dim": str(model.latent_dim), "image_shape": shape})


def load_model(path: str | Path) -> nn.Module:
    """The model that `save` wrote, ready to use (evaluation mode).

    Raises:
        UserError: no such file, damaged, or not written by `save`.
    """
    tensors, metadata = load_weights(path)
    if "recipe" not in metadata:
        raise UserError(f"{path} does not name its recipe; it was not written by vaekit.recipes.save")
    model = build(metadata["recipe"], int(metadata["latent_dim"]), tuple(map(int, metadata["image_shape"].split(","))))
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(f"{path} does not fit recipe {metadata['recipe']!r} of this version; train it again") from error
    return model.eval()

"""The reports' networks: (latent_dim, image_shape) → model, and for conditional ones (latent_dim, image_shape, condition) → model."""
from __future__ import annotations

from collections.abc import Callable

from torch import nn

from .. import nets
from ..autoencoder import Autoencoder
from ..classifier import Classifier
from ..errors import UserError
from ..vae import VAE


def conv_autoencoder(latent_dim: int, shape: nets.Shape) -> Autoencoder:
    return Autoencoder(nets.conv_encoder(shape), nets.conv_decoder(latent_dim, shape), latent_dim, shape)


def mlp_vae(*hidden: int) -> Callable[[int, nets.Shape], VAE]:
    """image → hidden … → (μ, log σ²), and the same widths back."""
    def build(latent_dim: int, shape: nets.Shape) -> VAE:
        return VAE(nets.mlp_encoder(shape, hidden), nets.mlp_decoder(latent_dim, hidden[::-1], shape), latent_dim, shape)
    return build


def mlp_cvae(*hidden: int) -> Callable[[int, nets.Shape, nn.Module], VAE]:
    """[image, condition] → hidden … → (μ, log σ²); [z, condition] → the same widths back."""
    def build(latent_dim: int, shape: nets.Shape, condition: nn.Module) -> VAE:
        decoder = nets.mlp_decoder(latent_dim + condition.width, hidden[::-1], shape)
        return VAE(nn.Flatten(), decoder, latent_dim, shape, condition=condition, hidden=hidden)
    return build


def conv_cvae(latent_dim: int, shape: nets.Shape, condition: nn.Module) -> VAE:
    """[convolutions of the image, condition] → 512 → (μ, log σ²); [z, condition] → 512 → transposed convolutions."""
    decoder = nets.upsampling_decoder(latent_dim + condition.width, shape, hidden=512)
    return VAE(nets.pooling_encoder(shape), decoder, latent_dim, shape, condition=condition, hidden=(512,))


def classifier(features: int, shape: nets.Shape) -> Classifier:
    if tuple(shape) != Classifier.image_shape:
        raise UserError(f"the classifier takes images of shape {Classifier.image_shape}, got {tuple(shape)}")
    return Classifier(features=features)

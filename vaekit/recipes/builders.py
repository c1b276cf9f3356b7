"""The reports' networks: (latent_dim, image_shape) → model, and for conditional ones (latent_dim, image_shape, condition) → model.

latent_dim is None for a model without a latent space.
"""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ..errors import UserError
from ..models import nets
from ..models.autoencoder import Autoencoder
from ..models.classifier import Classifier
from ..models.diffusion import Diffusion, UNet
from ..models.gan import GAN, dc_discriminator, dc_generator, fc_discriminator, fc_generator
from ..models.vae import VAE


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


def wide_conv_cvae(latent_dim: int, shape: nets.Shape, condition: nn.Module) -> VAE:
    """`conv_cvae` with twice the channels and a narrower middle: 1.4 million weights, as many as the U-Net it is compared with."""
    decoder = nets.upsampling_decoder(latent_dim + condition.width, shape, hidden=224, channels=(32, 64))
    return VAE(nets.pooling_encoder(shape, (32, 64)), decoder, latent_dim, shape, condition=condition, hidden=(224,))


def block_cvae(*, residual: bool) -> Callable[[int, nets.Shape, nn.Module], VAE]:
    """three blocks down → 256 → (μ, log σ²); z, told the class by what is added to it → three blocks up."""
    def build(latent_dim: int, shape: nets.Shape, condition: nn.Module) -> VAE:
        decoder = nets.block_decoder(latent_dim + condition.width, shape, residual=residual)
        model = VAE(nets.block_encoder(shape, residual=residual), decoder, latent_dim, shape, condition=condition, hidden=(256,))
        return model.to(memory_format=torch.channels_last)                # its many 3×3 convolutions then take a quarter less time on a CPU
    return build


def fc_gan(latent_dim: int, shape: nets.Shape) -> GAN:
    return GAN(fc_generator(latent_dim, shape), fc_discriminator(shape), latent_dim, shape)


def dc_gan(width: int = 64) -> Callable[[int, nets.Shape], GAN]:
    def build(latent_dim: int, shape: nets.Shape) -> GAN:
        return GAN(dc_generator(latent_dim, shape, width), dc_discriminator(shape, width), latent_dim, shape)
    return build


def ddpm(schedule: str, target: str) -> Callable[[None, nets.Shape, nn.Module], Diffusion]:
    """A U-Net and 1,000 steps. Ho et al. 2020 have ("linear", "epsilon")."""
    def build(latent_dim: None, shape: nets.Shape, condition: nn.Module) -> Diffusion:
        return Diffusion(UNet(shape, code_width=condition.width), shape, schedule=schedule, target=target, condition=condition)
    return build


def classifier(features: int, shape: nets.Shape) -> Classifier:
    if tuple(shape) != Classifier.image_shape:
        raise UserError(f"the classifier takes images of shape {Classifier.image_shape}, got {tuple(shape)}")
    return Classifier(features=features)

"""The reports' networks, as functions that build a model.

Each is called with (latent_dim, image_shape), a conditional one with the condition as well.
latent_dim is None for a model without a latent space.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from ..contracts import Shape
from ..errors import UserError, at_least, pick
from ..models import nets
from ..models.attribute_classifier import AttributeClassifier
from ..models.autoencoder import Autoencoder
from ..models.classifier import Classifier
from ..models.conditioning import Condition
from ..models.diffusion import Diffusion, UNet
from ..models.diffusion.schedules import SCHEDULES
from ..models.gan import GAN, dc_discriminator, dc_generator, fc_discriminator, fc_generator
from ..models.vae import VAE, GaussianVAE


def _check_widths(**widths: Sequence[int]) -> None:
    """Layers have at least one unit, or a UserError names the argument."""
    for name, of_layers in widths.items():
        for width in of_layers:
            at_least(name, width, 1)


def conv_autoencoder(latent_dim: int, shape: Shape) -> Autoencoder:
    """Strided convolutions → latent_dim numbers → transposed convolutions."""
    encoder = nets.conv_encoder(shape)
    decoder = nets.conv_decoder(latent_dim, shape)
    return Autoencoder(encoder, decoder, latent_dim, shape)


def mlp_vae(*hidden: int) -> Callable[[int, Shape], VAE]:
    """Image → hidden … → (μ, log σ²), and the same widths back."""
    _check_widths(hidden=hidden)

    def build(latent_dim: int, shape: Shape) -> VAE:
        encoder = nets.mlp_encoder(shape, hidden)
        decoder = nets.mlp_decoder(latent_dim, hidden[::-1], shape)
        return VAE(encoder, decoder, latent_dim, shape)

    return build


def mlp_cvae(*hidden: int) -> Callable[[int, Shape, Condition], VAE]:
    """[image, condition] → hidden … → (μ, log σ²); [z, condition] → the same widths back."""
    _check_widths(hidden=hidden)

    def build(latent_dim: int, shape: Shape, condition: Condition) -> VAE:
        encoder = nn.Flatten()
        decoder = nets.mlp_decoder(latent_dim + condition.width, hidden[::-1], shape)
        return VAE(encoder, decoder, latent_dim, shape, condition=condition, hidden=hidden)

    return build


def conv_cvae(
    channels: tuple[int, int] = (16, 32), hidden: int = 512
) -> Callable[[int, Shape, Condition], VAE]:
    """[convolutions of the image, condition] → hidden → (μ, log σ²).

    Back: [z, condition] → hidden → transposed convolutions.
    """
    _check_widths(channels=channels, hidden=[hidden])

    def build(latent_dim: int, shape: Shape, condition: Condition) -> VAE:
        # the decoder is drawn first: the order of the draws decides what a seed means
        decoder = nets.upsampling_decoder(
            latent_dim + condition.width, shape, hidden=hidden, channels=channels
        )
        encoder = nets.pooling_encoder(shape, channels)
        return VAE(encoder, decoder, latent_dim, shape, condition=condition, hidden=(hidden,))

    return build


def patch_vae(width: int = 32, hidden: int = 256) -> Callable[[int, Shape], GaussianVAE]:
    """Three strided convolutions with batch normalisation → hidden → (μ, log σ²), and back.

    Its pixels are Gaussian, so it is trained with `losses.negative_elbo_gaussian`.
    """
    _check_widths(width=[width], hidden=[hidden])

    def build(latent_dim: int, shape: Shape) -> GaussianVAE:
        encoder = nets.patch_encoder(shape, width=width, hidden=hidden)
        decoder = nets.patch_decoder(latent_dim, shape, width=width, hidden=hidden)
        model = GaussianVAE(encoder, decoder, latent_dim, shape)
        return model.to(memory_format=torch.channels_last)

    return build


def patch_cvae(
    width: int = 32, hidden: int = 256
) -> Callable[[int, Shape, Condition], GaussianVAE]:
    """[the encoder of `patch_vae`, condition] → hidden → (μ, log σ²); [z, condition] → back."""
    _check_widths(width=[width], hidden=[hidden])

    def build(latent_dim: int, shape: Shape, condition: Condition) -> GaussianVAE:
        encoder = nets.patch_encoder(shape, width=width, hidden=hidden)
        decoder = nets.patch_decoder(
            latent_dim + condition.width, shape, width=width, hidden=hidden
        )
        model = GaussianVAE(
            encoder, decoder, latent_dim, shape, condition=condition, hidden=(hidden,)
        )
        return model.to(memory_format=torch.channels_last)

    return build


def block_cvae(*, residual: bool) -> Callable[[int, Shape, Condition], VAE]:
    """Three blocks down → 256 → (μ, log σ²); z → three blocks up.

    The condition joins the latent as it does everywhere: an embedding is added to it.
    """

    def build(latent_dim: int, shape: Shape, condition: Condition) -> VAE:
        # the decoder is drawn first: the order of the draws decides what a seed means
        decoder = nets.block_decoder(latent_dim + condition.width, shape, residual=residual)
        encoder = nets.block_encoder(shape, residual=residual)
        model = VAE(encoder, decoder, latent_dim, shape, condition=condition, hidden=(256,))
        # its many 3×3 convolutions then take a quarter less time on a CPU
        return model.to(memory_format=torch.channels_last)

    return build


def instance_norm_vae(width: int = 32) -> Callable[[int, Shape], GaussianVAE]:
    """Eight convolutions with instance normalisation → (μ, log σ²); z → the same mirrored.

    Its pixels are Gaussian, so it is trained with `losses.negative_elbo_gaussian`.
    """
    _check_widths(width=[width])

    def build(latent_dim: int, shape: Shape) -> GaussianVAE:
        encoder = nets.instance_norm_encoder(shape, width)
        decoder = nets.instance_norm_decoder(latent_dim, shape, width)
        model = GaussianVAE(encoder, decoder, latent_dim, shape)
        # its convolutions then take a fifth less time on a CPU
        return model.to(memory_format=torch.channels_last)

    return build


def fc_gan(latent_dim: int, shape: Shape) -> GAN:
    """Three linear layers each for the generator and the discriminator."""
    generator = fc_generator(latent_dim, shape)
    discriminator = fc_discriminator(shape)
    return GAN(generator, discriminator, latent_dim, shape)


def dc_gan(width: int = 64) -> Callable[[int, Shape], GAN]:
    """Transposed convolutions against strided ones; `width` channels in the finer layer."""
    _check_widths(width=[width])

    def build(latent_dim: int, shape: Shape) -> GAN:
        generator = dc_generator(latent_dim, shape, width)
        discriminator = dc_discriminator(shape, width)
        return GAN(generator, discriminator, latent_dim, shape)

    return build


def ddpm(schedule: str, target: str) -> Callable[[None, Shape, Condition], Diffusion]:
    """A U-Net and 1,000 steps. Ho et al. 2020 have ("linear", "epsilon")."""
    pick("schedule", schedule, SCHEDULES)
    pick("target", target, ("v", "epsilon"))

    def build(latent_dim: None, shape: Shape, condition: Condition) -> Diffusion:
        network = UNet(shape, cond_width=condition.width)
        return Diffusion(network, shape, schedule=schedule, target=target, condition=condition)

    return build


def classifier(latent_dim: None, shape: Shape, *, features: int = 64) -> Classifier:
    """The small classifier, for grey 28×28 images alone.

    Raises:
        UserError: images of another shape.
    """
    if tuple(shape) != Classifier.image_shape:
        raise UserError(
            f"the classifier takes images of shape {Classifier.image_shape}, got {tuple(shape)}"
        )
    return Classifier(features=features)


def attribute_classifier(latent_dim: None, shape: Shape, attributes: int) -> AttributeClassifier:
    """The small classifier of attributes, for images whose sides are at least 16."""
    return AttributeClassifier(attributes, shape)

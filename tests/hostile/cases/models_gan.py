"""The arguments of GANs that work, and the hostile values that are rightly accepted."""
import torch
from support.model_cases import (
    EVERYTHING,
    NOT_FINITE,
    SHAPE,
    case,
    forward,
    given,
    of,
    of_images,
    of_latents,
    sampling,
    x,
)

from vaekit.models import GAN, gan
from vaekit.models.gan import GANOutput


def small_gan():
    return GAN(gan.fc_generator(3, SHAPE, 8), gan.fc_discriminator(SHAPE, 8), 3, SHAPE).eval()


def game():
    return GANOutput(torch.randn(4), torch.randn(4), x())


CASES = {
    "models.gan.GAN": case(
        generator=lambda: gan.fc_generator(3, SHAPE, 8),
        discriminator=lambda: gan.fc_discriminator(SHAPE, 8),
        latent_dim=given(3),
        image_shape=given(SHAPE),
    ),
    "models.gan.GAN.players": of(small_gan),
    "models.gan.GAN.decode": of_latents(small_gan),
    "models.gan.GAN.score": of_images(small_gan),
    "models.gan.GAN.sample": sampling(small_gan),
    "models.gan.GAN.for_inference": of(small_gan),
    "models.gan.GAN.forward": forward(small_gan),
    "models.gan.non_saturating": case(
        output=game, x=x, accepts={"x": NOT_FINITE, "c": EVERYTHING}, not_a_number=("x",)
    ),
    "models.gan.minimax": case(
        output=game, x=x, accepts={"x": NOT_FINITE, "c": EVERYTHING}, not_a_number=("x",)
    ),
    "models.gan.least_squares": case(
        output=game, x=x, accepts={"x": NOT_FINITE, "c": EVERYTHING}, not_a_number=("x",)
    ),
    "models.gan.fc_generator": case(
        latent_dim=given(3), image_shape=given(SHAPE), hidden=given(8)
    ),
    "models.gan.fc_discriminator": case(image_shape=given(SHAPE), hidden=given(8)),
    "models.gan.dc_generator": case(
        latent_dim=given(3), image_shape=given(SHAPE), width=given(4)
    ),
    "models.gan.dc_discriminator": case(image_shape=given(SHAPE), width=given(4)),
}

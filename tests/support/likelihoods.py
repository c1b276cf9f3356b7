"""Models and images of 16 pixels whose likelihood is measured in a moment."""
import torch

from vaekit.device import seeded
from vaekit.models import nets
from vaekit.models.linear_gaussian import LinearGaussian
from vaekit.models.vae import VAE

SHAPE = (1, 4, 4)


def spectral_oracle():
    """The VAE of 8 pixels whose log p(x) is known."""
    return LinearGaussian.from_spectrum([2.0, 1.0, 0.5], pixels=8)


def vae_of_16_pixels():
    torch.manual_seed(0)
    encoder = nets.mlp_encoder(SHAPE, (16,))
    decoder = nets.mlp_decoder(2, (16,), SHAPE)
    return VAE(encoder, decoder, 2, SHAPE).eval()


def black_and_white(n=6, seed=0):
    """Images of 16 pixels, (n, 1, 4, 4), each 0 or 1."""
    return (torch.rand(n, *SHAPE, generator=seeded(seed)) > 0.5).float()

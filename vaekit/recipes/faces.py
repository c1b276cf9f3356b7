"""The systems of S2 and S4 on faces, in numbers and words: as `systems`, without torch."""
from __future__ import annotations

from ..errors import finite
from .system import Reported, System

# S2's weights of the KL, beside a squared error averaged over 3×64×48 values of images in [−1, 1]
S2_LAMBDAS = (1e-3, 1e-4, 1e-5, 1e-6)
S2_LATENT_DIMS = (32, 64, 128)
# what it takes where it varies the other of the two
S2_LAMBDA = 1e-5
S2_LATENT_DIM = 64


def s2_beta(weight: float) -> float:
    """The β that S2's λ amounts to here, beside a squared error summed over pixels in [0, 1].

    It is `losses.effective_beta` for S2's images.

    Raises:
        UserError: a weight < 0 or not finite.
    """
    values = 3 * 64 * 48
    # of twice the width, so squared errors are four times as large there
    return finite("weight", weight, least=0) * values / 4


S2_NOTE = (
    "the report gives neither batch nor epochs, nor whether its normalisation has weights of its "
    "own; 64, 40 and none here. It prints stride 1 for a layer that needs stride 2. "
    "Its λ = 1e-5 is β = 0.02304 here; --beta 2.304, 0.2304, 0.002304 are its 1e-3, 1e-4, 1e-6"
)
S4_NOTE = (
    "the report gives neither the channels of its convolutions nor the size of its images; "
    "16, 32 and 64×48 here"
)
SQUARED_ERROR_AND_KL = "squared error + β·KL, per image"

FACES: dict[str, System] = {
    "instancenorm-vae-celeba": System(
        title="convolutional VAE with instance normalisation, Gaussian pixels, λ = 1e-5, z = 64",
        source="S2",
        data="celeba",
        latent_dim=S2_LATENT_DIM,
        epochs=40,
        batch_size=64,
        unit=SQUARED_ERROR_AND_KL,
        note=S2_NOTE,
    ),
    "instancenorm-vae-faces": System(
        title="the same on drawn faces",
        source="S2",
        data="faces",
        latent_dim=S2_LATENT_DIM,
        epochs=40,
        batch_size=64,
        unit=SQUARED_ERROR_AND_KL,
        note="the report has CelebA; see `instancenorm-vae-celeba` for the rest",
    ),
    "conv-cvae-celeba": System(
        title="convolutional conditional VAE told all attributes, hidden 512, z = 2",
        source="S4",
        data="celeba",
        latent_dim=2,
        epochs=2,
        batch_size=100,
        condition="attributes",
        reported=(Reported(2, {"fid_10": 379.02}),),
        note=f"{S4_NOTE}. Its FID compares 10 images with 10",
    ),
    "conv-cvae-faces": System(
        title="the same on drawn faces",
        source="S4",
        data="faces",
        latent_dim=2,
        epochs=2,
        batch_size=100,
        condition="attributes",
        note="the report has CelebA; see `conv-cvae-celeba` for the rest",
    ),
    "patch-vae-faces": System(
        title="convolutional VAE with batch normalisation, Gaussian pixels, z = 64, for lab 09",
        source="house",
        data="faces",
        latent_dim=64,
        epochs=15,
        batch_size=64,
        lr=2e-3,
        schedule="one-cycle",
        unit=SQUARED_ERROR_AND_KL,
    ),
    "patch-cvae-faces": System(
        title="the same, told the attributes, z = 16, λ = 1e-3",
        source="house",
        data="faces",
        latent_dim=16,
        epochs=15,
        batch_size=64,
        lr=2e-3,
        schedule="one-cycle",
        condition="attributes",
        unit=SQUARED_ERROR_AND_KL,
        note="with a small β the attributes stay in z, and the decoder ignores what it is told",
    ),
}

"""The systems of the reports in numbers and words: the data, the settings, what was measured.

`table` says how each is built. Nothing here needs torch, so a list of them is printed at once.
"""
from __future__ import annotations

from .faces import FACES
from .system import Reported, System

NOISE = "squared error per pixel, of noise of variance 1"


def _elbo_row(
    latent_dim: int, beta: float, reconstruction: float, kl: float, loss: float
) -> Reported:
    terms = {"reconstruction": reconstruction, "kl": kl, "loss": loss}
    return Reported(latent_dim, terms, beta)


S1_TABLE_1 = (
    _elbo_row(1, 1, 156.82, 4.22, 161.04),
    _elbo_row(2, 1, 137.70, 6.80, 144.49),
    _elbo_row(64, 1, 76.23, 23.80, 100.03),
    _elbo_row(64, 0.1, 59.18, 77.68, 66.94),
    _elbo_row(64, 0.5, 69.50, 34.30, 86.65),
    _elbo_row(64, 2, 87.29, 15.46, 118.20),
    _elbo_row(64, 10, 143.37, 3.69, 180.22),
)

# by name, in the order in which they are listed
SYSTEMS: dict[str, System] = {
    "conv-ae-mnist": System(
        title="convolutional autoencoder",
        source="S4",
        data="mnist",
        latent_dim=4,
        epochs=15,
        batch_size=512,
        weight_decay=1e-5,
        unit="squared error per image",
        note="the report's weight decay, 1e-5, stands here beside an error summed over 784 pixels; "
        "beside their mean it would weigh 784 times as much",
    ),
    "mlp-vae-mnist-small": System(
        title="small MLP VAE, 784-32-32-20",
        source="S4",
        data="mnist",
        latent_dim=20,
        epochs=10,
        batch_size=512,
        note="the report gives one hidden size, 32; both hidden layers have it here",
    ),
    "mlp-vae-mnist": System(
        title="MLP VAE, 784-256-256-z with z = 1, 2 or 64",
        source="S1",
        data="mnist",
        latent_dim=64,
        epochs=300,
        batch_size=256,
        lr=1e-4,
        fast=dict(epochs=28, batch_size=128, lr=3e-3, schedule="one-cycle"),
        warm_up=0.5,
        reported=S1_TABLE_1,
    ),
    "fc-vae": System(
        title="fully connected VAE, three hidden layers, z = 15; MNIST or CIFAR-10 shapes",
        source="S3",
        data="mnist",
        latent_dim=15,
        epochs=10,
        batch_size=128,
        note="the report calls the hidden width H and does not give it; 400 here",
    ),
    "fc-cvae": System(
        title="fully connected conditional VAE, three hidden layers, z = 15; "
        "MNIST or CIFAR-10 shapes",
        source="S3",
        data="mnist",
        latent_dim=15,
        epochs=10,
        batch_size=128,
        condition="one-hot",
        note="the report calls the hidden width H and does not give it; 400 here",
    ),
    "conv-cvae-mnist": System(
        title="convolutional conditional VAE, hidden 512, z = 2",
        source="S4",
        data="mnist",
        latent_dim=2,
        epochs=15,
        batch_size=100,
        condition="one-hot",
        reported=(Reported(2, {"fid_10": 182.47}),),
        note="the report does not give the channels of its convolutions; 16 and 32 here. "
        "Its FID compares 10 images with 10",
    ),
    "block-cvae-cifar10": System(
        title="conditional VAE of four-convolution blocks without residuals, three down, three up, "
        "z = 128",
        source="S0",
        data="cifar10",
        latent_dim=128,
        epochs=200,
        batch_size=46,
        condition="embedding",
        note="the report gives neither widths nor initialisation: "
        "64 channels, 256, z = 128 and He et al. 2015 here; "
        "the MLPs of μ and log σ² share their hidden layer",
    ),
    "block-cvae": System(
        title="the same with the residual connections of the blocks restored",
        source="house",
        data="cifar10",
        latent_dim=128,
        epochs=200,
        batch_size=46,
        condition="embedding",
    ),
    "fc-gan": System(
        title="fully connected GAN, 96-1024-1024-784 against 784-256-256-1; "
        "MNIST or CIFAR-10 shapes",
        source="S3",
        data="mnist",
        latent_dim=96,
        epochs=10,
        batch_size=128,
        note="the report names the minimax loss; as in most trainings called so, the generator's "
        "is the non-saturating one here",
    ),
    "ls-gan": System(
        title="the same networks, least-squares loss",
        source="S3",
        data="mnist",
        latent_dim=96,
        epochs=10,
        batch_size=128,
        unit="squared error of the score",
    ),
    "dc-gan": System(
        title="convolutional GAN; MNIST or CIFAR-10 shapes",
        source="S3",
        data="mnist",
        latent_dim=96,
        epochs=10,
        batch_size=128,
        betas=(0.5, 0.999),
        note="the report does not give its layers; two up and two down here. "
        "Initialisation and betas are those of Radford et al. 2016",
    ),
    "ddpm-cifar10": System(
        title="class-conditional diffusion, a U-Net that predicts the noise",
        source="S0",
        data="cifar10",
        latent_dim=None,
        epochs=200,
        batch_size=128,
        optimizer="radam",
        condition="one-hot",
        unit=NOISE,
        note="the report does not give its U-Net, learning rate or batch; "
        "1.5 million weights, 1e-3 and 128 here",
    ),
    "conv-cvae-fashion": System(
        title="convolutional conditional VAE, z = 20, of the size of the U-Net",
        source="house",
        data="fashion_full",
        latent_dim=20,
        epochs=50,
        batch_size=128,
        schedule="one-cycle",
        condition="one-hot",
    ),
    "dc-gan-fashion": System(
        title="convolutional GAN, both players together of the size of the U-Net",
        source="house",
        data="fashion_full",
        latent_dim=96,
        epochs=12,
        batch_size=128,
        lr=4e-4,
        schedule="one-cycle",
        betas=(0.5, 0.999),
    ),
    "ddpm-fashion": System(
        title="class-conditional diffusion, a U-Net that predicts v, cosine schedule",
        source="house",
        data="fashion_full",
        latent_dim=None,
        epochs=12,
        batch_size=128,
        schedule="one-cycle",
        optimizer="radam",
        condition="one-hot",
        unit=NOISE,
    ),
    **FACES,
    "mlp-vae-explore": System(
        title="MLP VAE, 784-128-64-z, small enough for a page",
        source="house",
        data="mnist",
        latent_dim=2,
        epochs=60,
        batch_size=256,
        lr=3e-3,
        schedule="one-cycle",
    ),
    "mlp-cvae-explore": System(
        title="the same, told the class",
        source="house",
        data="mnist",
        latent_dim=2,
        epochs=60,
        batch_size=256,
        lr=3e-3,
        schedule="one-cycle",
        condition="one-hot",
    ),
    "classifier-fashion": System(
        title="small classifier, the feature network of FID and KID on Fashion-MNIST",
        source="house",
        data="fashion_full",
        latent_dim=None,
        epochs=14,
        batch_size=128,
        lr=6e-3,
        schedule="one-cycle",
    ),
    "classifier-mnist": System(
        title="small classifier, the feature network of FID and KID on MNIST",
        source="house",
        data="mnist",
        latent_dim=None,
        epochs=8,
        batch_size=128,
        lr=6e-3,
        schedule="one-cycle",
    ),
    "classifier-faces": System(
        title="small classifier of attributes, the judge of drawn faces and their feature network",
        source="house",
        data="faces",
        latent_dim=None,
        epochs=12,
        batch_size=64,
        lr=4e-3,
        schedule="one-cycle",
        predicts=True,
    ),
}

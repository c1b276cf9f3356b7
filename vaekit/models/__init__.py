"""The models, from an autoencoder to diffusion, and what they are built of."""
from . import conditioning, diffusion, gan, nets
from .attribute_classifier import AttributeClassifier
from .autoencoder import Autoencoder
from .base import ImageModel
from .classifier import Classifier
from .conditioning import AddedEmbedding, Attributes, OneHot
from .diffusion import Diffusion, UNet
from .gan import GAN
from .linear_gaussian import LinearGaussian
from .vae import VAE, GaussianVAE, VAEOutput, reparameterize

__all__ = [
    "GAN",
    "VAE",
    "AddedEmbedding",
    "AttributeClassifier",
    "Attributes",
    "Autoencoder",
    "Classifier",
    "Diffusion",
    "GaussianVAE",
    "ImageModel",
    "LinearGaussian",
    "OneHot",
    "UNet",
    "VAEOutput",
    "conditioning",
    "diffusion",
    "gan",
    "nets",
    "reparameterize",
]

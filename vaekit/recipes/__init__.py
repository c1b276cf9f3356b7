"""Every system of the student reports by name.

A recipe holds data, model, loss and optimiser, and the numbers that the report gives. Its defaults
are the report's hyper-parameters; `train` takes others.

The reports, by key:
    S0  "Variational Autoencoder for Image Generation", TDDE70, Linköping University
    S1  "Variational Autoencoder for Image Generation", AI3611, Shanghai Jiao Tong University
    S3  "Generative models using VAEs & GANs", CPSC 8810, Clemson University
    S4  "Generating Images using conditional Variational Autoencoders"
"""
from . import pretrained
from .build import build
from .recipe import Recipe, Reported
from .run import Run, train
from .table import RECIPES, get
from .weights import load_model, save

__all__ = [
    "RECIPES",
    "Recipe",
    "Reported",
    "Run",
    "build",
    "get",
    "load_model",
    "pretrained",
    "save",
    "train",
]

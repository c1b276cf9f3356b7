"""Every system of the student reports by name: data, model, loss, optimiser, and the numbers the report gives.

The reports, by key:
    S0  "Variational Autoencoder for Image Generation", TDDE70, Linköping University
    S1  "Variational Autoencoder for Image Generation", AI3611, Shanghai Jiao Tong University
    S3  "Generative models using VAEs & GANs", CPSC 8810, Clemson University
    S4  "Generating Images using conditional Variational Autoencoders"

A recipe is Python: its defaults are the report's hyper-parameters, and any of them can be overridden in `train`.
"""
from . import pretrained
from .run import Run, build, load_model, save, train
from .table import RECIPES, Recipe, Reported, get

__all__ = ["RECIPES", "Recipe", "Reported", "Run", "build", "get", "load_model", "pretrained", "save", "train"]

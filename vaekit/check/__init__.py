"""Checks behind the exercises: they try *properties* on random inputs and answer in a sentence that teaches.

No check contains the formula it asks for. A function passes if it behaves as the right one must; if not, CheckFailed says which property broke.
"""
from .autoencoder import interpolate, pca, squared_error
from .core import CheckFailed, Passed, between
from .judging import frechet_distance, importance_bound, mmd
from .vae import bernoulli_nll, effective_beta, gaussian_kl, reparameterize

__all__ = ["CheckFailed", "Passed", "bernoulli_nll", "between", "effective_beta", "frechet_distance", "gaussian_kl", "importance_bound",
           "interpolate", "mmd", "pca", "reparameterize", "squared_error"]

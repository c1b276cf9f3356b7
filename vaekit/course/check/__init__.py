"""Checks behind the exercises: they try *properties* on random inputs and answer in a sentence that teaches.

No check contains the formula it asks for. A function passes if it behaves as the right one must; if not, CheckFailed says which property broke.
"""
from .autoencoder import interpolate, pca, squared_error
from .beta import comparable_total, cyclic, free_bits, information_gap
from .conditional import one_hot, probe, sample_class
from .core import CheckFailed, Passed, between
from .generators import ddim_step, forward_process, least_squares
from .judging import frechet_distance, importance_bound, mmd
from .vae import bernoulli_nll, effective_beta, gaussian_kl, reparameterize

__all__ = ["CheckFailed", "Passed", "bernoulli_nll", "between", "comparable_total", "cyclic", "ddim_step", "effective_beta", "forward_process",
           "frechet_distance", "free_bits", "gaussian_kl", "importance_bound", "information_gap", "interpolate", "least_squares", "mmd", "one_hot",
           "pca", "probe", "reparameterize", "sample_class", "squared_error"]

"""Checks behind the exercises: they try *properties* on random inputs and answer in a sentence.

No check contains the formula that it tests. A function passes if it behaves as the right one
must; if not, CheckFailed says which property does not hold.
"""
from .autoencoder import interpolate, pca, squared_error
from .beta import comparable_total, cyclic, free_bits
from .conditional import one_hot, probe, sample_class
from .core import CheckFailed, Passed, between
from .diffusion import ddim_step, forward_process
from .disentanglement import information_gap
from .distances import frechet_distance, mmd
from .gan import least_squares
from .likelihood import importance_bound
from .sampling import reparameterize
from .vae import bernoulli_nll, effective_beta, gaussian_kl

__all__ = [
    "CheckFailed",
    "Passed",
    "bernoulli_nll",
    "between",
    "comparable_total",
    "cyclic",
    "ddim_step",
    "effective_beta",
    "forward_process",
    "frechet_distance",
    "free_bits",
    "gaussian_kl",
    "importance_bound",
    "information_gap",
    "interpolate",
    "least_squares",
    "mmd",
    "one_hot",
    "pca",
    "probe",
    "reparameterize",
    "sample_class",
    "squared_error",
]

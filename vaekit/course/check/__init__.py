"""Checks behind the exercises: they try *properties* on random inputs and answer in a sentence.

No check contains the formula that it tests. A function passes if it behaves as the right one
must; if not, CheckFailed says which property does not hold.
"""
from .ancestral import ddpm_step
from .autoencoder import gap, pca, squared_error
from .beta import comparable_total, free_bits
from .comparison import arc, guided
from .conditional import label_gain, probe, sample_class
from .core import CheckFailed, Passed, between
from .diffusion import ddim_step, forward_process
from .disentanglement import information_gap
from .distances import frechet_distance, mmd
from .faces import attribute_vector, auc
from .game import discriminator_loss, non_saturating
from .likelihood import importance_bound
from .predict import prediction
from .reference import or_reference
from .sampling import reparameterize
from .vae import bernoulli_nll, effective_beta, gaussian_kl

__all__ = [
    "CheckFailed",
    "Passed",
    "arc",
    "attribute_vector",
    "auc",
    "bernoulli_nll",
    "between",
    "comparable_total",
    "ddim_step",
    "ddpm_step",
    "discriminator_loss",
    "effective_beta",
    "forward_process",
    "frechet_distance",
    "free_bits",
    "gap",
    "gaussian_kl",
    "guided",
    "importance_bound",
    "information_gap",
    "label_gain",
    "mmd",
    "non_saturating",
    "or_reference",
    "pca",
    "prediction",
    "probe",
    "reparameterize",
    "sample_class",
    "squared_error",
]

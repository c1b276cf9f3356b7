"""Scores that can be trusted: each with its interval, its number of images and its floor."""
from .amplification import Amplification, bias_amplification, phi
from .attributes import balanced_accuracy, carried, generation_rates, read_attributes
from .bootstrap import bootstrap
from .by_attribute import Gap, error_by_attribute
from .consistency import class_consistency, consistency_of
from .denoising_bound import denoising_bound, fit_variances, step_weights
from .disentanglement import mig
from .distances import fid, kid
from .features import load_features
from .image import ssim
from .latents import (
    active_units,
    aggregate_moments,
    aggregate_posterior,
    kl_per_dimension,
    posterior_mean_variance,
)
from .levels import fit_level_scales, grey_bins, level_nll
from .likelihood import (
    bits_per_dimension,
    importance_bound,
    importance_weights,
    log_mean_exp,
    nll,
)
from .membership import membership, membership_by_samples
from .memorisation import nearest, nearest_neighbours
from .precision_recall import precision, recall
from .score import Score
from .shares import wilson_interval
from .spectrum import Spectrum, lost_frequencies, power_spectrum
from .table import Table, table
from .variety import class_variety

__all__ = [
    "Amplification",
    "Gap",
    "Score",
    "Spectrum",
    "Table",
    "active_units",
    "aggregate_moments",
    "aggregate_posterior",
    "balanced_accuracy",
    "bias_amplification",
    "bits_per_dimension",
    "bootstrap",
    "carried",
    "class_consistency",
    "class_variety",
    "consistency_of",
    "denoising_bound",
    "error_by_attribute",
    "fid",
    "fit_level_scales",
    "fit_variances",
    "generation_rates",
    "grey_bins",
    "importance_bound",
    "importance_weights",
    "kid",
    "kl_per_dimension",
    "level_nll",
    "load_features",
    "log_mean_exp",
    "lost_frequencies",
    "membership",
    "membership_by_samples",
    "mig",
    "nearest",
    "nearest_neighbours",
    "nll",
    "phi",
    "posterior_mean_variance",
    "power_spectrum",
    "precision",
    "read_attributes",
    "recall",
    "ssim",
    "step_weights",
    "table",
    "wilson_interval",
]

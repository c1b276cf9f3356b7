"""Scores that can be trusted: each with its interval, its number of images and its floor."""
from .bootstrap import bootstrap
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
from .memorisation import nearest, nearest_neighbours
from .precision_recall import precision, recall
from .score import Score
from .table import Table, table
from .variety import class_variety

__all__ = [
    "Score",
    "Table",
    "active_units",
    "aggregate_moments",
    "aggregate_posterior",
    "bits_per_dimension",
    "bootstrap",
    "class_consistency",
    "class_variety",
    "consistency_of",
    "denoising_bound",
    "fid",
    "fit_level_scales",
    "fit_variances",
    "grey_bins",
    "importance_bound",
    "importance_weights",
    "kid",
    "kl_per_dimension",
    "level_nll",
    "load_features",
    "log_mean_exp",
    "mig",
    "nearest",
    "nearest_neighbours",
    "nll",
    "posterior_mean_variance",
    "precision",
    "recall",
    "ssim",
    "step_weights",
    "table",
]

"""Diffusion: images from noise, by undoing in small steps what destroyed them.

    model = Diffusion(UNet((1, 28, 28), cond_width=10), (1, 28, 28), condition=OneHot(10))
    fit(model, train, denoising_error)
    model.sample(64, labels, guidance=2.0)
"""
from .average import Average
from .editing import inpaint, invert, redraw
from .objective import DiffusionOutput, denoising_error, to_images, to_signed
from .process import Diffusion
from .samplers import Step, sampling, step, times
from .schedules import cosine_betas, cumulative, linear_betas
from .unet import UNet

__all__ = [
    "Average",
    "Diffusion",
    "DiffusionOutput",
    "Step",
    "UNet",
    "cosine_betas",
    "cumulative",
    "denoising_error",
    "inpaint",
    "invert",
    "linear_betas",
    "redraw",
    "sampling",
    "step",
    "times",
    "to_images",
    "to_signed",
]

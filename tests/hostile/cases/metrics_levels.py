"""The arguments of bounds over 256 grey levels that work, and what is rightly accepted."""
import torch
from support.hostile import Case

from vaekit.metrics.denoising_bound import fit_variances
from vaekit.models.diffusion import Diffusion, UNet, cumulative

SHAPE = (1, 8, 8)


def images(n=4, seed=0):
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(seed))


def diffusion():
    return Diffusion(UNet(SHAPE, channels=(16,)), SHAPE, steps=3).eval()


CASES = {
    "metrics.levels.level_nll": Case(
        lambda: dict(x=images(), predicted=images(seed=1), scale=0.1, shape="logistic"),
        {"scale": ("huge",)},
    ),
    "metrics.levels.grey_bins": Case(
        lambda: dict(predicted=images()),
        {"predicted": ("empty set",)},
    ),
    "metrics.levels.fit_level_scales": Case(
        lambda: dict(x=images(), predicted=images(seed=1), shape="gaussian"),
    ),
    "metrics.levels.level_images": Case(lambda: dict(x=images()), words={"x": "images"}),
    "metrics.denoising_bound.step_weights": Case(lambda: dict(alpha_bar=cumulative("linear", 5))),
    "metrics.denoising_bound.denoising_bound": Case(
        lambda: dict(
            model=diffusion(),
            x=images(),
            draws=2,
            variances=fit_variances(diffusion(), images(), draws=1),
            seed=1,
        ),
        {"seed": ("zero",), "variances": ("none",)},
        words={"x": "images"},
    ),
    "metrics.denoising_bound.fit_variances": Case(
        lambda: dict(model=diffusion(), x=images(), draws=2, seed=1),
        {"seed": ("zero",)},
        words={"x": "images"},
    ),
}

"""The arguments of attributes, dial and denoise that work, and what is rightly accepted."""
import torch
from support.hostile import Case

from vaekit.data import ImageSet
from vaekit.models.conditioning import OneHot
from vaekit.models.diffusion import Diffusion, UNet
from vaekit.recipes.builders import mlp_vae

SHAPE = (1, 8, 8)
TEXTS = ("empty text", "folder")


def model():
    return mlp_vae(8)(2, SHAPE)


def images():
    return ImageSet(torch.rand(6, *SHAPE), torch.arange(6) % 2, classes=("a", "b"))


def denoiser():
    torch.manual_seed(0)
    network = UNet(SHAPE, channels=(16, 32), cond_width=2)
    return Diffusion(network, SHAPE, steps=5, condition=OneHot(2))


CASES = {
    "explore.attributes.attributes": Case(
        lambda: dict(
            model=model(),
            names=[],
            images=images(),
            directions={"more": torch.ones(2)},
            continuous=False,
            classes=[],
            n=2,
            seed=1,
            scale=2,
        ),
        {
            "names": ("empty list",),
            "images": ("none",),
            "classes": ("empty list",),
            "seed": ("zero",),
        },
    ),
    "explore.dial.dial": Case(
        lambda: dict(
            models={0.1: model(), 1: model()},
            images=images(),
            label="β",
            captions={0.1: "one", 1: "other"},
            low=-1.0,
            high=1.0,
            n=2,
            seed=1,
            classes=[],
            scale=2,
            name="dial",
        ),
        {
            "images": ("none",),
            "label": TEXTS,
            "captions": ("none",),
            "low": ("none", "zero", "-1"),
            "high": ("none", "zero"),
            "seed": ("zero",),
            "classes": ("empty list",),
            "name": TEXTS,
        },
    ),
    "explore.denoise.denoise": Case(
        lambda: dict(
            model=denoiser(),
            classes=["a", "b"],
            steps=[2, 3],
            guidance=[1.0, 2.0],
            n=1,
            seed=1,
            scale=2,
            ahead=False,
        ),
        {"seed": ("zero",)},
    ),
}

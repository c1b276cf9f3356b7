"""The arguments of explore that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import Case, Exempt

from vaekit.explore.parts import stop_slider
from vaekit.models import nets
from vaekit.models.conditioning import OneHot
from vaekit.models.diffusion import Diffusion, UNet
from vaekit.models.vae import VAE

TEXTS = ("empty text", "folder")
SHAPE = (1, 8, 8)


def vae():
    torch.manual_seed(0)
    encoder = nets.mlp_encoder(SHAPE, (8,))
    decoder = nets.mlp_decoder(2, (8,), SHAPE)
    return VAE(encoder, decoder, 2, SHAPE)


def denoiser():
    torch.manual_seed(0)
    network = UNet(SHAPE, channels=(16, 32), cond_width=2)
    return Diffusion(network, SHAPE, steps=5, condition=OneHot(2))


def sheets():
    images = torch.rand(2, *SHAPE)
    return {1: images, 2: 1 - images}


CASES = {
    "explore.walk.Walk": Case(
        lambda: dict(
            model=vae(),
            dims=2,
            low=-1.0,
            high=1.0,
            start=torch.zeros(2),
            size=100,
            classes=[],
        ),
        {"low": ("zero", "-1"), "high": ("zero",), "start": ("none",)},
    ),
    "explore.denoise.Denoise": Case(
        lambda: dict(
            model=denoiser(),
            classes=["a", "b"],
            steps=[2, 3],
            guidance=[1.0, 2.0],
            n=1,
            seed=1,
            scale=2,
        ),
        {"seed": ("zero",)},
    ),
    "explore.sheets.SheetSlider": Case(
        lambda: dict(sheets=sheets(), label="β", captions={1: "a", 2: "b"}, columns=2, scale=2),
        {"label": TEXTS, "captions": ("none",)},
    ),
    "explore.parts.png": Case(lambda: dict(image=torch.rand(*SHAPE))),
    "explore.parts.grid": Case(lambda: dict(images=torch.rand(2, *SHAPE), columns=2)),
    "explore.parts.picture": Case(lambda: dict(width=10, height=10)),
    "explore.parts.class_chooser": Case(lambda: dict(classes=["a"]), {"classes": ("empty list",)}),
    "explore.parts.stop_slider": Case(
        lambda: dict(name="steps", stops=[1, 2]), {"name": TEXTS}
    ),
    "explore.parts.described": Case(lambda: dict(text="β"), {"text": TEXTS}),
    "explore.parts.stop_names": Case(lambda: dict(slider=stop_slider("steps", [1, 2]))),
    "explore.parts.check_classes": Exempt("called by Walk and Denoise alone, with their models"),
}

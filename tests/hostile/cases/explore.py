"""The arguments of explore that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import Case, Exempt

from vaekit.data import ImageSet
from vaekit.explore.plain.parts import stop_slider
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


def images():
    torch.manual_seed(0)
    return ImageSet(torch.rand(6, *SHAPE), torch.arange(6) % 2, ("a", "b"))


def mean(values):
    return torch.full(SHAPE, abs(values["z"]) / 2)


VIEWS = Exempt("called by the views alone, with what they have checked")
PAGE = Exempt("called for the page alone, with networks that were built before")
CASES = {
    "explore.walk.walk": Case(
        lambda: dict(
            model=vae(),
            images=images(),
            dims=2,
            low=-1.0,
            high=1.0,
            start=torch.zeros(2),
            classes=[],
            scale=2,
            name="walk",
        ),
        {
            "images": ("none",),
            "dims": ("none",),
            "low": ("none", "zero", "-1"),
            "high": ("none", "zero"),
            "start": ("none",),
            "name": TEXTS,
        },
    ),
    "explore.interpolate.interpolate": Case(
        lambda: dict(
            model=vae(),
            images=images(),
            a=0,
            b=1,
            classes=[],
            spherical=True,
            steps=3,
            limit=4,
            seed=0,
            scale=2,
        ),
        {
            "images": ("none",),
            "a": ("zero",),
            "b": ("zero",),
            "spherical": ("none",),
            "seed": ("zero",),
        },
    ),
    "explore.interpolate.Ends": VIEWS,
    "explore.between.slerp": Case(
        lambda: dict(a=torch.ones(2), b=torch.zeros(2), t=torch.tensor([0.5])),
        {"t": ("empty set",)},
    ),
    "explore.between.straight": Case(
        lambda: dict(a=torch.ones(2), b=torch.zeros(2), t=torch.tensor([0.5])),
        {"t": ("empty set",)},
    ),
    "explore.between.Between": VIEWS,
    "explore.between.Between.pictures": VIEWS,
    "explore.between.Between.pictures_of_ends": VIEWS,
    "explore.between.Between.answer": VIEWS,
    "explore.between.Between.answer_ends": VIEWS,
    "explore.map.tsne_map": Case(
        lambda: dict(
            model=vae(),
            images=images(),
            perplexities=[1.0],
            limit=6,
            row="β",
            name="walk",
            seed=0,
            progress=False,
        ),
        {"perplexities": ("none",), "row": TEXTS, "name": TEXTS, "seed": ("zero",)},
    ),
    "explore.tsne.tsne_maps": Case(
        lambda: dict(
            codes=torch.arange(12.0).reshape(6, 2),
            perplexities=[1.0],
            start=[torch.zeros(6, 2)],
            seed=0,
            cache=False,
            progress=False,
        ),
        {"start": ("none",), "seed": ("zero",)},
    ),
    "explore.tsne.check_perplexities": Case(
        lambda: dict(perplexities=[1.0], n=16), {"perplexities": ("none",)}
    ),
    "explore.plain.controls.Controls": Case(
        lambda: dict(
            offers={"z": (-1.0, 1.0), "class": ["a", "b"], "on": True},
            decode=mean,
            starts={"z": 0.5},
        ),
        {"starts": ("none",)},
    ),
    "explore.plain.controls.Still": VIEWS,
    "explore.plain.stand_ins.stand_in": VIEWS,

    "explore.plain.walk.Walk": Case(
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
    "explore.plain.denoise.Denoise": Case(
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
    "explore.plain.sheets.SheetSlider": Case(
        lambda: dict(sheets=sheets(), label="β", captions={1: "a", 2: "b"}, columns=2, scale=2),
        {"label": TEXTS, "captions": ("none",)},
    ),
    "explore.plain.parts.png": Case(lambda: dict(image=torch.rand(*SHAPE))),
    "explore.plain.parts.grid": Case(lambda: dict(images=torch.rand(2, *SHAPE), columns=2)),
    "explore.plain.parts.picture": Case(lambda: dict(width=10, height=10)),
    "explore.plain.parts.class_chooser": Case(
        lambda: dict(classes=["a"]), {"classes": ("empty list",)}
    ),
    "explore.plain.parts.stop_slider": Case(
        lambda: dict(name="steps", stops=[1, 2]), {"name": TEXTS}
    ),
    "explore.plain.parts.described": Case(lambda: dict(text="β"), {"text": TEXTS}),
    "explore.plain.parts.stop_names": Case(lambda: dict(slider=stop_slider("steps", [1, 2]))),
    "explore.plain.parts.check_classes": VIEWS,
    "explore.axes.Axes": VIEWS,
    "explore.axes.Axes.places": VIEWS,
    "explore.axes.Axes.facts": VIEWS,
    "explore.axes.codes_of": VIEWS,
    "explore.axes.choose": VIEWS,
    "explore.axes.densest": VIEWS,
    "explore.canvas.script": Case(dict),
    "explore.canvas.style": Case(dict),
    "explore.canvas.Canvas": VIEWS,
    "explore.layers.FromSigned.forward": PAGE,
    "explore.layers.leaves": PAGE,
    "explore.layers.translate": PAGE,
    "explore.layers.products": PAGE,
    "explore.parts.has_canvas": Case(dict),
    "explore.parts.widget": VIEWS,
    "explore.parts.check_images_of": VIEWS,
    "explore.portable.Portable": PAGE,
    "explore.portable.Portable.halves": PAGE,
    "explore.portable.Portable.eighths": PAGE,
    "explore.portable.Portable.fits": PAGE,
    "explore.portable.portable": PAGE,
    "explore.portable.decoder_of": VIEWS,
    "explore.portable.encoder_of": VIEWS,
    "explore.portable.refuse_bad_weights": VIEWS,
    "explore.scene.Scene": VIEWS,
    "explore.scene.Scene.add_model": VIEWS,
    "explore.scene.Scene.add_images": VIEWS,
    "explore.scene.Scene.add_points": VIEWS,
    "explore.scene.Scene.add_numbers": VIEWS,
    "explore.scene.as_condition": VIEWS,
    "explore.standing.WalkCanvas": VIEWS,
    "explore.walk.add_codes": VIEWS,
}

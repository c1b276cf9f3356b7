"""The arguments of recipes that work, and the hostile values that are rightly accepted."""
import tempfile
from pathlib import Path

from support.hostile import ALL, Case, Exempt

from vaekit import recipes
from vaekit.data import Selection
from vaekit.losses import negative_elbo
from vaekit.recipes import builders

SHAPE = (1, 8, 8)
TEXTS = ("folder",)


def recipe(**changes):
    working = dict(
        name="mine",
        title="a VAE",
        source="house",
        build=builders.mlp_vae(8),
        loss=negative_elbo,
        latent_dim=2,
        epochs=1,
        batch_size=16,
        condition=None,
        predicts=False,
        data="digits",
        augment=None,
        unit="nats",
        fast=dict(epochs=1),
        warm_up=0.5,
        reported=(recipes.Reported(2, {"kl": 1.0}),),
        note="small",
    )
    return working | changes


def fc_cvae():
    return recipes.build("fc-cvae", 2, SHAPE, classes=3)


def weights():
    path = Path(tempfile.mkdtemp()) / "w.safetensors"
    return recipes.save(path, "fc-cvae", fc_cvae())


CASES = {
    "recipes.fresh.build": Case(
        lambda: dict(
            recipe="fc-cvae",
            latent_dim=2,
            image_shape=SHAPE,
            seed=1,
            condition="one-hot",
            classes=3,
            weight=2.0,
        ),
        {
            "latent_dim": ("none",),
            "condition": ("none",),
            "seed": ("zero",),
            # a condition without weight is one that the model does not see
            "weight": ("zero", "-1", "huge"),
        },
    ),
    "recipes.run.train": Case(
        lambda: dict(
            recipe="fc-vae",
            data=Selection("digits", limit=20, test_limit=10),
            latent_dim=2,
            beta=1.0,
            condition=None,
            loss=None,
            fast=False,
            augment="flip",
            seed=1,
            device="cpu",
            checkpoint=None,
            overrides=dict(epochs=1),
        ),
        {
            "latent_dim": ("none",),
            "beta": ("none", "zero", "huge"),
            "augment": ("none",),
            "seed": ("zero",),
            "progress": TEXTS,
        },
        {"data": "data set", "augment": "augmentation", "overrides": "setting"},
    ),
    "recipes.table.get": Case(lambda: dict(recipe="fc-vae")),
    "recipes.weights.save": Case(
        lambda: dict(path="w.safetensors", recipe="fc-cvae", model=fc_cvae())
    ),
    "recipes.weights.load_model": Case(lambda: dict(path=weights())),
    "recipes.weights.model_from": Exempt("called by load_model with a file's content"),
    "recipes.weights.read_note": Exempt("called by load_model with a file's content"),
    "recipes.pretrained.load": Case(lambda: dict(name="classifier-mnist"), {}, {"name": "weights"}),
    "recipes.system.Reported": Case(
        lambda: dict(latent_dim=2, terms={"kl": 1.0}, beta=1.0), {"beta": ("zero", "huge")}
    ),
    "recipes.faces.s2_beta": Case(
        lambda: dict(weight=1e-5), {"weight": ("zero", "huge")}
    ),
    # what is no ELBO has no β
    "recipes.elbo.is_elbo": Case(lambda: dict(objective=negative_elbo), {"objective": ALL}),
    "recipes.elbo.beta_of": Case(lambda: dict(objective=negative_elbo), {"objective": ALL}),
    "recipes.recipe.Recipe": Case(
        recipe,
        {
            "name": TEXTS,
            "title": TEXTS,
            "source": TEXTS,
            "unit": TEXTS,
            "note": (*TEXTS, "empty text"),
            "latent_dim": ("none",),
            "condition": ("none",),
            "augment": ("none",),
            "warm_up": ("none",),
            "lr": ("huge",),
            "weight_decay": ("zero", "huge"),
        },
        {"data": "data set"},
    ),
    "recipes.recipe.Recipe.settings": Case(
        lambda: dict(self=recipes.Recipe(**recipe()), fast=True, overrides=dict(epochs=2)),
        {},
        {"overrides": "setting"},
    ),
    "recipes.recipe.Recipe.reported_at": Case(
        lambda: dict(self=recipes.Recipe(**recipe()), latent_dim=2, beta=1.0),
        # of any other size or weight there is no row
        {
            "latent_dim": ("none", "zero", "-1", "huge"),
            "beta": ("none", "nan", "inf", "-inf", "zero", "-1", "huge"),
        },
    ),
    "recipes.builders.conv_autoencoder": Case(lambda: dict(latent_dim=2, shape=(1, 28, 28))),
    "recipes.builders.mlp_vae": Case(lambda: dict(hidden=(8,))),
    "recipes.builders.mlp_cvae": Case(lambda: dict(hidden=(8,))),
    "recipes.builders.conv_cvae": Case(lambda: dict(channels=(4, 8), hidden=16)),
    "recipes.builders.patch_vae": Case(lambda: dict(width=2, hidden=4)),
    "recipes.builders.patch_cvae": Case(lambda: dict(width=2, hidden=4)),
    "recipes.builders.block_cvae": Case(lambda: dict(residual=True)),
    "recipes.builders.instance_norm_vae": Case(lambda: dict(width=2)),
    "recipes.builders.fc_gan": Case(lambda: dict(latent_dim=2, shape=SHAPE)),
    "recipes.builders.dc_gan": Case(lambda: dict(width=4)),
    "recipes.builders.ddpm": Case(lambda: dict(schedule="linear", target="epsilon")),
    "recipes.builders.classifier": Case(
        lambda: dict(latent_dim=None, shape=(1, 28, 28), features=8)
    ),
    "recipes.builders.attribute_classifier": Case(
        lambda: dict(latent_dim=None, shape=(3, 16, 16), attributes=4)
    ),
}

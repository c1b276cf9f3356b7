"""The recipes: what each system is built from, and what it is trained with.

Its data, settings and results stand in `systems`, by the same name.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor

from ..contracts import Objective
from ..data.augment import jitter, mirror, soften
from ..errors import pick
from ..losses import (
    attribute_cross_entropy,
    cross_entropy,
    negative_elbo,
    negative_elbo_gaussian,
    reconstruction_error,
)
from ..models.base import ImageModel
from ..models.diffusion import denoising_error
from ..models.gan import least_squares, non_saturating
from .builders import (
    attribute_classifier,
    block_cvae,
    classifier,
    conv_autoencoder,
    conv_cvae,
    dc_gan,
    ddpm,
    fc_gan,
    instance_norm_vae,
    mlp_cvae,
    mlp_vae,
    patch_cvae,
    patch_vae,
)
from .faces import S2_LAMBDA, s2_beta
from .recipe import Recipe
from .systems import SYSTEMS


def _recipe(
    name: str,
    build: Callable[..., ImageModel],
    loss: Objective,
    augment: Callable[[Tensor], Tensor] | None = None,
) -> Recipe:
    return Recipe(name, build=build, loss=loss, augment=augment, **SYSTEMS[name])


AUTOENCODERS = (
    _recipe("conv-ae-mnist", conv_autoencoder, reconstruction_error),
    _recipe("mlp-vae-mnist-small", mlp_vae(32, 32), negative_elbo),
    _recipe("mlp-vae-mnist", mlp_vae(256, 256), negative_elbo),
    _recipe("fc-vae", mlp_vae(400, 400, 400), negative_elbo),
    _recipe("fc-cvae", mlp_cvae(400, 400, 400), negative_elbo),
    _recipe("conv-cvae-mnist", conv_cvae(), negative_elbo),
    _recipe("block-cvae-cifar10", block_cvae(residual=False), negative_elbo),
    _recipe("block-cvae", block_cvae(residual=True), negative_elbo),
)

GANS_AND_DIFFUSION = (
    _recipe("fc-gan", fc_gan, non_saturating),
    _recipe("ls-gan", fc_gan, least_squares),
    _recipe("dc-gan", dc_gan(), non_saturating),
    _recipe("ddpm-cifar10", ddpm("linear", "epsilon"), denoising_error),
)

# the three that meet in lab 08, about 1.5 million weights each
OF_ONE_SIZE = (
    _recipe("conv-cvae-fashion", conv_cvae(channels=(32, 64), hidden=224), negative_elbo),
    _recipe("dc-gan-fashion", dc_gan(96), non_saturating),
    _recipe("ddpm-fashion", ddpm("cosine", "v"), denoising_error),
)

S2_OBJECTIVE = partial(negative_elbo_gaussian, beta=s2_beta(S2_LAMBDA))
# what z need not hold is left to the condition
TOLD_OBJECTIVE = partial(negative_elbo_gaussian, beta=s2_beta(1e-3))

OF_FACES = (
    _recipe("instancenorm-vae-celeba", instance_norm_vae(), S2_OBJECTIVE, mirror),
    _recipe("instancenorm-vae-faces", instance_norm_vae(), S2_OBJECTIVE, mirror),
    _recipe("conv-cvae-celeba", conv_cvae(), negative_elbo),
    _recipe("conv-cvae-faces", conv_cvae(), negative_elbo),
    _recipe("patch-vae-faces", patch_vae(), S2_OBJECTIVE),
    _recipe("patch-cvae-faces", patch_cvae(), TOLD_OBJECTIVE),
)

# small enough to travel to a page: see `explore`
TO_EXPLORE = (
    _recipe("mlp-vae-explore", mlp_vae(128, 64), negative_elbo),
    _recipe("mlp-cvae-explore", mlp_cvae(128, 64), negative_elbo),
)

CLASSIFIERS = (
    _recipe("classifier-fashion", classifier, cross_entropy, partial(jitter, flip=True)),
    _recipe("classifier-mnist", classifier, cross_entropy, jitter),
    _recipe("classifier-faces", attribute_classifier, attribute_cross_entropy, soften),
)

GROUPS = (AUTOENCODERS, GANS_AND_DIFFUSION, OF_ONE_SIZE, OF_FACES, TO_EXPLORE, CLASSIFIERS)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for group in GROUPS
    for recipe in group
}


def get(recipe: str | Recipe) -> Recipe:
    """A recipe by name; a recipe is given back as it is.

    Raises:
        UserError: unknown name; it lists all.
    """
    if isinstance(recipe, Recipe):
        return recipe
    return RECIPES[pick("recipe", recipe, RECIPES)]

"""Models with a latent space keep its contracts: to decode, and to have a posterior."""
import pytest
import torch
from support.contracts import (
    LATENTS,
    autoencoder,
    check_signature,
    classifier,
    conditional_vae,
    diffusion,
    gaussian_vae,
    small_gan,
    vae,
)

from vaekit.contracts import Decoder, LatentVariableModel, Model
from vaekit.models import LinearGaussian


@pytest.mark.parametrize(
    "build",
    [
        autoencoder,
        vae,
        gaussian_vae,
        conditional_vae,
        small_gan,
        lambda: conditional_vae().given(1),
    ],
)
def test_a_decoder_keeps_the_contract(build):
    model = build()
    assert isinstance(model, Decoder)
    check_signature(model.decode, Decoder.decode)
    assert model.latent_dim == LATENTS


def test_a_model_at_one_condition_is_sampled_like_any_other():
    given = conditional_vae().given(1)
    check_signature(given.sample, Model.sample)


@pytest.mark.parametrize("build", [classifier, diffusion])
def test_a_model_without_latents_is_no_decoder(build):
    assert not isinstance(build(), Decoder)


def linear_gaussian():
    return LinearGaussian(torch.randn(6, LATENTS))


@pytest.mark.parametrize("build", [vae, gaussian_vae, conditional_vae, linear_gaussian])
def test_a_latent_variable_model_keeps_the_contract(build):
    model = build()
    assert isinstance(model, LatentVariableModel)
    check_signature(model.posterior, LatentVariableModel.posterior)
    check_signature(model.log_likelihood, LatentVariableModel.log_likelihood)
    check_signature(model.sample, Model.sample)


@pytest.mark.parametrize("build", [autoencoder, small_gan, classifier, diffusion])
def test_a_model_without_a_posterior_is_no_latent_variable_model(build):
    assert not isinstance(build(), LatentVariableModel)

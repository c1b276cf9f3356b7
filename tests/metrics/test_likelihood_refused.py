"""Images, settings and models that a likelihood cannot be measured with, each in a sentence."""
import math

import pytest
import torch
from support.likelihoods import SHAPE, black_and_white, spectral_oracle, vae_of_16_pixels

from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics.likelihood import (
    bits_per_dimension,
    importance_bound,
    importance_weights,
    nll,
)
from vaekit.metrics.score import Score


@pytest.fixture
def oracle():
    return spectral_oracle()


@pytest.fixture
def vae():
    return vae_of_16_pixels()


@pytest.fixture
def images():
    return black_and_white()


@pytest.mark.parametrize(
    "change, words",
    [
        (
            dict(k=0),
            "k must be ≥ 1, got 0",
        ),
        (
            dict(k=2.5),
            "k of nll must be int, got float 2.5",
        ),
        (
            dict(unit="bits"),
            "unknown unit 'bits'; choose one of nats per image, bits per dimension",
        ),
        (
            dict(memory_mb=0),
            "memory_mb must be > 0, got 0",
        ),
        (
            dict(memory_mb=math.nan),
            "memory_mb must be > 0, got nan",
        ),
        (
            dict(seed=-1),
            "seed must be ≥ 0, got -1",
        ),
        (
            dict(x=torch.zeros(1, *SHAPE)),
            "number of images must be ≥ 2, got 1",
        ),
        (
            dict(x=torch.tensor(0.5)),
            r"must be of shape \(N, C, H, W\), got one number",
        ),
        (
            dict(x=torch.zeros(3, 1, 5, 5)),
            r"of shape \(N, 1, 4, 4\), got \(3, 1, 5, 5\)",
        ),
        (
            dict(x=torch.full((3, *SHAPE), 2.0)),
            r"must lie in \[0, 1\], got values from 2 to 2",
        ),
        (
            dict(x=torch.full((3, *SHAPE), math.nan)),
            r"must lie in \[0, 1\], got values from nan to nan",
        ),
        (
            dict(x=torch.zeros(3, *SHAPE, dtype=torch.int64)),
            "divide uint8 pixels by 255",
        ),
        (
            dict(model=torch.nn.Linear(1, 1)),
            "Linear has no posterior.*use a VAE",
        ),
    ],
)
def test_bad_input_is_named(vae, images, change, words):
    settings = dict(model=vae, x=images, k=3)
    settings.update(change)
    with pytest.raises(UserError, match=words):
        nll(**settings)


def test_a_model_with_a_posterior_alone_is_named(images):
    class Encoder:
        def posterior(self, x, c=None):
            return x.flatten(1), x.flatten(1)

    with pytest.raises(UserError, match="Encoder has no log_likelihood, so it gives images no"):
        nll(Encoder(), images, 3)


def test_a_model_that_ran_away_is_named(vae, images):
    with torch.no_grad():
        vae.to_log_var.bias.fill_(math.inf)
    with pytest.raises(UserError, match="likelihood of inf or NaN.*lower lr"):
        nll(vae, images, 3)


def test_bits_are_made_from_nats_once():
    score = Score(metric="NLL", value=1, low=1, high=1, n=2, unit="bits per dimension")
    with pytest.raises(UserError, match="this score is in 'bits per dimension'"):
        bits_per_dimension(score, 4)


ANSWER = torch.zeros(6, 3)


@pytest.mark.parametrize("measured", [nll, importance_bound, importance_weights])
@pytest.mark.parametrize(
    "method, answer, words",
    [
        ("posterior", None, r"posterior of LinearGaussian must be \(mean, log_var\), got NoneType"),
        ("posterior", (ANSWER, 1.0), r"must be \(mean, log_var\), got tuple"),
        ("posterior", (ANSWER[0], ANSWER[0]), r"mean and log_var \(N, D\) each, got \(3,\) and"),
        ("posterior", (ANSWER, ANSWER[:, :1]), r"got \(6, 3\) and \(6, 1\) for 6 images"),
        ("log_likelihood", 1.0, r"log_likelihood of LinearGaussian must be .*\(N,\), got float"),
        ("log_likelihood", torch.tensor(1.0), r"got Tensor of shape \(\) .* for 24 images"),
        ("log_likelihood", torch.zeros(24, 1), r"got Tensor of shape \(24, 1\) .* for 24 images"),
    ],
)
def test_a_model_with_other_answers_is_named(oracle, measured, method, answer, words, monkeypatch):
    x = oracle.sample(6, generator=seeded(0))
    monkeypatch.setattr(oracle, method, lambda *given: answer)
    with pytest.raises(UserError, match=words):
        measured(oracle, x, 4)


def test_memory_that_does_not_suffice_names_memory_mb(vae, images, monkeypatch):
    def exhausted(*given):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(vae, "log_likelihood", exhausted)
    with pytest.raises(UserError, match="memory_mb of nll .*choose a smaller memory_mb"):
        nll(vae, images, 10, memory_mb=1e9)

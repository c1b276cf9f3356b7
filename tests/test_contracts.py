"""Every model keeps the contracts, by its methods' signatures and by what they return.

What a latent space adds is tested in test_contracts_latent.py.
"""
import functools
import inspect

import pytest
import torch
from support.contracts import (
    CLASSES,
    LATENTS,
    SHAPE,
    attribute_classifier,
    autoencoder,
    check_signature,
    classifier,
    conditional_diffusion,
    conditional_vae,
    diffusion,
    diffusion_without_average,
    gaussian_vae,
    small_gan,
    vae,
)

from vaekit import losses, models
from vaekit.contracts import Model
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models import ImageModel, conditioning, gan
from vaekit.models.diffusion import denoising_error

N = 5
X = torch.zeros(N, *SHAPE)
Z = torch.zeros(N, LATENTS)

# what builds each model, and the objectives that it can be trained by
MODELS = {
    autoencoder: [losses.reconstruction_error],
    vae: [losses.negative_elbo, losses.free_bits],
    gaussian_vae: [losses.negative_elbo_gaussian],
    conditional_vae: [losses.negative_elbo],
    small_gan: [gan.non_saturating, gan.minimax, gan.least_squares],
    classifier: [losses.cross_entropy],
    attribute_classifier: [losses.attribute_cross_entropy],
    diffusion: [denoising_error],
    diffusion_without_average: [denoising_error],
    conditional_diffusion: [denoising_error],
}
WITHOUT_PRIOR = [autoencoder, classifier, attribute_classifier]
WITH_PRIOR = [build for build in MODELS if build not in WITHOUT_PRIOR]
CONDITIONAL = [conditional_vae, conditional_diffusion]
UNCONDITIONAL = [build for build in MODELS if build not in CONDITIONAL]


@pytest.fixture(params=MODELS, ids=lambda build: build.__name__)
def build(request):
    return request.param


@pytest.fixture
def model(build):
    torch.manual_seed(0)
    return build().eval()


@pytest.fixture
def x(generator):
    return torch.rand(N, *SHAPE, generator=generator)


@pytest.fixture
def labels():
    return torch.arange(N) % CLASSES


def c_for(model, labels):
    return labels if conditioning.is_conditional(model) else None


def as_parts(output):
    return [output] if isinstance(output, torch.Tensor) else list(output)


def output_of(model, *inputs):
    """The parts of what the model gives; its noise is the same every time."""
    torch.manual_seed(1)
    return as_parts(model(*inputs))


def move_weights(model, seed=2):
    """New weights, as if trained: at first some layers are zero, and averages equal to them."""
    noise = seeded(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=noise)


def test_every_model_of_the_package_stands_in_the_table():
    classes = [each for each in vars(models).values() if inspect.isclass(each)]
    expected = {each for each in classes if issubclass(each, ImageModel)} - {ImageModel}
    assert {type(build()) for build in MODELS} == expected


# Model


def test_a_model_keeps_the_contract_by_name_and_signature(model):
    assert isinstance(model, Model)
    assert isinstance(model, ImageModel)
    check_signature(model.forward, Model.__call__)
    check_signature(model.sample, Model.sample)
    check_signature(model.players, Model.players)
    check_signature(model.after_step, Model.after_step)


def test_a_model_knows_its_images_and_its_settings(model):
    assert model.image_shape == SHAPE
    assert isinstance(model.image_shape, tuple)
    assert isinstance(model.settings, dict)


@pytest.mark.parametrize("build", UNCONDITIONAL, indirect=True)
def test_without_a_condition_forward_does_not_read_the_labels(model, x, labels):
    with_labels = output_of(model, x, labels)
    without = output_of(model, x)
    for part, other in zip(with_labels, without, strict=True):
        assert torch.equal(part, other)


@pytest.mark.parametrize("build", CONDITIONAL, indirect=True)
def test_with_a_condition_forward_reads_the_labels(model, x, labels):
    move_weights(model)
    model.after_step()
    output = output_of(model, x, labels)
    other = output_of(model, x, labels.flip(0))
    assert not torch.equal(output[0], other[0])


@pytest.mark.parametrize("build", CONDITIONAL, indirect=True)
def test_with_a_condition_forward_needs_the_labels(model, x):
    with pytest.raises(UserError, match="this model is conditional: pass c"):
        model(x)


@pytest.mark.parametrize("build", WITHOUT_PRIOR, indirect=True)
def test_a_model_without_a_prior_refuses_to_draw(model, generator):
    with pytest.raises(UserError, match="has no prior to draw samples from"):
        model.sample(N, generator=generator)


@pytest.mark.parametrize("build", WITH_PRIOR, indirect=True)
def test_a_sample_is_n_images_in_0_to_1(model, labels, generator):
    images = model.sample(N, c_for(model, labels), generator=generator)
    assert images.shape == (N, *SHAPE)
    assert images.dtype == torch.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert not images.requires_grad


@pytest.mark.parametrize(
    "build, call",
    [
        (autoencoder, lambda model, c: model.encode(X, c)),
        (autoencoder, lambda model, c: model.decode(Z, c)),
        (autoencoder, lambda model, c: model.reconstruct(X, c)),
        (vae, lambda model, c: model.posterior(X, c)),
        (vae, lambda model, c: model.encode(X, c)),
        (vae, lambda model, c: model.decode(Z, c)),
        (vae, lambda model, c: model.reconstruct(X, c)),
        (vae, lambda model, c: model.log_likelihood(X, Z, c)),
        (vae, lambda model, c: model.sample(N, c)),
        (small_gan, lambda model, c: model.decode(Z, c)),
        (small_gan, lambda model, c: model.sample(N, c)),
        (diffusion, lambda model, c: model.denoise(X, 1, c)),
        (diffusion, lambda model, c: model.trajectory(X, c)),
        (diffusion, lambda model, c: model.sample(N, c)),
    ],
)
def test_outside_forward_an_unconditional_model_refuses_a_condition(build, call, labels):
    with pytest.raises(UserError, match="this model is unconditional: leave c out"):
        call(build(), labels)


def test_the_players_own_every_weight_once(model):
    owned = [weight for weights in model.players().values() for weight in weights]
    assert len({id(weight) for weight in owned}) == len(owned)
    assert {id(weight) for weight in owned} == {id(weight) for weight in model.parameters()}


def test_objectives_give_a_value_per_image_for_every_player(build, x, labels):
    if build is attribute_classifier:
        # one attribute each
        labels = torch.eye(CLASSES, dtype=torch.int64)[labels]
    for objective in MODELS[build]:
        model = build()
        terms = objective(model(x, labels), x, labels)
        assert model.players().keys() <= terms.keys()
        for name, values in terms.items():
            assert values.shape == (N,), f"{name} of {objective.__name__}"


def test_after_step_returns_nothing_and_leaves_the_weights_alone(model):
    # a moving average now differs from the weights
    move_weights(model)
    before = [weight.detach().clone() for weight in model.parameters()]
    assert model.after_step() is None
    for weight, value in zip(model.parameters(), before):
        assert torch.equal(weight, value)


def test_a_model_is_made_ready_for_inference_in_place(model):
    assert model.for_inference() is model


@pytest.mark.parametrize("build", WITH_PRIOR, indirect=True)
def test_for_inference_a_model_draws_as_before(model, labels):
    move_weights(model)
    model.after_step()
    c = c_for(model, labels)
    before = model.sample(N, c, generator=seeded(3))
    model.for_inference()
    after = model.sample(N, c, generator=seeded(3))
    assert torch.equal(after, before)


def test_for_inference_the_average_is_kept_and_not_the_last_weights():
    model = diffusion().eval()
    raw = diffusion_without_average().eval()
    move_weights(model)
    model.after_step()
    raw.network.load_state_dict(model.network.state_dict())

    kept = model.for_inference().sample(N, generator=seeded(3))
    assert not torch.equal(kept, raw.sample(N, generator=seeded(3)))


NEEDED = ("image_shape", "settings", "players", "after_step", "sample")


@pytest.mark.parametrize("name", NEEDED)
def test_what_lacks_a_member_is_no_model(name):
    """The check at run time sees names only: this is what `fit` refuses."""
    members = {needed: lambda self: None for needed in NEEDED}
    whole = type("Whole", (torch.nn.Module,), dict(members))
    del members[name]
    lacking = type("Lacking", (torch.nn.Module,), members)
    assert isinstance(whole(), Model)
    assert not isinstance(lacking(), Model)


# Objective


@pytest.mark.parametrize(
    "objective",
    [
        functools.partial(losses.beta_tcvae, images=100),
        losses.attribute_cross_entropy,
        losses.capacity,
        losses.cross_entropy,
        losses.free_bits,
        losses.negative_elbo,
        losses.negative_elbo_gaussian,
        losses.reconstruction_error,
        losses.ImportanceWeighted(2),
        losses.Scheduled(losses.negative_elbo, beta=losses.WarmUp()),
        gan.non_saturating,
        gan.least_squares,
        denoising_error,
    ],
)
def test_an_objective_is_called_with_output_images_and_labels(objective):
    inspect.signature(objective).bind("output", "x", "c")

"""Measuring and showing leave a model as it was: weights, statistics, each part's own mode.

Every function of metrics, plots and explore that takes a model is called with one in training mode,
with batch normalisation (whose statistics move in training mode) and a part that is frozen.
"""
import inspect
from types import SimpleNamespace

import pytest
import torch
from support.hostile import public_functions
from torch import nn

from vaekit import explore, metrics, plots
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.explore import axes
from vaekit.metrics import latents
from vaekit.metrics.feature_network import FeatureNetwork
from vaekit.models.conditioning import OneHot
from vaekit.models.diffusion import Diffusion

SHAPE = (1, 8, 8)
LABELS = torch.arange(40) % 2
IMAGES = ImageSet(torch.rand(40, *SHAPE, generator=seeded(0)), LABELS, ("a", "b"))
ATTRIBUTES = (torch.rand(40, 4, generator=seeded(2)) < 0.5).long()
WITH_ATTRIBUTES = ImageSet(IMAGES.x, ATTRIBUTES, ("a", "b", "c", "d"))
OTHERS = ImageSet(torch.rand(40, *SHAPE, generator=seeded(1)), LABELS, ("a", "b"))


class Body(nn.Module):
    """What its output is worth does not matter; in training mode every call changes it."""

    def __init__(self, before, after):
        super().__init__()
        self.layer = nn.Linear(before, after)
        self.norm = nn.BatchNorm1d(after)
        self.frozen = nn.BatchNorm1d(after)
        self.calls = 0
        self.fail_at = None

    def forward(self, x):
        result = self.frozen(self.norm(self.layer(x.flatten(1))))
        self.calls += 1
        if self.calls == self.fail_at:
            raise RuntimeError("the model gave up")
        return result


class Normed(nn.Module):
    """A VAE, a conditional generator and a classifier in one."""

    image_shape = SHAPE
    latent_dim = 2
    likelihood = "Bernoulli"

    def __init__(self, condition=None):
        super().__init__()
        if condition is not None:
            self.condition = condition
        self.encoder = Body(64, 4)
        self.decoder = Body(2, 64)

    def posterior(self, x, c=None):
        return self.encoder(x).chunk(2, 1)

    def encode(self, x, c=None):
        return self.encoder(x).chunk(2, 1)[0]

    def decode(self, z, c=None):
        return self.decoder(z).sigmoid().reshape(-1, *SHAPE)

    def log_likelihood(self, x, z, c=None):
        return -(self.decode(z) - x).square().sum((1, 2, 3))

    def sample(self, n, c=None, *, generator=None):
        return self.decode(torch.randn(n, 2, generator=generator))

    def features(self, x):
        return self.encoder(x)

    def forward(self, x):
        return self.encoder(x)

    def classify(self, x):
        return (self.encoder(x) > 0).long()


class Network(nn.Module):
    """What a diffusion model predicts with."""

    def __init__(self, width):
        super().__init__()
        self.body = Body(64 + width, 64)

    def forward(self, x, t, cond=None):
        rows = x.flatten(1) if cond is None else torch.cat([x.flatten(1), cond], 1)
        return self.body(rows).reshape(x.shape)


def vae():
    return Normed()


def conditional():
    return Normed(OneHot(2))


def diffusion():
    return Diffusion(Network(2), SHAPE, steps=10, condition=OneHot(2))


def walk_and_move(model):
    widget = explore.Walk(model)
    for place in (1.0, 2.0):
        widget.sliders[0].value = place


def denoise_and_move(model):
    widget = explore.Denoise(model, classes=["a", "b"], steps=(2, 3), guidance=(1, 2), n=2)
    widget.steps.value = 2
    widget.choice.value = 1


def ask_for_a_step(model):
    widget = explore.denoise(model, classes=["a", "b"], steps=(2, 3), guidance=(1, 2), n=2)
    widget.answers["step"]({"label": 1, "steps": 3, "guidance": 2, "step": 1})


def dial_attributes(model):
    widget = explore.attributes(model, directions={"more": torch.ones(model.latent_dim)}, n=2)
    widget.figure()


def walk_in_the_page(model):
    widget = explore.walk(model, IMAGES)
    widget.z = widget.z.clone()
    widget.figure()


def draw_and_encode(model):
    widget = explore.draw(model, IMAGES)
    widget.answers["encode"]({"pixels": [0] * 64, "label": 0})
    widget.figure()


def ask_between(model):
    widget = explore.interpolate(model, classes=["a", "b"], steps=2, limit=2)
    place = {"a": 0, "b": 1, "t": [0.5], "spherical": True, "label": 1}
    widget.answers["between"](place)
    widget.answers["ends"](place)
    widget.figure()


def network_of(model):
    return FeatureNetwork("own", "", 4, model, classes=4)


# by the name of the function: what makes its model, and how it is called
CALLS = {
    "metrics.attributes.read_attributes": (
        vae,
        lambda model: metrics.read_attributes(model, IMAGES),
    ),
    "metrics.attributes.carried": (
        vae,
        lambda model: metrics.carried(model, IMAGES, ATTRIBUTES, tuple("abcd")),
    ),
    "metrics.attributes.generation_rates": (
        vae,
        lambda model: metrics.generation_rates(model, IMAGES, WITH_ATTRIBUTES),
    ),
    "metrics.attributes.balanced_accuracy": (
        vae,
        lambda model: metrics.balanced_accuracy(model, WITH_ATTRIBUTES),
    ),
    "metrics.amplification.bias_amplification": (
        vae,
        lambda model: metrics.bias_amplification(
            model, IMAGES, WITH_ATTRIBUTES, "a", "b", resamples=2
        ),
    ),
    "metrics.consistency.class_consistency": (
        conditional,
        lambda model: metrics.class_consistency(model, [0, 1], n=20, features=Normed()),
    ),
    "metrics.consistency.consistency_of": (
        vae,
        lambda model: metrics.consistency_of(IMAGES, LABELS, features=model),
    ),
    "metrics.distances.fid": (
        vae,
        lambda model: metrics.fid(IMAGES, OTHERS, features=model, resamples=2),
    ),
    "metrics.distances.kid": (
        vae,
        lambda model: metrics.kid(IMAGES, OTHERS, features=model, resamples=2),
    ),
    "metrics.precision_recall.precision": (
        vae,
        lambda model: metrics.precision(IMAGES, OTHERS, features=model),
    ),
    "metrics.precision_recall.recall": (
        vae,
        lambda model: metrics.recall(IMAGES, OTHERS, features=model),
    ),
    "metrics.variety.class_variety": (
        vae,
        lambda model: metrics.class_variety(IMAGES, LABELS, OTHERS, features=model, resamples=2),
    ),
    "metrics.features.load_features": (
        vae,
        lambda model: metrics.load_features(model).features(IMAGES),
    ),
    "metrics.feature_network.FeatureNetwork": (
        vae,
        lambda model: (network_of(model).features(IMAGES), network_of(model).classify(IMAGES)),
    ),
    "metrics.likelihood.nll": (vae, lambda model: metrics.nll(model, IMAGES, 3)),
    "metrics.likelihood.importance_bound": (
        vae,
        lambda model: metrics.importance_bound(model, IMAGES, 3),
    ),
    "metrics.likelihood.importance_weights": (
        vae,
        lambda model: metrics.importance_weights(model, IMAGES, 3),
    ),
    "metrics.latents.posteriors": (
        vae,
        lambda model: latents.posteriors(model, IMAGES, batch_size=7),
    ),
    "metrics.latents.kl_per_dimension": (
        vae,
        lambda model: metrics.kl_per_dimension(model, IMAGES),
    ),
    "metrics.latents.posterior_mean_variance": (
        vae,
        lambda model: metrics.posterior_mean_variance(model, IMAGES),
    ),
    "metrics.latents.active_units": (vae, lambda model: metrics.active_units(model, IMAGES)),
    "metrics.latents.aggregate_moments": (
        vae,
        lambda model: metrics.aggregate_moments(model, IMAGES),
    ),
    "metrics.latents.aggregate_posterior": (
        vae,
        lambda model: metrics.aggregate_posterior(model, IMAGES),
    ),
    "metrics.denoising_bound.denoising_bound": (
        diffusion,
        lambda model: metrics.denoising_bound(model, IMAGES, draws=1),
    ),
    "metrics.denoising_bound.fit_variances": (
        diffusion,
        lambda model: metrics.fit_variances(model, IMAGES, draws=1),
    ),
    "plots.latents.walk": (vae, lambda model: plots.walk(model, n=5)),
    "plots.latents.lattice": (vae, lambda model: plots.lattice(model, n=3)),
    "explore.plain.walk.Walk": (vae, walk_and_move),
    "explore.plain.denoise.Denoise": (diffusion, denoise_and_move),
    "explore.walk.walk": (vae, walk_in_the_page),
    "explore.draw.draw": (vae, draw_and_encode),
    "explore.interpolate.interpolate": (diffusion, ask_between),
    "explore.map.tsne_map": (vae, lambda model: explore.tsne_map(model, IMAGES).figure()),
    "explore.denoise.denoise": (diffusion, ask_for_a_step),
    "explore.attributes.attributes": (vae, dial_attributes),
    "explore.axes.codes_of": (vae, lambda model: axes.codes_of(model, IMAGES)),
}
# call no model
ONLY_LOOKING = {
    # part of the scores, which are called here
    "metrics.compared.features_of",
    "metrics.posterior.images_of",
    "explore.axes.choose",
    "explore.parts.check_images_of",
    "explore.layers.leaves",
    "explore.layers.translate",
    # call only what is made of known layers: see tests/explore/test_portable.py
    "explore.portable.decoder_of",
    "explore.portable.encoder_of",
    "explore.scene.Scene.add_model",
    "explore.portable.refuse_bad_weights",
    "explore.scene.as_condition",
    "explore.between.Between",
    "explore.draw.check_can_be_drawn",
    "explore.plain.parts.check_classes",
    "metrics.score.Score",
    "plots.latents.starting_point",
}
MODELS = {"model", "features", "module", "classifier"}


def in_training(make):
    """A model in training mode, but for the parts that were frozen on purpose."""
    torch.manual_seed(0)
    model = make().train()
    for name, part in model.named_modules():
        if name.endswith("frozen"):
            part.eval()
            part.requires_grad_(False)
    return model


def state(model):
    """All that measuring could change."""
    return SimpleNamespace(
        tensors={name: value.clone() for name, value in model.state_dict().items()},
        modes={name: part.training for name, part in model.named_modules()},
        trained={name: weight.requires_grad for name, weight in model.named_parameters()},
        gradients={name: weight.grad for name, weight in model.named_parameters()},
        gradient_is_on=torch.is_grad_enabled(),
    )


def check_unchanged(model, before):
    after = state(model)
    pairs = {name: (value, after.tensors[name]) for name, value in before.tensors.items()}
    changed = [name for name, (old, new) in pairs.items() if not torch.equal(old, new)]
    assert changed == []
    assert after.modes == before.modes
    assert after.trained == before.trained
    assert after.gradients == before.gradients
    assert after.gradient_is_on


def test_every_function_that_takes_a_model_is_called_here():
    taking = set()
    for room in ("metrics", "plots", "explore"):
        for name, function in public_functions(room).items():
            if MODELS & inspect.signature(function).parameters.keys():
                taking.add(name)
    assert taking - ONLY_LOOKING == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_model_is_left_as_it_was(name):
    make, use = CALLS[name]
    model = in_training(make)
    before = state(model)
    use(model)
    check_unchanged(model, before)


def bodies(model):
    return [part for part in model.modules() if isinstance(part, Body)]


@pytest.mark.parametrize("name", CALLS)
def test_a_model_that_raises_is_left_as_it_was(name):
    make, use = CALLS[name]
    model = in_training(make)
    before = state(model)
    for body in bodies(model):
        # after its statistics would have moved
        body.fail_at = body.calls + 1
    with pytest.raises(RuntimeError, match="the model gave up"):
        use(model)
    check_unchanged(model, before)


def test_this_model_changes_where_nobody_takes_care():
    model = in_training(vae)
    before = state(model)
    model.decode(torch.zeros(4, 2))
    with pytest.raises(AssertionError, match="decoder.norm"):
        check_unchanged(model, before)

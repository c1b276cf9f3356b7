"""The loop: what a step does, what an epoch sees, what a seed fixes."""
from dataclasses import replace

import pytest
import torch
from support.gan import SHAPE, small_gan
from support.training import Recorded, fit_elbo
from support.vaes import same_weights, small_vae
from torch import nn

from vaekit import data, losses, recipes, training
from vaekit.device import evaluating
from vaekit.models import gan, nets
from vaekit.models.autoencoder import Autoencoder
from vaekit.models.base import ImageModel
from vaekit.training.seeds import seed_epoch
from vaekit.training.terms import _float


def all_weights(model):
    """Every weight of a model in one row."""
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


# what it learns and records


def test_fit_learns_and_records_each_epoch(small):
    model = small_vae()
    before = training.evaluate(model, small[1], losses.negative_elbo)["loss"]
    history = fit_elbo(model, small, epochs=10, lr=5e-3)
    assert history.columns == [
        "epoch",
        "train_loss",
        "train_reconstruction",
        "train_kl",
        "test_loss",
        "test_reconstruction",
        "test_kl",
        "seconds",
    ]
    assert history["test_loss"][-1] < before - 100
    assert history["epoch"] == list(range(1, 11))
    assert not model.training


def test_history_is_the_mean_over_images_not_over_batches(small):
    """300 images in batches of 280 + 20: the last batch must not count as much as the first."""
    model = small_vae()
    # a model that stands still
    history = fit_elbo(model, small, epochs=1, batch_size=280, lr=1e-12)

    images = small[0].images()
    terms = losses.negative_elbo(model(images), images)
    per_image = terms["reconstruction"].mean().item()
    assert history.last["train_reconstruction"] == pytest.approx(per_image, rel=2e-3)


def test_bf16_output_is_scored_in_float32():
    model = small_vae().to(torch.bfloat16)
    output = _float(model(torch.rand(2, 1, 28, 28).bfloat16()))
    assert type(output).__name__ == "VAEOutput"
    for part in output:
        assert part.dtype == torch.float32


# one step


def test_one_step_is_adam_on_the_mean_over_images(digits):
    """The loop's first step against the same step by hand."""
    images = digits[0].first(32)
    shape = images.shape

    def autoencoder():
        encoder = nets.mlp_encoder(shape, (16,))
        decoder = nets.mlp_decoder(2, (16,), shape)
        return Autoencoder(encoder, decoder, 2, shape)

    ours = autoencoder()
    hand = autoencoder()
    hand.load_state_dict(ours.state_dict())
    training.fit(ours, images, losses.reconstruction_error, epochs=1, batch_size=32, lr=1e-2)

    hand.train()
    optimizer = torch.optim.Adam(hand.parameters(), lr=1e-2)
    x = images.images()
    losses.squared_error(hand(x), x).mean().backward()
    optimizer.step()

    # Adam's first step is ±lr however small a gradient is, so where it is mere rounding the sign
    # may differ: allow that for one weight in a hundred
    difference = (all_weights(ours) - all_weights(hand)).abs()
    assert (difference < 1e-4).float().mean() > 0.99


def test_radam_takes_its_own_step(small):
    ours = small_vae()
    hand = small_vae()
    images = small[0].first(50)
    betas = (0.8, 0.95)
    # its first steps do not adapt: go beyond them
    epochs = 8

    training.fit(
        ours,
        images,
        losses.negative_elbo,
        epochs=epochs,
        batch_size=50,
        optimizer="radam",
        betas=betas,
        lr=1e-2,
    )

    hand.train()
    optimizer = torch.optim.RAdam(hand.parameters(), lr=1e-2, betas=betas)
    with torch.random.fork_rng():
        for epoch in range(epochs):
            order = torch.randperm(50, generator=seed_epoch(0, epoch))
            x = images.images(order)
            optimizer.zero_grad()
            losses.negative_elbo(hand(x), x)["loss"].mean().backward()
            optimizer.step()
    assert same_weights(ours, hand)


def test_frozen_weights_stay(small):
    model = small_vae()
    frozen = model.encoder[1].weight.requires_grad_(False)
    before = frozen.clone()
    free_before = model.to_mean.weight.detach().clone()

    fit_elbo(model, small)
    assert torch.equal(model.encoder[1].weight, before)
    assert not torch.equal(model.to_mean.weight, free_before)


@pytest.mark.parametrize("build, objective, players", [
    (small_vae, losses.negative_elbo, 1),
    (lambda: small_gan(shape=(1, 28, 28)), gan.non_saturating, 2),
])
def test_after_step_is_called_once_per_step_after_all_optimisers(
    small, monkeypatch, build, objective, players
):
    events = []
    model = build()
    adam_step = torch.optim.Adam.step

    def recorded_step(self, *args, **kwargs):
        events.append("optimiser")
        return adam_step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", recorded_step)
    monkeypatch.setattr(model, "after_step", lambda: events.append("after_step"))

    train, test = small
    training.fit(model, train, objective, test=test, epochs=2, batch_size=50)
    one_step = ["optimiser"] * players + ["after_step"]
    steps = 2 * 6
    assert events == one_step * steps


def test_after_step_sees_the_weights_that_the_step_has_left(small):
    """Its last call sees the model as `fit` gives it back."""
    model = small_vae()
    seen = []
    model.after_step = lambda: seen.append(all_weights(model))
    fit_elbo(model, small, epochs=1)
    assert torch.equal(seen[-1], all_weights(model))
    assert not torch.equal(seen[-2], seen[-1])


# what an epoch sees


def test_each_epoch_sees_each_image_once_in_a_new_order_with_new_noise(small):
    train = small[0]
    objective = Recorded()
    training.fit(small_vae(), train, objective, epochs=3, batch_size=50)

    # an image is known again by the sum of its pixels
    sums = [call.x.flatten(1).sum(1) for call in objective.calls]
    epochs = torch.cat(sums).reshape(3, 300)
    stored = train.images().flatten(1).sum(1)
    for order in epochs:
        assert torch.equal(order.sort().values, stored.sort().values)
    assert not torch.equal(epochs[0], stored)
    assert not torch.equal(epochs[0], epochs[1])
    assert not torch.equal(epochs[1], epochs[2])

    noise = []
    for output, _, _ in objective.calls:
        std = (0.5 * output.log_var).exp()
        noise.append(((output.z - output.mean) / std).detach())
    same = torch.allclose(noise[0], noise[6], atol=1e-3)
    assert not same, "the first batches of two epochs must not share their noise"


def test_augment_changes_training_images_only(small):
    train, test = small
    objective = Recorded()
    training.fit(
        small_vae(),
        train,
        objective,
        test=test,
        epochs=1,
        batch_size=100,
        augment=torch.zeros_like,
    )
    means = [call.x.mean().item() for call in objective.calls]
    assert means[:3] == [0, 0, 0]
    assert means[3] == pytest.approx(test.images().mean().item())


def test_labels_reach_the_objective(digits):
    images = digits[0].first(100)
    objective = Recorded()
    training.fit(small_vae(), images, objective, epochs=1)
    seen = objective.calls[0].c.bincount(minlength=10)
    assert torch.equal(seen, images.y.bincount(minlength=10))


def test_a_tensor_of_bytes_trains_like_the_set(small):
    train = small[0]
    of_bytes = small_vae()
    of_floats = small_vae()
    training.fit(of_bytes, train.x, losses.negative_elbo, epochs=1, batch_size=50)
    training.fit(of_floats, train.images(), losses.negative_elbo, epochs=1, batch_size=50)
    assert same_weights(of_bytes, of_floats)


def test_image_sets_move_to_a_device_with_labels_and_factors(monkeypatch):
    """There may be no second device here, so what each tensor is sent to is recorded."""
    factors = torch.zeros(3, 2, dtype=torch.int64)
    images = replace(
        data.load("digits", "test").first(3),
        factors=factors,
        factor_names=("size", "place"),
    )
    sent = []
    move = torch.Tensor.to

    def record(tensor, *args, **settings):
        if args == (torch.device("cpu:0"),):
            sent.append(tensor)
        return move(tensor, *args, **settings)

    monkeypatch.setattr(torch.Tensor, "to", record)
    images.to("cpu:0")
    assert len(sent) == 3
    for part in (images.x, images.y, factors):
        assert any(tensor is part for tensor in sent)


# schedule and seed


def test_the_schedule_runs_once_over_the_whole_training(small, monkeypatch):
    rates = []
    adam_step = torch.optim.Adam.step

    def recorded_step(self, *args, **kwargs):
        rates.append(self.param_groups[0]["lr"])
        return adam_step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", recorded_step)
    fit_elbo(small_vae(), small, epochs=4, lr=3e-3, schedule="one-cycle")
    expected = [3e-3 * training.one_cycle(step / 24) for step in range(24)]
    assert rates == pytest.approx(expected)


def test_same_seed_same_weights_and_the_callers_randomness_is_untouched(small):
    first = small_vae()
    again = small_vae()
    other = small_vae()

    torch.manual_seed(42)
    expected = torch.rand(3)
    torch.manual_seed(42)
    fit_elbo(first, small, seed=7)
    assert torch.equal(torch.rand(3), expected)

    torch.rand(5)
    fit_elbo(again, small, seed=7)
    fit_elbo(other, small, seed=8)
    assert same_weights(first, again)
    assert not same_weights(first, other)


# which models


class Averaged(ImageModel):
    """The smallest model of one's own: each image becomes the mean image, learned."""

    def __init__(self):
        super().__init__(SHAPE)
        self.image = nn.Parameter(torch.full(SHAPE, 0.5))

    def forward(self, x, c=None):
        return self.image.expand_as(x)


def test_a_model_of_ones_own_needs_no_more_than_a_forward():
    model = Averaged()
    images = torch.rand(40, *SHAPE)
    training.fit(model, images, losses.reconstruction_error, epochs=200, lr=1e-2)
    with evaluating(model):
        learned = model(images[:1])
    torch.testing.assert_close(learned[0], images.mean(0), atol=0.02, rtol=0)


def test_recipes_are_models_that_fit_takes(digits):
    """A convolutional one as well: where there is no GPU its weights lie as they did."""
    model = recipes.build("conv-ae-mnist", 2)
    weight = model.encoder[0].weight
    images = digits[0].first(20)
    training.fit(model, images, losses.reconstruction_error, epochs=1, device="cpu")
    assert model.encoder[0].weight is weight
    assert weight.is_contiguous()

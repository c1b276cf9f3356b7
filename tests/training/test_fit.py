import csv
import json
import math

import pytest
import torch

from vaekit import data, losses, recipes, training
from vaekit.errors import UserError
from vaekit.models import autoencoder, nets
from vaekit.training.fit import _float, _seed


def model(latent_dim=2, seed=0):
    return recipes.build("mlp-vae-mnist-small", latent_dim, seed=seed)


def fit(m, images, **settings):
    return training.fit(m, images[0], losses.negative_elbo, test=images[1], **{"epochs": 2, "batch_size": 50, **settings})


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values()))


def test_fit_learns_and_tells(small):
    m = model()
    before = training.evaluate(m, small[1], losses.negative_elbo)["loss"]
    history = fit(m, small, epochs=10, lr=5e-3)
    assert history.columns == ["epoch", "train_loss", "train_reconstruction", "train_kl", "test_loss", "test_reconstruction", "test_kl", "seconds"]
    assert history["test_loss"][-1] < before - 100 and history["epoch"] == list(range(1, 11))
    assert not m.training


def test_history_is_the_mean_over_images_not_over_batches(small):
    """300 images in batches of 280 + 20: the last batch must not count as much as the first."""
    m = model()
    history = fit(m, small, epochs=1, batch_size=280, lr=1e-12)              # a model that stands still
    images = small[0]
    per_image = losses.negative_elbo(m(images.images()), images.images())["reconstruction"].mean().item()
    assert history.last["train_reconstruction"] == pytest.approx(per_image, rel=2e-3)


def test_one_step_is_adam_on_the_mean_over_images(digits):
    """The loop's first step against the same step by hand."""
    images = digits[0].first(32)
    shape = images.shape
    ours, hand = (autoencoder.Autoencoder(nets.mlp_encoder(shape, (16,)), nets.mlp_decoder(2, (16,), shape), 2, shape) for _ in "ab")
    hand.load_state_dict(ours.state_dict())
    training.fit(ours, images, losses.reconstruction_error, epochs=1, batch_size=32, lr=1e-2)
    hand.train()
    optimizer = torch.optim.Adam(hand.parameters(), lr=1e-2)
    losses.squared_error(hand(images.images()), images.images()).mean().backward()
    optimizer.step()
    a, b = (torch.cat([p.flatten() for p in m.parameters()]) for m in (ours, hand))
    # Adam's first step is ±lr however small a gradient is, so where it is mere rounding the sign may differ: allow that for one weight in a hundred
    assert ((a - b).abs() < 1e-4).float().mean() > 0.99


def test_each_epoch_sees_each_image_once_in_a_new_order_with_new_noise(small):
    seen, noise = [], []

    def watching(output, x, c):
        seen.append(x.flatten(1).sum(1))
        noise.append(((output.z - output.mean) / (0.5 * output.log_var).exp()).detach())
        return losses.negative_elbo(output, x)

    training.fit(model(), small[0], watching, epochs=3, batch_size=50)
    epochs, stored = torch.cat(seen).reshape(3, 300), small[0].images().flatten(1).sum(1)
    for order in epochs:
        assert torch.equal(order.sort().values, stored.sort().values)
    assert not any(torch.equal(a, b) for a, b in ((epochs[0], stored), (epochs[0], epochs[1]), (epochs[1], epochs[2])))
    assert not torch.allclose(noise[0], noise[6], atol=1e-3), "the first batches of two epochs must not share their noise"


def test_augment_changes_training_images_only(small):
    seen = []

    def watching(output, x, c):
        seen.append(x.mean().item())
        return losses.negative_elbo(output, x)

    training.fit(model(), small[0], watching, test=small[1], epochs=1, batch_size=100, augment=torch.zeros_like)
    assert seen[:3] == [0, 0, 0] and seen[3] == pytest.approx(small[1].images().mean().item())


def test_labels_reach_the_loss(digits):
    seen = []

    def watching(output, x, c):
        seen.append(c)
        return losses.negative_elbo(output, x)

    training.fit(model(), digits[0].first(100), watching, epochs=1)
    assert torch.equal(seen[0].bincount(minlength=10), digits[0].y[:100].bincount(minlength=10))


def test_the_schedule_runs_once_over_the_whole_training(small, monkeypatch):
    rates, step = [], torch.optim.Adam.step

    def recording(self, *args, **kwargs):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", recording)
    fit(model(), small, epochs=4, lr=3e-3, schedule="one-cycle")
    assert rates == pytest.approx([3e-3 * training.one_cycle(k / 24) for k in range(24)])


def test_same_seed_same_weights_and_the_callers_randomness_is_untouched(small):
    a, b, c = model(), model(), model()
    torch.manual_seed(42)
    expected = torch.rand(3)
    torch.manual_seed(42)
    fit(a, small, seed=7)
    assert torch.equal(torch.rand(3), expected)
    torch.rand(5)
    fit(b, small, seed=7)
    fit(c, small, seed=8)
    assert same(a, b) and not same(a, c)


def test_early_stopping_keeps_the_best_weights(small):
    m = model(20)
    history = training.fit(m, small[0].first(20), losses.negative_elbo, test=small[1], epochs=400, batch_size=20, lr=1e-2, patience=8)
    curve = history["test_loss"]
    assert len(curve) < 400 and min(curve) < curve[-1]
    assert len(curve) - 1 - curve.index(min(curve)) == 8
    assert training.evaluate(m, small[1], losses.negative_elbo)["loss"] == pytest.approx(min(curve), rel=1e-6)


def test_patience_watches_the_validation_set_where_there_is_one(small):
    """The test set is the training set here: its loss goes on falling while that of the validation set rises."""
    m, few = model(20), small[0].first(20)
    history = training.fit(m, few, losses.negative_elbo, validation=small[1], test=few, epochs=400, batch_size=20, lr=1e-2, patience=8)
    watched, test = history["validation_loss"], history["test_loss"]
    assert history.best == watched.index(min(watched)) == len(history) - 9 and test[-1] < test[history.best]
    assert training.evaluate(m, small[1], losses.negative_elbo)["loss"] == pytest.approx(min(watched), rel=1e-6)


def test_a_validation_set_alone_will_do_for_patience(small):
    m = model(20)
    history = training.fit(m, small[0].first(20), losses.negative_elbo, validation=small[1], epochs=400, batch_size=20, lr=1e-2, patience=8)
    assert history.columns[4:] == ["validation_loss", "validation_reconstruction", "validation_kl", "seconds"] and len(history) < 400
    assert training.evaluate(m, small[1], losses.negative_elbo)["loss"] == pytest.approx(min(history["validation_loss"]), rel=1e-6)


def test_evaluate_does_not_depend_on_the_batch_size_or_the_mode(small):
    m = recipes.build("conv-ae-mnist", 2).train()
    a = training.evaluate(m, small[1], losses.reconstruction_error, batch_size=7)["loss"]
    b = training.evaluate(m.eval(), small[1], losses.reconstruction_error)["loss"]
    assert a == pytest.approx(b, rel=1e-5)


def test_one_cycle_rises_then_falls():
    factors = [training.one_cycle(p / 100) for p in range(101)]
    assert factors[0] == pytest.approx(1 / 25) and max(factors) == pytest.approx(1) and factors.index(max(factors)) == 30
    assert factors[-1] == pytest.approx(1e-4)
    assert all(b > a for a, b in zip(factors[:30], factors[1:31])) and all(b < a for a, b in zip(factors[30:], factors[31:]))


def test_history_is_saved_as_csv_and_json(small, tmp_path):
    history = fit(model(), small)
    rows = list(csv.DictReader(history.save(tmp_path / "h.csv").read_text().splitlines()))
    assert float(rows[1]["test_kl"]) == history["test_kl"][1]
    assert json.loads(history.save(tmp_path / "h.json").read_text()) == history.rows
    assert repr(history) == f"History(2 epochs: train_loss {history.last['train_loss']:.3g}, test_loss {history.last['test_loss']:.3g})"
    with pytest.raises(UserError, match="unknown ending '.txt'"):
        history.save(tmp_path / "h.txt")
    with pytest.raises(UserError, match="unknown column 'test_los'.*Did you mean 'test_loss'"):
        history["test_los"]


def test_a_diverging_run_stops_with_the_step_and_the_advice(small):
    def diverging(output, x, c):
        terms = losses.negative_elbo(output, x)
        return {"loss": terms["loss"] * math.nan}

    with pytest.raises(UserError, match="the loss became nan at epoch 1, step 1; try a lower lr than 0.5"):
        training.fit(model(), small[0], diverging, epochs=1, lr=0.5)


@pytest.mark.parametrize("settings, words", [
    ({"epochs": 0}, "epochs must be ≥ 1, got 0"),
    ({"batch_size": 0}, "batch_size must be ≥ 1, got 0"),
    ({"batch_size": -4}, "batch_size must be ≥ 1, got -4"),
    ({"lr": 0.0}, "lr must be > 0, got 0.0"),
    ({"lr": math.nan}, "lr must be > 0, got nan"),
    ({"weight_decay": -1.0}, "weight_decay must be ≥ 0"),
    ({"schedule": "cosine"}, "unknown schedule 'cosine'; choose one of constant, one-cycle"),
    ({"optimizer": "sgd"}, "unknown optimizer 'sgd'; choose one of adam, radam"),
    ({"betas": (0.9, 1.0)}, r"betas are two numbers in \[0, 1\), got \(0.9, 1.0\)"),
    ({"betas": (0.9,)}, "betas are two numbers"),
    ({"device": "tpu"}, "unknown device 'tpu'"), ({"device": "cpu:x"}, "'cpu:x' is no device; use auto"), ({"device": "mps"}, "torch sees none"),
    ({"patience": 0}, "patience must be ≥ 1"),
    ({"patience": 2, "test": None}, "patience watches the validation or the test loss"),
])
def test_bad_settings_are_named(small, settings, words, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=words):
        fit(model(), small, **settings) if "test" not in settings else training.fit(model(), small[0], losses.negative_elbo, **settings)


@pytest.mark.parametrize("images, words", [
    (torch.rand(4, 1, 28, 28) * 2 - 1, r"images must lie in \[0, 1\], got values from -"),
    (torch.full((4, 1, 28, 28), 255.0), r"images must lie in \[0, 1\], got values from 255 to 255"),
    (torch.rand(4, 3, 28, 28), r"takes images of shape \(N, 1, 28, 28\), got \(4, 3, 28, 28\)"),
])
def test_bad_images_are_named(images, words):
    with pytest.raises(UserError, match=words):
        training.fit(model(), images, losses.negative_elbo, epochs=1)


def test_a_tensor_of_bytes_trains_like_the_set(small):
    a, b = model(), model()
    training.fit(a, small[0].x, losses.negative_elbo, epochs=1, batch_size=50)
    training.fit(b, small[0].images(), losses.negative_elbo, epochs=1, batch_size=50)
    assert same(a, b)


def test_radam_takes_its_own_step(small):
    ours, hand = model(), model()
    images, betas = small[0].first(50), (0.8, 0.95)
    training.fit(ours, images, losses.negative_elbo, epochs=8, batch_size=50, optimizer="radam", betas=betas, lr=1e-2)
    optimizer = torch.optim.RAdam(hand.parameters(), lr=1e-2, betas=betas)
    with torch.random.fork_rng():
        for epoch in range(8):                                          # beyond its first steps, which do not adapt
            x = images.images(torch.randperm(50, generator=_seed(0, epoch)))
            optimizer.zero_grad()
            losses.negative_elbo(hand.train()(x), x)["loss"].mean().backward()
            optimizer.step()
    assert same(ours, hand)


def test_frozen_weights_stay(small):
    m = model()
    frozen = m.encoder[1].weight.requires_grad_(False)
    before, free = frozen.clone(), m.to_mean.weight.detach().clone()
    fit(m, small)
    assert torch.equal(m.encoder[1].weight, before) and not torch.equal(m.to_mean.weight, free)


def test_bf16_output_is_scored_in_float32():
    out = _float(recipes.build("mlp-vae-mnist-small").to(torch.bfloat16)(torch.rand(2, 1, 28, 28).bfloat16()))
    assert all(part.dtype == torch.float32 for part in out) and type(out).__name__ == "VAEOutput"


def test_image_sets_move_to_a_device_and_back():
    images = data.load("digits", "test")
    assert torch.equal(images.to("cpu").y, images.y)

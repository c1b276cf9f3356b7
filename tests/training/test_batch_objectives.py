"""Objectives that estimate from the batch: held-out sets are measured as training measures."""
import re
from functools import partial, wraps

import pytest
import torch
from support.training import Recorded
from support.vaes import small_vae

from vaekit import losses, training
from vaekit.data import ImageSet
from vaekit.device import evaluating, seeded
from vaekit.errors import UserError
from vaekit.losses import Scheduled, WarmUp
from vaekit.training.estimators import depends_on_batch

FREE = partial(losses.free_bits, free=0.25)


def tcvae(images):
    return partial(losses.beta_tcvae, images=images, beta=6.0)


def sizes_measured(objective, train, test, **settings):
    """How many images each call had that measured the test set."""
    sizes = []

    @wraps(objective)
    def recorded(output, x, c):
        if not torch.is_grad_enabled():
            sizes.append(len(x))
        return objective(output, x, c)

    training.fit(small_vae(), train, recorded, test=test, epochs=1, **settings)
    return sizes


def test_more_test_images_than_training_images_are_no_obstacle(digits):
    train = digits[0].first(100)
    test = digits[1].first(300)
    history = training.fit(small_vae(), train, tcvae(100), test=test, epochs=2)
    assert len(history["test_loss"]) == 2


@pytest.mark.parametrize("objective", [tcvae(300), FREE, losses.capacity])
def test_the_test_set_is_measured_in_batches_of_the_training(digits, objective):
    train = digits[0].first(300)
    sizes = sizes_measured(objective, train, digits[1].first(300), batch_size=128)
    assert sizes == [128, 128, 128]


def test_no_batch_is_larger_than_the_training_set(digits):
    train = digits[0].first(100)
    sizes = sizes_measured(tcvae(100), train, digits[1].first(250), batch_size=128)
    assert sizes == [100, 100, 100]


def test_other_objectives_are_measured_in_large_batches_as_ever(digits):
    train = digits[0].first(100)
    sizes = sizes_measured(losses.negative_elbo, train, digits[1].first(360), batch_size=50)
    assert sizes == [360]


def test_each_image_counts_once_though_the_last_batch_is_filled_up(digits):
    """A term of the image alone, its first pixel's index: the mean is over all images."""
    numbers = torch.arange(70) / 100
    images = numbers.reshape(70, 1, 1, 1).expand(70, 1, 28, 28).clone()

    def numbered(output, x, c):
        return {"loss": x[:, 0, 0, 0]}

    numbered.depends_on_batch = True
    found = training.evaluate(small_vae(), images, numbered, batch_size=32)
    assert found["loss"] == pytest.approx(numbers.mean().item(), rel=1e-5)


def informative_vae():
    """Narrow posteriors far from one another: its KL is large, and its estimates hang on N."""
    model = small_vae(10)
    with torch.no_grad():
        model.to_mean.weight.mul_(8)
        model.to_log_var.bias.fill_(-6.0)
    return model


def test_training_and_held_out_numbers_compare(digits):
    """The same images, held out: a model that stands still has the same terms on both sides.

    In batches of 1,000 q(z) is estimated from more posteriors, and the terms are others.
    """
    # in the stored order, neighbours are of one hand
    order = torch.randperm(len(digits[0]), generator=seeded(0))[:1000]
    images = ImageSet(digits[0].x[order], digits[0].y[order])
    model = informative_vae()
    history = training.fit(
        model,
        images,
        tcvae(1000),
        test=images,
        epochs=1,
        batch_size=50,
        lr=1e-12,
    )
    last = history.last
    at_once = training.evaluate(model, images, tcvae(1000), batch_size=1000)
    for term in ("information", "marginals"):
        trained = last[f"train_{term}"]
        # what is left is the noise of one draw per image, and of which images meet in a batch
        assert last[f"test_{term}"] == pytest.approx(trained, abs=0.15), term
        assert abs(at_once[term] - trained) > 0.25, term


def test_the_estimate_is_that_of_the_formula_by_hand(digits):
    """Two batches of 64, the second one filled up with images of the first."""
    images = digits[0].first(100)
    model = informative_vae()
    found = training.evaluate(model, images, tcvae(100), batch_size=64, seed=5)

    correlations = []
    with evaluating(model), torch.random.fork_rng():
        torch.manual_seed(1_000_003 * 5 - 1)
        for rows, counted in ((slice(0, 64), 64), (slice(36, 100), 36)):
            x = images.images(rows)
            terms = losses.beta_tcvae(model(x), x, images=100)
            correlations.append(terms["correlation"][-counted:])
    by_hand = torch.cat(correlations).mean().item()
    assert found["correlation"] == pytest.approx(by_hand, rel=1e-5, abs=1e-6)


def test_evaluate_asks_for_the_batch_size_where_it_matters(digits):
    words = "batch_size must be given.*beta_tcvae.*the batch size it was trained with"
    with pytest.raises(UserError, match=words):
        training.evaluate(small_vae(), digits[1], tcvae(1000))
    found = training.evaluate(small_vae(), digits[1], tcvae(1000), batch_size=128)
    assert found.keys() >= {"loss", "correlation"}


@pytest.mark.parametrize("images, of", [(50, 100), (60_000, 100)])
def test_a_wrong_size_of_the_training_set_is_refused_before_the_first_step(digits, images, of):
    objective = Recorded(tcvae(images))
    watched = partial(losses.beta_tcvae, images=images)
    words = f"images of beta_tcvae must be {of}, the size of the training set, got {images}"
    with pytest.raises(UserError, match=re.escape(words)):
        training.fit(small_vae(), digits[0].first(of), watched, epochs=1)
    assert objective.calls == []


@pytest.mark.parametrize("objective, expected", [
    (losses.negative_elbo, False),
    (losses.ImportanceWeighted(3), False),
    (losses.beta_tcvae, True),
    (FREE, True),
    (partial(partial(losses.capacity, gamma=2.0), nats=3.0), True),
    (Scheduled(losses.capacity, nats=WarmUp(20.0)), True),
    (Scheduled(losses.negative_elbo, beta=WarmUp()), False),
    (Scheduled(tcvae(10), beta=WarmUp(6.0)), True),
    (lambda output, x, c: {}, False),
])
def test_which_objectives_depend_on_the_batch(objective, expected):
    assert depends_on_batch(objective) is expected

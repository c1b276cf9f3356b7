"""Training and evaluating conditional models.

The labels arrive, and they are what the model goes by; any other model does not read them.
"""
import pytest
import torch
from support.diffusion import SMALL
from support.gan import small_gan
from support.training import Recorded
from support.vaes import same_weights, small_vae
from torch import nn
from torch.nn import functional as F

from vaekit import losses, recipes, training
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models import conditioning, gan, nets
from vaekit.models.base import ImageModel
from vaekit.models.diffusion import Diffusion, UNet, denoising_error
from vaekit.models.vae import VAE

pytestmark = pytest.mark.slow


def build(kind, shape, latent_dim=4, size=10):
    torch.manual_seed(0)
    condition = conditioning.make(kind, size, latent_dim)
    decoder = nets.mlp_decoder(latent_dim + condition.width, (64,), shape)
    return VAE(nn.Flatten(), decoder, latent_dim, shape, condition=condition, hidden=(64,))


def as_condition(kind, labels):
    """Labels as this condition takes them: ten attributes, "is a 0" … "is a 9"."""
    return F.one_hot(labels, 10) if kind == "attributes" else labels


def read(images, train):
    """The class of the nearest training image."""
    distances = torch.cdist(images.flatten(1), train.images().flatten(1))
    return train.y[distances.argmin(1)]


def share_drawn_right(kind, train, labels):
    """Train on these labels, sample every class: the share of samples that are of their class."""
    model = build(kind, train.shape)
    training.fit(
        model,
        ImageSet(train.x, as_condition(kind, labels)),
        losses.negative_elbo,
        epochs=12,
        batch_size=64,
        lr=5e-3,
        schedule="one-cycle",
    )
    wanted = torch.arange(10).repeat(30)
    samples = model.sample(300, as_condition(kind, wanted), generator=seeded(1))
    return (read(samples, train) == wanted).float().mean().item()


@pytest.mark.parametrize("kind", ["one-hot", "embedding", "attributes"])
def test_a_trained_model_draws_the_class_it_is_given(kind, digits):
    train = digits[0]
    share = share_drawn_right(kind, train, train.y)
    assert share > 0.5


def test_a_model_trained_on_shuffled_labels_does_not(digits):
    train = digits[0]
    shuffled = train.y[torch.randperm(len(train), generator=seeded(0))]
    share = share_drawn_right("one-hot", train, shuffled)
    assert share < 0.2


class Watched(ImageModel):
    """Any model, with a note of what it was called with."""

    def __init__(self, model):
        super().__init__(model.image_shape, model.condition)
        self.model = model
        self.calls = []

    def forward(self, x, c=None, **settings):
        self.calls.append((x, c, settings))
        return self.model(x, c, **settings)


class RecordedBound(losses.ImportanceWeighted):
    """The importance-weighted bound, with a note of what it was called with."""

    def __init__(self, samples):
        super().__init__(samples)
        self.calls = []

    def __call__(self, output, x, c=None):
        self.calls.append((output, x, c))
        return super().__call__(output, x, c)


def numbered(n, kind):
    """Images that carry their own label in every pixel, so that a mix-up shows."""
    y = torch.arange(n) % 10
    x = (y / 10).reshape(n, 1, 1, 1).expand(n, 1, 4, 4).clone()
    return ImageSet(x, as_condition(kind, y))


@pytest.mark.parametrize("kind", ["one-hot", "embedding", "attributes"])
@pytest.mark.parametrize("new_objective, settings", [
    (Recorded, {}),
    (lambda: RecordedBound(3), {"samples": 3}),
])
def test_model_and_objective_get_the_labels_of_their_batch(kind, new_objective, settings):
    model = Watched(build(kind, (1, 4, 4)))
    objective = new_objective()
    train = numbered(50, kind)
    test = numbered(30, kind)
    training.fit(model, train, objective, test=test, epochs=2, batch_size=20)

    # 3 steps per epoch and 1 to evaluate
    assert len(model.calls) == 2 * (3 + 1)
    assert len(objective.calls) == 2 * (3 + 1)
    for of_model, of_objective in zip(model.calls, objective.calls, strict=True):
        x, c, given = of_model
        _, x_of_objective, c_of_objective = of_objective
        assert torch.equal(x, x_of_objective)
        assert torch.equal(c, c_of_objective)
        assert given == settings

        labels = c.argmax(1) if kind == "attributes" else c
        assert torch.equal((10 * x[:, 0, 0, 0]).round().long(), labels)

    _, _, first_epoch = objective.calls[0]
    _, _, second_epoch = objective.calls[4]
    assert not torch.equal(first_epoch, second_epoch), "a new order in each epoch"


@pytest.mark.parametrize("kind", ["one-hot", "embedding", "attributes"])
def test_evaluate_measures_with_the_labels(kind, digits):
    images = digits[1].first(100)
    test = ImageSet(images.x, as_condition(kind, images.y))
    model = build(kind, test.shape)
    with torch.no_grad():
        # no noise: the loss by hand is exact
        model.to_log_var.weight.zero_()
        model.to_log_var.bias.fill_(-60.0)
        # the class should matter before training, too
        for part in model.condition.parameters():
            part.mul_(5)

    x = test.images()
    logits = model.logits(model.encode(x, test.y), test.y)
    by_hand = losses.bernoulli_nll(logits, x).mean().item()
    for batch_size in (7, 1000):
        found = training.evaluate(model, test, losses.negative_elbo, batch_size=batch_size)
        assert found["reconstruction"] == pytest.approx(by_hand, rel=1e-5)

    wrong = ImageSet(test.x, test.y.roll(1, 0))
    found = training.evaluate(model, wrong, losses.negative_elbo)
    assert abs(found["reconstruction"] - by_hand) > 1e-2


def unconditional_diffusion():
    torch.manual_seed(0)
    return Diffusion(UNet(SMALL, channels=(16, 32)), SMALL)


@pytest.mark.parametrize("new_model, objective", [
    (small_vae, losses.negative_elbo),
    (small_vae, losses.ImportanceWeighted(2)),
    (lambda: recipes.build("conv-ae-mnist", 2), losses.reconstruction_error),
    (lambda: small_gan(shape=(1, 28, 28)), gan.non_saturating),
    (unconditional_diffusion, denoising_error),
])
def test_an_unconditional_model_does_not_read_the_labels(new_model, objective, digits):
    """It is called with them, and ends with the same weights if they are others or none."""
    height, width = new_model().image_shape[1:]
    x = digits[0].images(slice(40))[:, :, :height, :width]
    y = digits[0].y[:40]

    def trained(images):
        model = new_model()
        history = training.fit(model, images, objective, test=images, epochs=1, batch_size=20)
        numbers = history.last
        del numbers["seconds"]
        return model, numbers

    labelled, numbers = trained(ImageSet(x, y))
    mislabelled, numbers_mislabelled = trained(ImageSet(x, y.roll(1)))
    unlabelled, numbers_unlabelled = trained(x)
    assert same_weights(labelled, mislabelled)
    assert same_weights(labelled, unlabelled)
    assert numbers == numbers_mislabelled
    assert numbers == numbers_unlabelled


def test_every_model_is_called_with_the_labels_of_its_batch(digits):
    model = Watched(build(None, digits[0].shape))
    train = digits[0].first(40)
    test = digits[1].first(20)
    training.fit(model, train, losses.negative_elbo, test=test, epochs=1, batch_size=20)

    labels = [c for _, c, _ in model.calls]
    assert len(labels) == 3
    trained_with = torch.cat(labels[:2]).sort().values
    assert torch.equal(trained_with, train.y.sort().values)
    assert torch.equal(labels[2], test.y)
    for _, _, settings in model.calls:
        assert settings == {}


@pytest.mark.parametrize("kind", ["one-hot", "embedding"])
def test_an_interrupted_conditional_run_ends_where_an_uninterrupted_one_does(
    kind, digits, tmp_path
):
    train = digits[0].first(120)
    test = digits[1].first(50)

    def fit(model, epochs, checkpoint=None):
        return training.fit(
            model,
            train,
            losses.negative_elbo,
            test=test,
            epochs=epochs,
            batch_size=50,
            checkpoint=checkpoint,
        )

    whole = build(kind, train.shape)
    history = fit(whole, 3)

    path = tmp_path / "run.safetensors"
    resumed = build(kind, train.shape)
    fit(resumed, 1, path)
    again = fit(resumed, 3, path)
    assert again["test_loss"] == history["test_loss"]
    assert same_weights(whole, resumed)


def test_labels_the_model_does_not_know_are_refused_before_training(digits, monkeypatch):
    """Also on a GPU, where a step does not look at the labels."""
    monkeypatch.setattr(conditioning, "can_be_read_freely", lambda tensor: False)
    images = digits[0].first(20)
    objective = Recorded()
    with pytest.raises(UserError, match="unknown class 5; this model knows 0 … 4"):
        training.fit(build("one-hot", images.shape, size=5), images, objective)
    assert objective.calls == []

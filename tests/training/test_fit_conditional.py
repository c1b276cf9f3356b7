"""Training and evaluating conditional models: the labels arrive, and they are what the model goes by."""
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vaekit import losses, training
from vaekit.data import ImageSet
from vaekit.models import conditioning, nets
from vaekit.models.vae import VAE


def build(kind, shape, latent_dim=4, size=10):
    torch.manual_seed(0)
    condition = conditioning.make(kind, size, latent_dim)
    decoder = nets.mlp_decoder(latent_dim + condition.width, (64,), shape)
    return VAE(nn.Flatten(), decoder, latent_dim, shape, condition=condition, hidden=(64,))


def read(images, train):
    """The class of the nearest training image."""
    return train.y[torch.cdist(images.flatten(1), train.images().flatten(1)).argmin(1)]


@pytest.mark.parametrize("kind, shuffled", [("one-hot", False), ("embedding", False), ("attributes", False), ("one-hot", True)])
def test_a_trained_model_draws_what_it_is_asked_for_unless_the_labels_were_shuffled(kind, shuffled, digits):
    train = digits[0]
    y = train.y[torch.randperm(len(train), generator=torch.Generator().manual_seed(0))] if shuffled else train.y
    told = F.one_hot(y, 10) if kind == "attributes" else y                  # ten attributes, "is a 0" … "is a 9"
    model = build(kind, train.shape)
    training.fit(model, ImageSet(train.x, told), losses.negative_elbo, epochs=12, batch_size=64, lr=5e-3, schedule="one-cycle")
    wanted = torch.arange(10).repeat(30)
    samples = model.sample(300, F.one_hot(wanted, 10) if kind == "attributes" else wanted, generator=torch.Generator().manual_seed(1))
    share = (read(samples, train) == wanted).float().mean().item()
    assert share < 0.2 if shuffled else share > 0.5, share


class Watched(nn.Module):
    """Any model, with a note of what it was called with."""

    def __init__(self, model):
        super().__init__()
        self.model, self.condition, self.calls = model, model.condition, []

    def forward(self, x, *c, **settings):
        self.calls.append((x, *c, settings))
        return self.model(x, *c, **settings)


def numbered(n, kind):
    """Images that carry their own label in every pixel, so that a mix-up shows."""
    y = torch.arange(n) % 10
    x = (y / 10).reshape(n, 1, 1, 1).expand(n, 1, 4, 4).clone()
    return ImageSet(x, F.one_hot(y, 10) if kind == "attributes" else y)


@pytest.mark.parametrize("kind", ["one-hot", "embedding", "attributes"])
@pytest.mark.parametrize("loss, settings", [(losses.negative_elbo, {}), (losses.ImportanceWeighted(3), {"samples": 3})])
def test_model_and_loss_get_the_labels_of_their_batch(kind, loss, settings):
    model, heard = Watched(build(kind, (1, 4, 4))), []

    class Objective:
        def __call__(self, output, x, c):
            heard.append((x, c))
            return loss(output, x, c)

    objective = Objective()
    if settings:
        objective.samples = 3
    training.fit(model, numbered(50, kind), objective, test=numbered(30, kind), epochs=2, batch_size=20)
    assert len(model.calls) == len(heard) == 2 * (3 + 1)
    for (x, c, told), (x_loss, c_loss) in zip(model.calls, heard):
        assert torch.equal(x, x_loss) and torch.equal(c, c_loss) and told == settings
        y = c.argmax(1) if kind == "attributes" else c
        assert torch.equal((10 * x[:, 0, 0, 0]).round().long(), y)
    assert not torch.equal(heard[0][1], heard[4][1]), "a new order in each epoch"


@pytest.mark.parametrize("kind", ["one-hot", "embedding", "attributes"])
def test_evaluate_measures_with_the_labels(kind, digits):
    test = digits[1].first(100)
    test = ImageSet(test.x, F.one_hot(test.y, 10)) if kind == "attributes" else test
    model = build(kind, test.shape)
    with torch.no_grad():
        model.to_log_var.weight.zero_(), model.to_log_var.bias.fill_(-60.0)             # no noise: the loss by hand is exact
        for part in model.condition.parameters():
            part.mul_(5)                                                                # a class should be heard before training, too
    x = test.images()
    by_hand = losses.bernoulli_nll(model.logits(model.encode(x, test.y), test.y), x).mean().item()
    for batch_size in (7, 1000):
        assert training.evaluate(model, test, losses.negative_elbo, batch_size=batch_size)["reconstruction"] == pytest.approx(by_hand, rel=1e-5)
    wrong = ImageSet(test.x, test.y.roll(1, 0))
    assert abs(training.evaluate(model, wrong, losses.negative_elbo)["reconstruction"] - by_hand) > 1e-2


def test_an_unconditional_model_is_called_with_images_alone(digits):
    model = Watched(build(None, digits[0].shape))
    training.fit(model, digits[0].first(40), losses.negative_elbo, test=digits[1].first(20), epochs=1, batch_size=20)
    assert [len(call) for call in model.calls] == [2, 2, 2], "images and settings, no labels"


@pytest.mark.parametrize("kind", ["one-hot", "embedding"])
def test_an_interrupted_conditional_run_ends_where_an_uninterrupted_one_does(kind, digits, tmp_path):
    train, test = digits[0].first(120), digits[1].first(50)
    whole, resumed = build(kind, train.shape), build(kind, train.shape)
    history = training.fit(whole, train, losses.negative_elbo, test=test, epochs=3, batch_size=50)
    for epochs in (1, 3):
        again = training.fit(resumed, train, losses.negative_elbo, test=test, epochs=epochs, batch_size=50, checkpoint=tmp_path / "run.safetensors")
    assert again["test_loss"] == history["test_loss"]
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), resumed.state_dict().values()))

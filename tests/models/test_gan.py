"""GANs: losses against torch's own, networks against the reports', and the model's contract."""
import functools
import math

import pytest
import torch
import torch.nn.functional as F
from support.gan import LOSSES, SHAPE, small_gan
from torch import nn

from vaekit import recipes
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models import gan
from vaekit.models.gan import GAN, GANOutput

SHAPES = pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])


def scored(real, fake, images=None):
    if images is None:
        images = torch.rand(len(real), *SHAPE)
    return GANOutput(real, fake, images)


def linear_sizes(body):
    """(in, out) of each linear layer."""
    linear = [layer for layer in body if isinstance(layer, nn.Linear)]
    return [(layer.in_features, layer.out_features) for layer in linear]


def slopes(body):
    """The slope of each leaky ReLU."""
    leaky = [layer for layer in body if isinstance(layer, nn.LeakyReLU)]
    return [layer.negative_slope for layer in leaky]


def count_parameters(module):
    return sum(p.numel() for p in module.parameters())


# losses


def test_minimax_is_the_binary_cross_entropy():
    real, fake = torch.randn(2, 50) * 4
    terms = gan.minimax(scored(real, fake), torch.rand(50, *SHAPE))
    cross_entropy = functools.partial(F.binary_cross_entropy_with_logits, reduction="none")
    one = torch.ones(50)
    zero = torch.zeros(50)
    expected = cross_entropy(real, one) + cross_entropy(fake, zero)
    torch.testing.assert_close(terms["discriminator_loss"], expected)
    torch.testing.assert_close(terms["generator_loss"], cross_entropy(fake, one))


def test_minimax_at_the_games_end_is_two_log_2_and_log_2():
    undecided = torch.zeros(50)
    terms = gan.minimax(scored(undecided, undecided), torch.rand(50, *SHAPE))
    assert terms["discriminator_loss"][0].item() == pytest.approx(2 * math.log(2))
    assert terms["generator_loss"][0].item() == pytest.approx(math.log(2))


def test_least_squares_is_half_the_squared_error():
    real, fake = torch.randn(2, 50) * 4
    terms = gan.least_squares(scored(real, fake), torch.rand(50, *SHAPE))
    squared_error = functools.partial(F.mse_loss, reduction="none")
    one = torch.ones(50)
    zero = torch.zeros(50)
    expected = (squared_error(real, one) + squared_error(fake, zero)) / 2
    torch.testing.assert_close(terms["discriminator_loss"], expected)
    torch.testing.assert_close(terms["generator_loss"], squared_error(fake, one) / 2)


def test_least_squares_at_the_games_end_is_a_quarter_and_an_eighth():
    undecided = torch.full((50,), 0.5)
    terms = gan.least_squares(scored(undecided, undecided), torch.rand(50, *SHAPE))
    assert terms["discriminator_loss"].tolist() == [0.25] * 50
    assert terms["generator_loss"].tolist() == [0.125] * 50


@LOSSES
def test_extreme_scores_stay_finite_and_keep_a_gradient_where_one_is_wrong(loss):
    real = torch.tensor([1e4, -1e4, 1e4, -1e4], requires_grad=True)
    fake = torch.tensor([1e4, -1e4, 1e4, -1e4], requires_grad=True)
    terms = loss(scored(real, fake), torch.rand(4, *SHAPE))
    for name, values in terms.items():
        assert bool(values.isfinite().all()), f"{name} is not finite"

    # real scored −10,000 and fake scored 10,000: both must move
    terms["discriminator_loss"].sum().backward(retain_graph=True)
    assert bool(real.grad.isfinite().all())
    assert real.grad[1] <= -1
    assert fake.grad[0] >= 1

    # a fake that is found out has the most to learn
    fake.grad = None
    terms["generator_loss"].sum().backward()
    assert bool(fake.grad.isfinite().all())
    assert fake.grad[1] <= -1


def test_minimax_of_extreme_scores_is_the_score_where_one_is_wrong():
    scores = torch.tensor([1e4, -1e4, 1e4, -1e4])
    terms = gan.minimax(scored(scores, scores), torch.rand(4, *SHAPE))
    assert terms["discriminator_loss"].tolist() == [1e4, 1e4, 1e4, 1e4]
    assert terms["generator_loss"].tolist() == [0, 1e4, 0, 1e4]


@pytest.mark.parametrize("loss, middle", [(gan.minimax, 0.0), (gan.least_squares, 0.5)])
def test_accuracy_counts_what_is_recognised(loss, middle):
    x = torch.rand(4, *SHAPE)
    distance = torch.tensor([0.1, 0.1, -0.1, -0.1])
    output = scored(middle + distance, middle + distance.flip(0))
    assert loss(output, x)["accuracy"].tolist() == [1, 1, 0, 0]

    # a discriminator that gives one score to all is right half of the time
    dead = torch.full((4,), middle)
    assert loss(scored(dead, dead), x)["accuracy"].tolist() == [0.5] * 4


@LOSSES
def test_variety_is_a_share_of_the_datas(loss):
    x = torch.rand(64, *SHAPE)
    scores = torch.zeros(64)

    def variety(images):
        return loss(scored(scores, scores, images), x)["variety"]

    assert variety(x).mean().item() == pytest.approx(1)
    assert variety(0.25 * x + 0.1).mean().item() == pytest.approx(0.25)
    mode_collapse = x[:1].expand(64, -1, -1, -1)
    assert variety(mode_collapse).tolist() == [0] * 64


@LOSSES
def test_variety_of_a_pair_is_its_one_distance_for_both(loss):
    x = torch.rand(2, *SHAPE)
    scores = torch.zeros(2)
    variety = loss(scored(scores, scores, x / 2), x)["variety"]
    assert variety.tolist() == pytest.approx([0.5, 0.5])


@LOSSES
def test_a_last_batch_of_one_image_is_finite(loss):
    x = torch.rand(1, *SHAPE)
    scores = torch.zeros(1)
    for name, values in loss(scored(scores, scores, x), x).items():
        assert bool(values.isfinite().all()), f"{name} is not finite"


# networks


def test_players_own_all_parameters_and_share_none():
    model = recipes.build("dc-gan")
    players = model.players()
    assert list(players) == ["discriminator_loss", "generator_loss"]

    of_discriminator = {id(p) for p in players["discriminator_loss"]}
    of_generator = {id(p) for p in players["generator_loss"]}
    assert len(of_discriminator) == len(players["discriminator_loss"])
    assert len(of_generator) == len(players["generator_loss"])
    assert not of_discriminator & of_generator
    assert of_discriminator | of_generator == {id(p) for p in model.parameters()}
    assert of_generator == {id(p) for p in model.generator.parameters()}


@pytest.mark.parametrize(
    "name, pixels, shape", [("fc-gan", 784, (1, 28, 28)), ("ls-gan", 3072, (3, 32, 32))]
)
def test_the_reports_networks(name, pixels, shape):
    model = recipes.build(name, image_shape=shape)
    assert linear_sizes(model.discriminator) == [(pixels, 256), (256, 256), (256, 1)]
    assert linear_sizes(model.generator) == [(96, 1024), (1024, 1024), (1024, pixels)]
    assert slopes(model.discriminator) == [0.01, 0.01]

    kinds = [type(layer).__name__ for layer in model.generator]
    assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Linear", "Tanh", "Unflatten"]


@pytest.mark.parametrize(
    "name, loss",
    [
        ("fc-gan", gan.minimax),
        ("ls-gan", gan.least_squares),
        ("dc-gan", gan.minimax),
    ],
)
def test_the_reports_losses(name, loss):
    assert recipes.get(name).loss is loss


@SHAPES
def test_dc_gan_has_these_many_weights(shape):
    model = recipes.build("dc-gan", image_shape=shape)
    c, h, w = shape
    places = h * w // 16

    linear = (96 + 1) * 128 * places
    norms = 2 * 128 + 2 * 64
    convolutions = (16 * 128 * 64 + 64) + (16 * 64 * c + c)
    assert count_parameters(model.generator) == linear + norms + convolutions

    convolutions = (16 * c * 64 + 64) + (16 * 64 * 128 + 128)
    norm = 2 * 128
    linear = 128 * places + 1
    assert count_parameters(model.discriminator) == convolutions + norm + linear
    assert set(slopes(model.discriminator)) == {0.2}


@SHAPES
def test_dc_gan_norms_neither_the_first_nor_the_last_layer(shape):
    model = recipes.build("dc-gan", image_shape=shape)
    beginning = list(model.discriminator)[:2]
    end = list(model.generator)[-2:]
    for layer in (*beginning, *end):
        assert not isinstance(layer, nn.BatchNorm2d)


def test_dc_gan_starts_as_its_authors_start_it():
    model = recipes.build("dc-gan")
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
    assert len(norms) == 3
    for norm in norms:
        assert norm.weight.mean().item() == pytest.approx(1, abs=0.01)
        assert 0.01 < norm.weight.std().item() < 0.03
        assert not norm.bias.any()

    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    layers = [part for part in model.modules() if isinstance(part, kinds)]
    assert len(layers) == 6
    for layer in layers:
        weight = layer.weight
        # four standard errors, of a mean and of a standard deviation
        of_mean = 4 * 0.02 / weight.numel() ** 0.5
        of_std = 4 / (2 * weight.numel()) ** 0.5
        assert abs(weight.mean().item()) < of_mean
        assert weight.std().item() == pytest.approx(0.02, rel=of_std)
        assert not layer.bias.any()


# the model


@SHAPES
@pytest.mark.parametrize("name", ["fc-gan", "dc-gan"])
def test_samples_are_images_and_follow_the_generator(name, shape):
    model = recipes.build(name, image_shape=shape).eval()
    images = model.sample(5, generator=seeded(1))
    assert images.shape == (5, *shape)
    assert not images.requires_grad
    assert torch.equal(images, model.sample(5, generator=seeded(1)))
    assert not torch.equal(images, model.sample(5, generator=seeded(2)))
    assert model.score(images).shape == (5,)

    z = torch.randn(5, 96, generator=seeded(1))
    assert torch.equal(model.decode(z), images)


@SHAPES
@pytest.mark.parametrize("name", ["fc-gan", "dc-gan"])
def test_images_reach_black_and_white_and_go_no_further(name, shape):
    model = recipes.build(name, image_shape=shape).eval()
    with torch.no_grad():
        for p in model.generator.parameters():
            p.mul_(100)
    images = model.sample(50, generator=seeded(1))
    assert 0 <= images.min() < 0.01
    assert 0.99 < images.max() <= 1


def test_the_networks_work_in_signed_pixels():
    model = small_gan()
    seen = []
    model.discriminator.register_forward_pre_hook(lambda body, inputs: seen.append(inputs[0]))
    grey = torch.tensor([0.0, 0.5, 1.0])[:, None, None, None].expand(3, *SHAPE)
    model.score(grey)
    assert seen[0][:, 0, 0, 0].tolist() == [-1, 0, 1]

    z = torch.randn(4, 3)
    with torch.no_grad():
        assert torch.allclose(2 * model.decode(z) - 1, model.generator(z))


def test_real_and_generated_images_are_batches_of_their_own():
    shape = (1, 8, 8)
    model = GAN(gan.dc_generator(3, shape, 4), gan.dc_discriminator(shape, 4), 3, shape)
    sizes = []
    norm = model.discriminator[3]
    norm.register_forward_pre_hook(lambda layer, inputs: sizes.append(len(inputs[0])))

    output = model.train()(torch.rand(6, *shape))
    assert sizes == [6, 6]
    assert output.real.shape == (6,)
    assert output.fake.shape == (6,)
    assert output.images.shape == (6, *shape)


def test_forward_does_not_read_the_labels_of_a_batch():
    model = small_gan()
    x = torch.rand(2, *SHAPE)
    torch.manual_seed(1)
    without = model(x)
    torch.manual_seed(1)
    with_labels = model(x, torch.tensor([0, 1]))
    assert torch.equal(with_labels.real, without.real)
    assert torch.equal(with_labels.images, without.images)


def test_for_inference_the_discriminator_is_dropped():
    model = small_gan()
    images = model.sample(4, generator=seeded(0))
    assert model.for_inference() is model
    assert not [name for name in model.state_dict() if name.startswith("discriminator")]
    assert torch.equal(model.sample(4, generator=seeded(0)), images)
    with pytest.raises(UserError, match="kept for inference: .* its discriminator is gone"):
        model.score(images)
    with pytest.raises(UserError, match="kept for inference"):
        model.players()


def test_building_one_draws_no_random_number_and_keeps_the_modes():
    generator = gan.dc_generator(3, (1, 8, 8), 4)
    generator[2].eval()
    discriminator = gan.dc_discriminator((1, 8, 8), 4)
    random_state = torch.get_rng_state()
    model = GAN(generator, discriminator, 3, (1, 8, 8))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert model.generator.training
    assert not model.generator[2].training, "it was frozen on purpose"
    assert model.discriminator.training


def small_bodies(latent_dim=3, shape=SHAPE):
    return gan.fc_generator(latent_dim, shape, 16), gan.fc_discriminator(SHAPE, 16)


class MeanScore(nn.Module):
    """A discriminator that gives one score to a whole batch."""

    def forward(self, x):
        return x.mean().reshape(1, 1)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: gan.fc_generator(0, SHAPE), "latent_dim must be ≥ 1, got 0"),
        (lambda: gan.dc_generator(0, SHAPE), "latent_dim must be ≥ 1, got 0"),
        (
            lambda: gan.dc_generator(3, (1, 6, 8)),
            "sides must be multiples of 4, got 6×8",
        ),
        (
            lambda: gan.dc_discriminator((1, 8, 6)),
            "sides must be multiples of 4, got 8×6",
        ),
        (
            lambda: GAN(*small_bodies(latent_dim=4), 3, SHAPE),
            "do not suit images of shape .* and latent_dim 3",
        ),
        (
            lambda: GAN(*small_bodies(shape=(1, 4, 5)), 3, SHAPE),
            r"gives images of shape \(2, 1, 4, 5\)",
        ),
        (
            lambda: GAN(gan.fc_generator(3, SHAPE), nn.Flatten(), 3, SHAPE),
            r"scores of shape \(2, 16\); wanted \(2, 1, 4, 4\) and \(2, 1\)",
        ),
        (
            lambda: GAN(gan.fc_generator(3, SHAPE), MeanScore(), 3, SHAPE),
            r"scores of shape \(1, 1\); wanted \(2, 1, 4, 4\) and \(2, 1\)",
        ),
        (
            lambda: GAN(nn.Linear(3, 3), nn.Linear(3, 3), 0, SHAPE),
            "latent_dim must be ≥ 1, got 0",
        ),
        (lambda: small_gan().sample(0), "n must be ≥ 1, got 0"),
        (lambda: small_gan().sample(2, 1), "unconditional: leave c out"),
        (lambda: small_gan().decode(torch.zeros(2, 3), 1), "unconditional: leave c out"),
        (
            lambda: small_gan().decode(torch.zeros(2, 4)),
            r"takes latents of shape \(N, 3\)",
        ),
        (
            lambda: small_gan().decode(torch.tensor(0.5)),
            r"takes latents of shape \(N, 3\), got \(\)",
        ),
        (
            lambda: small_gan().score(torch.zeros(2, 1, 5, 5)),
            r"takes images of shape \(N, 1, 4, 4\)",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()

"""The GAN as a model: its players, its samples, and what it refuses."""
import pytest
import torch
from support.gan import SHAPE, small_gan
from torch import nn

from vaekit import recipes
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models import gan
from vaekit.models.gan import GAN

SHAPES = pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])


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

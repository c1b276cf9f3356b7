"""GANs: losses against torch's own, networks against the reports', and the contract of every generator."""
import functools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vaekit import recipes
from vaekit.errors import UserError
from vaekit.models import gan
from vaekit.models.gan import GAN, GANOutput

SHAPE = (1, 4, 4)
SHAPES = pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
LOSSES = pytest.mark.parametrize("loss", [gan.minimax, gan.least_squares])


def small(seed=0, latent_dim=3, shape=SHAPE, hidden=16):
    torch.manual_seed(seed)
    return GAN(gan.fc_generator(latent_dim, shape, hidden), gan.fc_discriminator(shape, hidden), latent_dim, shape)


def scored(real, fake, images=None):
    return GANOutput(real, fake, torch.rand(len(real), *SHAPE) if images is None else images)


def test_minimax_is_the_binary_cross_entropy():
    real, fake = torch.randn(2, 50) * 4
    terms, x = gan.minimax(scored(real, fake), torch.rand(50, *SHAPE)), F.binary_cross_entropy_with_logits
    one, zero = torch.ones(50), torch.zeros(50)
    torch.testing.assert_close(terms["discriminator_loss"], x(real, one, reduction="none") + x(fake, zero, reduction="none"))
    torch.testing.assert_close(terms["generator_loss"], x(fake, one, reduction="none"))
    draw = gan.minimax(scored(zero, zero), torch.rand(50, *SHAPE))
    assert draw["discriminator_loss"][0].item() == pytest.approx(2 * math.log(2)) and draw["generator_loss"][0].item() == pytest.approx(math.log(2))


def test_least_squares_is_half_the_squared_error():
    real, fake = torch.randn(2, 50) * 4
    terms, one, zero = gan.least_squares(scored(real, fake), torch.rand(50, *SHAPE)), torch.ones(50), torch.zeros(50)
    mse = functools.partial(F.mse_loss, reduction="none")
    torch.testing.assert_close(terms["discriminator_loss"], (mse(real, one) + mse(fake, zero)) / 2)
    torch.testing.assert_close(terms["generator_loss"], mse(fake, one) / 2)


@LOSSES
def test_extreme_scores_stay_finite_and_keep_a_gradient_where_one_is_wrong(loss):
    real, fake = (torch.tensor([1e4, -1e4, 1e4, -1e4], requires_grad=True) for _ in "rf")
    terms = loss(scored(real, fake), torch.rand(4, *SHAPE))
    assert all(terms[term].isfinite().all() for term in terms)
    terms["discriminator_loss"].sum().backward(retain_graph=True)
    assert real.grad.isfinite().all() and real.grad[1] <= -1 and fake.grad[0] >= 1, "real scored −10,000, fake 10,000: both must move"
    fake.grad = None
    terms["generator_loss"].sum().backward()
    assert fake.grad.isfinite().all() and fake.grad[1] <= -1, "a fake that is found out has the most to learn"
    if loss is gan.minimax:
        assert terms["discriminator_loss"].tolist() == [1e4, 1e4, 1e4, 1e4] and terms["generator_loss"].tolist() == [0, 1e4, 0, 1e4]


@pytest.mark.parametrize("loss, middle", [(gan.minimax, 0.0), (gan.least_squares, 0.5)])
def test_accuracy_counts_what_is_told_apart(loss, middle):
    d = torch.tensor([0.1, 0.1, -0.1, -0.1])
    accuracy = loss(scored(middle + d, middle + d.flip(0)), torch.rand(4, *SHAPE))["accuracy"]
    assert accuracy.tolist() == [1, 1, 0, 0]
    dead = loss(scored(torch.full((4,), middle), torch.full((4,), middle)), torch.rand(4, *SHAPE))["accuracy"]
    assert dead.tolist() == [0.5] * 4, "a discriminator that says one thing to all is right half of the time"


@LOSSES
def test_variety_is_a_share_of_the_datas(loss):
    x, scores = torch.rand(64, *SHAPE), torch.zeros(64)
    variety = lambda images: loss(scored(scores, scores, images), x)["variety"]  # noqa: E731
    assert variety(x).mean().item() == pytest.approx(1) and variety(0.25 * x + 0.1).mean().item() == pytest.approx(0.25)
    assert variety(x[:1].expand(64, -1, -1, -1)).tolist() == [0] * 64, "mode collapse"
    pairs = [(a - b).norm().item() for a, b in ((x[0], x[1]), (x[1], x[0]))]
    assert loss(scored(scores[:2], scores[:2], x[:2] / 2), x[:2])["variety"].tolist() == pytest.approx([0.5, 0.5]) and pairs[0] == pairs[1]
    assert all(v.isfinite().all() for v in loss(scored(scores[:1], scores[:1], x[:1]), x[:1]).values()), "a last batch of one image"


def test_players_own_all_parameters_and_share_none():
    model = recipes.build("dc-gan")
    players = model.players()
    assert list(players) == ["discriminator_loss", "generator_loss"]
    owned = [p for parameters in players.values() for p in parameters]
    assert len({id(p) for p in owned}) == len(owned) and {id(p) for p in owned} == {id(p) for p in model.parameters()}
    assert {id(p) for p in players["generator_loss"]} == {id(p) for p in model.generator.parameters()}


def test_the_reports_networks():
    for name, pixels, shape in (("fc-gan", 784, (1, 28, 28)), ("ls-gan", 3072, (3, 32, 32))):
        model = recipes.build(name, image_shape=shape)
        widths = [[(m.in_features, m.out_features) for m in body if isinstance(m, nn.Linear)] for body in (model.discriminator, model.generator)]
        assert widths == [[(pixels, 256), (256, 256), (256, 1)], [(96, 1024), (1024, 1024), (1024, pixels)]]
    assert [m.negative_slope for m in model.discriminator if isinstance(m, nn.LeakyReLU)] == [0.01, 0.01]
    assert [type(m).__name__ for m in model.generator] == ["Linear", "ReLU", "Linear", "ReLU", "Linear", "Tanh", "Unflatten"]
    assert (recipes.get("fc-gan").loss, recipes.get("ls-gan").loss, recipes.get("dc-gan").loss) == (gan.minimax, gan.least_squares, gan.minimax)


@SHAPES
def test_dc_gan_has_these_many_weights(shape):
    model, (c, h, w) = recipes.build("dc-gan", image_shape=shape), shape
    places = h * w // 16
    generator = (96 + 1) * 128 * places + 2 * 128 + (16 * 128 * 64 + 64) + 2 * 64 + (16 * 64 * c + c)
    discriminator = (16 * c * 64 + 64) + (16 * 64 * 128 + 128) + 2 * 128 + (128 * places + 1)
    assert [sum(p.numel() for p in body.parameters()) for body in (model.generator, model.discriminator)] == [generator, discriminator]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in (*list(model.discriminator)[:2], *list(model.generator)[-2:]))
    assert {m.negative_slope for m in model.discriminator if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_dc_gan_starts_as_its_authors_start_it():
    for module in recipes.build("dc-gan").modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.weight.mean().item() == pytest.approx(1, abs=0.01) and 0.01 < module.weight.std().item() < 0.03
            assert (module.bias == 0).all()
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            # four standard errors
            assert abs(module.weight.mean().item()) < 4 * 0.02 / module.weight.numel() ** 0.5
            assert module.weight.std().item() == pytest.approx(0.02, rel=4 / (2 * module.weight.numel()) ** 0.5) and (module.bias == 0).all()


@SHAPES
@pytest.mark.parametrize("name", ["fc-gan", "dc-gan"])
def test_samples_are_images_and_follow_the_generator(name, shape):
    model = recipes.build(name, image_shape=shape).eval()
    images, again, other = (model.sample(5, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert images.shape == (5, *shape) and not images.requires_grad
    assert torch.equal(images, again) and not torch.equal(images, other)
    z = torch.randn(5, 96, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model.decode(z), images)
    with torch.no_grad():
        for p in model.generator.parameters():
            p.mul_(100)
    loud = model.sample(50, generator=torch.Generator().manual_seed(1))
    assert loud.min() >= 0 and loud.min() < 0.01 and loud.max() <= 1 and loud.max() > 0.99
    assert model.score(images).shape == (5,)


def test_the_networks_work_in_signed_pixels():
    model, seen = small(), []
    model.discriminator.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model.score(torch.tensor([0.0, 0.5, 1.0])[:, None, None, None].expand(3, *SHAPE))
    assert seen[0][:, 0, 0, 0].tolist() == [-1, 0, 1]
    with torch.no_grad():
        z = torch.randn(4, 3)
        assert torch.allclose(2 * model.decode(z) - 1, model.generator(z))


def test_real_and_generated_images_are_batches_of_their_own():
    model = GAN(gan.dc_generator(3, (1, 8, 8), 4), gan.dc_discriminator((1, 8, 8), 4), 3, (1, 8, 8)).train()
    seen = []
    model.discriminator[3].register_forward_pre_hook(lambda module, inputs: seen.append(len(inputs[0])))
    output = model(torch.rand(6, 1, 8, 8))
    assert seen == [6, 6] and output.real.shape == output.fake.shape == (6,) and output.images.shape == (6, 1, 8, 8)


@pytest.mark.parametrize("call, words", [
    (lambda: gan.fc_generator(0, SHAPE), "latent_dim must be ≥ 1, got 0"),
    (lambda: gan.dc_generator(0, SHAPE), "latent_dim must be ≥ 1, got 0"),
    (lambda: gan.dc_generator(3, (1, 6, 8)), "sides must be multiples of 4, got 6×8"),
    (lambda: gan.dc_discriminator((1, 8, 6)), "sides must be multiples of 4, got 8×6"),
    (lambda: GAN(gan.fc_generator(4, SHAPE), gan.fc_discriminator(SHAPE), 3, SHAPE), "do not suit images of shape .* and latent_dim 3"),
    (lambda: GAN(gan.fc_generator(3, (1, 4, 5)), gan.fc_discriminator(SHAPE), 3, SHAPE), r"gives images of shape \(1, 4, 5\)"),
    (lambda: GAN(gan.fc_generator(3, SHAPE), nn.Flatten(), 3, SHAPE), r"the discriminator \(16,\); wanted \(1, 4, 4\) and \(1,\)"),
    (lambda: GAN(nn.Linear(3, 3), nn.Linear(3, 3), 0, SHAPE), "latent_dim must be ≥ 1, got 0"),
    (lambda: small().sample(0), "n must be ≥ 1, got 0"),
    (lambda: small().sample(2, 1), "unconditional: leave c out"),
    (lambda: small().decode(torch.zeros(2, 4)), r"takes latents of shape \(N, 3\)"),
    (lambda: small().score(torch.zeros(2, 1, 5, 5)), r"takes images of shape \(N, 1, 4, 4\)"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()

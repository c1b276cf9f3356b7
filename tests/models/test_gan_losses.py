"""The losses of GANs against torch's own, and what they show of the game."""
import functools
import math

import pytest
import torch
import torch.nn.functional as F
from support.gan import LOSSES, SHAPE

from vaekit.models import gan
from vaekit.models.gan import GANOutput


def scored(real, fake, images=None):
    if images is None:
        images = torch.rand(len(real), *SHAPE)
    return GANOutput(real, fake, images)


def test_non_saturating_is_the_binary_cross_entropy():
    real, fake = torch.randn(2, 50) * 4
    terms = gan.non_saturating(scored(real, fake), torch.rand(50, *SHAPE))
    cross_entropy = functools.partial(F.binary_cross_entropy_with_logits, reduction="none")
    one = torch.ones(50)
    zero = torch.zeros(50)
    expected = cross_entropy(real, one) + cross_entropy(fake, zero)
    torch.testing.assert_close(terms["discriminator_loss"], expected)
    torch.testing.assert_close(terms["generator_loss"], cross_entropy(fake, one))


def test_non_saturating_at_the_games_end_is_two_log_2_and_log_2():
    undecided = torch.zeros(50)
    terms = gan.non_saturating(scored(undecided, undecided), torch.rand(50, *SHAPE))
    assert terms["discriminator_loss"][0].item() == pytest.approx(2 * math.log(2))
    assert terms["generator_loss"][0].item() == pytest.approx(math.log(2))


def test_minimax_gives_the_generator_what_the_discriminator_loses():
    real = torch.randn(50) * 4
    fake = (torch.randn(50) * 4).requires_grad_()
    terms = gan.minimax(scored(real, fake), torch.rand(50, *SHAPE))
    one_value = gan.non_saturating(scored(real, fake), torch.rand(50, *SHAPE))
    assert torch.equal(terms["discriminator_loss"], one_value["discriminator_loss"])
    of_discriminator = torch.autograd.grad(terms["discriminator_loss"].sum(), fake)[0]
    of_generator = torch.autograd.grad(terms["generator_loss"].sum(), fake)[0]
    assert torch.equal(of_generator, -of_discriminator)


def test_minimax_saturates_where_the_other_does_not():
    found_out = torch.full((3,), -10.0, requires_grad=True)
    slopes = {}
    for loss in (gan.minimax, gan.non_saturating):
        terms = loss(scored(torch.zeros(3), found_out), torch.rand(3, *SHAPE))
        slopes[loss] = torch.autograd.grad(terms["generator_loss"].sum(), found_out)[0]
    probability = 1 / (1 + math.exp(10))
    assert slopes[gan.minimax].tolist() == pytest.approx([-probability] * 3)
    assert slopes[gan.non_saturating].tolist() == pytest.approx([probability - 1] * 3)


def test_minimax_at_the_games_end_is_two_log_2_and_minus_log_2():
    undecided = torch.zeros(50)
    terms = gan.minimax(scored(undecided, undecided), torch.rand(50, *SHAPE))
    assert terms["discriminator_loss"][0].item() == pytest.approx(2 * math.log(2))
    assert terms["generator_loss"][0].item() == pytest.approx(-math.log(2))


def test_minimax_of_extreme_scores_is_finite():
    scores = torch.tensor([1e4, -1e4])
    terms = gan.minimax(scored(scores, scores), torch.rand(2, *SHAPE))
    assert terms["generator_loss"].tolist() == [-1e4, 0]


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


def test_non_saturating_of_extreme_scores_is_the_score_where_one_is_wrong():
    scores = torch.tensor([1e4, -1e4, 1e4, -1e4])
    terms = gan.non_saturating(scored(scores, scores), torch.rand(4, *SHAPE))
    assert terms["discriminator_loss"].tolist() == [1e4, 1e4, 1e4, 1e4]
    assert terms["generator_loss"].tolist() == [0, 1e4, 0, 1e4]


@pytest.mark.parametrize("loss, middle", [(gan.non_saturating, 0.0), (gan.least_squares, 0.5)])
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

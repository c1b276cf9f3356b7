"""The binary cross-entropy of logits against float64, numpy's logaddexp and finite differences."""
import numpy as np
import pytest
import torch

from vaekit import losses

# the smallest and largest values of a byte beside 0 and 255
PIXELS = [0.0, 1 / 255, 0.3, 0.5, 254 / 255, 1.0]
LOGITS = torch.linspace(-100, 100, 200_001)


def exact(logits, x):
    """max(l, 0) (1 − x) + max(−l, 0) x + log(1 + e^−|l|), float64: all terms are positive."""
    logits = logits.double().numpy()
    x = x.double().numpy()
    softplus = np.logaddexp(0, -np.abs(logits))
    linear = np.maximum(logits, 0) * (1 - x) + np.maximum(-logits, 0) * x
    return torch.from_numpy(linear + softplus)


def nll_of_each(logits, x):
    """`bernoulli_nll` of images of one pixel."""
    return losses.bernoulli_nll(logits.reshape(-1, 1, 1, 1), x.reshape(-1, 1, 1, 1))


@pytest.mark.parametrize("pixel", PIXELS)
def test_no_digits_are_lost_from_minus_100_to_100(pixel):
    x = torch.full_like(LOGITS, pixel)
    expected = exact(LOGITS, x)
    found = nll_of_each(LOGITS, x).double()

    # the two terms (1 − x) l and log σ(l) are rounded in float32
    error = (found - expected).abs()
    assert (error / (LOGITS.double().abs() + expected)).max() < 2.5e-7


@pytest.mark.parametrize("logit", [1e3, 1e30, 3e38])
def test_logits_near_the_largest_number(logit):
    logits = torch.tensor([logit, -logit, logit, -logit])
    x = torch.tensor([1.0, 0.0, 0.0, 1.0])
    expected = torch.tensor([0.0, 0.0, logit, logit])
    assert torch.equal(nll_of_each(logits, x), expected)


def test_what_is_no_number_stays_visible():
    logits = torch.tensor([torch.nan, torch.inf, -torch.inf])
    assert not nll_of_each(logits, torch.full((3,), 0.5)).isfinite().any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype, generator):
    logits = (5 * torch.randn(3, 1, 28, 28, generator=generator)).to(dtype).requires_grad_()
    x = torch.rand(3, 1, 28, 28, generator=generator)
    found = losses.bernoulli_nll(logits, x)
    assert found.dtype == torch.float32
    assert torch.equal(found, losses.bernoulli_nll(logits.float(), x))

    found.sum().backward()
    assert logits.grad.dtype == dtype
    expected = (torch.sigmoid(logits.float()) - x).to(dtype)
    torch.testing.assert_close(logits.grad, expected)


def test_the_gradient_is_sigmoid_minus_x():
    logits = LOGITS.clone().requires_grad_()
    for pixel in PIXELS:
        x = torch.full_like(LOGITS, pixel)
        (gradient,) = torch.autograd.grad(nll_of_each(logits, x).sum(), logits)
        expected = torch.sigmoid(LOGITS.double()) - pixel
        torch.testing.assert_close(gradient.double(), expected, rtol=0, atol=1.2e-7)


def doubles(generator):
    logits = 4 * torch.randn(7, generator=generator, dtype=torch.double)
    x = 0.1 + 0.8 * torch.rand(7, generator=generator, dtype=torch.double)
    return logits.requires_grad_(), x.requires_grad_()


def test_gradients_of_logits_and_of_images_by_finite_differences(generator):
    assert torch.autograd.gradcheck(nll_of_each, doubles(generator))


def test_second_derivatives_by_finite_differences(generator):
    assert torch.autograd.gradgradcheck(nll_of_each, doubles(generator))


def test_the_images_get_a_gradient_where_they_want_one(generator):
    logits = torch.randn(2, 1, 3, 3, generator=generator)
    x = torch.rand(2, 1, 3, 3, generator=generator).requires_grad_()
    losses.bernoulli_nll(logits, x).sum().backward()
    torch.testing.assert_close(x.grad, -logits)


def test_function_transforms_work(generator):
    logits = torch.randn(2, 1, 3, 3, generator=generator)
    x = torch.rand(2, 1, 3, 3, generator=generator)
    gradient = torch.func.grad(lambda at: losses.bernoulli_nll(at, x).sum())(logits)
    torch.testing.assert_close(gradient, torch.sigmoid(logits) - x)


def test_neither_logits_nor_images_are_changed(generator):
    logits = torch.randn(2, 1, 3, 3, generator=generator)
    x = torch.rand(2, 1, 3, 3, generator=generator)
    before = logits.clone(), x.clone()
    losses.bernoulli_nll(logits, x)
    assert torch.equal(logits, before[0])
    assert torch.equal(x, before[1])

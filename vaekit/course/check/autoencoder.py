"""The exercises of lab 01: squared error, PCA, interpolation."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need, tensor


def squared_error(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(x, x_hat): (N, C, H, W) twice → (N,), the squared error per image, summed over pixels."""
    generator = seeded(0)
    x = torch.rand(5, 1, 6, 6, generator=generator)
    x_hat = torch.rand(5, 1, 6, 6, generator=generator)
    error = tensor(
        fn,
        x,
        x_hat,
        shape=(5,),
        hint="Keep one number per image: sum over everything but the first axis.",
    )

    need(close(fn(x, x), torch.zeros(5)), "An image compared with itself should cost 0.")
    need(close(fn(x_hat, x), error), "Swapping the two images should not change the error.")
    _grows_with_the_square(fn, x_hat)

    twice_as_tall = fn(torch.cat([x, x], 2), torch.cat([x_hat, x_hat], 2))
    need(
        close(twice_as_tall, 2 * error),
        "An image twice as tall, with every difference repeated, should cost twice as much. "
        "Yours does not: sum over the pixels, do not average.",
    )

    _one_wrong_pixel_costs_one(fn)
    return Passed(
        "squared_error: zero for a perfect copy, symmetric, quadratic, summed over pixels, "
        "one number per image"
    )


def _grows_with_the_square(fn: Callable, difference: Tensor) -> None:
    black = torch.zeros_like(difference)
    need(
        close(fn(black, 2 * difference), 4 * fn(black, difference)),
        "Differences twice as large should cost four times as much: "
        "is each one squared before the sum, and is there no root after it?",
    )


def _one_wrong_pixel_costs_one(fn: Callable) -> None:
    one_pixel = torch.zeros(1, 1, 6, 6)
    one_pixel[..., 0, 0] = 1.0
    need(
        close(fn(torch.zeros_like(one_pixel), one_pixel), torch.ones(1)),
        "A single pixel wrong by 1 should cost exactly 1. Is there a factor too much?",
    )


def pca(fn: Callable[[Tensor, Tensor, int], Tensor]) -> Passed:
    """fn(train, x, k): (M, P), (N, P), number of components → (N, P).

    The result is x rebuilt from the k leading principal components of train.
    """
    generator = seeded(0)
    std = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.5, 0.25])
    rotation = torch.linalg.qr(torch.randn(6, 6, generator=generator)).Q
    train = 3.0 + (torch.randn(400, 6, generator=generator) * std) @ rotation
    x = train[:50]

    _more_components_help(fn, train, x)
    _mean_is_of_the_training_set(fn, train, x)
    _directions_of_largest_variance(fn, train, std)
    return Passed(
        "pca: exact with all components, monotone in k, keeps the mean, "
        "and finds the directions of largest variance"
    )


def _more_components_help(fn: Callable, train: Tensor, x: Tensor) -> None:
    errors = []
    for k in range(1, 7):
        x_hat = tensor(
            fn,
            train,
            x,
            k,
            shape=(50, 6),
            hint="Rebuild vectors of the length you were given.",
        )
        errors.append(float((x - x_hat).square().sum(1).mean()))

    need(
        errors[-1] < 1e-3,
        "With as many components as dimensions the rebuilding should be exact. "
        "Did you add the mean back at the end?",
    )
    need(
        all(next_error <= error + 1e-4 for error, next_error in zip(errors, errors[1:])),
        "More components should never make the error larger. Are they sorted by variance?",
    )


def _mean_is_of_the_training_set(fn: Callable, train: Tensor, x: Tensor) -> None:
    mean = train.mean(0, keepdim=True)
    need(
        close(fn(train, mean, 1), mean, 1e-2),
        "The mean of the training set should be rebuilt exactly, whatever k. "
        "Subtract the mean first, add it back last.",
    )
    need(
        close(fn(train, x[:1], 2), fn(train, x, 2)[:1], 1e-3),
        "An image should be rebuilt the same alone as among others. "
        "Take the mean and the directions from the training set, not from x.",
    )


def _directions_of_largest_variance(fn: Callable, train: Tensor, std: Tensor) -> None:
    total = float((train - train.mean(0)).square().sum())
    left = float((train - fn(train, train, 2)).square().sum()) / total
    expected = float(std[2:].square().sum() / std.square().sum())
    need(
        left < expected * 1.4,
        f"Two components should leave about {expected:.0%} of the variance, "
        f"yours leave {left:.0%}. Take the directions of *largest* variance.",
    )


def interpolate(fn: Callable[[Tensor, Tensor, int], Tensor]) -> Passed:
    """fn(a, b, steps): two latents (D,) → (steps, D).

    The rows lie evenly spaced on the straight line from a to b, both ends included.
    """
    generator = seeded(0)
    a = torch.randn(3, generator=generator)
    b = torch.randn(3, generator=generator)
    path = tensor(fn, a, b, 5, shape=(5, 3), hint="One row per step, both ends included.")

    need(close(path[0], a), "The first step should be a itself.")
    need(
        close(path[-1], b),
        "The last step should be b itself. With 5 steps there are 4 gaps.",
    )

    gaps = path.diff(dim=0)
    need(
        close(gaps, gaps.mean(0).expand_as(gaps)),
        "The steps should be of equal size, on one straight line; yours are not.",
    )
    tensor(fn, a, b, 8, shape=(8, 3), hint="The number of rows follows the argument steps.")
    return Passed("interpolate: starts at a, ends at b, in equal steps on a straight line")

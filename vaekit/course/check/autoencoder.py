"""The exercises of lab 01: squared error, PCA, the gap of a latent."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need
from .results import gradients, tensor
from .student import Solution, exercise


@exercise("x", "x_hat")
def squared_error(fn: Solution) -> Passed:
    """fn(x, x_hat): (N, C, H, W) twice → (N,), the squared error per image, summed over pixels."""
    generator = seeded(fn.seed)
    # neither grey nor square: an axis that is forgotten shows
    x = torch.rand(5, 3, 6, 4, generator=generator)
    x_hat = torch.rand(5, 3, 6, 4, generator=generator)

    def cost(image: Tensor, copy: Tensor) -> Tensor:
        return tensor(
            fn,
            image,
            copy,
            shape=(len(image),),
            hint="Keep one number per image: sum over everything but the first axis.",
        )

    error = cost(x, x_hat)
    need(close(cost(x, x), torch.zeros(5)), "An image compared with itself should cost 0.")
    need(
        close(cost(x_hat, x), error),
        "Swapping the two images should not change the error. Is each difference squared?",
    )
    _grows_with_the_square(cost, x_hat)
    _sums_over_pixels(cost, x, x_hat, error)
    for channel, row, column in ((0, 0, 0), (2, 5, 3), (1, 3, 2)):
        _one_wrong_pixel_costs_one(cost, channel, row, column)
    _gradient_is_twice_the_difference(cost, x, x_hat)
    return Passed(
        "squared_error: zero for a perfect copy, symmetric, quadratic, summed over pixels, "
        "one number per image"
    )


def _sums_over_pixels(
    cost: Callable[..., Tensor],
    x: Tensor,
    x_hat: Tensor,
    error: Tensor,
) -> None:
    twice_as_tall = cost(torch.cat([x, x], 2), torch.cat([x_hat, x_hat], 2))
    need(
        not close(twice_as_tall, error),
        "An image twice as tall, with every difference repeated, should cost twice as much. "
        "Yours costs the same: sum over the pixels, do not average.",
    )
    need(
        close(twice_as_tall, 2 * error),
        "An image twice as tall, with every difference repeated, should cost twice as much; "
        f"yours costs {float(twice_as_tall[0] / error[0]):.3g} times as much. "
        "Is each difference squared before they are added?",
    )


def _grows_with_the_square(cost: Callable[..., Tensor], difference: Tensor) -> None:
    black = torch.zeros_like(difference)
    need(
        close(cost(black, 2 * difference), 4 * cost(black, difference)),
        "Differences twice as large should cost four times as much: "
        "is each one squared before the sum, and is there no root after it?",
    )


def _one_wrong_pixel_costs_one(
    cost: Callable[..., Tensor], channel: int, row: int, column: int
) -> None:
    one_pixel = torch.zeros(3, 3, 6, 4)
    one_pixel[:, channel, row, column] = 1.0
    error = cost(torch.zeros_like(one_pixel), one_pixel)
    need(
        bool((error > 0).all()),
        f"A pixel that is wrong in channel {channel}, row {row}, column {column} costs nothing: "
        "sum over channels, rows and columns.",
    )
    need(
        close(error, torch.ones(3)),
        "A single pixel wrong by 1 should cost exactly 1, in a batch of three images too. "
        "Is there a factor too much?",
    )


def _gradient_is_twice_the_difference(
    cost: Callable[..., Tensor], x: Tensor, x_hat: Tensor
) -> None:
    copy = x_hat.clone().requires_grad_()
    (found,) = gradients(cost(x, copy), copy)
    need(
        close(found, 2 * (x_hat - x)),
        "A network learns from the gradient of your error, and the copy gets none or a wrong one. "
        "Is it detached, or turned into a number, on the way?",
    )


@exercise("train", "x", "k")
def pca(fn: Solution) -> Passed:
    """fn(train, x, k): (M, P), (N, P), number of components → (N, P).

    The result is x rebuilt from the k leading principal components of train.
    """
    generator = seeded(fn.seed)
    std = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.5, 0.25])
    rotation = torch.linalg.qr(torch.randn(6, 6, generator=generator)).Q
    train = 3.0 + (torch.randn(400, 6, generator=generator) * std) @ rotation
    x = train[:50]

    def rebuilt(images: Tensor, k: int) -> Tensor:
        return tensor(
            fn,
            train,
            images,
            k,
            shape=tuple(images.shape),
            hint="Rebuild vectors of the length you were given.",
        )

    _more_components_help(rebuilt, train, x)
    _mean_is_of_the_training_set(rebuilt, train, x)
    _directions_of_largest_variance(rebuilt, train, std)
    return Passed(
        "pca: exact with all components, monotone in k, keeps the mean, "
        "and finds the directions of largest variance"
    )


def _more_components_help(rebuilt: Callable[..., Tensor], train: Tensor, x: Tensor) -> None:
    errors = []
    for k in range(1, 7):
        x_hat = rebuilt(x, k)
        errors.append(float((x - x_hat).square().sum(1).mean()))

    need(
        not close(x_hat + train.mean(0), x, 1e-2),
        "With as many components as dimensions the rebuilding should be exact; "
        "yours lacks the mean. Did you add the mean back at the end?",
    )
    need(
        errors[-1] < 1e-3,
        "With as many components as dimensions the rebuilding should be exact; "
        "yours is not. Does the way back undo the way there, step by step?",
    )
    need(
        all(next_error <= error + 1e-4 for error, next_error in zip(errors, errors[1:])),
        "More components should never make the error larger. Are they sorted by variance?",
    )


def _mean_is_of_the_training_set(rebuilt: Callable[..., Tensor], train: Tensor, x: Tensor) -> None:
    mean = train.mean(0, keepdim=True)
    need(
        close(rebuilt(mean, 1), mean, 1e-2),
        "The mean of the training set should be rebuilt exactly, whatever k. "
        "Subtract the mean first, add it back last.",
    )
    need(
        close(rebuilt(x[:1], 2), rebuilt(x, 2)[:1], 1e-3),
        "An image should be rebuilt the same alone as among others. "
        "Take the mean and the directions from the training set, not from x.",
    )


def _directions_of_largest_variance(
    rebuilt: Callable[..., Tensor],
    train: Tensor,
    std: Tensor,
) -> None:
    total = float((train - train.mean(0)).square().sum())
    left = float((train - rebuilt(train, 2)).square().sum()) / total
    expected = float(std[2:].square().sum() / std.square().sum())
    need(
        left < expected * 1.4,
        f"Two components should leave about {expected:.0%} of the variance, "
        f"yours leave {left:.0%}. Take the directions of *largest* variance around the mean: "
        "at which end do they stand, and are they rows or columns?",
    )
    need(
        left > expected * 0.6,
        f"Two components should leave about {expected:.0%} of the variance, "
        f"yours leave {left:.0%}. Are no more than k components used?",
    )


@exercise("z", "codes", "fresh")
def gap(fn: Solution) -> Passed:
    """fn(z, codes, fresh): (M, D), (N, D), (K, D) → (M,).

    The distance of each z to the nearest of the codes, over the median distance of fresh ones.
    """
    generator = seeded(fn.seed)
    codes = torch.randn(12, 3, generator=generator)
    # an odd number, whose median is one of them, and one far away, which the mean would notice
    fresh = torch.randn(7, 3, generator=generator)
    fresh[0] += 50
    z = 2 * torch.randn(5, 3, generator=generator)

    def gaps(latents: Tensor, data: Tensor = codes, unit: Tensor = fresh) -> Tensor:
        return tensor(
            fn,
            latents,
            data,
            unit,
            shape=(len(latents),),
            hint="Keep one number per latent: take the minimum over the codes.",
        )

    need(
        close(gaps(codes[:5]), torch.zeros(5), 1e-3),
        "A latent that is one of the codes has a gap of 0. Is the *nearest* code meant?",
    )
    found = gaps(z)
    need(bool((found > 0).all()), "A latent that is none of the codes has a gap above 0.")
    need(
        close(gaps(z, torch.cat([codes, codes + 1000])), found),
        "Codes far away should change nothing: only the nearest one counts.",
    )
    _unit_is_the_median_of_fresh_codes(gaps, codes, fresh)
    _a_ratio_of_lengths(gaps, z, codes, fresh)
    return Passed(
        "gap: 0 at a code, 1 at the median of the fresh ones, the same in other units and axes"
    )


def _unit_is_the_median_of_fresh_codes(
    gaps: Callable[..., Tensor], codes: Tensor, fresh: Tensor
) -> None:
    unit = float(gaps(fresh).median())
    need(
        abs(unit - 1) < 1e-3,
        f"The median gap of the fresh codes themselves should be 1, yours is {unit:.3g}. "
        "Divide by the median, over the fresh codes, of their distance to the nearest code.",
    )
    need(
        close(gaps(codes + 1), gaps(codes.flip(0) + 1).flip(0)),
        "The gap of a latent should not depend on the others that it comes with.",
    )


def _a_ratio_of_lengths(
    gaps: Callable[..., Tensor], z: Tensor, codes: Tensor, fresh: Tensor
) -> None:
    found = gaps(z)
    need(
        close(gaps(3 * z, 3 * codes, 3 * fresh), found, 1e-3),
        "With everything three times as large the gap should stay: divide one length by another.",
    )
    origin = torch.zeros(1, 3)
    unit = torch.tensor([[2.0, 0.0, 0.0]])
    length = gaps(torch.tensor([[3.0, 4.0, 0.0], [6.0, 8.0, 0.0]]), origin, unit)
    need(
        close(length[1:], 2 * length[:1], 1e-3),
        "A latent twice as far away should have twice the gap. Is a distance squared?",
    )
    need(
        close(length[:1], torch.tensor([2.5]), 1e-3),
        "From (3, 4, 0) to the only code, at the origin, the distance is 5. "
        "Is yours the Euclidean one?",
    )

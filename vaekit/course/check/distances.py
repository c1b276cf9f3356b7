"""The other exercises of lab 05: two distances of sets of images, Fréchet's and MMD."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, need
from .results import number
from .student import Solution, exercise


@exercise("mean1", "cov1", "mean2", "cov2")
def frechet_distance(fn: Solution) -> Passed:
    """fn(mean1, cov1, mean2, cov2): (F,), (F, F) twice → a number.

    It is the squared Fréchet distance of the two Gaussians.
    """
    generator = seeded(fn.seed)
    mean = torch.randn(4, generator=generator, dtype=torch.double)
    a = _covariance(4, generator)
    b = _covariance(4, generator)

    def distance(*gaussians: Tensor) -> float:
        return number(fn, *gaussians)

    to_itself = distance(mean, a, mean, a)
    need(
        abs(to_itself) < 1e-4,
        f"A Gaussian compared with itself should have distance 0; yours is {to_itself:.3g}.",
    )
    _distance_of_means_is_squared(distance, a)
    _covariances_count(distance)
    _symmetric_and_blind_to_rotation(distance, mean, a, b, generator)
    _cost_of_stretching_a_cloud(distance, a, generator)
    _singular_covariances_do_no_harm(distance, generator)
    return Passed(
        "frechet_distance: zero for equal Gaussians, symmetric, blind to rotation, "
        "and the cost of moving one cloud onto the other"
    )


def _covariance(size: int, generator: torch.Generator) -> Tensor:
    """A random covariance matrix, well away from singular."""
    root = torch.randn(size, size, generator=generator, dtype=torch.double)
    return root @ root.T / size + 0.1 * torch.eye(size, dtype=torch.double)


def _distance_of_means_is_squared(distance: Callable[..., float], covariance: Tensor) -> None:
    zero = torch.zeros(4, dtype=torch.double)
    three_apart = torch.tensor([3.0, 0.0, 0.0, 0.0], dtype=torch.double)
    found = distance(zero, covariance, three_apart, covariance)
    need(
        abs(found - 3) > 1e-3,
        "With equal covariances and means 3 apart you say 3, "
        "but this distance is a squared one: 9.",
    )
    need(
        abs(found - 9) < 1e-3,
        "With equal covariances and means 3 apart the distance should be 3² = 9, "
        f"yours is {found:.3g}.",
    )


def _covariances_count(distance: Callable[..., float]) -> None:
    zero = torch.zeros(4, dtype=torch.double)
    unit = torch.eye(4, dtype=torch.double)
    long_in_one_direction = torch.tensor([4.0, 1.0, 1.0, 1.0], dtype=torch.double)
    first = long_in_one_direction.diag()
    last = long_in_one_direction.flip(0).diag()
    need(
        distance(zero, first, zero, last) > 0.1,
        "One cloud is long in the first direction, the other in the last, "
        "and you see no difference. Comparing the traces is not enough: "
        "a third term measures how well the two covariances overlap.",
    )

    # along one axis the cheapest way to turn one cloud into another keeps the order of the points
    ranks = (torch.arange(200_000, dtype=torch.double) + 0.5) / 200_000
    quantiles = torch.special.ndtri(ranks)
    cost = 4 * (2.0 * quantiles - 0.5 * quantiles).square().mean().item()
    found = distance(zero, 4.0 * unit, zero, 0.25 * unit)
    need(
        abs(found - cost) < 0.01,
        "Two round clouds in 4 dimensions, with standard deviations 2 and ½: "
        f"moving each point of one to its place in the other costs {cost:.3g}, "
        f"yours is {found:.3g}. "
        "Is the matrix root under the trace, and does it count twice?",
    )


def _symmetric_and_blind_to_rotation(
    distance: Callable[..., float],
    mean: Tensor,
    a: Tensor,
    b: Tensor,
    generator: torch.Generator,
) -> None:
    zero = torch.zeros_like(mean)
    found = distance(zero, a, mean, b)
    need(
        abs(distance(mean, b, zero, a) - found) < 1e-4,
        "Swapping the two Gaussians should not change the distance. "
        "Mind that the product of two covariances is not symmetric itself.",
    )

    rotation = torch.linalg.qr(torch.randn(4, 4, generator=generator, dtype=torch.double)).Q
    turned_a = rotation @ a @ rotation.T
    turned_b = rotation @ b @ rotation.T
    turned = distance(zero, turned_a, rotation @ mean, turned_b)
    need(
        abs(turned - found) < 1e-3,
        "Rotating all the points should change nothing, "
        f"but your distance goes from {found:.3g} to {turned:.3g}. "
        "The root of a *matrix* is not the root of each of its entries.",
    )


def _cost_of_stretching_a_cloud(
    distance: Callable[..., float],
    covariance: Tensor,
    generator: torch.Generator,
) -> None:
    zero = torch.zeros(4, dtype=torch.double)
    unit = torch.eye(4, dtype=torch.double)
    # the cheapest way from a cloud to its symmetric stretch is the stretch
    stretch = _covariance(4, generator)
    cost = ((stretch - unit) @ covariance @ (stretch - unit)).trace().item()
    found = distance(zero, covariance, zero, stretch @ covariance @ stretch)
    need(
        abs(found - cost) < 1e-3 * cost,
        f"For two clouds that lie askew the distance should be {cost:.3g}, "
        f"yours is {found:.3g}: take the root of the product of the covariances, "
        "which is not the product of their roots.",
    )


def _singular_covariances_do_no_harm(
    distance: Callable[..., float],
    generator: torch.Generator,
) -> None:
    zero = torch.zeros(4, dtype=torch.double)
    flat = torch.cov(torch.randn(4, 3, generator=generator, dtype=torch.double))
    need(
        abs(distance(zero, flat, zero, flat)) < 1e-3,
        "For a covariance from 3 images in 4 dimensions, of rank 2, "
        "the distance to itself should be 0 as well. "
        "Mind eigenvalues that should be 0 and come out as −1e-17.",
    )


@exercise("k_xx", "k_yy", "k_xy")
def mmd(fn: Solution) -> Passed:
    """fn(k_xx, k_yy, k_xy): kernel matrices (N, N), (M, M), (N, M) → a number.

    It is the unbiased estimate of the squared MMD.
    """
    generator = seeded(fn.seed)
    x = torch.randn(5, 3, generator=generator)
    y = torch.randn(8, 3, generator=generator)

    _leaves_the_diagonals_out(fn, x @ x.T, y @ y.T, x @ y.T)
    _sees_no_difference_where_there_is_none(fn)
    _counts_the_diagonal_between_the_sets(fn, x @ x.T, y @ y.T, x @ y.T)
    _counts_every_pair(fn, x @ x.T, y @ y.T, x @ y.T, generator)
    need(
        number(fn, torch.ones(5, 5), torch.ones(8, 8), torch.zeros(5, 8)) > 0,
        "Sets that are alike inside and unlike each other should give a positive number. "
        "Check the signs.",
    )
    _is_right_on_average(fn, generator)
    return Passed(
        "mmd: leaves the diagonals out, averages 0 for one distribution, falls below 0 at times, "
        "and finds the distance of two means"
    )


def _leaves_the_diagonals_out(fn: Callable, k_xx: Tensor, k_yy: Tensor, k_xy: Tensor) -> None:
    found = number(fn, k_xx, k_yy, k_xy)
    with_other_diagonal = {
        "K_xx": number(fn, k_xx + 9 * torch.eye(5), k_yy, k_xy),
        "K_yy": number(fn, k_xx, k_yy + 9 * torch.eye(8), k_xy),
    }
    for name, changed in with_other_diagonal.items():
        need(
            abs(changed - found) < 1e-3,
            f"The diagonal of {name} compares each image with itself, and yours counts it. "
            "That is the bias: leave it out of the mean.",
        )


def _sees_no_difference_where_there_is_none(fn: Callable) -> None:
    found = number(fn, torch.ones(5, 5), torch.ones(8, 8), torch.ones(5, 8))
    need(
        abs(found) < 1e-4,
        "If every pair of images is equally alike, no difference can be seen: "
        f"the estimate should be 0, yours is {found:.3g}. "
        "How many pairs does each mean have without the diagonal, "
        "and how often does K_xy count?",
    )


def _counts_the_diagonal_between_the_sets(
    fn: Callable,
    k_xx: Tensor,
    k_yy: Tensor,
    k_xy: Tensor,
) -> None:
    changed = k_xy.clone()
    changed[0, 0] += 8 * 5
    need(
        abs(number(fn, k_xx, k_yy, changed) - number(fn, k_xx, k_yy, k_xy)) > 0.1,
        "K_xy has no images paired with themselves, "
        "so its diagonal counts like everything else.",
    )


def _counts_every_pair(
    fn: Callable,
    k_xx: Tensor,
    k_yy: Tensor,
    k_xy: Tensor,
    generator: torch.Generator,
) -> None:
    given = (k_xx, k_yy, k_xy)
    found = number(fn, *given)
    for place, name in enumerate(("K_xx", "K_yy", "K_xy")):
        rows, columns = given[place].shape
        row = int(torch.randint(rows - 1, (1,), generator=generator))
        for i, j in ((rows - 2, columns - 1), (row, row + 1)):
            matrices = [each.clone() for each in given]
            matrices[place][i, j] += 50
            if name != "K_xy":
                # an image is as like another as the other is like it
                matrices[place][j, i] += 50
            need(
                abs(number(fn, *matrices) - found) > 0.1,
                f"Every pair of different images counts, but entry ({i}, {j}) of {name} "
                "changes nothing in yours. Is a part of the matrix left out?",
            )


def _is_right_on_average(fn: Callable, generator: torch.Generator) -> None:
    # with the kernel x·y the estimate is, on average, the squared distance of the two means
    def estimate(shift: float) -> float:
        x = torch.randn(4, 3, generator=generator) + shift
        y = torch.randn(6, 3, generator=generator)
        return number(fn, x @ x.T, y @ y.T, x @ y.T)

    same = [estimate(shift=0.0) for _ in range(4000)]
    average = sum(same) / len(same)
    need(
        min(same) < 0,
        "An unbiased estimate of 0 must sometimes fall below 0, and yours never does. "
        "Take no absolute value, and cut nothing off.",
    )
    need(
        abs(average) < 0.15,
        "Over 4,000 pairs of sets from one distribution the estimate should average 0, "
        f"yours averages {average:.3g}.",
    )

    shifted = [estimate(shift=2.0) for _ in range(2000)]
    average = sum(shifted) / len(shifted)
    need(
        abs(average - 12) < 0.5,
        "With the kernel x·y and means (2, 2, 2) and 0 the estimate should average 12, "
        f"yours averages {average:.3g}.",
    )

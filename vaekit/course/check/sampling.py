"""The exercise of lab 02 on reparameterisation: a draw that gradients pass through."""
from __future__ import annotations

import math

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need
from .results import gradients, tensor
from .student import Solution, exercise


@exercise("mean", "log_var")
def reparameterize(fn: Solution) -> Passed:
    """fn(mean, log_var): (N, D) twice → (N, D).

    The result is a draw from N(mean, exp(log_var)), differentiable in both.
    """
    # the student's own draws are seeded, and move no later number of a lab
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(fn.seed)
        _draws_alike(fn)
        _follows_each_image(fn)
    return Passed(
        "reparameterize: right mean, right spread, Gaussian, fresh and independent noise, "
        "and a gradient for both inputs, image by image"
    )


def _draws_alike(fn: Solution) -> None:
    """Many draws from one Gaussian: their mean, spread, shape and gradients."""
    mean = torch.full((40_000, 2), 3.0, requires_grad=True)
    log_var = torch.full((40_000, 2), 2.0, requires_grad=True)

    def draw() -> Tensor:
        return tensor(fn, mean, log_var, shape=(40_000, 2), hint="One sample for each mean.")

    z = draw()
    noise = (z.detach() - 3.0) / math.e
    again = draw()
    _each_image_has_its_own_noise(noise, close(z, again))
    _mean_is_right(z.detach())
    _spread_is_right(z.detach())
    _noise_is_gaussian(noise)
    need(
        not close(z, again),
        "Two calls gave the same samples: draw fresh noise every time.",
    )
    correlation = float((noise[:, 0] * noise[:, 1]).mean())
    need(
        abs(correlation) < 0.05,
        "The two dimensions got the same noise; each needs its own.",
    )
    _gradient_reaches_both(z, mean, log_var)


def _each_image_has_its_own_noise(noise: Tensor, same_again: bool) -> None:
    need(
        not bool((noise.abs() < 1e-3).all()),
        "Every sample equals its mean: where is the noise?",
    )
    need(
        bool((noise.std(0) > 1e-3).all()) or not same_again,
        "All samples are equal, and the same again at a second call: where is the noise?",
    )
    need(
        bool((noise.std(0) > 1e-3).all()),
        "All images of the batch got the same noise; each needs a draw of its own. "
        "Which shape has the noise that you draw?",
    )


def _mean_is_right(z: Tensor) -> None:
    average = z.mean().item()
    # what the average may be off by chance
    chance = max(0.1, 5 * z.std().item() / math.sqrt(z.numel()))
    right = abs(average - 3.0) < chance
    need(
        right or abs(average) > chance,
        "Your samples average 0, whatever the mean. Here it is 3.00: are they centred there?",
    )
    need(
        right or abs(average - 2.0) > chance,
        "Your samples average 2.00, which is log_var here; the mean is 3.00. "
        "Are the two arguments swapped?",
    )
    need(
        right,
        f"Your samples average {average:.2f} where the mean is 3.00. "
        "The noise itself should average 0: is it Gaussian, or uniform?",
    )


def _spread_is_right(z: Tensor) -> None:
    spread = z.std().item()
    # log_var = 2 is σ = e; read as log σ it would be σ = e²
    expected = math.e
    if_read_as_log_std = math.exp(2.0)

    need(
        abs(spread - if_read_as_log_std) > 0.3,
        "Your samples have the right mean, "
        f"but their spread is {spread:.2f} where log_var = 2 means {expected:.2f}. "
        "Did you use log σ² as if it were log σ?",
    )
    need(
        abs(spread - 1) > 0.03,
        "Your samples have the right mean, but their spread is 1, that of the noise alone, "
        f"where log_var = 2 means {expected:.2f}. Does log_var enter?",
    )
    need(
        abs(spread - expected) < 0.1,
        "Your samples have the right mean, "
        f"but their spread is {spread:.2f} where log_var = 2 means {expected:.2f}.",
    )


def _noise_is_gaussian(noise: Tensor) -> None:
    tail = float((noise.abs() > 2).float().mean())
    need(
        0.035 < tail < 0.056,
        f"{tail:.1%} of your samples lie beyond two standard deviations; "
        "for a Gaussian it is 4.6 %. Is the noise Gaussian?",
    )


def _gradient_reaches_both(z: Tensor, mean: Tensor, log_var: Tensor) -> None:
    by_mean, by_log_var = gradients(z, mean, log_var)
    mean_moves_z = bool((by_mean != 0).any())
    log_var_moves_z = bool((by_log_var != 0).any())
    need(
        mean_moves_z or log_var_moves_z,
        "Your samples are right, but no gradient reaches mean or log_var. "
        "A random generator passes none on, nor do detach() and no_grad(): "
        "draw only the noise, and build z from it by a formula.",
    )
    need(mean_moves_z, "No gradient reaches the mean: is it detached, or handed to a generator?")
    need(log_var_moves_z, "No gradient reaches log_var: is it detached, or handed to a generator?")
    need(
        close(by_mean, torch.ones_like(by_mean)),
        "Moving the mean by 1 should move every sample by 1. Check how the mean enters.",
    )


def _follows_each_image(fn: Solution) -> None:
    """Every image has a mean and a spread of its own, and its sample moves with no other's."""
    generator = seeded(fn.seed)
    levels = 10 * torch.arange(4.0) + torch.rand(4, generator=generator)
    log_vars = torch.arange(-2.0, 2.0) + torch.rand(4, generator=generator)
    mean = levels.repeat_interleave(2500).unsqueeze(1).repeat(1, 3).requires_grad_()
    log_var = log_vars.repeat_interleave(2500).unsqueeze(1).repeat(1, 3).requires_grad_()
    z = tensor(fn, mean, log_var, shape=(10_000, 3), hint="One sample for each mean.")

    for rows, level, its_log_var in zip(z.detach().split(2500), levels, log_vars):
        spread = math.exp(float(its_log_var) / 2)
        need(
            abs(float(rows.mean() - level)) < 0.1 * spread,
            "With another mean for each image, the samples do not lie around their own. "
            "Is something averaged over the batch?",
        )
        need(
            abs(float(rows.std()) / spread - 1) < 0.1,
            "With another log_var for each image, the samples do not have their own spread. "
            "Is something averaged over the batch?",
        )
    _moves_alone(z, mean, log_var)


def _moves_alone(z: Tensor, mean: Tensor, log_var: Tensor) -> None:
    by_mean, by_log_var = gradients(z[0], mean, log_var)
    need(
        not bool(by_mean[1:].any()) and not bool(by_log_var[1:].any()),
        "The sample of one image moves with the mean or log_var of another. "
        "Is something averaged over the batch?",
    )
    # z = μ + σ·ε, so moving log σ² by 1 moves z by half of its distance from μ
    of_all = gradients(z, mean, log_var)[1]
    need(
        close(of_all, (z - mean) / 2, 1e-3),
        "The samples do not move with log_var as their own distance from the mean does. "
        "Does the gradient pass through σ, once, at every image?",
    )

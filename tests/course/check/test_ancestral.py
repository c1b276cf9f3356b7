"""The check of a DDPM step (lab 07): right solutions pass, each wrong one gets its sentence."""
import math

import pytest
import torch
from support.checks import passes, refuses

from vaekit.course import check
from vaekit.models.diffusion import step


def parts(x_t, x0, now, after):
    """The old noise, and the variance of the fresh one."""
    eps = (x_t - now**0.5 * x0) / (1 - now) ** 0.5
    return eps, (1 - after) / (1 - now) * (1 - now / after)


def ddpm(x_t, x0, now, after, noise):
    eps, variance = parts(x_t, x0, now, after)
    return after**0.5 * x0 + (1 - after - variance) ** 0.5 * eps + variance**0.5 * noise


def by_posterior_mean(x_t, x0, now, after, noise):
    """Ho et al. 2020, equations 6 and 7."""
    alpha = now / after
    mean = after**0.5 * (1 - alpha) * x0 + alpha**0.5 * (1 - after) * x_t
    return mean / (1 - now) + ((1 - after) * (1 - alpha) / (1 - now)) ** 0.5 * noise


def by_precision(x_t, x0, now, after, noise):
    """The product of two Gaussians in x_s, q(x_s | x_0) and q(x_t | x_s)."""
    if float(after) == 1:
        return x0
    alpha = now / after
    precision = 1 / (1 - after) + alpha / (1 - alpha)
    weighted = after.sqrt() * x0 / (1 - after) + alpha.sqrt() * x_t / (1 - alpha)
    return weighted / precision + noise / precision.sqrt()


def by_the_package(x_t, x0, now, after, noise):
    return step(x_t, x0, float(now), float(after), 1.0, noise)


def pixel_by_pixel(x_t, x0, now, after, noise):
    rows = [ddpm(*each, now, after, z) for *each, z in zip(x_t, x0, noise)]
    return torch.stack(rows)


def in_single_precision(x_t, x0, now, after, noise):
    return ddpm(x_t.float(), x0.float(), float(now), float(after), noise.float())


def with_math(x_t, x0, now, after, noise):
    now, after = float(now), float(after)
    sigma = math.sqrt((1 - after) * (after - now) / (after * (1 - now)))
    eps = (x_t - math.sqrt(now) * x0) / math.sqrt(1 - now)
    return math.sqrt(after) * x0 + math.sqrt(max(0, 1 - after - sigma**2)) * eps + sigma * noise


@pytest.mark.parametrize("solution", [
    ddpm,
    by_posterior_mean,
    by_precision,
    by_the_package,
    pixel_by_pixel,
    in_single_precision,
    with_math,
])
def test_right_solutions_pass(solution):
    passes(check.ddpm_step, solution)


@pytest.mark.parametrize("seed", [1, 7, 123])
def test_they_pass_with_other_numbers(seed):
    assert check.ddpm_step(ddpm, seed=seed)


def variance_as_deviation(x_t, x0, now, after, noise):
    """The bug of the lab."""
    eps, variance = parts(x_t, x0, now, after)
    return after**0.5 * x0 + (1 - after - variance) ** 0.5 * eps + variance * noise


def sigma_squared_twice(x_t, x0, now, after, noise):
    eps, variance = parts(x_t, x0, now, after)
    return after**0.5 * x0 + (1 - after - variance**2) ** 0.5 * eps + variance * noise


def old_noise_kept(x_t, x0, now, after, noise):
    eps, variance = parts(x_t, x0, now, after)
    return after**0.5 * x0 + (1 - after) ** 0.5 * eps + variance**0.5 * noise


def no_fresh_noise(x_t, x0, now, after, noise):
    eps, variance = parts(x_t, x0, now, after)
    return after**0.5 * x0 + (1 - after) ** 0.5 * eps


def own_noise(x_t, x0, now, after, noise):
    return ddpm(x_t, x0, now, after, torch.randn_like(x_t))


def all_noise_fresh(x_t, x0, now, after, noise):
    return after**0.5 * x0 + (1 - after) ** 0.5 * noise


def beta_as_variance(x_t, x0, now, after, noise):
    """σ² = 1 − ᾱ_t / ᾱ_s, and the mean of the other."""
    eps, variance = parts(x_t, x0, now, after)
    kept = (1 - after - variance) ** 0.5
    return after**0.5 * x0 + kept * eps + (1 - now / after) ** 0.5 * noise


def swapped_in_sigma(x_t, x0, now, after, noise):
    eps, _ = parts(x_t, x0, now, after)
    variance = (1 - after) ** 2 / (1 - now)
    return after**0.5 * x0 + (1 - after - variance) ** 0.5 * eps + variance**0.5 * noise


def t_and_s_swapped(x_t, x0, now, after, noise):
    eps, variance = parts(x_t, x0, now, after)
    return now**0.5 * x0 + (1 - after - variance) ** 0.5 * eps + variance**0.5 * noise


def image_without_root(x_t, x0, now, after, noise):
    return ddpm(x_t, x0, now, after, noise) + (after - after**0.5) * x0


def noise_at_the_end(x_t, x0, now, after, noise):
    return ddpm(x_t, x0, now, after, noise) + (0.1 * noise if float(after) == 1 else 0)


def one_channel_for_all(x_t, x0, now, after, noise):
    return ddpm(x_t, x0, now, after, noise[:, :1].expand_as(noise))


def minus_the_noise_in_x_t(x_t, x0, now, after, noise):
    eps, variance = parts(x_t, x0, now, after)
    return after**0.5 * x0 - (1 - after - variance) ** 0.5 * eps + variance**0.5 * noise


def first_image_only(x_t, x0, now, after, noise):
    return ddpm(x_t, x0, now, after, noise)[:1]


@pytest.mark.parametrize("wrong, words", [
    (variance_as_deviation, "by its standard deviation, not by its variance"),
    (sigma_squared_twice, "the share of fresh noise is another"),
    (old_noise_kept, "too strong. Fresh noise comes in"),
    (no_fresh_noise, "that is DDIM"),
    (own_noise, "use it, draw none"),
    (all_noise_fresh, "the share of fresh noise is another"),
    (beta_as_variance, "too strong"),
    (swapped_in_sigma, "the share of fresh noise is another"),
    (t_and_s_swapped, "each number of x_0 should count"),
    (image_without_root, "each number of x_0 should count"),
    (noise_at_the_end, "it should give x0 itself"),
    (one_channel_for_all, "times one number for all pixels"),
    (minus_the_noise_in_x_t, "the share of fresh noise is another"),
    (first_image_only, "A step keeps the shape"),
    (lambda x_t, x0, now, after, noise: None, "returns nothing"),
])
def test_wrong_solutions_get_a_sentence(wrong, words):
    refuses(check.ddpm_step, wrong, words)

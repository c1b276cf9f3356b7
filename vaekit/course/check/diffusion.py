"""Two exercises of lab 07: the forward process of a diffusion model, one DDIM step."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need
from .results import pair, tensor
from .student import Solution, exercise


@exercise("x0", "kept")
def forward_process(fn: Solution) -> Passed:
    """fn(x0, kept): data (N, …) of variance 1 and ᾱ_t, (N, 1, …) → x_t and noise.

    x_t is a draw of q(x_t | x_0), and the noise is what went into it; both have x0's shape.
    """
    n = 20_000
    # no Gaussian: a student's seed might draw it again as the noise
    x0 = torch.randint(2, (n, 2), generator=seeded(fn.seed)) * 2.0 - 1

    def answer(kept: float) -> tuple[Tensor, Tensor]:
        return pair(
            fn,
            x0,
            torch.full((n, 1), kept),
            shape=(n, 2),
            names="x_t and the noise in it",
            hint="Both have the shape of x0.",
        )

    x_t, noise = answer(1.0)
    need(
        not close(noise, x0),
        "At ᾱ = 1 the second of the two that you return is x_0, and it should be the noise. "
        "Return x_t first, then the noise.",
    )
    _all_kept(x0, x_t, noise)
    x_t, noise = answer(0.0)
    _nothing_kept(x0, x_t, noise)

    x_t, noise = answer(0.25)
    _noise_is_standard_normal(noise)
    _, other_noise = answer(0.25)
    need(
        not torch.equal(noise, other_noise),
        "Two calls gave the same noise: draw fresh noise every time.",
    )
    _mixed_in_the_right_proportion(x0, x_t, noise)
    _each_row_has_its_own_level(fn)
    return Passed(
        "forward_process: nothing lost at ᾱ = 1, pure noise at 0, variance 1 between, "
        "fresh Gaussian noise for each number, and returned"
    )


def _all_kept(x0: Tensor, x_t: Tensor, noise: Tensor) -> None:
    need(
        not close(x_t, noise),
        "At ᾱ = 1 you return the noise alone, "
        "but ᾱ is the share of the data that is *kept*: 1 keeps all. "
        "Image and noise have each other's factor.",
    )
    need(
        close(x_t, x0),
        "At ᾱ = 1 nothing is destroyed yet, so x_t should be x_0 itself; yours is not.",
    )


def _nothing_kept(x0: Tensor, x_t: Tensor, noise: Tensor) -> None:
    correlation = float((x_t * x0).mean())
    need(
        close(x_t, noise) or abs(correlation) < 0.05,
        "At ᾱ = 0 nothing is kept, but your x_t still holds some of x_0.",
    )


def _noise_is_standard_normal(noise: Tensor) -> None:
    different_rows = len(noise.unique(dim=0))
    need(
        different_rows > len(noise) / 2,
        "Several rows share the same noise. "
        "Each number of each row needs a draw of its own: take the shape of x0.",
    )

    mean = float(noise.mean())
    std = float(noise.std())
    need(
        abs(mean - 0.5) > 0.03,
        "The noise should have mean 0, yours has 0.50. Draw it with randn, not with rand.",
    )
    need(abs(mean) < 0.03, f"The noise should have mean 0, yours has {mean:.2f}.")
    need(
        abs(std - 1) < 0.03,
        f"The noise should have standard deviation 1, yours has {std:.2f}. "
        "It is returned as drawn, before its factor.",
    )

    within_one = float((noise.abs() < 1).float().mean())
    need(
        abs(within_one - 0.683) < 0.02,
        "Mean and spread of the noise are right, but 68 % of it should lie within ±1. "
        "Is it Gaussian?",
    )

    correlation = float((noise[:, 0] * noise[:, 1]).mean())
    need(
        abs(correlation) < 0.05,
        "The numbers of a row share the same noise. "
        "Each number of each row needs a draw of its own: take the shape of x0.",
    )


def _mixed_in_the_right_proportion(x0: Tensor, x_t: Tensor, noise: Tensor) -> None:
    # x_t = of_image · x0 + of_noise · noise, by least squares
    basis = torch.stack([x0.flatten(), noise.flatten()], 1).double()
    target = x_t.flatten().double()
    factors = torch.linalg.lstsq(basis, target.unsqueeze(1)).solution
    of_image, of_noise = factors.flatten().tolist()
    variance = of_image**2 + of_noise**2

    need(
        close((basis @ factors).flatten(), target, 1e-3),
        "x_t is not made of x_0 and the noise that you return. "
        "Return the very draw that went into x_t: the network is to guess it.",
    )
    need(
        of_noise > -1e-3,
        "The noise in x_t has the opposite sign of the noise that you return.",
    )
    need(
        abs(of_image - 0.25) > 1e-3,
        "At ᾱ = ¼ you keep ¼ of each number of x_0, and should keep ½. "
        "ᾱ is a share of the *variance*, and numbers are multiplied by its root.",
    )
    need(
        abs(of_noise - 0.75) > 1e-3,
        "At ᾱ = ¼ the noise gets the factor ¾. "
        "That is a share of the *variance*; numbers are multiplied by its root.",
    )
    need(
        abs(variance - 1) < 1e-3,
        "Data of variance 1 should keep it at every step, "
        f"but at ᾱ = ¼ your x_t has variance {variance:.2f}: "
        "what the image loses, the noise must gain.",
    )
    need(
        abs(of_image - 0.5) < 1e-3,
        f"At ᾱ = ¼ each number of x_0 should count half; yours counts {of_image:.2f}.",
    )


def _each_row_has_its_own_level(fn: Solution) -> None:
    generator = seeded(fn.seed)
    levels = torch.rand(6, 1, 1, 1, generator=generator)
    images = torch.randn(6, 3, 4, 4, generator=generator)
    x_t, noise = pair(
        fn,
        images,
        levels,
        shape=(6, 3, 4, 4),
        names="x_t and the noise in it",
        hint="Images work like points.",
    )
    need(
        not close(noise[:, 0], noise[:, 1]),
        "The channels of an image share the same noise. "
        "Each number needs a draw of its own: take the shape of x0.",
    )
    for level, image, mixed, drawn in zip(levels.flatten().tolist(), images, x_t, noise):
        # from the image, at 0, a quarter of a turn to the noise
        angle = math.acos(math.sqrt(level))
        need(
            close(math.cos(angle) * image + math.sin(angle) * drawn, mixed),
            "Each row comes with an ᾱ of its own, but yours is not mixed by it.",
        )


@exercise("x_t", "x0", "now", "after")
def ddim_step(fn: Solution) -> Passed:
    """fn(x_t, x0, now, after): one step of DDIM, without noise, from x_t to x_s.

    x_t is where it stands and x0 the estimate of x_0, both (N, …); now is ᾱ_t and after ᾱ_s > ᾱ_t,
    tensors of one number.
    """
    draws = torch.randn(2, 5, 3, 2, 2, generator=seeded(fn.seed), dtype=torch.double)
    x0 = draws[0]
    noise = draws[1]

    def answer(x_t: Tensor, estimate: Tensor, now: float, after: float) -> Tensor:
        # tensors, as in a sampling loop: .sqrt() is as good as ** 0.5
        kept_now = torch.tensor(now, dtype=torch.double)
        kept_after = torch.tensor(after, dtype=torch.double)
        return tensor(
            fn,
            x_t,
            estimate,
            kept_now,
            kept_after,
            shape=(5, 3, 2, 2),
            hint="A step keeps the shape.",
        )

    _draws_nothing(answer(x0, noise, 0.36, 0.64), answer(x0, noise, 0.36, 0.64))

    # √0.36 = 0.6 is the image's factor before the step, √(1 − 0.36) = 0.8 the noise's;
    # after it they are √0.64 = 0.8 and √(1 − 0.64) = 0.6
    only_image = answer(0.6 * x0, x0, 0.36, 0.64)
    only_noise = answer(0.8 * noise, torch.zeros_like(x0), 0.36, 0.64)
    _noise_is_rescaled(float((only_noise / noise).mean()))
    _image_is_rescaled(float((only_image / x0).mean()))
    _lands_where_the_forward_process_would_be(answer, x0, noise)

    end = answer(0.6 * x0 + 0.8 * noise, x0, 0.36, 1.0)
    _last_step_is_the_estimate(end, x0)
    return Passed(
        "ddim_step: keeps the noise it finds in x_t, draws none, "
        "lands where the forward process would be, and ends at x0"
    )


def _draws_nothing(first: Tensor, again: Tensor) -> None:
    need(
        torch.equal(first, again),
        "Two calls with the same arguments differ. "
        "This step draws nothing: the noise it needs is the one that x_t holds. "
        "Work it out from x_t and x0.",
    )


def _last_step_is_the_estimate(end: Tensor, x0: Tensor) -> None:
    need(
        close(end, x0),
        "The last step goes to ᾱ = 1, where no noise is left: "
        "it should give x0 itself, yours does not.",
    )


def _noise_is_rescaled(factor: float) -> None:
    """An x_t of nothing but 0.8 · noise: its factor should become 0.6."""
    need(
        abs(factor - 1) > 1e-5,
        "If x0 is 0, x_t is 0.8 times some noise, and you give that noise back with the factor 1. "
        "At ᾱ_s = 0.64 it has a factor of its own.",
    )
    need(
        factor < 0.9,
        f"On a step towards the image the noise in x_t grows, by a factor of {factor / 0.8:.2f}. "
        "You walk the wrong way: x_t lies at `now`, the result should lie at `after`.",
    )
    need(
        abs(factor - 0.6) < 1e-5 or abs(factor - 0.8) > 1e-5,
        "The noise in your result is as strong as it was in x_t. "
        "At ᾱ_s there is less of it: rescale the noise that you found.",
    )
    need(
        abs(factor - 0.48) > 1e-5,
        "If x0 is 0, all of x_t is noise, with the factor that it has at ᾱ_t. "
        "Divide that factor away before you use the noise; x_t itself is not the noise.",
    )
    # with 1 − ᾱ_t, with 1 − ᾱ_s, or with both of them in place of their roots
    need(
        all(abs(factor - without_root) > 1e-5 for without_root in (0.75, 0.36, 0.45)),
        "If x0 is 0, x_t is 0.8 times some noise, and x_s should be 0.6 times the same noise, "
        f"not {factor:.3g} times. "
        "ᾱ is a share of the *variance*: is a root missing?",
    )
    need(
        abs(factor - 0.6) < 1e-5,
        "If x0 is 0, x_t is 0.8 times some noise at ᾱ_t = 0.36, "
        "and x_s should be 0.6 times the same noise at ᾱ_s = 0.64. "
        f"Yours is {factor:.3g} times it.",
    )


def _image_is_rescaled(factor: float) -> None:
    """An x_t of nothing but 0.6 · x0: its factor should become 0.8."""
    need(
        abs(factor - 0.6) > 1e-5,
        "An x_t without any noise, 0.6 · x0, comes back unchanged. "
        "The image should be as strong as it is at ᾱ_s = 0.64: "
        "you used the coefficient of x_t.",
    )
    need(
        abs(factor - 0.8) < 1e-5,
        "An x_t without any noise, 0.6 · x0 at ᾱ_t = 0.36, "
        f"should become 0.8 · x0 at ᾱ_s = 0.64; yours becomes {factor:.3g} · x0. "
        "Is the image's part taken out of x_t before the rest is called noise, "
        "and put back with the factor of ᾱ_s?",
    )


def _lands_where_the_forward_process_would_be(
    answer: Callable[[Tensor, Tensor, float, float], Tensor],
    x0: Tensor,
    noise: Tensor,
) -> None:
    # with one image and one noise, x_t goes round a quarter circle from noise to image
    def on_the_circle(angle: float) -> Tensor:
        return math.cos(angle) * x0 + math.sin(angle) * noise

    start = 1.3
    for angle in (0.3, 0.7, 1.1):
        now = math.cos(start) ** 2
        after = math.cos(angle) ** 2
        need(
            close(answer(on_the_circle(start), x0, now, after), on_the_circle(angle)),
            "With the true x_0 the step should land exactly where the forward process would be "
            "with the same noise; yours lands elsewhere. "
            "The two parts may be right, but not for every ᾱ.",
        )

"""The exercises of lab 05: the least-squares game, the forward process, one DDIM step."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .core import CheckFailed, Passed, close, generator, need, tensor


def least_squares(fn: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Passed:
    """fn(real, fake): the discriminator's scores, (N,) each → its loss and the generator's, (N,) each, without a unit."""
    def answer(real: float, fake: float) -> tuple[float, float]:
        losses = _pair(fn, torch.full((3,), real), torch.full((3,), fake), shape=(3,), names="the discriminator's loss and the generator's",
                       hint="Keep one number an image; the mean over images is taken later.")
        return float(losses[0][0]), float(losses[1][0])

    content, hunted = answer(1.0, 0.0)
    need(abs(answer(1.0, 1.0)[1] - answer(-2.0, 1.0)[1]) < 1e-5, "Your generator's loss changes with the scores of real images, which it cannot "
         "influence. Is it the second of the two that you return?")
    need(content < 0.1 or answer(0.0, 1.0)[0] > 0.1, "Your discriminator is content when it scores real images 0 and generated ones 1. The targets "
         "are the other way round.")
    need(abs(content) < 1e-5, f"A discriminator that scores real images 1 and generated ones 0 makes no error and should pay 0, not {content:.3g}. "
         "The scores are compared with their targets as they are: no sigmoid, no logarithm.")
    for real, fake, which in ((2.0, 0.0, "real"), (1.0, 1.0, "generated"), (0.0, 0.0, "real"), (1.0, -1.0, "generated")):
        paid = answer(real, fake)[0]
        need(abs(paid - 1) > 1e-5, f"One score, of a {which} image, is off by 1, and your discriminator pays 1. Half of that is meant: the factor ½ "
             "makes the slope equal to the error.")
        need(abs(paid - 0.5) < 1e-5, f"One score, of a {which} image, is off by 1: the discriminator should pay ½, yours pays {paid:.3g}. Both kinds "
             "of image count, and an error above the target costs as much as one below.")
    need(abs(answer(3.0, 0.0)[0] - 2) < 1e-5, "An error twice as large should cost four times as much, but your discriminator's does not.")
    need(hunted >= 0, f"The generator's loss is {hunted:.3g}, below 0. It does not play for the negative of the discriminator's loss: it has a "
         "target of its own.")
    need(abs(answer(1.0, 0.0)[1]) > 1e-5 or abs(answer(1.0, 1.0)[1]) < 1e-5, "Your generator is content when its images score 0, that is, when they "
         "are recognised. It wants them to be taken for real.")
    need(abs(answer(1.0, 1.0)[1]) < 1e-5, f"Generated images that score 1 are taken for real, so the generator should pay 0; yours pays "
         f"{answer(1.0, 1.0)[1]:.3g}.")
    need(abs(hunted - 1) > 1e-5, "Generated images that score 0 are off by 1, and your generator pays 1. The factor ½ belongs to its loss too.")
    need(abs(hunted - 0.5) < 1e-5 and abs(answer(1.0, -1.0)[1] - 2) < 1e-5, "The generator should pay ½ for a score of 0 and 2 for a score of −1: "
         f"half the square of what is missing. Yours pays {hunted:.3g} and {answer(1.0, -1.0)[1]:.3g}.")
    real, fake = torch.randn(2, 4, generator=generator()).requires_grad_()
    mine, theirs = fn(real, fake)
    need(mine.requires_grad and theirs.requires_grad, "No gradient comes back from one of your losses: is something detached?")
    return Passed("least_squares: real images drawn to 1 and generated ones to 0, the generator's to 1, half a square each, one for each image")


def forward_process(fn: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Passed:
    """fn(x0, kept): data (N, …) of variance 1 and ᾱ_t, (N, 1, …) → a draw of q(x_t | x_0), and the noise in it, both of x0's shape."""
    n = 20_000
    x0 = torch.randint(2, (n, 2), generator=generator()) * 2.0 - 1          # no Gaussian: a student's seed might draw it again as the noise

    def answer(kept: float) -> tuple[Tensor, Tensor]:
        return _pair(fn, x0, torch.full((n, 1), kept), shape=(n, 2), names="x_t and the noise in it", hint="Both have the shape of x0.")

    whole, noise = answer(1.0)
    need(not close(whole, noise), "At ᾱ = 1 you return the noise alone, but ᾱ is the share of the data that is *kept*: 1 keeps all. Image and noise "
         "have each other's factor.")
    need(close(whole, x0), "At ᾱ = 1 nothing is destroyed yet, so x_t should be x_0 itself; yours is not.")
    nothing, noise = answer(0.0)
    need(close(nothing, noise) or abs(float((nothing * x0).mean())) < 0.05, "At ᾱ = 0 nothing is kept, but your x_t still holds some of x_0.")
    x_t, noise = answer(0.25)
    need(abs(float(noise.mean())) < 0.03, f"The noise should have mean 0, yours has {float(noise.mean()):.2f}. Draw it with randn, not with rand.")
    need(abs(float(noise.std()) - 1) < 0.03, f"The noise should have standard deviation 1, yours has {float(noise.std()):.2f}. It is returned as "
         "drawn, before its factor.")
    need(abs(float((noise.abs() < 1).float().mean()) - 0.683) < 0.02, "Mean and spread of the noise are right, but 68 % of it should lie within ±1. "
         "Is it Gaussian?")
    need(abs(float((noise[:, 0] * noise[:, 1]).mean())) < 0.05 and len(noise.unique(dim=0)) > n / 2, "Several numbers share the same noise. Each "
         "number of each row needs a draw of its own: take the shape of x0.")
    need(not torch.equal(noise, answer(0.25)[1]), "Two calls gave the same noise: draw fresh noise every time.")
    basis = torch.stack([x0.flatten(), noise.flatten()], 1).double()
    share, spread = torch.linalg.lstsq(basis, x_t.flatten(0, 1).double().unsqueeze(1)).solution.flatten().tolist()
    need(close(basis @ torch.tensor([share, spread]).double(), x_t.flatten().double(), 1e-3), "x_t is not made of x_0 and the noise that you return. "
         "Return the very draw that went into x_t: the network is to guess it.")
    need(abs(share - 0.25) > 1e-3, "At ᾱ = ¼ you keep ¼ of each number of x_0, and should keep ½. ᾱ is a share of the *variance*, and numbers are "
         "multiplied by its root.")
    need(abs(spread - 0.75) > 1e-3, "At ᾱ = ¼ the noise gets the factor ¾. That is a share of the *variance*; numbers are multiplied by its root.")
    need(abs(share**2 + spread**2 - 1) < 1e-3, f"Data of variance 1 should keep it on the way, but at ᾱ = ¼ your x_t has variance "
         f"{share**2 + spread**2:.2f}: what the image loses, the noise must gain.")
    need(abs(share - 0.5) < 1e-3, f"At ᾱ = ¼ each number of x_0 should count half; yours counts {share:.2f}.")
    levels = torch.rand(6, 1, 1, 1, generator=generator())
    images = torch.randn(6, 1, 4, 4, generator=generator())
    x_t, noise = _pair(fn, images, levels, shape=(6, 1, 4, 4), names="x_t and the noise in it", hint="Images work like points.")
    for level, image, mixed, drawn in zip(levels.flatten().tolist(), images, x_t, noise):
        angle = math.acos(math.sqrt(level))                     # from the image, at 0, a quarter of a turn to the noise
        need(close(math.cos(angle) * image + math.sin(angle) * drawn, mixed), "Each row comes with an ᾱ of its own, but yours is not mixed by it.")
    return Passed("forward_process: nothing lost at ᾱ = 1, pure noise at 0, variance 1 between, fresh Gaussian noise for each number, and returned")


def ddim_step(fn: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Passed:
    """fn(x_t, x0, now, after): where it stands, the estimate of x_0 (both (N, …)), ᾱ_t and ᾱ_s > ᾱ_t (tensors of one number) → x_s."""
    g = generator()
    x0, noise = torch.randn(2, 5, 3, generator=g, dtype=torch.double)
    nothing = torch.zeros_like(x0)

    def answer(x_t: Tensor, estimate: Tensor, now: float, after: float) -> Tensor:
        levels = torch.tensor([now, after], dtype=torch.double)                # tensors, as in a sampling loop: .sqrt() is as good as ** 0.5
        return tensor(fn, x_t, estimate, *levels, shape=(5, 3), hint="A step keeps the shape.")

    now, after = 0.36, 0.64
    need(torch.equal(answer(x0, noise, now, after), answer(x0, noise, now, after)), "Two calls with the same arguments differ. This step draws "
         "nothing: the noise it needs is the one that x_t holds. Work it out from x_t and x0.")
    clear = float((answer(0.6 * x0, x0, now, after) / x0).mean())             # x_t without noise: √0.36 = 0.6
    dim = float((answer(0.8 * noise, nothing, now, after) / noise).mean())    # nothing but noise: √(1 − 0.36) = 0.8
    need(dim < 0.9, f"On a step towards the image the noise in x_t grows, by a factor of {dim / 0.8:.2f}. You walk the wrong way: x_t lies at `now`, "
         "the result should lie at `after`.")
    need(abs(dim - 0.6) < 1e-6 or abs(dim - 0.8) > 1e-6, "The noise in your result is as strong as it was in x_t. At ᾱ_s there is less of it: "
         "rescale the noise that you found.")
    need(abs(dim - 0.48) > 1e-6, "If x0 is 0, all of x_t is noise, with the factor that it has at ᾱ_t. Divide that factor away before you use the "
         "noise; x_t itself is not the noise.")
    need(abs(dim - 0.6) < 1e-6, f"If x0 is 0, x_t is 0.8 times some noise at ᾱ_t = 0.36, and x_s should be 0.6 times the same noise at ᾱ_s = 0.64. "
         f"Yours is {dim:.3g} times it.")
    need(abs(clear - 0.6) > 1e-6, "An x_t without any noise, 0.6 · x0, comes back unchanged. The image should be as strong as it is at ᾱ_s = 0.64: "
         "you used the coefficient of x_t.")
    need(abs(clear - 0.8) < 1e-6, "An x_t without any noise, 0.6 · x0 at ᾱ_t = 0.36, should become 0.8 · x0 at ᾱ_s = 0.64; yours becomes "
         f"{clear:.3g} · x0. Is the image's part taken out of x_t before the rest is called noise, and put back with the factor of ᾱ_s?")
    for turned in (0.3, 0.7, 1.1):                             # one image and one noise: x_t goes round a quarter circle from noise to image
        mixed = [math.cos(angle) * x0 + math.sin(angle) * noise for angle in (1.3, turned)]
        need(close(answer(mixed[0], x0, math.cos(1.3) ** 2, math.cos(turned) ** 2), mixed[1]), "With the true x_0 the step should land exactly "
             "where the forward process would be with the same noise; yours lands elsewhere. The two parts may be right, but not for every ᾱ.")
    end = answer(0.6 * x0 + 0.8 * noise, x0, now, 1.0)
    need(close(end, x0), "The last step goes to ᾱ = 1, where no noise is left: it should give x0 itself, yours does not.")
    return Passed("ddim_step: keeps the noise it finds in x_t, draws none, lands where the forward process would be, and ends at x0")


def _pair(fn, *args, shape: tuple[int, ...], names: str, hint: str) -> tuple[Tensor, Tensor]:
    result = fn(*args)
    if result is None:
        raise CheckFailed("Your function returns nothing. Write your lines where the solution goes, and end with return.")
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise CheckFailed(f"Return two tensors, {names}: return a, b.")
    first, second = (tensor(lambda each=each: each, shape=shape, hint=hint) for each in result)
    return first, second

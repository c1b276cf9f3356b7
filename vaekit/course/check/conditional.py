"""The exercises of lab 03: sampling a class, what labels save, a classifier that reads latents."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, is_plain, need
from .results import number, tensor
from .student import exercise

CLASSES = 6
LATENT = 3
# enough that a wrong spread shows, few enough to be decoded one by one
DRAWS = 6000


def _zeros_and_ones(code: Tensor) -> bool:
    return bool(((code == 0) | (code == 1)).all())


def _is_one_hot(code: Tensor) -> bool:
    return _zeros_and_ones(code) and close(code.sum(1), torch.ones(len(code)))


@exercise("decoder", "c", "n")
def sample_class(fn: Callable[[Callable[[Tensor], Tensor], int, int], Tensor]) -> Passed:
    """fn(decoder, c, n): images of class c from a decoder of [z, one-hot c], (n, pixels) in (0, 1).

    There are 3 latents and 6 classes. The decoder handed in records its input, so that the draw
    itself can be judged.
    """
    inputs: list[Tensor] = []

    def decoder(joined: Tensor) -> Tensor:
        _check_shape_of_input(joined)
        # copies: what is done to the logits in place is no change of the input
        inputs.append(joined.detach().clone())
        return joined.clone()

    # Python names a function by this where it is called wrongly
    decoder.__qualname__ = "decoder"

    def sample(c: int) -> tuple[Tensor, Tensor]:
        """The images of one class, and all rows that the decoder was given for them."""
        inputs.clear()
        images = tensor(
            fn,
            decoder,
            c,
            DRAWS,
            shape=(DRAWS, LATENT + CLASSES),
            hint="One image for each draw, as the decoder gives it.",
        )
        need(bool(inputs), "Your function never calls the decoder it is given.")
        # one call with all rows, or one for each image: both are right
        given = torch.cat(inputs)
        need(
            len(given) == DRAWS,
            f"Give the decoder one row for each image: {DRAWS:,} in all, "
            f"yours was given {len(given):,}.",
        )
        return images, given

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(fn.seed)  # type: ignore[attr-defined]
        images, first = sample(4)
        _latents_first_then_class(first)
        _latents_are_normal_draws(first[:, :LATENT])
        _pixels_are_squashed_logits(images, first)
        _second_call_is_fresh(first, sample(1)[1])
    return Passed(
        "sample_class: fresh z from N(0, I) for each image, the class asked for beside it, "
        "the decoder's logits turned into pixels"
    )


def _check_shape_of_input(joined: Tensor) -> None:
    width = LATENT + CLASSES
    got = tuple(joined.shape) if isinstance(joined, Tensor) else type(joined).__name__
    need(
        isinstance(joined, Tensor) and joined.ndim == 2 and joined.shape[1] == width,
        f"The decoder takes rows of {LATENT} latents and {CLASSES} class columns, (n, {width}), "
        f"but was given {got}. Concatenate along the columns.",
    )
    need(
        is_plain(joined) and joined.is_floating_point() and bool(joined.isfinite().all()),
        "The decoder takes finite numbers of type float on the CPU, "
        f"but was given {joined.dtype} on {joined.device}, or inf or NaN.",
    )


def _latents_first_then_class(given: Tensor) -> None:
    z, code = given.split([LATENT, CLASSES], 1)
    need(
        not _is_one_hot(given[:, :CLASSES]),
        "The class came first and the latents last; the decoder was trained on [z, c].",
    )
    need(
        bool((z.std(0) > 1e-3).all()),
        "Every image has the same z, so all samples of a class would be one picture. "
        "Draw a z for each image.",
    )
    need(_is_one_hot(code), "The last columns should be the class as a one-hot row.")
    need(
        bool((code.argmax(1) == 4).all()),
        "Class 4 was requested, but the decoder was given another one.",
    )


def _second_call_is_fresh(first: Tensor, second: Tensor) -> None:
    """What the decoder was given when class 4 was requested, and after it class 1."""
    need(
        bool((second[:, LATENT:].argmax(1) == 1).all()),
        "Class 1 was requested next, but the decoder was given another one.",
    )
    need(
        not torch.equal(first[:, :LATENT], second[:, :LATENT]),
        "Two calls used the same latents: draw fresh ones every time.",
    )


def _latents_are_normal_draws(z: Tensor) -> None:
    # of the latent that is farthest off
    mean = max(z.mean(0).tolist(), key=abs)
    std = max(z.std(0).tolist(), key=lambda each: abs(each - 1))
    need(
        abs(mean - 0.5) > 0.06,
        f"The prior is centred at 0; your latents average {mean:.2f}. "
        "Is the noise uniform on [0, 1]?",
    )
    need(
        abs(mean) < 0.06,
        f"The prior is centred at 0; your latents average {mean:.2f}.",
    )
    need(
        abs(std - 1) < 0.06,
        f"The prior has a standard deviation of 1; your latents have {std:.2f}.",
    )

    # of 18,000 numbers; the standard error of the share is 0.0016
    tail = float((z.abs() > 2).float().mean())
    need(
        0.038 < tail < 0.053,
        f"{tail:.1%} of your latents lie beyond ±2; for N(0, 1) it is 4.6 %. "
        "Is the noise Gaussian?",
    )

    correlation = float((z[:, 0] * z[:, 1]).mean())
    need(
        abs(correlation) < 0.07,
        "Two latents of an image got the same noise; each needs its own.",
    )


def _pixels_are_squashed_logits(images: Tensor, logits: Tensor) -> None:
    need(
        bool(((images >= 0) & (images <= 1)).all()),
        "The decoder ends in logits. Turn them into pixels between 0 and 1.",
    )
    need(
        bool(((images > 0) & (images < 1)).all()),
        "Some of your pixels are exactly 0 or 1. Squash the logits smoothly: "
        "cut nothing off, round nothing.",
    )
    recovered = (images / (1 - images)).log()
    need(
        close(recovered, logits, 1e-2),
        "Your pixels are not the decoder's logits, squashed once. "
        "Is it the sigmoid, and is it applied a single time?",
    )


@exercise("loss", "x", "y")
def label_gain(fn: Callable[[Callable[[Tensor, Tensor], float], Tensor, Tensor], float]) -> Passed:
    """fn(loss, x, y): how much lower the loss is with the right labels than with permuted ones.

    x: (N, 1, 2, 2), y: (N,) int64; loss(x, y) is a number. The losses handed in know each image's
    own label, which stands in its first pixel.
    """
    generator = seeded(fn.seed)  # type: ignore[attr-defined]
    for classes, saved in ((3, 4.0), (7, 30.0)):
        # sorted by class: moved by one place, most labels would still be right
        y = torch.arange(700) * classes // 700
        x = torch.rand(700, 1, 2, 2, generator=generator)
        x[:, 0, 0, 0] = y / classes
        expected = saved * (1 - 1 / classes)

        ignored = number(fn, _Loss(x, y, saved=0.0), x, y)
        need(
            abs(ignored) < 1e-3,
            "This loss ignores the labels, so the right ones save nothing; "
            f"you say {ignored:.3g}. Return the difference of two losses.",
        )
        used = _Loss(x, y, saved)
        _used_labels_save(number(fn, used, x, y), expected)
        need(
            used.right > 0 and used.wrong > 0,
            "Ask the loss twice at least: with the right labels, and with permuted ones.",
        )
    return Passed(
        "label_gain: 0 for a loss that ignores the labels, positive for one that uses them, "
        "with the same images and the same labels in both"
    )


class _Loss:
    """Between 10 and 11 nats for an image, and `saved` more if its label is wrong."""

    def __init__(self, x: Tensor, y: Tensor, saved: float):
        self.x = x
        self.y = y
        self.saved = saved
        # how often it was called with all labels right, and otherwise
        self.right = 0
        self.wrong = 0
        # Python names a function by this where it is called wrongly
        self.__qualname__ = "loss"

    def __call__(self, x: Tensor, y: Tensor) -> float:
        for name, given, own in (("images", x, self.x), ("labels", y, self.y)):
            need(
                isinstance(given, Tensor) and given.shape == own.shape and is_plain(given),
                f"Each time the loss takes all {name}, a tensor {tuple(own.shape)}.",
            )
        need(
            torch.equal(y.sort().values, self.y),
            "The wrong labels should be the same ones in another order. "
            "Others may be more or less frequent, and the loss may see that too.",
        )
        need(
            torch.equal(_sorted_rows(x), _sorted_rows(self.x)),
            "The loss was given other images than yours. Only the labels change places.",
        )
        known = (x[:, 0, 0, 0] * (int(self.y.max()) + 1)).round().long()
        share = float((known != y).float().mean())
        if share == 0:
            self.right += 1
        else:
            self.wrong += 1
        return 10 + float(x[:, 0, 1, 1].mean()) + self.saved * share


def _sorted_rows(x: Tensor) -> Tensor:
    rows = x.flatten(1)
    return rows[rows[:, 1].argsort()]


def _used_labels_save(gain: float, expected: float) -> None:
    need(
        gain > -1e-3,
        f"With permuted labels this loss is higher, and you say {gain:.3g}. "
        "Which of the two is subtracted?",
    )
    need(
        gain > 0.8 * expected,
        f"Permuted labels should cost this loss about {expected:.3g} nats per image; you say "
        f"{gain:.3g}. These images are sorted by class: are the labels in a random order, "
        "and the images not moved with them?",
    )
    need(
        gain < 1.2 * expected,
        f"Permuted labels should cost this loss about {expected:.3g} nats per image; you say "
        f"{gain:.3g}. The loss is a mean over images already.",
    )


@exercise("z", "y")
def probe(fn: Callable[[Tensor, Tensor], float]) -> Passed:
    """fn(z, y): latents (N, D) and labels (N,) → a share between 0 and 1.

    It is the share of *unseen* images whose class a classifier reads from z.
    """
    generator = seeded(fn.seed)  # type: ignore[attr-defined]
    y = torch.arange(400)[torch.randperm(400, generator=generator)] % 4
    # six latents, four classes: two of the latents know nothing
    centres = 4 * torch.eye(4, 6)

    def clouds(labels: Tensor) -> Tensor:
        return centres[labels] + 0.5 * torch.randn(len(labels), 6, generator=generator)

    _separate_clouds_are_read(_share(fn, clouds(y), y))
    noise = torch.randn(400, 150, generator=generator)
    _noise_is_read_by_chance(_share(fn, noise, y))

    # half of the images carry their class, for the other half it must be guessed
    half = torch.where(torch.rand(400, 1, generator=generator) < 0.5, clouds(y), torch.zeros(1))
    _half_is_read_in_part(_share(fn, half, y))

    # an odd number of images
    sorted_y = torch.arange(401) // 101
    ordered = _share(fn, clouds(sorted_y), sorted_y)
    need(
        ordered > 0.9,
        "The same clear clouds, but sorted by class: "
        f"your share falls to {ordered:.0%}. The half you fit on lacks some classes. "
        "Take every second image, or shuffle.",
    )
    return Passed(
        "probe: near 100 % where the class is written in z, chance where it is not, "
        "and judged on images it was not fitted to"
    )


def _separate_clouds_are_read(share: float) -> None:
    need(
        share > 0.95,
        "Four clouds that do not overlap should be separated almost always; "
        f"your share is {share:.0%}. "
        "Are labels and latents still in the same order, and is it the share of right answers?",
    )


def _noise_is_read_by_chance(share: float) -> None:
    need(
        share < 0.5,
        "These latents know nothing of the label, so a quarter is right by chance; "
        f"you say {share:.0%}. "
        "A classifier remembers what it was fitted to: score it on other images.",
    )
    need(
        share > 0.1,
        "These latents know nothing of the label, so a quarter is right by chance; "
        f"you say {share:.0%}. "
        "Return the plain share of right answers, those by chance included.",
    )


def _half_is_read_in_part(share: float) -> None:
    need(
        0.45 < share < 0.85,
        "Here half of the latents are zero and tell nothing, so about five of eight are right; "
        f"you say {share:.0%}. Return the plain share of right answers over all unseen images.",
    )


def _share(fn: Callable, z: Tensor, y: Tensor) -> float:
    result = fn(z, y)
    need(
        not (callable(getattr(result, "predict", None)) and hasattr(result, "fit")),
        f"You return the classifier itself ({type(result).__name__}), and nobody has asked it "
        "anything yet. Let it predict the classes of images it was not fitted to, and return "
        "the share of right answers.",
    )
    share = number(lambda: result)
    need(0 <= share <= 1, f"A share lies between 0 and 1; yours is {share:.3g}.")
    return share

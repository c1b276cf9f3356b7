"""The exercises of lab 03: one-hot codes, sampling a class, a classifier that reads latents."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .core import CheckFailed, Passed, close, generator, need, number, tensor

CLASSES, LATENT = 6, 3


def one_hot(fn: Callable[[Tensor, int], Tensor]) -> Passed:
    """fn(y, classes): (N,) int64 → (N, classes) float, one column a class."""
    y = torch.tensor([2, 0, 5, 2])
    code = tensor(fn, y, CLASSES, shape=(4, CLASSES), hint="One row an image, one column a class, also for classes that do not occur in the batch.")
    need(code.is_floating_point(), "The code is concatenated to pixels and latents, so it should be float; "
         f"yours is {code.dtype}.")
    code = code.float()
    need(bool(((code == 0) | (code == 1)).all()), "Only zeros and ones belong in the code. A number such as 5 would say that class 5 is five "
         "times as much as class 1.")
    need(close(code.sum(1), torch.ones(4)), "Exactly one entry of each row should be 1.")
    need(close(code[0], code[3]), "The first and the last image have the same class, but their rows differ.")
    need(bool((code.argmax(1) == y).all()), "The 1 should stand in the column of the label, counted from 0. Class 0 gets the first column.")
    tensor(fn, y, CLASSES + 3, shape=(4, CLASSES + 3), hint="The number of columns follows the argument, not the largest label.")
    return Passed("one_hot: float zeros with a single one in the label's column, a column for every class")


def sample_class(fn: Callable[[Callable[[Tensor], Tensor], int, int], Tensor]) -> Passed:
    """fn(decoder, c, n): images of class c from a decoder of [z, one-hot c] with 3 latents and 6 classes; (n, pixels) in (0, 1).

    The decoder handed in records what it is given, so that the draw itself can be judged.
    """
    given = []

    def decoder(joined: Tensor) -> Tensor:
        if not isinstance(joined, Tensor) or joined.ndim != 2 or joined.shape[1] != LATENT + CLASSES:
            shape = tuple(joined.shape) if isinstance(joined, Tensor) else type(joined).__name__
            raise CheckFailed(f"The decoder takes rows of {LATENT} latents and {CLASSES} class columns, (n, {LATENT + CLASSES}), "
                              f"but was given {shape}. Concatenate along the columns.")
        given.append(joined.detach())
        return joined

    n = 20_000
    images = tensor(fn, decoder, 4, n, shape=(n, LATENT + CLASSES), hint="One image for each draw, as the decoder gives it.")
    need(bool(given), "Your function never calls the decoder it is given.")
    z, code = given[-1].split([LATENT, CLASSES], 1)
    need(len(z) == n, "Call the decoder once, with one row for each image.")
    front = given[-1][:, :CLASSES]
    need(not (bool(((front == 0) | (front == 1)).all()) and close(front.sum(1), torch.ones(n))),
         "The class came first and the latents last; the decoder was trained on [z, c].")
    need(bool((z.std(0) > 1e-3).all()), "Every image has the same z, so all samples of a class would be one picture. Draw a z for each image.")
    need(bool(((code == 0) | (code == 1)).all()) and close(code.sum(1), torch.ones(n)), "The last columns should be the class as a one-hot row.")
    need(bool((code.argmax(1) == 4).all()), "Class 4 was asked for, but the decoder was told another one.")
    need(bool((z.mean(0).abs() < 0.05).all()), f"The prior is centred at 0; your latents average {z.mean(0)[0]:.2f}. Is the noise uniform on [0, 1]?")
    need(bool(((z.std(0) - 1).abs() < 0.05).all()), f"The prior has a standard deviation of 1; your latents have {z.std(0)[0]:.2f}.")
    tail = float((z.abs() > 2).float().mean())
    need(0.038 < tail < 0.053, f"{tail:.1%} of your latents lie beyond ±2; for N(0, 1) it is 4.6 %. Is the noise Gaussian?")
    need(abs(float((z[:, 0] * z[:, 1]).mean())) < 0.05, "Two latents of an image got the same noise; each needs its own.")
    need(bool(((images > 0) & (images < 1)).all()), "The decoder ends in logits. Turn them into pixels between 0 and 1.")
    need(close((images / (1 - images)).log()[:9], given[-1][:9], 1e-2), "Your pixels are not the decoder's logits, squashed once. Is the sigmoid "
         "missing, or applied twice?")
    first = given[-1]
    fn(decoder, 1, n)
    need(bool((given[-1][:, LATENT:].argmax(1) == 1).all()), "Class 1 was asked for next, but the decoder was told another one.")
    need(not torch.equal(first[:, :LATENT], given[-1][:, :LATENT]), "Two calls used the same latents: draw fresh ones every time.")
    return Passed("sample_class: fresh z from N(0, I) for each image, the class asked for beside it, the decoder's logits turned into pixels")


def probe(fn: Callable[[Tensor, Tensor], float]) -> Passed:
    """fn(z, y): latents (N, D) and labels (N,) → the share of *unseen* images whose class a classifier reads from z."""
    g = generator()
    y = torch.arange(400)[torch.randperm(400, generator=g)] % 4
    centres = 4 * torch.eye(4)

    def share(z: Tensor, labels: Tensor = y) -> float:
        found = number(fn, z, labels)
        need(0 <= found <= 1, f"A share lies between 0 and 1; yours is {found:.3g}.")
        return found

    clear = share(centres[y] + 0.5 * torch.randn(400, 4, generator=g))
    need(clear > 0.95, f"Four clouds that do not overlap should be told apart almost always; your share is {clear:.0%}. Are labels and latents still "
         "in the same order, and is it the share of right answers?")
    nothing = share(torch.randn(400, 150, generator=g))
    need(nothing < 0.5, f"These latents know nothing of the label, so a quarter is right by luck; you say {nothing:.0%}. A classifier remembers "
         "what it was fitted to: score it on other images.")
    need(nothing > 0.1, f"These latents know nothing of the label, so a quarter is right by luck; you say {nothing:.0%}. Return the plain share "
         "of right answers, luck included.")
    grouped = torch.arange(400) // 100
    ordered = share(centres[grouped] + 0.5 * torch.randn(400, 4, generator=g), grouped)
    need(ordered > 0.9, f"The same clear clouds, but sorted by class: your share falls to {ordered:.0%}. The half you fit on lacks some classes. "
         "Take every second image, or shuffle.")
    return Passed("probe: near 100 % where the class is written in z, luck where it is not, and judged on images it was not fitted to")

"""Destroy an image with noise step by step, and learn to undo it.

Units: images are in [0, 1] outside, as everywhere. Whatever is called x_t or x0 lives in the
model's own units, where a pixel is in [-1, 1] and the noise has variance 1; `to_signed` and
`to_images` go between them.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...contracts import Shape
from ...device import evaluating, standard_normal
from ...errors import UserError, at_least, brief, pick
from ...losses.checks import check_broadcast, check_same_shape
from ...losses.description import describe_network
from ..base import ImageModel, images_for
from ..conditioning import Attributes, Condition, OneHot, Unconditional, is_conditional
from ..nets import trial
from .average import Average
from .guidance import check_guidance, predict, share
from .objective import DiffusionOutput, to_images, to_signed
from .samplers import Step, sampling
from .schedules import cumulative


class Diffusion(ImageModel):
    """q(x_t | x_0) = N(√ᾱ_t x_0, (1 − ᾱ_t) I), t = 1 … T, and a network that undoes it.

    Args:
        network: (x_t, t (N,), cond (N, condition.width) or None) → the target, of x_t's shape:
            `UNet`, or anything else.
        image_shape: (C, H, W).
        steps: T.
        schedule: how ᾱ_t falls from 1 to almost 0: "cosine" or "linear".
        target: what the network predicts: "v" = √ᾱ ε − √(1 − ᾱ) x_0 or "epsilon", the noise. At
            t = T, ε says nothing of x_0, and v says all.
        condition: `OneHot` or `Attributes`; nothing if left out.
        drop: share of training images whose condition is withheld (a row of zeros), so that
            guidance can be used afterwards.
        ema: decay of the weights' moving average; None for none. In training mode `forward` uses
            the weights, in evaluation mode their average; samples are always drawn by the average.
            `fit` updates it by `after_step`, and a loop of your own must do so too.
    Attributes:
        alpha_bar: ᾱ_0 = 1 … ᾱ_T, float64 (T + 1,), on the CPU (some devices have no float64).
    Raises:
        UserError: settings out of range, a network that does not suit image_shape and condition.
    Sources:
        Ho et al. 2020 (DDPM); Salimans & Ho 2022, section 4 (v); Ho & Salimans 2022 (guidance
        without a classifier).
    """

    def __init__(
        self,
        network: nn.Module,
        image_shape: Sequence[int],
        *,
        steps: int = 1000,
        schedule: str = "cosine",
        target: str = "v",
        condition: Condition | None = None,
        drop: float = 0.1,
        ema: float | None = 0.999,
    ):
        super().__init__(image_shape, condition)
        self.steps = at_least("steps", steps, 1)
        self.target = pick("target", target, ("v", "epsilon"))
        self.drop = share("drop", drop)
        _check_condition(self.condition)
        _check_network(network, self.image_shape, self.condition.width)

        self.network = network
        self.alpha_bar = cumulative(schedule, steps)
        self.average = None if ema is None else Average(network, share("ema", ema))
        self.settings |= {
            "steps": steps,
            "noise": schedule,
            "target": target,
            "drop": drop,
            "ema": ema,
            "networks": describe_network(network),
        }

    # the process: x_0 → x_t, and what the network should say of it

    def noise(self, x0: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """A draw from q(x_t | x_0): √ᾱ_t x_0 + √(1 − ᾱ_t) ε.

        Args:
            x0, eps: (N, C, H, W).
            t: in 1 … T, one for all or (N,).
        """
        check_broadcast(x0=x0, eps=eps)
        signal, sigma = self._signal_and_noise(t, x0)
        return signal * x0 + sigma * eps

    def to_target(self, x0: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """What the network should predict: ε, or v = √ᾱ_t ε − √(1 − ᾱ_t) x_0."""
        check_broadcast(x0=x0, eps=eps)
        signal, sigma = self._signal_and_noise(t, x0)
        if self.target == "epsilon":
            return eps
        return signal * eps - sigma * x0

    def to_x0(self, prediction: Tensor, t: int | Tensor, x_t: Tensor) -> Tensor:
        """The x_0 that a prediction at x_t amounts to."""
        check_same_shape("prediction", prediction, "x_t", x_t)
        signal, sigma = self._signal_and_noise(t, x_t)
        if self.target == "epsilon":
            return (x_t - sigma * prediction) / signal
        return signal * x_t - sigma * prediction

    # training

    def forward(self, x: Tensor, c: Any = None) -> DiffusionOutput:
        """Images (N, C, H, W) in [0, 1], noised to a random t each, and the network's prediction.

        c are the labels of the batch; without a condition they are not read.
        """
        x0 = to_signed(images_for(self, x))
        cond = self._cond(c, len(x)) if is_conditional(self) else None

        t = torch.randint(1, self.steps + 1, (len(x),))
        eps = torch.randn_like(x0)
        if self.training and cond is not None:
            kept = torch.rand(len(x), 1) >= self.drop
            cond = cond * kept.to(cond)

        x_t = self.noise(x0, t, eps)
        prediction = self._network()(x_t, t.to(x0.device), cond)
        return DiffusionOutput(prediction, self.to_target(x0, t, eps), t)

    def after_step(self) -> None:
        """Take the weights, as the optimiser has just left them, into their moving average."""
        if self.average is not None:
            self.average.update(self.network)

    def for_inference(self) -> Diffusion:
        """Make the averaged weights the weights and forget the rest: half the file."""
        if self.average is not None:
            self.network.load_state_dict(self.average.network.state_dict())
            self.average = None
        return self

    # sampling

    def denoise(
        self,
        x_t: Tensor,
        t: int | Tensor,
        c: Any = None,
        *,
        guidance: float | None = 1.0,
        clip: bool = False,
    ) -> Tensor:
        """The estimate of x_0, (N, C, H, W) in the model's units; arguments as in `sample`.

        In evaluation mode and without gradient, as all sampling is.
        """
        check_guidance(guidance, conditional=is_conditional(self), drop=self.drop)
        at_least("the number of images in x_t", len(x_t), 1)
        cond = self._cond(c, len(x_t))
        return self._denoise(x_t, t, cond, guidance, clip)

    def trajectory(
        self,
        x_T: Tensor,
        c: Any = None,
        *,
        generator: torch.Generator | None = None,
        steps: int | None = None,
        eta: float = 0.0,
        guidance: float | None = 1.0,
        clip: bool = True,
    ) -> Iterator[Step]:
        """All steps of `sample` from the noise x_T, (N, C, H, W), in turn: (t, x_t, x0) each.

        `to_images` makes pictures of x_t and x0.
        """
        if x_T.is_complex():
            raise UserError(f"x_T must be real noise, got {x_T.dtype}")
        if tuple(x_T.shape[1:]) != self.image_shape or len(x_T) == 0:
            wanted = ", ".join(map(str, self.image_shape))
            raise UserError(
                f"this model takes noise of shape (N, {wanted}), got {tuple(x_T.shape)} as x_T"
            )
        check_guidance(guidance, conditional=is_conditional(self), drop=self.drop)
        cond = self._cond(c, len(x_T))

        # the weights' device and precision
        like = next(self.network.parameters(), x_T)
        return sampling(
            lambda x_t, t: self._denoise(x_t, t, cond, guidance, clip),
            x_T.to(like),
            self.alpha_bar,
            steps=min(50, self.steps) if steps is None else steps,
            eta=eta,
            generator=generator,
        )

    def sample(
        self,
        n: int,
        c: Any = None,
        *,
        generator: torch.Generator | None = None,
        steps: int | None = None,
        eta: float = 0.0,
        guidance: float | None = 1.0,
        clip: bool = True,
        x_T: Tensor | None = None,
    ) -> Tensor:
        """n images, (n, C, H, W) in [0, 1], in evaluation mode and without gradient.

        Args:
            n: number of images.
            c: a label or a row of attributes, for each image or one for all.
            generator: of the noise.
            steps: how often the network is called, 1 … T; 50 if left out, or T if that is less.
                Fewer are faster and coarser.
            eta: noise added on the way. 0: none, the image is a function of x_T (DDIM); 1 with
                steps = T: ancestral DDPM.
            guidance: w in uncond + w · (cond − uncond). 1: as trained; above: clearer classes and
                less variety; 0: the condition is not used.
            clip: keep each estimate of x_0 in [-1, 1], as pixels are; the noise it implies is
                changed to match.
            x_T: the noise to start from, (n, C, H, W); drawn if left out.
        Raises:
            UserError: n < 1, steps outside 1 … T, eta outside [0, 1], guidance of an unconditional
                model or of one trained with drop = 0, labels missing, unknown or unwanted, x_T of
                another shape.
        """
        at_least("n", n, 1)
        if x_T is None:
            x_T = standard_normal((n, *self.image_shape), generator)
        elif len(x_T) != n:
            raise UserError(
                f"x_T holds the noise of {len(x_T)} images, but n is {n}; they must be equal"
            )

        path = self.trajectory(
            x_T, c, generator=generator, steps=steps, eta=eta, guidance=guidance, clip=clip
        )
        # only the last step's estimate is kept
        for each in path:
            x0 = each.x0
        return to_images(x0)

    def _network(self) -> nn.Module:
        """The weights while training, their average otherwise."""
        if self.training or self.average is None:
            return self.network
        return self.average

    @torch.no_grad()
    def _denoise(
        self,
        x_t: Tensor,
        t: int | Tensor,
        cond: Tensor | None,
        guidance: float | None,
        clip: bool,
    ) -> Tensor:
        # a t outside 1 … T is an error before the network sees it
        self._signal_and_noise(t, x_t)

        t_of_each = torch.as_tensor(t).expand(len(x_t)).to(x_t.device)
        with evaluating(self):
            prediction = predict(self._network(), x_t, t_of_each, cond, guidance)
        x0 = self.to_x0(prediction, t, x_t)
        return x0.clamp(-1, 1) if clip else x0

    def _cond(self, c: Any, n: int) -> Tensor | None:
        """The condition as numbers, (n, width), in which zeros mean "no condition"."""
        cond = self.encode_condition(c, n)
        if cond is not None and isinstance(self.condition, Attributes):
            # an absent attribute becomes minus a present one
            return 2 * cond - self.condition.weight
        return cond

    def _signal_and_noise(self, t: int | Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """√ᾱ_t and √(1 − ᾱ_t), to multiply images with: (1 or N, 1, 1, 1)."""
        t = torch.as_tensor(t, device="cpu").reshape(-1)
        if t.is_floating_point() or bool(((t < 1) | (t > self.steps)).any()):
            got = ", ".join(map(str, t[:3].tolist()))
            raise UserError(f"t must be a whole number in 1 … {self.steps}, got {got}")

        ones = [1] * (like.ndim - 1)
        alpha_bar = self.alpha_bar[t].reshape(-1, *ones)
        # the roots in float64; the difference to 1 would lose digits in float32
        signal = alpha_bar.sqrt().to(like.dtype)
        sigma = (1 - alpha_bar).sqrt().to(like.dtype)
        return signal.to(like.device), sigma.to(like.device)


def _check_condition(condition: Condition) -> None:
    if not isinstance(condition, OneHot | Attributes | Unconditional):
        raise UserError(
            "diffusion takes the conditions OneHot and Attributes, "
            f"got {type(condition).__name__}"
        )


def _check_network(network: nn.Module, image_shape: Shape, cond_width: int) -> None:
    """Try two blank images."""
    what = (
        f"the network does not suit images of shape {image_shape} "
        f"and a condition of width {cond_width}"
    )
    blank = torch.zeros(2, *image_shape)
    t = torch.ones(2, dtype=torch.long)
    cond = torch.zeros(2, cond_width) if cond_width else None
    with trial(what, network):
        answer = network(blank, t, cond)

    if not isinstance(answer, Tensor) or tuple(answer.shape[1:]) != image_shape:
        got = tuple(answer.shape[1:]) if isinstance(answer, Tensor) else brief(answer)
        raise UserError(
            f"the network must answer in the shape of the images, {image_shape}, got {got}"
        )

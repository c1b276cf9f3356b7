"""Destroy an image with noise step by step, and learn to undo it.

Units: images are in [0, 1] outside, as everywhere. Whatever is called x_t or x0 lives in the model's own units, where a pixel is in [-1, 1] and the
noise has variance 1; `to_signed` and `to_images` go between them.
"""
from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...device import device_of, normal
from ...errors import UserError, at_least, pick
from ..autoencoder import images_for
from ..conditioning import Attributes, OneHot, Unconditional, is_conditional
from ..nets import Shape
from .average import Average
from .samplers import Step, sampling
from .schedules import cumulative

PART = 512          # images that pass the network at once when sampling: bounds the memory


class DiffusionOutput(NamedTuple):
    """What the objective needs: the network's prediction and its target, (N, C, H, W) each, and the steps t, (N,)."""

    prediction: Tensor
    target: Tensor
    t: Tensor


class Diffusion(nn.Module):
    """q(x_t | x_0) = N(√ᾱ_t x_0, (1 − ᾱ_t) I), t = 1 … T, and a network that guesses from x_t what was mixed.

    Args:
        network: (x_t, t (N,), code (N, condition.width) or None) → the target, of x_t's shape: `UNet`, or anything else.
        steps: T.
        schedule: how ᾱ_t falls from 1 to almost 0: "cosine" or "linear".
        target: what the network predicts: "v" = √ᾱ ε − √(1 − ᾱ) x_0 or "epsilon", the noise. At t = T, ε says nothing of x_0, v says all.
        condition: `conditioning.OneHot` or `Attributes`; nothing if left out.
        drop: share of training images whose condition is withheld (a code of zeros), so that guidance can be used afterwards.
        ema: decay of the weights' moving average; None for none. In training mode the model uses the weights, in evaluation mode their average.
    Each training forward first takes the present weights into the average, so the latest optimiser step is not in it yet.
    `alpha_bar`: ᾱ_0 = 1 … ᾱ_T, float64 (T + 1,), on the CPU (some devices have no float64).
    Raises:
        UserError: settings out of range, a network that does not suit image_shape and condition.
    Sources: Ho et al. 2020 (DDPM); Salimans & Ho 2022, section 4 (v); Ho & Salimans 2022 (guidance without a classifier).
    """

    def __init__(self, network: nn.Module, image_shape: Shape, *, steps: int = 1000, schedule: str = "cosine", target: str = "v",
                 condition: nn.Module | None = None, drop: float = 0.1, ema: float | None = 0.999):
        super().__init__()
        self.image_shape, self.steps, self.target = tuple(image_shape), at_least("steps", steps, 1), pick("target", target, ("v", "epsilon"))
        self.network, self.condition, self.drop = network, condition or Unconditional(), drop
        if not isinstance(self.condition, OneHot | Attributes | Unconditional):
            raise UserError(f"diffusion takes the conditions OneHot and Attributes, got {type(self.condition).__name__}")
        if not 0 <= drop < 1 or not (ema is None or 0 <= ema < 1):
            raise UserError(f"drop and ema must lie in [0, 1), got drop {drop} and ema {ema}")
        _check_network(network, self.image_shape, self.condition.width)
        self.alpha_bar = cumulative(schedule, steps)
        self.settings = dict(steps=steps, noise=schedule, target=target, drop=drop, ema=ema)               # a checkpoint of other ones is refused
        self.average = None if ema is None else Average(network, ema)

    def noise(self, x0: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """A draw from q(x_t | x_0): √ᾱ_t x_0 + √(1 − ᾱ_t) ε. x0, eps (N, C, H, W); t in 1 … T, one for all or (N,)."""
        signal, sigma = self._mix(t, x0)
        return signal * x0 + sigma * eps

    def to_target(self, x0: Tensor, t: int | Tensor, eps: Tensor) -> Tensor:
        """What the network should have said."""
        signal, sigma = self._mix(t, x0)
        return eps if self.target == "epsilon" else signal * eps - sigma * x0

    def to_x0(self, prediction: Tensor, t: int | Tensor, x_t: Tensor) -> Tensor:
        """The x_0 that a prediction at x_t amounts to."""
        signal, sigma = self._mix(t, x_t)
        return (x_t - sigma * prediction) / signal if self.target == "epsilon" else signal * x_t - sigma * prediction

    def forward(self, x: Tensor, c=None) -> DiffusionOutput:
        """Images (N, C, H, W) in [0, 1], noised to a random t each, and what the network makes of them."""
        x0, code = to_signed(images_for(self, x)), self._code(c, len(x))
        t = torch.randint(1, self.steps + 1, (len(x),))
        eps = torch.randn_like(x0)
        if self.training and code is not None:
            code = code * (torch.rand(len(x), 1) >= self.drop).to(code)
        if self.training and self.average is not None and torch.is_grad_enabled():
            self.average.update(self.network)
        prediction = self._network()(self.noise(x0, t, eps), t.to(x0.device), code)
        return DiffusionOutput(prediction, self.to_target(x0, t, eps), t)

    @torch.no_grad()
    def denoise(self, x_t: Tensor, t: int | Tensor, c=None, *, guidance: float | None = 1.0, clip: bool = False) -> Tensor:
        """The estimate of x_0, (N, C, H, W) in the model's units; arguments as in `sample`."""
        self._check_guidance(guidance)
        return self._denoise(x_t, t, self._code(c, len(x_t)), guidance, clip)

    def trajectory(self, x_T: Tensor, c=None, *, generator: torch.Generator | None = None, steps: int | None = None, eta: float = 0.0,
                   guidance: float | None = 1.0, clip: bool = True) -> Iterator[Step]:
        """All steps of `sample` from the noise x_T, (N, C, H, W), in turn: (t, x_t, x0) each. `to_images` makes pictures of x_t and x0."""
        if tuple(x_T.shape[1:]) != self.image_shape:
            raise UserError(f"this model starts from noise of shape (N, {', '.join(map(str, self.image_shape))}), got {tuple(x_T.shape)}")
        self._check_guidance(guidance)
        code = self._code(c, len(x_T))
        x_T = x_T.to(next(self.network.parameters(), x_T))                                     # the weights' device and precision
        return sampling(lambda x_t, t: self._denoise(x_t, t, code, guidance, clip), x_T, self.alpha_bar,
                        steps=min(50, self.steps) if steps is None else steps, eta=eta, generator=generator)

    def sample(self, n: int, c=None, *, generator: torch.Generator | None = None, steps: int | None = None, eta: float = 0.0,
               guidance: float | None = 1.0, clip: bool = True, x_T: Tensor | None = None) -> Tensor:
        """n images, (n, C, H, W) in [0, 1].

        Args:
            steps: times the network is asked, 1 … T; 50 if left out, or T if that is less. Fewer are faster and coarser.
            eta: noise added on the way. 0: none, the image is a function of x_T (DDIM); 1 with steps = T: ancestral DDPM.
            guidance: w in untold + w · (told − untold). 1: as trained; above: clearer classes, less variety; 0: the condition is not used.
            clip: keep each estimate of x_0 in [-1, 1], as pixels are; the noise it implies is changed to match.
            x_T: the noise to start from, (n, C, H, W); drawn if left out.
        Raises:
            UserError: n < 1, steps outside 1 … T, eta outside [0, 1], guidance of an unconditional model or of one trained with drop = 0, labels
                missing, unknown or unwanted, x_T of another shape.
        """
        if x_T is None:
            x_T = normal((at_least("n", n, 1), *self.image_shape), generator)
        elif len(x_T) != at_least("n", n, 1):
            raise UserError(f"x_T holds the noise of {len(x_T)} images, but n is {n}")
        walk = self.trajectory(x_T, c, generator=generator, steps=steps, eta=eta, guidance=guidance, clip=clip)
        return to_images(deque(walk, maxlen=1).pop().x0)

    def settle(self) -> Diffusion:
        """Make the averaged weights the weights and forget the rest: half the file. For shipping, not for training on."""
        if self.average is not None:
            self.network.load_state_dict(self.average.network.state_dict())
            self.average = None
        return self

    def _network(self) -> nn.Module:
        return self.network if self.training or self.average is None else self.average

    @torch.no_grad()
    def _denoise(self, x_t: Tensor, t: int | Tensor, code: Tensor | None, guidance: float | None, clip: bool) -> Tensor:
        self._mix(t, x_t)                                                          # a t outside 1 … T is an error before the network sees it
        ts = torch.as_tensor(t).expand(len(x_t)).to(x_t.device)
        codes = [None] * len(x_t) if code is None else code.split(PART)
        prediction = torch.cat([self._guided(*part, guidance) for part in zip(x_t.split(PART), ts.split(PART), codes)])
        x0 = self.to_x0(prediction, t, x_t)
        return x0.clamp(-1, 1) if clip else x0

    def _guided(self, x_t: Tensor, t: Tensor, code: Tensor | None, guidance: float | None) -> Tensor:
        if code is None or guidance in (None, 1):
            return self._network()(x_t, t, code)
        told, untold = self._network()(torch.cat([x_t, x_t]), torch.cat([t, t]), torch.cat([code, torch.zeros_like(code)])).chunk(2)
        return untold + guidance * (told - untold)

    def _code(self, c, n: int) -> Tensor | None:
        code = self.condition.codes(c, n)
        if code is None:
            return None
        # an absent attribute becomes minus a present one: zeros mean "not told"
        return (2 * code - self.condition.weight if isinstance(self.condition, Attributes) else code).to(device_of(self))

    def _mix(self, t: int | Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """√ᾱ_t and √(1 − ᾱ_t), computed in float64, to multiply images with: (1 or N, 1, 1, 1)."""
        t = torch.as_tensor(t, device="cpu").reshape(-1)
        if t.is_floating_point() or bool(((t < 1) | (t > self.steps)).any()):
            raise UserError(f"t is a whole number in 1 … {self.steps}, got {', '.join(map(str, t[:3].tolist()))}")
        kept = self.alpha_bar[t].reshape(-1, *[1] * (like.ndim - 1))
        return kept.sqrt().to(like.dtype).to(like.device), (1 - kept).sqrt().to(like.dtype).to(like.device)

    def _check_guidance(self, guidance: float | None) -> None:
        if guidance in (None, 1):
            return
        if not isinstance(guidance, Real):
            raise UserError(f"guidance must be a number ≥ 0, got {guidance!r}")
        if not is_conditional(self):
            raise UserError(f"guidance needs a condition to strengthen, but this model is unconditional; leave guidance out, got {guidance}")
        if self.drop == 0:
            raise UserError("guidance compares with a model that is not told the condition, which drop = 0 never trains; build it with drop > 0")
        if not math.isfinite(guidance) or guidance < 0:
            raise UserError(f"guidance must be ≥ 0, got {guidance}")


def denoising_error(output: DiffusionOutput, x: Tensor | None = None, c: Tensor | None = None) -> dict[str, Tensor]:
    """(prediction − target)², averaged over the pixels of an image: {"loss": (N,)}.

    In units of the noise's variance: 1 is what predicting 0 costs with target "epsilon", about 1 or less with "v". It is no bound on log p(x) and
    has no nats: Ho et al. 2020, equation 14, found that leaving the bound's weights out makes better pictures. x and c are not used.
    """
    return {"loss": (output.prediction - output.target).square().flatten(1).mean(1)}


def to_signed(images: Tensor) -> Tensor:
    """Images in [0, 1] → the model's units, [-1, 1]."""
    return 2 * images - 1


def to_images(x: Tensor) -> Tensor:
    """The model's units → images, cut to [0, 1]."""
    return ((x + 1) / 2).clamp(0, 1)


def _check_network(network: nn.Module, image_shape: Shape, code_width: int) -> None:
    """Try two blank images."""
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            shape = network(torch.zeros(2, *image_shape), torch.ones(2, dtype=torch.long), torch.zeros(2, code_width) if code_width else None).shape
    except RuntimeError as error:
        raise UserError(f"the network does not suit images of shape {image_shape} and a code of width {code_width}: {error}") from error
    finally:
        network.train(training)
    if tuple(shape[1:]) != image_shape:
        raise UserError(f"the network must answer in the shape of the images, {image_shape}, got {tuple(shape[1:])}")

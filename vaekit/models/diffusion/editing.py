"""What a trained diffusion model can do beside sampling: encode an image, fill a hole, redraw."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...contracts import require
from ...data.images import check_images
from ...device import standard_normal
from ...errors import UserError, at_least, brief, finite
from .objective import to_images, to_signed
from .process import Diffusion
from .samplers import step, step_noise, times


def invert(
    model: Diffusion,
    images: Tensor,
    c: Any = None,
    *,
    steps: int = 50,
    iterations: int = 1,
    guidance: float | None = 1.0,
) -> Tensor:
    """The noise x_T from which DDIM draws these images: DDIM run backwards, from t = 0 to T.

    A step from s to t > s needs the noise that the model finds in x_t, which is not known yet.
    It is first estimated from x_s; each further iteration estimates it again, from the x_t that
    the last one led to. `model.sample(n, c, x_T=…, steps=steps, clip=False)` goes back.

    Args:
        images: (N, C, H, W) in [0, 1].
        c, guidance: as in `sample`.
        steps: the same number as for the way back.
        iterations: estimates of the noise per step, each a call of the network.
    Returns:
        x_T, (N, C, H, W).
    Raises:
        UserError: images of another shape, steps outside 1 … T, iterations < 1.
    Sources:
        Song et al. 2021 (DDIM), section 4.3; Pan et al. 2023 (iterations).
    """
    x_s = _signed(model, "images", images)
    at_least("iterations", iterations, 1)
    path = [0, *reversed(times(model.steps, steps))]

    for s, t in zip(path, path[1:]):
        before = float(model.alpha_bar[s])
        kept = float(model.alpha_bar[t])
        x_t = x_s
        for _ in range(iterations):
            x0 = model.denoise(x_t, t, c, guidance=guidance)
            eps = (x_t - kept**0.5 * x0) / (1 - kept) ** 0.5
            # the x_0 that x_s amounts to with this noise
            x0 = (x_s - (1 - before) ** 0.5 * eps) / before**0.5
            x_t = kept**0.5 * x0 + (1 - kept) ** 0.5 * eps
        x_s = x_t
    return x_s


def inpaint(
    model: Diffusion,
    images: Tensor,
    known: Tensor,
    c: Any = None,
    *,
    steps: int = 50,
    repeats: int = 5,
    guidance: float | None = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Images whose unknown pixels are drawn by the model; the known ones are kept.

    After each step the known pixels are replaced by the given ones with the noise of that t. Then
    the step's noise is added again and the step repeated, so that both parts come to agree.

    Args:
        images: (N, C, H, W) in [0, 1]; what stands in the unknown pixels is not read.
        known: of bool, True where a pixel is given; it broadcasts to the shape of images.
        c, guidance: as in `sample`.
        steps: of the walk from noise to image.
        repeats: of each step, 1 or more.
        generator: of the noise.
    Returns:
        (N, C, H, W) in [0, 1].
    Raises:
        UserError: images of another shape, known that is not of bool or does not broadcast, steps
            outside 1 … T, repeats < 1.
    Source:
        Lugmayr et al. 2022 (RePaint), algorithm 1.
    """
    given = _signed(model, "images", images)
    mask = _mask(known, given)
    # nothing of the unknown pixels gets in
    given = torch.where(mask, given, torch.zeros_like(given))
    at_least("repeats", repeats, 1)

    x = standard_normal(given.shape, generator).to(given)
    path = [*times(model.steps, steps), 0]
    for t, s in zip(path, path[1:]):
        now = float(model.alpha_bar[t])
        after = float(model.alpha_bar[s])
        for again in range(repeats):
            x0 = model.denoise(x, t, c, guidance=guidance, clip=True)
            drawn = step(x, x0, now, after, 1.0, standard_normal(x.shape, generator).to(x))
            noise = standard_normal(x.shape, generator).to(x)
            x_s = torch.where(mask, after**0.5 * given + (1 - after) ** 0.5 * noise, drawn)
            # the last step leads to the image itself, which nothing has to agree with
            if s == 0 or again == repeats - 1:
                break
            stays = now / after
            noise = standard_normal(x.shape, generator).to(x)
            x = stays**0.5 * x_s + (1 - stays) ** 0.5 * noise
        x = x_s
    return to_images(x)


def redraw(
    model: Diffusion,
    images: Tensor,
    c: Any = None,
    *,
    strength: float = 0.6,
    steps: int = 50,
    eta: float = 0.0,
    guidance: float | None = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Images like the given ones, as the model would have them: noise to t = strength · T and back.

    Known as SDEdit. A drawing keeps its coarse shape and gets the details of the data.

    Args:
        images: (N, C, H, W) in [0, 1]: a drawing, say.
        c, eta, guidance: as in `sample`.
        strength: share of the way into the noise, in (0, 1]. Near 0 the image comes back; at 1
            hardly anything of it is left.
        steps: of the way back; fewer if there are fewer t.
        generator: of the noise.
    Returns:
        (N, C, H, W) in [0, 1].
    Raises:
        UserError: images of another shape, strength outside (0, 1], steps outside 1 … T.
    Source:
        Meng et al. 2022 (SDEdit), algorithm 1.
    """
    x0 = _signed(model, "images", images)
    finite("strength", strength, above=0, most=1)
    at_least("steps", steps, 1, model.steps)
    start = max(1, round(strength * model.steps))
    path = [*times(start, min(steps, start)), 0]

    x = model.noise(x0, start, standard_normal(x0.shape, generator).to(x0))
    for t, s in zip(path, path[1:]):
        now = float(model.alpha_bar[t])
        after = float(model.alpha_bar[s])
        x0 = model.denoise(x, t, c, guidance=guidance, clip=True)
        noise = None
        if step_noise(now, after, eta) > 0:
            noise = standard_normal(x.shape, generator).to(x)
        x = step(x, x0, now, after, eta, noise)
    return to_images(x)


def _signed(model: Diffusion, what: str, images: Tensor) -> Tensor:
    """Images in the model's units, where its weights are; a UserError if they do not suit it."""
    require(model, "denoise", "alpha_bar", "image_shape", "steps", "network")
    check_images(images)
    if tuple(images.shape[1:]) != model.image_shape or len(images) == 0:
        wanted = ", ".join(map(str, model.image_shape))
        raise UserError(
            f"{what} must be of this model's shape (N, {wanted}) with N ≥ 1, "
            f"got {tuple(images.shape)}"
        )
    like = next(model.network.parameters(), images)
    return to_signed(images.to(like))


def _mask(known: Tensor, images: Tensor) -> Tensor:
    if known.dtype != torch.bool:
        raise UserError(
            f"known must be of bool, True where a pixel is given, got {brief(known)}; "
            "compare, as in images > 0"
        )
    try:
        return known.to(images.device).expand_as(images)
    except RuntimeError:
        raise UserError(
            f"known must broadcast to the images' shape {tuple(images.shape)}, got {brief(known)}"
        ) from None

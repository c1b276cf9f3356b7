"""A compact U-Net, built to be trained on a CPU."""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...contracts import Shape
from ...device import has_bf16
from ...errors import UserError, at_least
from ..base import as_shape

# channels that share a norm (Wu & He 2018); 8 fill no vector register and take twice as long
GROUP = 16

# heads of attention
HEADS = 4


class UNet(nn.Module):
    """(x_t, t, cond) → what is to be predicted, of x_t's shape. About 1.5 million weights.

    Three things make it fast on a CPU: pixels are folded into channels before anything else
    (28×28×1 → 14×14×4), activations lie channels last, and the sums run in bfloat16 where the
    processor has instructions for it. Weights and answer stay float32.

    Args:
        image_shape: (C, H, W); H and W multiples of patch · 2^(levels − 1), 4 with the defaults.
        channels: width of each level, finest first, in multiples of 16; each level but the last
            halves height and width.
        cond_width: columns of the encoded condition, as in `condition.width`; 0 for an
            unconditional network. A row of zeros means "no condition".
        patch: side of the square of pixels that is folded into channels.
        bf16: True, False, or None: where the device has it in hardware.
    Raises:
        UserError: sides or channels that do not divide; images of another shape than it was built
            for; a condition that is missing or not wanted.
    Sources:
        Ronneberger et al. 2015 (U-Net); Ho et al. 2020, appendix B (time embedding, residual
        blocks); Dhariwal & Nichol 2021, section 3 (the embedding scales and shifts after the
        norm); Shi et al. 2016 (folding pixels into channels and back).
    """

    def __init__(
        self,
        image_shape: Shape = (1, 28, 28),
        *,
        channels: Sequence[int] = (64, 128),
        cond_width: int = 0,
        patch: int = 2,
        bf16: bool | None = None,
    ):
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.patch = at_least("patch", patch, 1)
        self.bf16 = bf16
        _check_sizes(self.image_shape, channels, patch)
        at_least("cond_width", cond_width, 0)

        finest = channels[0]
        coarsest = channels[-1]
        folded = image_shape[0] * patch**2
        emb_width = 2 * finest

        self.embed_time = nn.Sequential(
            SinusoidalTime(finest),
            nn.Linear(finest, emb_width),
            nn.SiLU(),
            nn.Linear(emb_width, emb_width),
        )
        # on a one-hot row this is a table of class embeddings, and a row of zeros adds nothing
        self.embed_condition = nn.Linear(cond_width, emb_width, bias=False) if cond_width else None

        self.stem = nn.Conv2d(folded, finest, 3, padding=1)

        # the way down: a block per level, then half the height and width
        before = [finest, *channels[:-1]]
        self.down = nn.ModuleList(ResidualBlock(b, c, emb_width) for b, c in zip(before, channels))
        self.downsample = nn.ModuleList(
            nn.Conv2d(c, c, 3, stride=2, padding=1) for c in channels[:-1]
        )

        self.attention = Attention(coarsest)
        self.middle = ResidualBlock(coarsest, coarsest, emb_width)

        # the way up: each block also sees what its level held on the way down
        self.up = nn.ModuleList(ResidualBlock(2 * c, c, emb_width) for c in reversed(channels))
        fine_to_coarse = list(zip(channels, channels[1:]))
        self.upsample = nn.ModuleList(
            nn.Conv2d(coarse, fine, 1) for fine, coarse in reversed(fine_to_coarse)
        )

        self.head = nn.Sequential(
            _norm(finest),
            nn.SiLU(),
            _zero(nn.Conv2d(finest, folded, 3, padding=1)),
        )

    def forward(self, x: Tensor, t: Tensor, cond: Tensor | None = None) -> Tensor:
        """x (N, C, H, W), t (N,) in 1 … T, cond (N, cond_width) or None → (N, C, H, W)."""
        self._check_inputs(x, t, cond)
        bf16 = has_bf16(x.device) if self.bf16 is None else self.bf16
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            return self._predict(x, t, cond).to(x.dtype)

    def _predict(self, x: Tensor, t: Tensor, cond: Tensor | None) -> Tensor:
        emb = self.embed_time(t)
        if self.embed_condition is not None:
            emb = emb + self.embed_condition(cond)
        emb = F.silu(emb)

        # 28×28×1 → 14×14×4
        h = F.pixel_unshuffle(x, self.patch).contiguous(memory_format=torch.channels_last)
        h = self.stem(h)

        skips = []
        for level, block in enumerate(self.down):
            h = block(h, emb)
            skips.append(h)
            if level < len(self.downsample):
                # 14×14 → 7×7
                h = self.downsample[level](h)

        h = self.middle(self.attention(h), emb)

        for level, block in enumerate(self.up):
            h = block(torch.cat([h, skips.pop()], 1), emb)
            if level < len(self.upsample):
                # 7×7 → 14×14; the 1×1 convolution first, where there are fewer places
                h = F.interpolate(self.upsample[level](h), scale_factor=2)

        return F.pixel_shuffle(self.head(h), self.patch)

    def _check_inputs(self, x: Tensor, t: Tensor, cond: Tensor | None) -> None:
        if tuple(x.shape[1:]) != self.image_shape or len(x) == 0:
            raise UserError(
                f"this U-Net was built for images of shape {self.image_shape}, "
                f"got {tuple(x.shape[1:])}, and takes one x or more, got {len(x)}"
            )
        if t.shape != x.shape[:1] or t.is_complex():
            raise UserError(
                f"t must be one number per image, got {t.dtype} of shape {tuple(t.shape)}"
            )
        if cond is not None and self.embed_condition is None:
            raise UserError("this U-Net was built without a condition: give it cond_width")
        if cond is None and self.embed_condition is not None:
            raise UserError(
                f"this U-Net was built with cond_width {self.embed_condition.in_features}: "
                "give it a condition, zeros for 'no condition'"
            )


class SinusoidalTime(nn.Module):
    """t (N,) → (N, width): cosines and sines, of wavelengths from 2π to nearly 2π · 10,000 steps.

    Source:
        Vaswani et al. 2017, section 3.5.
    """

    def __init__(self, width: int):
        super().__init__()
        self.width = at_least("width", width, 2)

    def forward(self, t: Tensor) -> Tensor:
        half = self.width // 2
        frequency = torch.exp(-math.log(10_000) / half * torch.arange(half, device=t.device))
        angle = t[:, None].float() * frequency
        return torch.cat([angle.cos(), angle.sin()], 1)


class ResidualBlock(nn.Module):
    """x + two convolutions: (N, before, H, W) → (N, after, H, W).

    The embedding of time and class scales and shifts each channel before the second one.
    """

    def __init__(self, before: int, after: int, emb_width: int):
        super().__init__()
        _check_width("before", before)
        _check_width("after", after)
        at_least("emb_width", emb_width, 1)
        self.first = nn.Sequential(
            _norm(before),
            nn.SiLU(),
            nn.Conv2d(before, after, 3, padding=1),
        )
        self.to_scale_shift = nn.Linear(emb_width, 2 * after)
        self.norm = _norm(after)
        self.second = _zero(nn.Conv2d(after, after, 3, padding=1))
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        scale, shift = self.to_scale_shift(emb)[:, :, None, None].chunk(2, 1)
        h = self.norm(self.first(x)) * (1 + scale) + shift
        return self.skip(x) + self.second(F.silu(h))


class Attention(nn.Module):
    """x + what each place learns from all others: (N, C, H, W) → the same.

    Source:
        Vaswani et al. 2017; Ho et al. 2020.
    """

    def __init__(self, channels: int):
        super().__init__()
        _check_width("channels", channels)
        self.norm = _norm(channels)
        self.to_qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.out = _zero(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        qkv = self.to_qkv(self.norm(x))
        qkv = qkv.reshape(n, 3, HEADS, channels // HEADS, height * width)
        # (N, heads, places, channels / heads) each
        q, k, v = qkv.transpose(3, 4).unbind(1)

        # for so few places the plain formula beats scaled_dot_product_attention on a CPU
        weights = (q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])).softmax(-1)
        gathered = (weights @ v).transpose(2, 3).reshape(x.shape)
        return x + self.out(gathered)


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(channels // GROUP, channels)


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    """A block then begins as the identity, and the whole network as a prediction of 0."""
    for weight in layer.parameters():
        nn.init.zeros_(weight)
    return layer


def _check_width(name: str, channels: int) -> None:
    if at_least(name, channels, 1) % GROUP:
        raise UserError(
            f"{name} must be multiples of {GROUP}, which share a norm, got {channels}"
        )


def _check_sizes(image_shape: Sequence[int], channels: Sequence[int], patch: int) -> None:
    as_shape(image_shape)
    if not len(channels):
        raise UserError(
            "a U-Net needs an image_shape (C, H, W) and one or more channels, "
            f"got {image_shape} and {tuple(channels) or 'no channels'}"
        )
    for width in channels:
        _check_width("a width of channels", width)

    factor = patch * 2 ** (len(channels) - 1)
    if any(side < factor or side % factor for side in image_shape[1:]):
        raise UserError(
            f"with patch {patch} and {len(channels)} levels "
            f"the image's sides must be multiples of {factor}, "
            f"got {image_shape[1]}×{image_shape[2]}; "
            "pad the images or take other channels or patch"
        )

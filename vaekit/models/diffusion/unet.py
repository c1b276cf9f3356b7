"""A compact U-Net, built to be trained on a CPU."""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import UserError, at_least
from ..nets import Shape

GROUP = 16          # channels that share a norm (Wu & He 2018); with 8 it fills no vector register and takes twice as long
HEADS = 4           # of attention


class UNet(nn.Module):
    """(x_t, t, code) → what is to be predicted, of x_t's shape. About 1.5 million weights with the defaults.

    Three things make it fast on a CPU: pixels are folded into channels before anything else (28×28×1 → 14×14×4), activations lie channels last,
    and the sums run in bfloat16 where the processor has instructions for it. Weights and answer stay float32.

    Args:
        image_shape: (C, H, W); H and W multiples of patch · 2^(levels − 1), 4 with the defaults.
        channels: width of each level, finest first; each level but the last halves height and width. Multiples of 16.
        code_width: columns of the condition's code, as in `condition.width`; 0 for an unconditional network. A row of zeros means "not told".
        patch: side of the square of pixels that is folded into channels.
        bf16: True, False, or None: where it pays.
    Raises:
        UserError: sides or channels that do not divide; images of another shape than it was built for; a code missing or not wanted.
    Sources: Ronneberger et al. 2015 (U-Net); Ho et al. 2020, appendix B (time embedding, residual blocks); Dhariwal & Nichol 2021, section 3
    (the embedding scales and shifts after the norm); Shi et al. 2016 (folding pixels into channels and back).
    """

    def __init__(self, image_shape: Shape = (1, 28, 28), *, channels: Sequence[int] = (64, 128), code_width: int = 0, patch: int = 2,
                 bf16: bool | None = None):
        super().__init__()
        self.image_shape, self.patch, self.bf16 = tuple(image_shape), at_least("patch", patch, 1), bf16
        _check_sizes(self.image_shape, channels, patch)
        folded, width = image_shape[0] * patch**2, 2 * channels[0]                     # width of the embedding
        self.embed_time = nn.Sequential(SinusoidalTime(channels[0]), nn.Linear(channels[0], width), nn.SiLU(), nn.Linear(width, width))
        # on a one-hot row this is a table of class embeddings, and a row of zeros adds nothing
        self.embed_code = nn.Linear(code_width, width, bias=False) if at_least("code_width", code_width, 0) else None

        before, coarsest = [channels[0], *channels[:-1]], channels[-1]
        self.stem = nn.Conv2d(folded, channels[0], 3, padding=1)
        self.down = nn.ModuleList(ResidualBlock(b, c, width) for b, c in zip(before, channels))
        self.coarser = nn.ModuleList(nn.Conv2d(c, c, 3, stride=2, padding=1) for c in channels[:-1])
        self.attention = Attention(coarsest)
        self.middle = ResidualBlock(coarsest, coarsest, width)
        self.up = nn.ModuleList(ResidualBlock(2 * c, c, width) for c in reversed(channels))             # beside what the way down left there
        self.finer = nn.ModuleList(nn.Conv2d(c, f, 1) for c, f in zip(channels[:0:-1], channels[-2::-1]))
        self.head = nn.Sequential(_norm(channels[0]), nn.SiLU(), _zero(nn.Conv2d(channels[0], folded, 3, padding=1)))

    def forward(self, x: Tensor, t: Tensor, code: Tensor | None = None) -> Tensor:
        """x (N, C, H, W), t (N,) in 1 … T, code (N, code_width) or None → (N, C, H, W)."""
        if tuple(x.shape[1:]) != self.image_shape:
            raise UserError(f"this U-Net was built for images of shape {self.image_shape}, got {tuple(x.shape[1:])}")
        if (code is None) != (self.embed_code is None):
            raise UserError("this U-Net was built without a condition: give it code_width" if code is not None else
                            f"this U-Net was built with code_width {self.embed_code.in_features}: give it a code, zeros for 'not told'")
        bf16 = _bf16_pays(x.device) if self.bf16 is None else self.bf16
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            return self._forward(x, t, code).to(x.dtype)

    def _forward(self, x: Tensor, t: Tensor, code: Tensor | None) -> Tensor:
        told = self.embed_time(t) if code is None else self.embed_time(t) + self.embed_code(code)
        told = F.silu(told)
        h, skips = self.stem(F.pixel_unshuffle(x, self.patch).contiguous(memory_format=torch.channels_last)), []
        for level, block in enumerate(self.down):
            h = block(h, told)
            skips.append(h)
            h = self.coarser[level](h) if level < len(self.coarser) else h                                  # 14×14 → 7×7
        h = self.middle(self.attention(h), told)
        for level, block in enumerate(self.up):
            h = block(torch.cat([h, skips.pop()], 1), told)
            h = F.interpolate(self.finer[level](h), scale_factor=2) if level < len(self.finer) else h   # 7×7 → 14×14
        return F.pixel_shuffle(self.head(h), self.patch)


class SinusoidalTime(nn.Module):
    """t (N,) → (N, width): cosines and sines of `width / 2` wavelengths, 2π to nearly 2π · 10,000 steps. Source: Vaswani et al. 2017, section 3.5."""

    def __init__(self, width: int):
        super().__init__()
        self.width = width

    def forward(self, t: Tensor) -> Tensor:
        half = self.width // 2
        frequency = torch.exp(-math.log(10_000) / half * torch.arange(half, device=t.device))
        angle = t[:, None].float() * frequency
        return torch.cat([angle.cos(), angle.sin()], 1)


class ResidualBlock(nn.Module):
    """x + two convolutions, the second told time and class as a scale and a shift of each channel: (N, before, H, W) → (N, after, H, W)."""

    def __init__(self, before: int, after: int, embedding: int):
        super().__init__()
        self.first = nn.Sequential(_norm(before), nn.SiLU(), nn.Conv2d(before, after, 3, padding=1))
        self.tell = nn.Linear(embedding, 2 * after)
        self.norm = _norm(after)
        self.second = _zero(nn.Conv2d(after, after, 3, padding=1))
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        scale, shift = self.tell(told)[:, :, None, None].chunk(2, 1)
        h = self.norm(self.first(x)) * (1 + scale) + shift
        return self.skip(x) + self.second(F.silu(h))


class Attention(nn.Module):
    """x + what each place learns from all others: (N, C, H, W) → the same. Source: Vaswani et al. 2017; Ho et al. 2020."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = _norm(channels)
        self.to_qkv, self.out = nn.Conv2d(channels, 3 * channels, 1), _zero(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        qkv = self.to_qkv(self.norm(x)).reshape(n, 3, HEADS, channels // HEADS, height * width)
        q, k, v = qkv.transpose(3, 4).unbind(1)                                          # (N, heads, places, channels / heads)
        # for so few places the plain formula is faster on a CPU than scaled_dot_product_attention
        weights = (q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])).softmax(-1)
        return x + self.out((weights @ v).transpose(2, 3).reshape(x.shape))


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(channels // GROUP, channels)


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)                 # a block begins as the identity, the whole network as a prediction of 0
    nn.init.zeros_(layer.bias)
    return layer


def _bf16_pays(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    # without such instructions a CPU only imitates bfloat16, and more slowly than float32
    return device.type == "cpu" and any(getattr(torch.cpu, name, lambda: False)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))


def _check_sizes(image_shape: Shape, channels: Sequence[int], patch: int) -> None:
    if len(image_shape) != 3 or not len(channels):
        raise UserError(f"a U-Net needs an image_shape (C, H, W) and one or more channels, got {image_shape} and {tuple(channels)}")
    for width in channels:
        if at_least("a width of channels", width, 1) % GROUP:
            raise UserError(f"channels are multiples of {GROUP}, which share a norm, got {width}")
    factor = patch * 2 ** (len(channels) - 1)
    if any(side < factor or side % factor for side in image_shape[1:]):
        raise UserError(f"with patch {patch} and {len(channels)} levels the image's sides must be multiples of {factor}, "
                        f"got {image_shape[1]}×{image_shape[2]}; pad the images or take other channels or patch")

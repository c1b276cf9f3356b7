"""Layers as the page computes them: each becomes {"op": …, sizes} and its weights."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Layer = dict[str, Any]
Sizes = tuple[int, ...]

# what the page is told (None for a change of shape), the weights, the sizes after the layer
Translated = tuple["Layer | None", list[Tensor], Sizes]


class NotPortable(Exception):
    """A layer that the page does not know."""


class FromSigned(nn.Module):
    """[−1, 1] → [0, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape → the same."""
        return x / 2 + 0.5


def leaves(module: nn.Module) -> Iterator[nn.Module]:
    """The layers of sequences within sequences, in their order."""
    if isinstance(module, nn.Sequential):
        for child in module:
            yield from leaves(child)
    else:
        yield module


def translate(module: nn.Module, sizes: Sizes) -> Translated:
    """A layer for inputs of these sizes.

    Raises:
        NotPortable: the page does not know it.
    """
    for kinds, translate in TRANSLATIONS:
        if isinstance(module, kinds):
            return translate(module, sizes)
    raise NotPortable(type(module).__name__)


def _linear(module: nn.Linear, sizes: Sizes) -> Translated:
    layer = {"op": "linear", "inputs": module.in_features, "outputs": module.out_features}
    return layer, [module.weight, _bias(module, module.out_features)], (module.out_features,)


def _pointwise(module: nn.Module, sizes: Sizes) -> Translated:
    if isinstance(module, nn.LeakyReLU):
        return {"op": "leaky_relu", "slope": module.negative_slope}, [], sizes
    return {"op": type(module).__name__.lower()}, [], sizes


def _from_signed(module: nn.Module, sizes: Sizes) -> Translated:
    size = int(torch.Size(sizes).numel())
    half = torch.full((1, 1), 0.5)
    return {"op": "affine", "channels": 1, "size": size}, [half, half], sizes


def _nothing(module: nn.Module, sizes: Sizes) -> Translated:
    return None, [], sizes


def _unflatten(module: nn.Unflatten, sizes: Sizes) -> Translated:
    return None, [], tuple(module.unflattened_size)


def _flatten(module: nn.Flatten, sizes: Sizes) -> Translated:
    return None, [], (int(torch.Size(sizes).numel()),)


def _batch_norm(module: nn.BatchNorm2d | nn.BatchNorm1d, sizes: Sizes) -> Translated:
    """In evaluation mode: a factor and a shift per channel."""
    if module.running_var is None or module.running_mean is None:
        raise NotPortable("batch normalisation without statistics")
    factor = (module.running_var + module.eps).rsqrt()
    if module.affine:
        factor = factor * module.weight
    shift = -module.running_mean * factor
    if module.affine:
        shift = shift + module.bias
    layer = {
        "op": "affine",
        "channels": sizes[0],
        "size": int(torch.Size(sizes[1:]).numel()),
    }
    return layer, [factor[None], shift[None]], sizes


def _upsample(module: nn.Upsample, sizes: Sizes) -> Translated:
    channels, height, width = sizes
    scale = module.scale_factor
    factor = int(scale[0] if isinstance(scale, tuple) else scale or 0)
    if module.mode != "nearest" or factor < 1 or float(factor) != scale:
        raise NotPortable("upsampling by other than whole numbers")
    layer = {
        "op": "upsample",
        "channels": channels,
        "height": height,
        "width": width,
        "factor": factor,
    }
    return layer, [], (channels, height * factor, width * factor)


def _max_pool(module: nn.MaxPool2d, sizes: Sizes) -> Translated:
    channels, height, width = sizes
    size = _only(module.kernel_size)
    if _only(module.stride) != size or _only(module.padding) or module.ceil_mode:
        raise NotPortable("max pooling that overlaps")
    layer = {
        "op": "max_pool",
        "channels": channels,
        "height": height,
        "width": width,
        "size": size,
    }
    return layer, [], (channels, height // size, width // size)


def _conv(module: nn.Conv2d, sizes: Sizes) -> Translated:
    layer = _window("conv", module, sizes)
    kernel, stride, padding = layer["kernel"], layer["stride"], layer["padding"]
    after = [(size + 2 * padding - kernel) // stride + 1 for size in sizes[1:]]
    weights = [module.weight.flatten(1), _bias(module, module.out_channels)]
    return layer, weights, (module.out_channels, *after)


def _conv_transpose(module: nn.ConvTranspose2d, sizes: Sizes) -> Translated:
    layer = _window("conv_transpose", module, sizes)
    layer["extra"] = _only(module.output_padding)
    kernel, stride, padding = layer["kernel"], layer["stride"], layer["padding"]
    after = [
        (size - 1) * stride - 2 * padding + kernel + layer["extra"] for size in sizes[1:]
    ]
    weights = [module.weight.flatten(1), _bias(module, module.out_channels)]
    return layer, weights, (module.out_channels, *after)


def _window(op: str, module: nn.Conv2d | nn.ConvTranspose2d, sizes: Sizes) -> Layer:
    if module.groups != 1 or _only(module.dilation) != 1 or module.padding_mode != "zeros":
        raise NotPortable("convolutions in groups, dilated, or padded by other than zeros")
    if isinstance(module.padding, str):
        raise NotPortable("padding by name")
    return {
        "op": op,
        "inputs": module.in_channels,
        "outputs": module.out_channels,
        "kernel": _only(module.kernel_size),
        "stride": _only(module.stride),
        "padding": _only(module.padding),
        "height": sizes[1],
        "width": sizes[2],
    }


def _only(value: int | Sequence[int]) -> int:
    """The one size of both directions."""
    both = [value] if isinstance(value, int) else list(value)
    if len(set(both)) != 1:
        raise NotPortable("windows that are not square")
    return both[0]


def _bias(module: Any, outputs: int) -> Tensor:
    bias = torch.zeros(outputs) if module.bias is None else module.bias
    return bias[None]


def products(layer: Layer, after: Sizes) -> int:
    """Multiplications of a layer, to a fair approximation."""
    if layer["op"] == "linear":
        return int(layer["inputs"] * layer["outputs"])
    if layer["op"] == "conv":
        return int(layer["inputs"] * layer["kernel"] ** 2 * torch.Size(after).numel())
    if layer["op"] == "conv_transpose":
        pixels = layer["height"] * layer["width"]
        return int(layer["inputs"] * layer["outputs"] * layer["kernel"] ** 2 * pixels)
    return int(torch.Size(after).numel())


TRANSLATIONS: list[tuple[Any, Callable[[Any, Sizes], Translated]]] = [
    (nn.Linear, _linear),
    ((nn.ReLU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh), _pointwise),
    (FromSigned, _from_signed),
    ((nn.Dropout, nn.Identity), _nothing),
    (nn.Unflatten, _unflatten),
    (nn.Flatten, _flatten),
    ((nn.BatchNorm1d, nn.BatchNorm2d), _batch_norm),
    (nn.Upsample, _upsample),
    (nn.MaxPool2d, _max_pool),
    (nn.Conv2d, _conv),
    (nn.ConvTranspose2d, _conv_transpose),
]

"""Networks as the page computes them: a list of layers, and their weights in few bytes.

A model travels if the page would give its pictures: `decoder_of` compares with the model's own
`decode` before it says so. Any other model is decoded by the kernel.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from ..device import device_of, evaluating, seeded
from ..errors import UserError
from ..models.autoencoder import Autoencoder
from ..models.conditioning import is_conditional
from ..models.vae import VAE
from .layers import FromSigned, Layer, NotPortable, Sizes, leaves, products, translate

# beyond these a picture takes the page longer than a frame, and the weights long to arrive
MOST_NUMBERS = 2_000_000
MOST_PRODUCTS = 12_000_000
# the largest half-precision number
LARGEST_HALF = 65504


@dataclass(frozen=True)
class Portable:
    """Networks for the page.

    Attributes:
        parts: for each network its layers, {"op": …, sizes}.
        tensors: the weights of all layers, in their order; (rows, columns) each.
        products: multiplications for one picture.
    """

    parts: list[list[Layer]]
    tensors: list[Tensor]
    products: int

    @property
    def numbers(self) -> int:
        """How many weights there are."""
        return sum(tensor.numel() for tensor in self.tensors)

    def halves(self) -> bytes:
        """The weights in half precision, 16 bits each."""
        return b"".join(tensor.half().numpy().tobytes() for tensor in self.tensors)

    def eighths(self) -> bytes:
        """The weights in 8 bits: for each tensor a factor per row, then whole numbers."""
        return b"".join(_eighths(tensor) for tensor in self.tensors)

    def fits(self) -> bool:
        """True if the page decodes it within a frame."""
        few = self.numbers <= MOST_NUMBERS and self.products <= MOST_PRODUCTS
        return few and all(float(each.abs().max()) <= LARGEST_HALF for each in self.tensors)


def portable(*networks: tuple[nn.Module, Sizes]) -> Portable | None:
    """Networks with the sizes of their inputs, as one; None if a layer is unknown to the page."""
    parts: list[list[Layer]] = []
    tensors: list[Tensor] = []
    work = 0
    try:
        for network, sizes in networks:
            layers: list[Layer] = []
            for module in leaves(network):
                layer, weights, after = translate(module, sizes)
                if layer is not None:
                    layers.append(layer)
                    tensors += weights
                    work += products(layer, after)
                sizes = after
            parts.append(layers)
    except NotPortable:
        return None
    return Portable(parts, [each.detach().cpu().float() for each in tensors], work)


def decoder_of(model: Any) -> Portable | None:
    """The decoder of a model, if the page can compute it; None if the kernel must.

    Raises:
        UserError: weights with inf or NaN.
    """
    for network, last in _candidates(model):
        network = nn.Sequential(network, last)
        found = portable((network, (_decoded_size(model),)))
        if found is not None and found.fits() and _agrees(model, network):
            return found
    return None


def encoder_of(model: Any) -> Portable | None:
    """The encoder as two networks, before and after the condition joins; None if not portable.

    The second gives mean and log-variance one after the other, of an autoencoder the code alone.
    """
    if not isinstance(model, (VAE, Autoencoder)):
        return None
    image = tuple(model.image_shape)
    if isinstance(model, Autoencoder):
        head = nn.Sequential(model.to_latent)
    else:
        head = nn.Sequential(model.joint, _side_by_side(model.to_mean, model.to_log_var))
    found = portable((model.encoder, image), (head, (_input_width(head),)))
    if found is None or not found.fits() or not _encodes_alike(model, head):
        return None
    return found


def refuse_bad_weights(model: Any) -> None:
    """Raises a UserError if a weight of the model is inf or NaN."""
    if not isinstance(model, nn.Module):
        return
    # statistics of batch normalisation are buffers
    for name, weight in chain(model.named_parameters(), model.named_buffers()):
        if not bool(torch.isfinite(weight).all()):
            raise UserError(
                f"the model's weights {name} hold inf or NaN, so its images would be empty; "
                "train it again with a lower learning rate, or load other weights"
            )


def _candidates(model: Any) -> Iterator[tuple[nn.Module, nn.Module]]:
    """Networks that may be the decoder, and what turns their output into pixels."""
    for name in ("decoder", "generator"):
        network = getattr(model, name, None)
        if isinstance(network, nn.Module):
            for last in (nn.Sigmoid(), nn.Identity(), FromSigned()):
                yield network, last


def _decoded_size(model: Any) -> int:
    extra = model.condition.width if is_conditional(model) else 0
    return int(model.latent_dim) + extra


def _agrees(model: Any, network: nn.Module) -> bool:
    """True if the network gives what the model decodes, at latents of all kinds."""
    z = 2 * torch.randn(4, model.latent_dim, generator=seeded(0)).to(device_of(network))
    c = _some_conditions(model, len(z))
    with evaluating(model):
        expected = model.decode(z, c)
        if is_conditional(model):
            cond = model.condition.encode(c, len(z)).to(z.device)
            z = model.condition.join_latent(z, cond)
        try:
            found = network(z).reshape(expected.shape)
        except RuntimeError:
            # this network is not the decoder
            return False
    return bool(torch.allclose(found, expected, atol=1e-5))


def _encodes_alike(model: Any, head: nn.Module) -> bool:
    """True if the encoder and then the head give what the model says of images of all kinds."""
    x = torch.rand(4, *model.image_shape, generator=seeded(0)).to(device_of(model))
    c = _some_conditions(model, len(x))
    with evaluating(model):
        if isinstance(model, Autoencoder):
            expected = model.encode(x)
        else:
            expected = torch.cat(model.posterior(x, c), 1)
        features = model.encoder(x)
        if is_conditional(model):
            cond = model.condition.encode(c, len(x)).to(x.device)
            features = model.condition.join_features(features, cond)
        found = head(features)
    return found.shape == expected.shape and torch.allclose(found, expected, atol=1e-4)


def _some_conditions(model: Any, n: int) -> Tensor | None:
    if not is_conditional(model):
        return None
    size = model.condition.size
    if model.condition.kind == "attributes":
        return torch.arange(n * size).reshape(n, size) % 2
    return torch.arange(n) % size


def _side_by_side(first: nn.Linear, second: nn.Linear) -> nn.Linear:
    """One layer that gives the outputs of both, one after the other."""
    both = nn.Linear(first.in_features, first.out_features + second.out_features)
    both.weight = nn.Parameter(torch.cat([first.weight, second.weight]).detach())
    both.bias = nn.Parameter(torch.cat([first.bias, second.bias]).detach())
    return both


def _input_width(network: nn.Module) -> int:
    return next(each.in_features for each in leaves(network) if isinstance(each, nn.Linear))


def _eighths(tensor: Tensor) -> bytes:
    largest = tensor.abs().amax(1, keepdim=True).clamp_min(1e-12)
    factor = largest / 127
    whole = (tensor / factor).round().to(torch.int8)
    return factor.numpy().tobytes() + whole.numpy().tobytes()

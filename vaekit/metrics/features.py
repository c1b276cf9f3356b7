"""Feature networks by name: what FID and KID look through, and what reads an image's class."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..device import pick_device
from ..errors import UserError, pick
from ..models.classifier import Classifier
from ..recipes import pretrained
from .feature_network import FeatureNetwork
from .inception import load_inception

BUILT_IN = ("fashion", "mnist")

# a name, your own module or function, or a network that is loaded already
Features = str | nn.Module | FeatureNetwork | Callable[[Tensor], Tensor]


def load_features(features: Features = "fashion", *, device: str = "auto") -> FeatureNetwork:
    """The feature network by name, or your own module or function made ready.

    Args:
        features: "fashion" or "mnist": the small classifiers shipped with the package, for grey
            28×28 images; "inception": the network of published FIDs, downloaded once (90 MB,
            needs `pip install torch-fidelity`); a module whose `features(x)`, or else
            `forward(x)`, maps (N, C, H, W) in [0, 1] to (N, F); or a function that does. Your own
            module stays on its device.
        device: where a network loaded by name runs.
    Returns:
        The network. A function has no weights, so nothing but its name says which one it was.
    Raises:
        UserError: unknown name, a weight file that is missing or is not the recorded one, no
            network for Inception, a class in place of a module.
    """
    if isinstance(features, FeatureNetwork):
        return features
    if isinstance(features, nn.Module):
        return _own(features)
    if not isinstance(features, str):
        return _own_function(features)

    pick("features", features, (*BUILT_IN, "inception"))
    network = load_inception() if features == "inception" else _built_in(features)
    cast(nn.Module, network.module).to(pick_device(device))
    return network


def _own(module: nn.Module) -> FeatureNetwork:
    return FeatureNetwork(
        name=type(module).__name__,
        hash=_hash_of_parameters(module),
        num_features=getattr(module, "num_features", None),
        module=module,
    )


def _own_function(function: Callable[[Tensor], Tensor]) -> FeatureNetwork:
    if isinstance(function, type):
        name = function.__name__
        raise UserError(f"features must be a module, not the class {name}; pass one, as {name}()")
    return FeatureNetwork(
        name=_name(function),
        hash="",
        num_features=None,
        module=function,
        note="compares only with scores of the same function",
    )


def _name(function: Any) -> str:
    """The name of a function, also of one whose arguments are partly given."""
    inner = getattr(function, "func", function)
    return getattr(inner, "__name__", type(inner).__name__)


def _built_in(name: str) -> FeatureNetwork:
    shipped = pretrained.load(f"classifier-{name}")
    network = cast(Classifier, shipped.model)
    return FeatureNetwork(
        name=name,
        hash=shipped.hash,
        num_features=network.num_features,
        module=network,
        accuracy=shipped.facts["accuracy"],
        classes=network.head.out_features,
        note="not comparable with published Inception FIDs",
    )


def _hash_of_parameters(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        data = value.detach().cpu().contiguous().flatten()
        digest.update(name.encode())
        digest.update(data.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()

"""Feature networks by name: what FID and KID look through, and what reads an image's class."""
from __future__ import annotations

import hashlib
from typing import cast

import torch
from torch import nn

from ..device import pick_device
from ..errors import pick
from ..models.classifier import Classifier
from ..recipes import pretrained
from .feature_network import FeatureNetwork
from .inception import load_inception

BUILT_IN = ("fashion", "mnist")

# a name, your own module, or a network that is loaded already
Features = str | nn.Module | FeatureNetwork


def load_features(features: Features = "fashion", *, device: str = "auto") -> FeatureNetwork:
    """The feature network by name, or your own module made ready.

    Args:
        features: "fashion" or "mnist": the small classifiers shipped with the package, for grey
            28×28 images; "inception": the network of published FIDs, downloaded once (90 MB,
            needs `pip install torch-fidelity`); or a module whose `features(x)`, or else
            `forward(x)`, maps (N, C, H, W) in [0, 1] to (N, F). Your own module stays on its
            device.
        device: where a network loaded by name runs.
    Raises:
        UserError: unknown name, a weight file that is missing or is not the recorded one, no
            network for Inception.
    """
    if isinstance(features, FeatureNetwork):
        return features
    if isinstance(features, nn.Module):
        return _own(features)

    pick("feature network", features, (*BUILT_IN, "inception"))
    network = load_inception() if features == "inception" else _built_in(features)
    network.module.to(pick_device(device))
    return network


def _own(module: nn.Module) -> FeatureNetwork:
    return FeatureNetwork(
        name=type(module).__name__,
        hash=_hash_of_parameters(module),
        num_features=getattr(module, "num_features", None),
        module=module,
    )


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

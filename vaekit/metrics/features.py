"""Feature networks: what FID and KID look through, and who reads the class of a generated image."""
from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data.images import ImageSet, image_set
from ..device import device_of, evaluating, pick_device
from ..errors import UserError, pick
from ..files import verified
from ..recipes import pretrained

BUILT_IN = ("fashion", "mnist")
INCEPTION_HASH = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"      # other weights give other scores
INCEPTION_URL = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"


@dataclass(frozen=True, eq=False)
class FeatureNetwork:
    """A network that turns images into the vectors which FID and KID compare.

    Attributes:
        name: "fashion", "mnist", "inception", or the class name of your own module.
        hash: sha256 of the weights: of the file, or of the parameters of your own module.
        num_features: length F of a feature vector; None if your own module does not say so.
        module: the network itself.
        accuracy: share of real test images that it classifies correctly; None if it is not known.
        classes: number of classes it tells apart; None if that is not known.
        note: what a reader of its scores must know.
    """

    name: str
    hash: str
    num_features: int | None
    module: nn.Module
    accuracy: float | None = None
    classes: int | None = None
    note: str = ""
    chunk: int = 1000               # images at a time: a whole set at once would need gigabytes

    def features(self, images: Tensor | ImageSet) -> Tensor:
        """Images (N, C, H, W) in [0, 1] → features (N, F), float64, on the CPU, without gradient and in evaluation mode.

        Raises:
            UserError: images of another shape than the network takes; features that are not (N, F), or not finite.
        """
        read = getattr(self.module, "features", None)
        return self._in_chunks(read if callable(read) else self.module, images, "features")

    def classify(self, images: Tensor | ImageSet) -> Tensor:
        """The most likely class of each image, (N,)."""
        return self._in_chunks(self.module, images, "logits").argmax(1)

    def _in_chunks(self, network: Callable, images, what: str) -> Tensor:
        images = image_set("images", images)
        shape = getattr(self.module, "image_shape", images.shape)
        if tuple(shape) != images.shape:
            raise UserError(f"the feature network {self.name!r} takes images of shape {tuple(shape)}, got {images.shape}; "
                            "use features='inception', which takes any, or your own network")
        device = device_of(self.module) if any(True for _ in self.module.parameters()) else images.x.device
        with evaluating(self.module):
            parts = [network(images.images(slice(i, i + self.chunk)).to(device)) for i in range(0, len(images), self.chunk)]
        if not all(isinstance(part, Tensor) and part.ndim == 2 for part in parts) or sum(map(len, parts)) != len(images):
            got = tuple(parts[0].shape) if isinstance(parts[0], Tensor) else type(parts[0]).__name__
            raise UserError(f"a feature network gives one vector an image, (N, F); {self.name!r} gives {what} of shape {got}: flatten or pool them")
        result = torch.cat([part.cpu().double() for part in parts])
        if not result.isfinite().all():
            raise UserError(f"the {what} of {self.name!r} are not finite for these images; check its weights")
        return result


def load_features(features: str | nn.Module | FeatureNetwork = "fashion", *, device: str = "auto") -> FeatureNetwork:
    """The feature network by name, or your own module made ready.

    Args:
        features: "fashion" or "mnist": the small classifiers shipped with the package, for grey 28×28 images; "inception": the network of
            published FIDs, downloaded once (90 MB, needs `pip install torch-fidelity`); or a module whose `features(x)`, or else
            `forward(x)`, maps (N, C, H, W) in [0, 1] to (N, F). Your own module stays on its device.
        device: where a network loaded by name runs.
    Raises:
        UserError: unknown name, a weight file that is missing or is not the recorded one, no network for Inception.
    """
    if isinstance(features, FeatureNetwork):
        return features
    if isinstance(features, nn.Module):
        return FeatureNetwork(type(features).__name__, _hash_of_parameters(features), getattr(features, "num_features", None), features)
    network = _inception() if pick("feature network", features, (*BUILT_IN, "inception")) == "inception" else _built_in(features)
    network.module.to(pick_device(device))
    return network


def _built_in(name: str) -> FeatureNetwork:
    network, facts, digest = pretrained.load(f"classifier-{name}")
    return FeatureNetwork(name, digest, network.num_features, network, facts["accuracy"], network.head.out_features,
                          "not comparable with published Inception FIDs")


def _inception() -> FeatureNetwork:
    """Inception v3 as converted from the TensorFlow weights of Heusel et al., with their way of resizing: what published FIDs use."""
    try:
        import torch_fidelity  # noqa: F401 (torchmetrics needs it, and says so less plainly)
    except ImportError:
        raise UserError("features='inception' needs the package torch-fidelity: `pip install torch-fidelity`; "
                        "or use features='fashion', which is built in") from None
    from torchmetrics.image.fid import NoTrainInceptionV3

    path = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_URL.rsplit("/", 1)[1]      # where torch-fidelity keeps it too
    if not path.exists():
        _download(INCEPTION_URL, path)
    digest = verified(path, INCEPTION_HASH)       # before it is read: the file is a pickle
    network = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(path))
    network.use_antialias = False               # recent versions of torchmetrics smooth as they shrink; the original does not
    return FeatureNetwork("inception", digest, 2048, _AnyImage(network), chunk=50)


class _AnyImage(nn.Module):
    """Images in [0, 1], grey or colour, of any size, for a network that takes colour bytes."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] not in (1, 3):
            raise UserError(f"Inception takes grey or colour images, 1 or 3 channels, got {x.shape[1]}")
        # rounded, as in an image file: published FIDs are of files
        return self.network((x.expand(-1, 3, -1, -1) * 255).round().byte())


def _download(url: str, path: Path) -> None:
    patience = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(20)            # a network that swallows packets should not hang a lesson
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=False)
    except (OSError, RuntimeError) as error:
        raise UserError(f"the Inception weights are not in {path.parent} and could not be downloaded ({error}). Download {url} on a machine "
                        f"with a network and put it there, or use features='fashion', which is built in.") from error
    finally:
        socket.setdefaulttimeout(patience)


def _hash_of_parameters(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()

"""Inception v3 as published FIDs use it: its weights, its way of resizing, its bytes."""
from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ..data.checks import check_images
from ..data.download import network_timeout
from ..errors import UserError
from ..files import verified
from .feature_network import FeatureNetwork

# other weights give other scores
HASH = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth"
)


def load_inception() -> FeatureNetwork:
    """Inception v3, with the TensorFlow weights of Heusel et al. as torch-fidelity converted them.

    They are downloaded once (90 MB).

    Raises:
        UserError: torch-fidelity is not installed, no network, another file than the recorded one.
    """
    _check_installed()
    from torchmetrics.image.fid import NoTrainInceptionV3

    # where torch-fidelity keeps them, too
    path = Path(torch.hub.get_dir()) / "checkpoints" / URL.rsplit("/", 1)[1]
    if not path.exists():
        _download(URL, path)
    # before it is read: the file is a pickle
    digest = _verified(path)

    network = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(path))
    # recent versions of torchmetrics smooth as they shrink; the original does not
    network.use_antialias = False
    return FeatureNetwork(
        name="inception",
        hash=digest,
        num_features=2048,
        module=AnyImage(network),
        chunk=50,
    )


def _verified(path: Path) -> str:
    try:
        return verified(path, HASH)
    except UserError as error:
        if not path.is_file():
            raise
        raise UserError(
            f"{path} is not the recorded weight file of Inception: it is damaged, or another's; "
            "delete it, and it is downloaded again"
        ) from error


class AnyImage(nn.Module):
    """Images in [0, 1], grey or colour, of any size, for a network that takes colour bytes."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1 or 3, H, W) → features (N, F)."""
        if x.ndim != 4:
            raise UserError(f"x must be images of shape (N, C, H, W), got {tuple(x.shape)}")
        check_images(x)
        channels = x.shape[1]
        if channels not in (1, 3):
            raise UserError(
                f"Inception takes grey or colour images, 1 or 3 channels, got {channels}"
            )
        # rounded, as in an image file: published FIDs are of files
        colour = x.expand(-1, 3, -1, -1) * 255
        return self.network(colour.round().byte())


def _check_installed() -> None:
    # torchmetrics needs it, and says so less plainly
    try:
        import torch_fidelity  # noqa: F401
    except ImportError:
        raise UserError(
            "features='inception' needs the package torch-fidelity: `pip install torch-fidelity`; "
            "or use features='fashion', which is built in"
        ) from None


def _download(url: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # a network that swallows packets should not hang a lesson
        with network_timeout(20):
            torch.hub.download_url_to_file(url, str(path), progress=False)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"the Inception weights are not in {path.parent} "
            f"and could not be downloaded ({error}). "
            f"Download {url} on a machine with a network and put it there, "
            "or use features='fashion', which is built in."
        ) from error

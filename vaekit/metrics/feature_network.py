"""The network that FID and KID look through, as one value with what a score must say about it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..data.images import ImageSet, image_set
from ..device import device_of, evaluating
from ..errors import UserError, at_least, finite
from ..models.attribute_classifier import AttributeClassifier


@dataclass(frozen=True, eq=False)
class FeatureNetwork:
    """A network that turns images into the vectors which FID and KID compare.

    Attributes:
        name: "fashion", "mnist", "inception", the class name of your own module, or the name of
            your own function.
        hash: sha256 of the weights: of the file, or of the parameters of your own module; empty
            for a function.
        num_features: length F of a feature vector; None if your own module does not say so.
        module: the network itself, or a function from images to vectors.
        accuracy: share of real test images that it classifies correctly; None if not known.
        classes: number of classes that it knows; None if not known.
        note: what a reader of its scores must know.
        chunk: images at a time; a whole set at once would need gigabytes.
    """

    name: str
    hash: str
    num_features: int | None
    module: nn.Module | Callable[[Tensor], Tensor]
    accuracy: float | None = None
    classes: int | None = None
    note: str = ""
    chunk: int = 1000

    def __post_init__(self) -> None:
        at_least("chunk", self.chunk, 1)
        if self.num_features is not None:
            at_least("num_features", self.num_features, 1)
        if self.classes is not None:
            at_least("classes", self.classes, 2)
        if self.accuracy is not None:
            finite("accuracy", self.accuracy, least=0, most=1)

    def features(self, images: Tensor | ImageSet) -> Tensor:
        """Images (N, C, H, W) in [0, 1] → features (N, F), float64, on the CPU.

        Without gradient and in evaluation mode.

        Raises:
            UserError: images of another shape than the network takes; features that are not
                (N, F), or not finite.
        """
        read = getattr(self.module, "features", None)
        network = read if callable(read) else self.module
        return self._in_chunks(network, images, "features")

    def classify(self, images: Tensor | ImageSet) -> Tensor:
        """The most likely class of each image, (N,).

        Raises:
            UserError: as `features`; a network that gives no logits of two classes or more.
        """
        return self.logits(images).argmax(1)

    def logits(self, images: Tensor | ImageSet) -> Tensor:
        """Images (N, C, H, W) in [0, 1] → one value per class, (N, K) float64, on the CPU.

        Raises:
            UserError: as `classify`; a network that reads attributes.
        """
        if isinstance(self.module, AttributeClassifier):
            raise UserError(
                f"features: {self.name!r} reads attributes, of which an image may have several, "
                "and no classes; use metrics.carried, or a classifier of classes"
            )
        forward = getattr(type(self.module), "forward", None)
        if forward is nn.Module.forward:
            raise UserError(
                f"features: {self.name!r} is no classifier: it has no forward(x) that gives "
                "logits (N, K); use features='fashion' or 'mnist', or your own classifier"
            )
        logits = self._in_chunks(self.module, images, "logits")
        if logits.shape[1] < 2:
            raise UserError(
                f"features: {self.name!r} is no classifier: it gives one value per image, "
                "not one for each of two classes or more; "
                "use features='fashion' or 'mnist', or your own classifier"
            )
        return logits

    def _in_chunks(self, network: Callable, images: Tensor | ImageSet, what: str) -> Tensor:
        images = image_set("images", images)
        if len(images) == 0:
            raise UserError("images must be at least one image, got an empty set; choose others")
        self._check_shape(images)
        device = self._device(images)

        parts = []
        with evaluating(self.module):
            for start in range(0, len(images), self.chunk):
                x = images.images(slice(start, start + self.chunk))
                parts.append(network(x.to(device)))

        self._check_vectors(parts, len(images), what)
        result = torch.cat([part.cpu().double() for part in parts])
        if not result.isfinite().all():
            raise UserError(
                f"the {what} of {self.name!r} are not finite for these images; check its weights"
            )
        return result

    def _device(self, images: ImageSet) -> torch.device:
        """Where the weights are; what has none computes where the images are."""
        if not isinstance(self.module, nn.Module):
            return images.x.device
        has_weights = any(True for _ in self.module.parameters())
        return device_of(self.module) if has_weights else images.x.device

    def _check_shape(self, images: ImageSet) -> None:
        shape = tuple(getattr(self.module, "image_shape", images.shape))
        if shape != images.shape:
            raise UserError(
                f"the feature network {self.name!r} takes images of shape {shape}, "
                f"got {images.shape}; "
                "use features='inception', which takes any, or your own network"
            )

    def _check_vectors(self, parts: list[Any], n: int, what: str) -> None:
        """Each part is a matrix, and together they have one row per image."""
        are_matrices = all(isinstance(part, Tensor) and part.ndim == 2 for part in parts)
        if are_matrices and sum(len(part) for part in parts) == n:
            return

        first = parts[0]
        got = tuple(first.shape) if isinstance(first, Tensor) else type(first).__name__
        raise UserError(
            f"a feature network gives one vector per image, (N, F); "
            f"{self.name!r} gives {what} of shape {got}: flatten or pool them"
        )

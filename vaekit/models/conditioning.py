"""Three ways to give a model a condition, one argument apart.

VAE(…, condition=OneHot(10)), condition=Attributes(40) or condition=AddedEmbedding(10, 2): each says
how a condition joins the encoder's features and the decoder's latent. `width` is the number of
columns that it adds to both.
"""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.images import ImageSet, check_attributes
from ..device import can_be_read_freely
from ..errors import UserError, at_least, brief, finite, pick


class Condition(nn.Module):
    """What a model is given beside the image, and how it joins what the model computes.

    Attributes:
        kind: its name in `make`; None without a condition.
        size: number of classes, or of attributes.
        width: columns that it adds to features and latent.
        weight: factor on its encoding.
    """

    kind: str | None = None

    def __init__(self, size: int = 0, *, width: int = 0, weight: float = 1.0):
        super().__init__()
        self.size = at_least("size", size, 0)
        self.width = at_least("width", width, 0)
        self.weight = finite("weight", weight)

    def facts(self) -> dict[str, Any]:
        """What tells it from another condition, for a checkpoint: the shapes do not show it."""
        return {"kind": type(self).__name__, "size": self.size, "weight": self.weight}

    def encode(self, c: Any, n: int) -> Tensor | None:
        """The condition of n images as numbers, (n, …)."""
        raise NotImplementedError

    def check(self, labels: Tensor) -> None:
        """Refuse labels that it cannot encode, before any training."""

    def join_features(self, features: Tensor, cond: Any) -> Tensor:
        """What the posterior is computed from: here the features alone, (N, F)."""
        return features

    def join_latent(self, z: Tensor, cond: Any) -> Tensor:
        """What is decoded: here the latent alone, (N, D)."""
        return z


class Unconditional(Condition):
    """No condition: features and latents stay as they are, and a label is a mistake."""

    def encode(self, c: Any, n: int) -> None:
        """None, if there is no condition.

        Raises:
            UserError: there is one.
        """
        at_least("n", n, 0)
        if c is not None:
            raise UserError(
                "this model is unconditional: leave c out, "
                f"or build it with a condition such as OneHot(10); got c = {brief(c)}"
            )


class Concatenated(Condition):
    """A condition whose encoding is concatenated to the features and to the latent.

    Args:
        size: number of classes or of attributes, the columns of the encoding.
        weight: factor on the encoding. At 1, one column among many is learned slowly (lab 03).
    """

    def __init__(self, size: int, *, weight: float = 1.0):
        super().__init__(at_least("size", size, 1), width=size, weight=weight)

    def join_features(self, features: Tensor, cond: Tensor) -> Tensor:
        """(N, F) and (N, width) → (N, F + width)."""
        return torch.cat([features, cond], 1)

    def join_latent(self, z: Tensor, cond: Tensor) -> Tensor:
        """(N, D) and (N, width) → (N, D + width)."""
        return torch.cat([z, cond], 1)


class OneHot(Concatenated):
    """The class as a row of zeros with a single one.

    Args:
        classes: number of classes.
        weight: factor on the row.
    Raises:
        UserError: fewer than 2 classes.
    Source:
        Sohn et al. 2015 for the conditional VAE; S3 and S4 (see `recipes`) concatenate it so.
    """

    kind = "one-hot"

    def __init__(self, classes: int = 10, *, weight: float = 1.0):
        super().__init__(at_least("classes", classes, 2), weight=weight)

    def encode(self, c: Any, n: int) -> Tensor:
        """Labels in 0 … classes − 1, (n,) or one for all → `weight` at the class, (n, classes).

        Raises:
            UserError: no labels, an unknown class, not one label per image.
        """
        labels = _labels(c, n, self.size)
        return self.weight * F.one_hot(labels, self.size).float()

    def check(self, labels: Tensor) -> None:
        """Raises a UserError if a label is no class of 0 … classes − 1."""
        _check_known(labels, self.size)


class Attributes(Concatenated):
    """Several yes-or-no attributes at once, a row of zeros and ones.

    Args:
        attributes: number of attributes.
        weight: factor on the row.
    Raises:
        UserError: attributes < 1.
    Source:
        S4 (CelebA's 40 attributes).
    """

    kind = "attributes"

    def __init__(self, attributes: int = 40, *, weight: float = 1.0):
        super().__init__(at_least("attributes", attributes, 1), weight=weight)

    def encode(self, c: Any, n: int) -> Tensor:
        """Attributes of 0 and 1, (n, A) or one row for all (A,) → times weight, (n, A).

        Raises:
            UserError: no attributes, a wrong number of them, values other than 0 and 1, not one
                row per image.
        """
        c = _given(c, f"a row of {self.size} attributes, 0 or 1 each")
        if c.ndim not in (1, 2) or c.shape[-1] != self.size:
            raise UserError(
                f"c: this model takes {self.size} attributes per image, got {_shape(c)}"
            )
        if can_be_read_freely(c):
            check_attributes(c)
        if c.ndim == 2 and len(c) != n:
            raise UserError(
                f"one row of attributes per image is needed: {n} images, {len(c)} rows; "
                "one for all is given as a row, not in a list"
            )
        return self.weight * c.float().expand(n, -1)


class AddedEmbedding(Condition):
    """label → embedding → MLP, weighted and added to the latent; the encoder does not see it.

    Args:
        classes: number of classes.
        latent_dim: size of the latent that the result is added to.
        weight: factor on what is added; at 0 the decoder learns nothing of the class.
        hidden: width of the embedding and of the MLP's hidden layer.
    Raises:
        UserError: fewer than 2 classes, a size < 1.
    Source:
        S0 (see `recipes`).
    """

    kind = "embedding"

    def __init__(self, classes: int, latent_dim: int, *, weight: float = 1.0, hidden: int = 64):
        super().__init__(at_least("classes", classes, 2), weight=weight)
        self.embedding = nn.Embedding(classes, at_least("hidden", hidden, 1))
        self.mlp = nn.Sequential(
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, at_least("latent_dim", latent_dim, 1)),
        )

    def encode(self, c: Any, n: int) -> Tensor:
        """Labels, (n,) or one for all → what is added to the latent, (n, latent_dim).

        Raises:
            UserError: as `OneHot.encode` does.
        """
        labels = _labels(c, n, self.size).to(self.embedding.weight.device)
        return self.weight * self.mlp(self.embedding(labels))

    def check(self, labels: Tensor) -> None:
        """Raises a UserError if a label is no class of 0 … classes − 1."""
        _check_known(labels, self.size)

    def join_latent(self, z: Tensor, cond: Tensor) -> Tensor:
        """(N, D) and (N, D) → (N, D)."""
        return z + cond


CONDITIONS = ("one-hot", "embedding", "attributes")


def make(kind: Any, size: int, latent_dim: int, weight: float = 1.0) -> Condition:
    """A condition by name.

    Args:
        kind: None, "one-hot", "embedding" or "attributes".
        size: number of classes, or of attributes.
        latent_dim: size of the latent that an embedding is added to.
        weight: factor on the encoding, or on what is added.
    Raises:
        UserError: unknown kind, sizes out of range.
    """
    if kind is None:
        return Unconditional()
    pick("condition", kind, CONDITIONS)
    at_least("size", size, 1)
    if kind == "one-hot":
        return OneHot(size, weight=weight)
    if kind == "attributes":
        return Attributes(size, weight=weight)
    return AddedEmbedding(size, latent_dim, weight=weight)


def is_conditional(model: Any) -> bool:
    """True if the model needs a label or attributes with each image."""
    condition = getattr(model, "condition", None)
    return condition is not None and not isinstance(condition, Unconditional)


def labels_of(model: Any, images: ImageSet | Tensor) -> Tensor | None:
    """The c that goes with these images: their labels for a conditional model, else None.

    Raises:
        UserError: the model is conditional, but the images came without labels.
    """
    if not is_conditional(model):
        return None
    if not isinstance(images, ImageSet):
        raise UserError(
            "this model is conditional, but the images are a plain tensor; "
            f"pass an ImageSet, which has labels, got images {brief(images)}"
        )
    return images.y


def require_labels(model: Any, images: ImageSet | Tensor) -> None:
    """Refuse images without labels, or with unknown ones, for a conditional model.

    All labels are looked at here, once: on a GPU the steps of training do not look at them.

    Raises:
        UserError: as `labels_of`; a label that the model's condition does not know; classes in
            the place of attributes.
    """
    labels = labels_of(model, images)
    if labels is not None:
        if isinstance(model.condition, Attributes) and labels.ndim == 1:
            name = images.name if isinstance(images, ImageSet) else "the data"
            raise UserError(
                f"condition=attributes needs data with attributes, and {name} has classes; "
                "use one-hot or embedding"
            )
        model.condition.check(labels)


def _given(c: Any, wanted: str) -> Tensor:
    """A condition as a tensor, or an error that says what is wanted."""
    if c is None:
        raise UserError(f"this model is conditional: pass c, {wanted}; got None")
    try:
        return torch.as_tensor(c)
    except (TypeError, ValueError, RuntimeError):
        raise UserError(f"c must be {wanted}, got {brief(c)}") from None


def _labels(c: Any, n: int, classes: int) -> Tensor:
    """Labels, (n,) int64, each in 0 … classes − 1."""
    c = _given(c, f"a class in 0 … {classes - 1} for each image")
    if c.is_floating_point() or c.dtype == torch.bool or c.ndim > 1:
        raise UserError(
            "c must be classes, which are whole numbers, one per image, "
            f"got {c.dtype} of {_shape(c)}"
        )
    if c.ndim == 1 and len(c) != n:
        # a list of one is refused too: in training it is more often a mistake than meant
        raise UserError(
            f"one class per image is needed: {n} images, {len(c)} classes; "
            "one for all is given as a number, not in a list"
        )
    if can_be_read_freely(c):
        _check_known(c, classes)
    return c.long().expand(n)


def _check_known(c: Tensor, classes: int) -> None:
    if c.is_floating_point() or c.is_complex():
        raise UserError(f"labels must be whole numbers, got {c.dtype}")
    unknown = c[(c < 0) | (c >= classes)].reshape(-1)
    if len(unknown):
        raise UserError(
            f"unknown class {unknown[0].item()}; this model knows 0 … {classes - 1}, "
            "and labels must be among them"
        )


def _shape(c: Tensor) -> str:
    value = "" if c.ndim else f", {c.item()}"
    return f"shape {tuple(c.shape)}{value}"

"""Three ways to tell a model which image is wanted, one argument apart: VAE(…, condition=OneHot(10)), Attributes(40) or AddedEmbedding(10, 2).

Each says how a condition joins the encoder's features and the decoder's latent. `width` is the number of columns it adds to both.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.images import ImageSet, check_attributes
from ..errors import UserError, at_least, pick


class Unconditional(nn.Module):
    """No condition: features and latents stay as they are, and a label is a mistake."""

    kind, width = None, 0

    def codes(self, c, n: int) -> None:
        if c is not None:
            raise UserError("this model is unconditional: leave c out, or build it with a condition such as OneHot(10)")

    def join_features(self, features: Tensor, code: None) -> Tensor:
        return features

    def join_latent(self, z: Tensor, code: None) -> Tensor:
        return z


class OneHot(nn.Module):
    """The class as a row of zeros with a single one, concatenated to features and latent.

    Args:
        classes: number of classes.
        weight: how loudly it is said: factor on the row. At 1, a network of hundreds of inputs is slow to hear it (lab 03).
    Source: Sohn et al. 2015 for the conditional VAE; S3 and S4 (see `recipes`) concatenate it like this.
    """

    kind = "one-hot"

    def __init__(self, classes: int = 10, *, weight: float = 1.0):
        super().__init__()
        self.size, self.weight = at_least("classes", classes, 2), weight
        self.width = self.size

    def codes(self, c, n: int) -> Tensor:
        """Labels, one for all or (n,), in 0 … classes − 1 → weight at the class and 0 elsewhere, (n, classes).

        Raises:
            UserError: no labels, an unknown class, not one label an image.
        """
        return self.weight * F.one_hot(_labels(c, n, self.size), self.size).float()

    def join_features(self, features: Tensor, code: Tensor) -> Tensor:
        return torch.cat([features, code], 1)

    def join_latent(self, z: Tensor, code: Tensor) -> Tensor:
        return torch.cat([z, code], 1)


class Attributes(OneHot):
    """Several yes-or-no attributes at once, a row of zeros and ones, concatenated to features and latent. Source: S4 (CelebA's 40 attributes)."""

    kind = "attributes"

    def __init__(self, attributes: int = 40, *, weight: float = 1.0):
        nn.Module.__init__(self)
        self.size, self.weight = at_least("attributes", attributes, 1), weight
        self.width = self.size

    def codes(self, c, n: int) -> Tensor:
        """Attributes, one row for all (A,) or (n, A), of 0 and 1 → times weight, (n, A).

        Raises:
            UserError: no attributes, a wrong number of them, values other than 0 and 1, not one row an image.
        """
        c = _given(c, f"a row of {self.size} attributes, 0 or 1 each")
        if c.ndim not in (1, 2) or c.shape[-1] != self.size:
            raise UserError(f"this model takes {self.size} attributes an image, got {_shape(c)}")
        check_attributes(c)
        if c.ndim == 2 and len(c) != n:
            raise UserError(f"one row of attributes an image is needed: {n} images, {len(c)} rows")
        return self.weight * c.float().expand(n, -1)


class AddedEmbedding(nn.Module):
    """label → embedding → MLP, weighted and added to the latent. The encoder is not told. Source: S0 (see `recipes`).

    Args:
        classes: number of classes.
        latent_dim: size of the latent that the result is added to.
        weight: factor on what is added; at 0 the decoder hears nothing of the class.
    """

    kind, width = "embedding", 0

    def __init__(self, classes: int, latent_dim: int, *, weight: float = 1.0, hidden: int = 64):
        super().__init__()
        self.size, self.weight = at_least("classes", classes, 2), weight
        self.embedding = nn.Embedding(classes, at_least("hidden", hidden, 1))
        self.mlp = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, at_least("latent_dim", latent_dim, 1)))

    def codes(self, c, n: int) -> Tensor:
        """Labels, one for all or (n,) → what is added to the latent, (n, latent_dim). Raises as `OneHot.codes` does."""
        labels = _labels(c, n, self.size).to(self.embedding.weight.device)
        return self.weight * self.mlp(self.embedding(labels))

    def join_features(self, features: Tensor, code: Tensor) -> Tensor:
        return features

    def join_latent(self, z: Tensor, code: Tensor) -> Tensor:
        return z + code


CONDITIONS = {each.kind: each for each in (OneHot, AddedEmbedding, Attributes)}


def make(kind: str | None, size: int, latent_dim: int, weight: float = 1.0) -> nn.Module:
    """A condition by name: None, "one-hot", "embedding" (both of `size` classes) or "attributes" (`size` of them)."""
    if kind is None:
        return Unconditional()
    pick("condition", kind, CONDITIONS)
    return AddedEmbedding(size, latent_dim, weight=weight) if kind == "embedding" else CONDITIONS[kind](size, weight=weight)


def is_conditional(model) -> bool:
    """True if the model wants a label or attributes with each image."""
    return not isinstance(getattr(model, "condition", None), Unconditional | None)


def labels_of(model, images: ImageSet | Tensor) -> tuple[Tensor, ...]:
    """What to pass to the model after the images: (labels,) for a conditional model, () for any other.

    Raises:
        UserError: the model is conditional, but the images came without labels.
    """
    if not is_conditional(model):
        return ()
    if not isinstance(images, ImageSet):
        raise UserError("this model is conditional, but the images are a plain tensor; pass an ImageSet, which has labels")
    return (images.y,)


def _given(c, wanted: str) -> Tensor:
    if c is None:
        raise UserError(f"this model is conditional: pass c, {wanted}")
    try:
        return torch.as_tensor(c)
    except (TypeError, ValueError, RuntimeError):
        raise UserError(f"c must be {wanted}, got {c!r}") from None


def _labels(c, n: int, classes: int) -> Tensor:
    c = _given(c, f"a class in 0 … {classes - 1} for each image")
    if c.is_floating_point() or c.dtype == torch.bool or c.ndim > 1:
        raise UserError(f"classes are whole numbers, one an image, got {c.dtype} of {_shape(c)}")
    if c.ndim == 1 and len(c) != n:
        raise UserError(f"one class an image is needed: {n} images, {len(c)} classes")
    unknown = c[(c < 0) | (c >= classes)]
    if len(unknown.reshape(-1)):
        raise UserError(f"unknown class {unknown.reshape(-1)[0].item()}; this model knows 0 … {classes - 1}")
    return c.long().expand(n)


def _shape(c: Tensor) -> str:
    return f"shape {tuple(c.shape)}"

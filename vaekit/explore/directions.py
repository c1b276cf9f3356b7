"""Attributes as directions of a latent space: add one, subtract one."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..data.images import ImageSet
from ..errors import UserError, brief, pick


def attribute_direction(
    codes: Tensor, images: ImageSet, attribute: str, *, hold: Sequence[str] = ()
) -> Tensor:
    """What an attribute adds to a code: z + direction gives it, z − direction takes it away.

    It is the mean of the codes of images with the attribute minus the mean of those without. Where
    attributes occur together, that also moves what comes along: if most with a hat are pale, adding
    the hat makes pale. Attributes to `hold` are kept fixed: with one of them, the difference is
    taken within each of its two groups and averaged, with several it is the attribute's
    coefficient in a least-squares fit of the codes on all of them.

    Args:
        codes: of the images, in the same order, (N, D); see `explore.axes.codes_of`.
        images: with attributes.
        attribute: name of the one to add.
        hold: names of others that must not move with it.
    Returns:
        (D,), in the dtype of the codes.
    Raises:
        UserError: unknown attributes, one to hold that is the attribute itself, images that all
            have it, or none, attributes that determine one another, codes of another shape or with
            inf or NaN.
    Source:
        Radford et al. 2016 and Larsen et al. 2016 for the difference of means; White 2016,
        section 3.2, for what correlated attributes do to it.
    """
    if images.y.ndim != 2 or not images.labelled:
        raise UserError(
            f"images must have attributes, y of shape (N, A), got {images!r}; "
            "use data.load('faces'), or make an ImageSet with such y"
        )
    _check_codes(codes, len(images))
    names = [attribute, *hold]
    columns = [images.classes.index(pick("attribute", name, images.classes)) for name in names]
    if len(set(names)) < len(names):
        raise UserError(f"hold must name other attributes than {attribute!r}, each once")

    y = images.y[:, columns].cpu().double()
    _check_groups(y, names)
    # around their means, so that no constant is fitted; alone, this is the difference of means
    centred = y - y.mean(0)
    fitted = torch.linalg.lstsq(centred, codes.detach().cpu().double(), driver="gelsd")
    if int(fitted.rank) < len(names):
        raise UserError(
            f"{attribute!r} and hold = {brief(list(hold))} determine one another in these "
            f"{len(images)} images; leave one out, or take more images"
        )
    direction: Tensor = fitted.solution[0].to(codes)
    return direction


def _check_codes(codes: Tensor, n: int) -> None:
    if codes.ndim != 2 or len(codes) != n or not codes.is_floating_point() or codes.shape[1] < 1:
        raise UserError(f"codes must be float, one row for each of {n} images, got {brief(codes)}")
    if not bool(torch.isfinite(codes).all()):
        raise UserError("codes must be finite, got inf or NaN; check the encoder")


def _check_groups(y: Tensor, names: Sequence[str]) -> None:
    for column, name in enumerate(names):
        share = y[:, column].mean().item()
        if share in (0.0, 1.0):
            raise UserError(
                f"{name!r} needs images with it and without it, "
                f"got {'none' if share == 0 else 'all'} of {len(y)} with it; take more images"
            )

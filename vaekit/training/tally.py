"""The sums of an epoch, kept on the device until its end."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..errors import UserError


class Tally:
    """Each term of each step, summed over its images, on the device.

    To read a GPU's value is to wait for all its work. So nothing is read while an epoch runs; at
    its end the whole table is fetched at once.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.steps: list[Tensor] = []
        self.images = 0

    def add(self, terms: Mapping[str, Tensor], images: int) -> None:
        """One step's terms, (N,) each, of so many images.

        Raises:
            UserError: other terms than in the steps before.
        """
        if not self.names:
            self.names = list(terms)
        if set(terms) != set(self.names):
            raise UserError(
                "an objective has the same terms at every step, "
                f"got {', '.join(terms)} after {', '.join(self.names)}"
            )
        sums = [terms[name].detach().sum() for name in self.names]
        self.steps.append(torch.stack(sums))
        self.images += images

    def table(self) -> Tensor:
        """The sums, (steps, terms), float64, on the CPU."""
        return torch.stack(self.steps).cpu().double()

    def means(self) -> dict[str, float]:
        """Each term's mean over all images."""
        means = self.table().sum(0) / self.images
        return dict(zip(self.names, means.tolist(), strict=True))

    def first_not_finite(self, terms: Sequence[str]) -> tuple[int, str, float] | None:
        """Where one of these terms was first inf or NaN: step, from 0, term and value; or None."""
        columns = [self.names.index(term) for term in terms]
        for step, row in enumerate(self.table()[:, columns].tolist()):
            for term, value in zip(terms, row):
                if not math.isfinite(value):
                    return step, term, value
        return None

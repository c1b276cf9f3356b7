"""Which images to train, validate and test on, as one value."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .images import ImageSet
from .load import load


@dataclass(frozen=True)
class Selection:
    """A choice of images. What is left out stays as it is in the data set.

    Attributes:
        name: the data set, one of SOURCES.
        root: a folder to look for its file in, before all others (see `load`).
        limit: train on the first so many images only.
        classes: train and test on these classes only; labels keep their meaning.
        per_class: train on the first so many images of each class.
        test_limit: test on the first so many images only.
        validation: share of the training images that is held out.
    """

    name: str
    root: str | Path | None = None
    limit: int | None = None
    classes: Sequence[str] = ()
    per_class: int | None = None
    test_limit: int | None = None
    validation: float | None = None

    def load(self, seed: int = 0) -> tuple[ImageSet, ImageSet | None, ImageSet]:
        """The images to train on, to validate on (None without `validation`), and to test on.

        `limit` counts before `classes` chooses, `test_limit` and `per_class` count after it.

        Args:
            seed: which of the training images are held out.
        Raises:
            UserError: unknown data set or class, data not to be had, a number or share out of
                range.

        >>> train, validation, test = Selection("digits", limit=100, validation=0.2).load()
        >>> len(train), len(validation), len(test)
        (80, 20, 360)
        """
        train = load(self.name, "train", root=self.root, limit=self.limit)
        test = load(self.name, "test", root=self.root)

        if self.classes:
            train = train.only(*self.classes)
            test = test.only(*self.classes)

        if self.per_class is not None:
            train = train.per_class(self.per_class)
        if self.test_limit is not None:
            test = test.first(self.test_limit)

        if self.validation is None:
            return train, None, test
        train, validation = train.split(self.validation, seed=seed)
        return train, validation, test

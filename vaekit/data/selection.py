"""Which images to train, validate and test on, as one value."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError, at_least, brief, finite, pick
from .checks import check_chosen
from .images import ImageSet
from .load import load, size_of
from .sources import FOLDER, Source, folder_of, roots, source_of


@dataclass(frozen=True)
class Selection:
    """A choice of images. What is left out stays as it is in the data set.

    Attributes:
        name: the data set, one of SOURCES, or "folder:PATH" for your own images.
        root: a folder to look for its file in, before all others (see `load`).
        limit: train on the first so many images only, of the chosen classes.
        classes: train and test on these classes only; labels keep their meaning.
        per_class: train on the first so many images of each class.
        test_limit: test on the first so many images only, of the chosen classes.
        validation: share of the training images that is held out.
        size: (height, width) of the images, for a set whose size can be chosen (see `load`).
        attributes: keep these attributes alone, in this order.
    Raises:
        UserError: unknown data set, class or attribute, a number, share or size out of range, a
            root that is no folder.
    """

    name: str
    root: str | Path | None = None
    limit: int | None = None
    classes: Sequence[str] = ()
    per_class: int | None = None
    test_limit: int | None = None
    validation: float | None = None
    size: tuple[int, int] | None = None
    attributes: Sequence[str] = ()

    def __post_init__(self) -> None:
        source = source_of(self.name)
        size_of(self.name, self.size)
        roots(self.root)
        if self.name.startswith(FOLDER):
            folder_of(self.name)
        for what in ("limit", "per_class", "test_limit"):
            number = getattr(self, what)
            if number is not None:
                at_least(what, number, 1)
        if self.validation is not None:
            finite("validation", self.validation, above=0, below=1)

        # only the images of a folder can tell which there are
        if source.classes and self.classes:
            self._check_classes(source)
        if source.classes and self.attributes:
            self._check_attributes(source)

    def load(self, seed: int = 0) -> tuple[ImageSet, ImageSet | None, ImageSet]:
        """The images to train on, to validate on (None without `validation`), and to test on.

        `limit` and `test_limit` count the images of the chosen classes, `per_class` counts within
        `limit`, and `validation` is a share of what is left.

        Args:
            seed: which of the training images are held out.
        Raises:
            UserError: data not to be had, a class without images, too few images for `validation`.

        >>> train, validation, test = Selection("digits", limit=100, validation=0.2).load()
        >>> len(train), len(validation), len(test)
        (80, 20, 360)
        """
        # without a choice of classes, no more images are read than are used
        limit = None if self.classes else self.limit
        test_limit = None if self.classes else self.test_limit
        train = load(self.name, "train", root=self.root, limit=limit, size=self.size)
        test = load(self.name, "test", root=self.root, limit=test_limit, size=self.size)

        if self.attributes:
            train = train.with_attributes(*self.attributes)
            test = test.with_attributes(*self.attributes)
        if self.classes:
            train = train.only(*self.classes)
            test = test.only(*self.classes)

        if self.limit is not None:
            train = train.first(self.limit)
        if self.per_class is not None:
            train = train.per_class(self.per_class)
        if self.test_limit is not None:
            test = test.first(self.test_limit)

        if self.validation is None:
            return train, None, test
        train, validation = train.split(self.validation, seed=seed)
        return train, validation, test

    def _check_classes(self, source: Source) -> None:
        if source.has_attributes:
            raise UserError(
                f"{self.name} has attributes and no classes, got {brief(', '.join(self.classes))}; "
                "leave classes out, or choose attributes"
            )
        for each in self.classes:
            pick("class", each, source.classes)

    def _check_attributes(self, source: Source) -> None:
        if not source.has_attributes:
            raise UserError(
                f"{self.name} has classes and no attributes, got attributes "
                f"{brief(', '.join(self.attributes))}; leave attributes out, "
                "or load faces or celeba"
            )
        check_chosen(self.attributes, source.classes)

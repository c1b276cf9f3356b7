"""The fingerprint of a set: the same for the same images, another for others."""
import pytest
import torch

from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics import reference
from vaekit.metrics.reference import reference_of

LEVELS = torch.randint(256, (30, 1, 4, 4), generator=seeded(0)).byte()
IMAGES = LEVELS.float() / 255


def test_it_says_how_many_and_which():
    said = reference_of(torch.zeros(1200, 1, 1, 1))
    number, digest = said.split(" images ")
    assert number == "1,200"
    assert len(digest) == 8


def test_the_same_images_however_they_are_kept(monkeypatch):
    said = reference_of(IMAGES)
    order = torch.randperm(30, generator=seeded(1))
    as_set = ImageSet(LEVELS, torch.zeros(30, dtype=torch.int64))
    assert reference_of(IMAGES[order]) == said
    assert reference_of(as_set) == said
    assert reference_of(IMAGES.double()) == said
    monkeypatch.setattr(reference, "CHUNK", 7)
    assert reference_of(IMAGES) == said


@pytest.mark.parametrize("image", [0, 29])
def test_one_grey_level_makes_another_set(image):
    other = LEVELS.clone()
    other[image, 0, 3, 3] ^= 1
    assert reference_of(other.float() / 255) != reference_of(IMAGES)


def test_no_images_are_refused():
    with pytest.raises(UserError, match="number of images must be ≥ 1, got 0"):
        reference_of(IMAGES[:0])

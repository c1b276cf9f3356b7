"""The planted bias of drawn faces and its repair, each counted."""
import numpy as np
import pytest
import torch

from vaekit.data import biased, faces
from vaekit.errors import UserError

SIZE = (32, 32)


@pytest.fixture(scope="module")
def sets():
    return {split: biased.biased_faces(split, SIZE) for split in ("train", "test")}


@pytest.fixture(scope="module")
def repaired():
    return biased.balanced_faces("train", SIZE)


def column(images, name):
    return images.y[:, images.classes.index(name)].double().numpy()


def share(images, name):
    return column(images, name).mean()


def correlation(images, first, second):
    return np.corrcoef(column(images, first), column(images, second))[0, 1]


def rows(images):
    """Each face's factors: faces of the same factors are one image."""
    return {tuple(row) for row in images.factors.tolist()}


@pytest.mark.parametrize("split, n", [("train", 3_000), ("test", 2_000)])
def test_the_sets_are_what_they_promise(sets, split, n):
    images = sets[split]
    assert images.x.shape == (n, 3, *SIZE)
    assert images.y.shape == (n, 17)
    assert images.name == "faces_biased"
    assert torch.equal(faces.attributes_of(images.factors), images.y)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", list(faces.SHARES))
def test_the_shares_are_the_planted_ones(sets, split, name):
    images = sets[split]
    wanted = {"Eyeglasses": 0.05, "Pale_Skin": 0.10}.get(name, faces.SHARES[name])
    # four standard errors
    assert abs(share(images, name) - wanted) < 4 * (wanted * (1 - wanted) / len(images)) ** 0.5


@pytest.mark.parametrize("split", ["train", "test"])
def test_beard_and_hat_come_together(sets, split):
    # four standard errors of a correlation of 0.8 in 2,000 draws are 0.03 to 0.05
    assert abs(correlation(sets[split], "Goatee", "Wearing_Hat") - 0.8) < 0.05


def test_other_pairs_are_independent(sets):
    y = sets["train"].y.double().numpy()
    names = sets["train"].classes
    among = np.corrcoef(y.T)
    tied = {"Goatee", "Wearing_Hat"}
    hair = {"Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"}
    for i, first in enumerate(names):
        for j, second in enumerate(names[:i]):
            pair = {first, second}
            if pair <= hair or pair in (tied, {"Bald", "Bangs"}):
                continue
            # 3,000 draws: a standard error of 0.018, and 130 pairs
            assert abs(among[i, j]) < 0.08, pair


def test_each_call_gives_the_same_faces(sets, repaired):
    again = biased.biased_faces("train", SIZE)
    assert torch.equal(again.x, sets["train"].x)
    assert torch.equal(again.y, sets["train"].y)
    assert torch.equal(biased.balanced_faces("train", SIZE).x, repaired.x)


def test_a_size_draws_the_same_faces(sets):
    larger = biased.biased_faces("train", (48, 36))
    assert larger.shape == (3, 48, 36)
    assert torch.equal(larger.factors, sets["train"].factors)


def test_no_face_of_the_test_set_is_trained_on(sets):
    assert not rows(sets["train"]) & rows(sets["test"])


def test_no_face_is_one_of_the_plain_set(sets):
    plain = {tuple(row) for row in faces.face_factors(12_000).tolist()}
    assert not rows(sets["train"]) & plain
    held_out = {tuple(row) for row in faces.face_factors(2_000, "test").tolist()}
    assert not rows(sets["test"]) & held_out


def test_balanced_beard_and_hat_are_independent(repaired):
    assert abs(correlation(repaired, "Goatee", "Wearing_Hat")) < 0.06


@pytest.mark.parametrize("name", ["Goatee", "Wearing_Hat"])
def test_balancing_keeps_both_shares(sets, repaired, name):
    # a face of weight 0.24 comes once or not at all: a standard error of 0.004
    assert abs(share(repaired, name) - share(sets["train"], name)) < 0.02


def test_no_balanced_face_is_new(sets, repaired):
    assert len(repaired) == len(sets["train"])
    assert repaired.name == "faces_balanced"
    assert rows(repaired) <= rows(sets["train"])


def test_a_balanced_face_keeps_its_image_and_its_attributes(repaired):
    some = slice(0, 100)
    assert torch.equal(faces.draw_faces(repaired.factors[some], SIZE), repaired.x[some])
    assert torch.equal(faces.attributes_of(repaired.factors), repaired.y)


@pytest.mark.parametrize("make", [biased.biased_faces, biased.balanced_faces])
def test_what_cannot_be_drawn_is_refused(make):
    with pytest.raises(UserError, match="unknown split 'valid'"):
        make("valid")
    with pytest.raises(UserError, match="height in size must be ≥ 32, got 16"):
        make("train", (16, 16))

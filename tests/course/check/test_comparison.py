"""The checks of lab 08: right solutions of unusual form pass, wrong ones get a sentence."""
import pytest
import torch

from vaekit.course import answers, check
from vaekit.explore.between import slerp

RIGHT = answers.answers()


def blended(told, untold, weight):
    return weight * told + (1 - weight) * untold


def lerped(told, untold, weight):
    return torch.lerp(untold, told, weight)


def from_told(told, untold, weight):
    return told + (weight - 1) * (told - untold)


@pytest.mark.parametrize("fn", [RIGHT["guided"], blended, lerped, from_told])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_guidance_passes(fn, seed):
    assert "w = 1" in repr(check.guided(fn, seed=seed))


@pytest.mark.parametrize(
    "fn, word",
    [
        # the paper's w, one less than ours: at 1 it exaggerates already
        (lambda told, untold, w: (1 + w) * told - w * untold, "In the paper"),
        (lambda told, untold, w: told + w * (told - untold), "w = 1"),
        (lambda told, untold, w: told + w * (untold - told), "w = 1"),
        (lambda told, untold, w: told, "w = 0"),
        (lambda told, untold, w: untold + w**2 * (told - untold), "proportion"),
        (lambda told, untold, w: (untold + w * (told - untold)).clamp(-1, 1), "w = 1"),
        (lambda told, untold, w: (untold + w * (told - untold)).detach(), "gradient"),
        (lambda told, untold, w: untold + w * (told - untold).mean(0), "w = 1"),
    ],
)
def test_wrong_guidance_is_refused(fn, word):
    with pytest.raises(check.CheckFailed, match=word):
        check.guided(fn)


def by_basis(a, b, t):
    """In the plane's own axes: a's direction, and what is orthogonal to it."""
    first = a / a.norm()
    rest = b - (b @ first) * first
    second = rest / rest.norm()
    angle = torch.atan2(b @ second, b @ first) * t.unsqueeze(1)
    return a.norm() * (angle.cos() * first + angle.sin() * second)


def one_by_one(a, b, t):
    angle = torch.acos(torch.cosine_similarity(a, b, dim=0))
    points = [((1 - s) * angle).sin() * a + (s * angle).sin() * b for s in t]
    return torch.stack(points) / angle.sin()


@pytest.mark.parametrize("fn", [RIGHT["arc"], by_basis, one_by_one, slerp])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_right_arc_passes(fn, seed):
    assert "one length" in repr(check.arc(fn, seed=seed))


def line(a, b, t):
    return torch.lerp(a, b, t.unsqueeze(1))


def stretched(a, b, t):
    """Of the right length, but faster in the middle."""
    points = line(a, b, t)
    return points * (a.norm() / points.norm(dim=1, keepdim=True))


@pytest.mark.parametrize(
    "fn, word",
    [
        (line, "as long"),
        (stretched, "Equal steps"),
        (lambda a, b, t: one_by_one(b, a, t), "at a"),
        (lambda a, b, t: one_by_one(a, b, torch.linspace(0, 1, len(t))), "any order"),
        (lambda a, b, t: one_by_one(a, b, t)[:, :2], "shape"),
    ],
)
def test_a_wrong_arc_is_refused(fn, word):
    with pytest.raises(check.CheckFailed, match=word):
        check.arc(fn)

"""A model that draws what it is told, and a judge that can read it."""
import pytest
import torch
from torch import nn

from vaekit import metrics
from vaekit.errors import UserError
from vaekit.metrics.features import FeatureNetwork


class Judge(nn.Module):
    """Reads the class off the brightness: class k is k / 10."""

    def forward(self, x):
        return -(x.mean((1, 2, 3))[:, None] - torch.arange(10) / 10).abs()


class Painter(nn.Module):
    """Draws class c as brightness c / 10; a share of the images shows the next class instead."""

    def __init__(self, wrong=0.0):
        super().__init__()
        self.wrong, self.asked, self.modes = wrong, [], []

    def sample(self, n, c=None, *, generator=None):
        assert c.shape == (n,) and c.dtype == torch.int64
        self.asked += c.tolist()
        self.modes.append(self.training)
        slips = torch.rand(n, generator=generator) < self.wrong
        return ((c + slips) % 10 / 10).reshape(n, 1, 1, 1).expand(n, 1, 4, 4).clone()


JUDGE = FeatureNetwork("judge", "abcdef0123456789", None, Judge(), accuracy=0.93, classes=10)


def test_the_share_of_samples_that_show_their_class():
    perfect = metrics.class_consistency(Painter(), range(10), n=200, features=JUDGE)
    assert perfect.value == 1.0 and perfect.n == 200
    slipping = metrics.class_consistency(Painter(0.3), range(10), n=2000, features=JUDGE)
    assert slipping.value == pytest.approx(0.7, abs=0.04)
    assert slipping.low < slipping.value < slipping.high and slipping.high - slipping.low == pytest.approx(4 * (0.21 / 2000) ** 0.5, rel=0.3)
    assert perfect.beats(like(slipping, perfect)) and not like(slipping, perfect).beats(perfect)


def like(score, other):
    return metrics.Score(**{**vars(score), "n": other.n})


def test_score_carries_the_judge_and_its_accuracy_as_floor():
    score = metrics.class_consistency(Painter(0.1), [3], n=50, features=JUDGE)
    assert (score.better, score.floor, score.features, score.weights) == ("higher", 0.93, "judge", "abcdef01")
    assert "on real test images" in score.floor_name
    assert metrics.class_consistency(Painter(0.1), [3], n=50, features=Judge()).floor is None


def test_classes_are_asked_for_in_turn_in_evaluation_mode():
    painter = Painter().train()
    metrics.class_consistency(painter, [2, 5, 7], n=1202, features=JUDGE)
    assert [painter.asked.count(k) for k in (2, 5, 7)] == [401, 401, 400] and len(painter.asked) == 1202
    assert not any(painter.modes) and painter.training
    assert metrics.class_consistency(painter, torch.tensor([2]), n=5, features=JUDGE).value == 1


def test_same_seed_same_score():
    a, b, c = (repr(metrics.class_consistency(Painter(0.5), range(10), n=100, features=JUDGE, seed=seed)) for seed in (1, 1, 2))
    assert a == b != c


def test_ready_images():
    labels = torch.tensor([1, 2, 3, 4])
    images = Painter().sample(4, torch.tensor([1, 2, 3, 9]))
    assert metrics.consistency_of(images, labels, features=JUDGE).value == 0.75


def test_equal_answers_leave_room_in_the_interval():
    # 30 of 30 right does not prove a share of 1: the rule of three
    right = metrics.class_consistency(Painter(), [1], n=30, features=JUDGE)
    assert (right.low, right.high) == (0.9, 1.0)
    wrong = metrics.class_consistency(Painter(1.0), [1], n=30, features=JUDGE)
    assert wrong.value == 0 and (wrong.low, wrong.high) == (0.0, 0.1)


class Unconditional(nn.Module):
    def sample(self, n, *, generator=None):
        return torch.rand(n, 1, 4, 4)


class Overflowing(Painter):
    def sample(self, n, c=None, *, generator=None):
        return super().sample(n, c, generator=generator) + 0.5


@pytest.mark.parametrize("call, words", [
    (lambda: metrics.class_consistency(Unconditional(), [1], features=JUDGE), r"Unconditional takes no class.*sample\(n, c=labels\)"),
    (lambda: metrics.class_consistency(Painter(), [], features=JUDGE), "classes is empty"),
    (lambda: metrics.class_consistency(Painter(), [3, 10], features=JUDGE), "classes must lie in 0 … 9, got 10"),
    (lambda: metrics.class_consistency(Painter(), [-1], features=JUDGE), "class must be ≥ 0, got -1"),
    (lambda: metrics.class_consistency(Painter(), [1.5], features=JUDGE), "class must be a whole number, got 1.5"),
    (lambda: metrics.class_consistency(Painter(), [1], n=0, features=JUDGE), "n must be ≥ 1"),
    (lambda: metrics.class_consistency(Painter(), [1], features="inception"), "Inception knows ImageNet's classes"),
    (lambda: metrics.class_consistency(Overflowing(), [9], features=JUDGE), r"must lie in \[0, 1\]"),
    (lambda: metrics.consistency_of(torch.rand(3, 1, 4, 4), torch.tensor([1, 2]), features=JUDGE), "one whole-numbered label an image is needed: 3"),
    (lambda: metrics.consistency_of(torch.rand(2, 1, 4, 4), torch.tensor([1.0, 2.0]), features=JUDGE), "labels torch.float32"),
    (lambda: metrics.consistency_of(torch.full((2, 1, 4, 4), torch.nan), torch.tensor([1, 2]), features=JUDGE), "nan"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()

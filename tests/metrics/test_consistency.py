"""A model that draws the requested class, and a classifier that can read it."""
from dataclasses import replace

import pytest
import torch
from support.scores import check_interval_around
from torch import nn

from vaekit import metrics
from vaekit.errors import UserError
from vaekit.metrics.features import FeatureNetwork
from vaekit.models.conditioning import OneHot


class Judge(nn.Module):
    """Reads the class off the brightness: class k is k / 10."""

    def forward(self, x):
        brightness = x.mean((1, 2, 3))
        return -(brightness[:, None] - torch.arange(10) / 10).abs()


class Painter(nn.Module):
    """Draws class c as brightness c / 10; a share of the images shows the next class instead."""

    def __init__(self, wrong=0.0):
        super().__init__()
        self.condition = OneHot(10)
        self.backbone = nn.Dropout(0.5)
        self.wrong = wrong
        self.requested = []
        self.modes = []

    def sample(self, n, c=None, *, generator=None):
        assert c.shape == (n,)
        assert c.dtype == torch.int64
        self.requested += c.tolist()
        self.modes += [part.training for part in self.modules()]

        slips = torch.rand(n, generator=generator) < self.wrong
        brightness = (c + slips) % 10 / 10
        return brightness.reshape(n, 1, 1, 1).expand(n, 1, 4, 4).clone()


class Unconditional(nn.Module):
    def sample(self, n, *, generator=None):
        return torch.rand(n, 1, 4, 4)


class WithoutSamples(nn.Module):
    """It has a condition, but nothing to draw with."""

    def __init__(self):
        super().__init__()
        self.condition = OneHot(10)


class Overflowing(Painter):
    def sample(self, n, c=None, *, generator=None):
        return super().sample(n, c, generator=generator) + 0.5


class Failing(Painter):
    def sample(self, n, c=None, *, generator=None):
        raise RuntimeError("out of memory")


JUDGE = FeatureNetwork("judge", "abcdef0123456789", None, Judge(), accuracy=0.93, classes=10)


def like(score, other):
    """The score, as if it were of as many images as the other."""
    return replace(score, n=other.n)


def test_the_share_of_samples_that_show_their_class():
    perfect = metrics.class_consistency(Painter(), range(10), n=200, features=JUDGE)
    assert perfect.value == 1.0
    assert perfect.n == 200

    slipping = metrics.class_consistency(Painter(0.3), range(10), n=2000, features=JUDGE)
    assert slipping.value == pytest.approx(0.7, abs=0.04)
    check_interval_around(slipping)

    standard_error = (0.21 / 2000) ** 0.5
    assert slipping.high - slipping.low == pytest.approx(4 * standard_error, rel=0.3)
    assert perfect.beats(like(slipping, perfect))
    assert not like(slipping, perfect).beats(perfect)


def test_score_carries_the_judge_and_its_accuracy_as_floor():
    score = metrics.class_consistency(Painter(0.1), [3], n=50, features=JUDGE)
    assert score.better == "higher"
    assert score.floor == 0.93
    assert score.features == "judge"
    assert score.weights == "abcdef01"
    assert "on real test images" in score.floor_name

    unknown = metrics.class_consistency(Painter(0.1), [3], n=50, features=Judge())
    assert unknown.floor is None


def test_classes_are_requested_in_turn_in_evaluation_mode():
    painter = Painter().train()
    metrics.class_consistency(painter, [2, 5, 7], n=1202, features=JUDGE)
    assert [painter.requested.count(k) for k in (2, 5, 7)] == [401, 401, 400]
    assert len(painter.requested) == 1202
    assert not any(painter.modes)
    assert painter.training

    as_tensor = metrics.class_consistency(painter, torch.tensor([2]), n=5, features=JUDGE)
    assert as_tensor.value == 1


def test_a_part_that_is_frozen_in_evaluation_mode_stays_so():
    painter = Painter().train()
    painter.backbone.eval()
    metrics.class_consistency(painter, [1], n=5, features=JUDGE)
    assert painter.training
    assert painter.condition.training
    assert not painter.backbone.training


def test_a_part_in_training_mode_is_evaluated_and_comes_back():
    painter = Painter().eval()
    painter.backbone.train()
    metrics.class_consistency(painter, [1], n=5, features=JUDGE)
    assert not any(painter.modes)
    assert not painter.training
    assert painter.backbone.training


def test_modes_are_restored_when_sample_raises():
    painter = Failing().train()
    painter.backbone.eval()
    with pytest.raises(RuntimeError, match="out of memory"):
        metrics.class_consistency(painter, [1], n=5, features=JUDGE)
    assert painter.training
    assert painter.condition.training
    assert not painter.backbone.training
    assert torch.is_grad_enabled()


def test_same_seed_same_score():
    def score(seed):
        return repr(
            metrics.class_consistency(Painter(0.5), range(10), n=100, features=JUDGE, seed=seed)
        )

    assert score(1) == score(1)
    assert score(1) != score(2)


def test_ready_images():
    labels = torch.tensor([1, 2, 3, 4])
    images = Painter().sample(4, torch.tensor([1, 2, 3, 9]))
    assert metrics.consistency_of(images, labels, features=JUDGE).value == 0.75


def test_equal_answers_leave_room_in_the_interval():
    # 30 of 30 right does not prove a share of 1: the rule of three
    right = metrics.class_consistency(Painter(), [1], n=30, features=JUDGE)
    assert right.low == 0.9
    assert right.high == 1.0

    wrong = metrics.class_consistency(Painter(1.0), [1], n=30, features=JUDGE)
    assert wrong.value == 0
    assert wrong.low == 0.0
    assert wrong.high == 0.1


def test_labels_may_be_a_list():
    images = Painter().sample(2, torch.tensor([1, 2]))
    assert metrics.consistency_of(images, [1, 3], features=JUDGE).value == 0.5


def test_a_function_may_judge():
    def brightest(images):
        return Judge()(images)

    images = Painter().sample(4, torch.tensor([1, 2, 3, 9]))
    score = metrics.consistency_of(images, torch.tensor([1, 2, 3, 4]), features=brightest)
    assert score.value == 0.75
    assert score.features == "brightest"
    assert score.weights == ""
    assert score.floor is None


def test_one_text_is_no_list_of_classes():
    with pytest.raises(UserError, match="classes of class_consistency must be .*, got str 'cat'"):
        metrics.class_consistency(Painter(), "cat", features=JUDGE)


class OnlyFeatures(nn.Module):
    def features(self, x):
        return x.flatten(1)


@pytest.mark.parametrize(
    "features, words",
    [
        (OnlyFeatures(), r"'OnlyFeatures' is no classifier: it has no forward\(x\)"),
        (lambda x: x.mean((1, 2, 3))[:, None], "is no classifier: it gives one value per image"),
        (lambda x: x.flatten(1)[:, :3], r"labels must lie in 0 … 2, got 3 at position 1"),
        (nn.Identity(), r"gives logits of shape \(2, 1, 4, 4\)"),
        (Judge, r"features must be a module, not the class Judge; pass one, as Judge\(\)"),
    ],
)
def test_what_is_no_classifier_of_these_classes_is_refused(features, words):
    images = Painter().sample(2, torch.tensor([1, 3]))
    with pytest.raises(UserError, match=words):
        metrics.consistency_of(images, torch.tensor([1, 3]), features=features)


def judged(model, classes, **settings):
    return metrics.class_consistency(model, classes, **{"features": JUDGE, **settings})


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: judged(Unconditional(), [1]),
            r"Unconditional takes no class.*sample\(n, c=labels\)",
        ),
        (
            lambda: judged(WithoutSamples(), [1]),
            r"WithoutSamples takes no class.*sample\(n, c=labels\)",
        ),
        (
            lambda: judged(torch.zeros(3), [1]),
            r"Tensor takes no class.*sample\(n, c=labels\)",
        ),
        (
            lambda: judged(Painter(), []),
            "classes is empty",
        ),
        (
            lambda: judged(Painter(), [3, 10]),
            "classes must lie in 0 … 9, got 10",
        ),
        (
            lambda: judged(Painter(), [-1]),
            "each of classes must be ≥ 0, got -1",
        ),
        (
            lambda: judged(Painter(), [1.5]),
            r"classes of class_consistency must be .*, got list \[1.5\]",
        ),
        (
            lambda: judged(Painter(), [1], n=0),
            "n must be ≥ 1",
        ),
        (
            lambda: judged(Painter(), [1], features="inception"),
            "Inception knows ImageNet's classes",
        ),
        (
            lambda: judged(Overflowing(), [9]),
            r"must lie in \[0, 1\]",
        ),
    ],
)
def test_bad_models_and_classes_are_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize(
    "images, labels, words",
    [
        (
            torch.rand(3, 1, 4, 4),
            torch.tensor([1, 2]),
            "one whole-numbered label per image is needed: 3",
        ),
        (
            torch.rand(2, 1, 4, 4),
            torch.tensor([1.0, 2.0]),
            "labels torch.float32",
        ),
        (
            torch.full((2, 1, 4, 4), torch.nan),
            torch.tensor([1, 2]),
            "nan",
        ),
    ],
)
def test_bad_images_and_labels_are_named(images, labels, words):
    with pytest.raises(UserError, match=words):
        metrics.consistency_of(images, labels, features=JUDGE)

"""Checks of single values: what is refused, in which words."""
import math

import numpy as np
import pytest

from vaekit.errors import (
    LARGEST,
    LARGEST_SEED,
    UserError,
    WrongType,
    at_least,
    brief,
    check_seed,
    finite,
    first_line,
    one_line,
    pick,
)

NO_NUMBERS = [None, "", "3", [], [1], {}, object, 1j]


def test_a_wrong_type_is_a_user_error_and_a_type_error():
    assert issubclass(WrongType, UserError)
    assert issubclass(WrongType, TypeError)


@pytest.mark.parametrize("value", [2, np.int64(2), np.uint8(2)])
def test_at_least_takes_whole_numbers(value):
    assert at_least("n", value, 1) == 2
    assert type(at_least("n", value, 1)) is int


@pytest.mark.parametrize("value", [*NO_NUMBERS, True, 1.0, math.nan, math.inf])
def test_at_least_refuses_what_is_no_whole_number(value):
    with pytest.raises(UserError, match="^n must be a whole number, got "):
        at_least("n", value, 1)


@pytest.mark.parametrize(
    "value, words",
    [
        (0, "^n must be ≥ 1, got 0$"),
        (-(10**30), "^n must be ≥ 1, got -1000"),
        (LARGEST + 1, f"^n must be ≤ {LARGEST}, got {LARGEST + 1}$"),
        (10**30, f"^n must be ≤ {LARGEST}, got 1000"),
    ],
)
def test_at_least_refuses_what_is_out_of_bounds(value, words):
    with pytest.raises(UserError, match=words):
        at_least("n", value, 1)


def test_a_seed_may_have_63_bits():
    assert check_seed(0) == 0
    assert check_seed(LARGEST_SEED) == LARGEST_SEED


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1, True, 1.0, None])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(UserError, match="^seed must be "):
        check_seed(seed)


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.5), np.int8(1)])
def test_finite_takes_numbers(value):
    assert finite("lr", value, above=0, most=1) == value
    assert type(finite("lr", value)) is float


@pytest.mark.parametrize("value", [*NO_NUMBERS, True])
def test_finite_refuses_what_is_no_number(value):
    with pytest.raises(UserError, match="^lr must be a number > 0, got "):
        finite("lr", value, above=0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_finite_refuses_what_is_not(value):
    with pytest.raises(UserError, match="^lr must be finite, got "):
        finite("lr", value)


@pytest.mark.parametrize(
    "value, bounds, words",
    [
        (0, {"above": 0}, "^lr must be > 0, got 0$"),
        (-1, {"least": 0}, "^lr must be ≥ 0, got -1$"),
        (1, {"below": 1}, "^lr must be < 1, got 1$"),
        (2, {"least": 0, "most": 1}, "^lr must be ≥ 0 and ≤ 1, got 2$"),
        (math.nan, {"above": 0}, "^lr must be > 0, got nan$"),
    ],
)
def test_finite_refuses_what_is_out_of_bounds(value, bounds, words):
    with pytest.raises(UserError, match=words):
        finite("lr", value, **bounds)


def test_pick_suggests_the_nearest():
    assert pick("model", "vae", ["vae", "gan"]) == "vae"
    words = r"^unknown model 'vea'; choose one of vae, gan. Did you mean 'vae'\?$"
    with pytest.raises(UserError, match=words):
        pick("model", "vea", ["vae", "gan"])


@pytest.mark.parametrize("name", [*NO_NUMBERS, math.nan, 10**30])
def test_pick_refuses_what_is_no_name(name):
    with pytest.raises(UserError, match="^unknown model .*; choose one of vae, gan"):
        pick("model", name, ["vae", "gan"])


class WithoutRepr:
    def __repr__(self):
        raise RuntimeError


def test_a_value_is_shown_on_one_line():
    assert brief(["a\n", "b"]) == r"['a\n', 'b']"
    assert len(brief("x" * 1000)) <= 60
    assert brief(np.zeros((2, 3))) == "of shape (2, 3) and dtype float64"
    assert brief(WithoutRepr()) == "without a repr"


class WithoutText(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    "said, line",
    [
        (ValueError("\n  the first. \n the second"), "the first."),
        ("\rone\r\ntwo", "one"),
        (ValueError(), ""),
        (" \n", ""),
        (WithoutText(), ""),
    ],
)
def test_the_first_line_of_what_is_said(said, line):
    assert first_line(said) == line


@pytest.mark.parametrize(
    "said, line",
    [
        (ValueError(" the first \n\t the second"), "the first the second"),
        ("503 \x1b[31mBusy", "503 ?[31mBusy"),
        ("x" * 30, "x" * 20),
        (ValueError(), ""),
    ],
)
def test_a_strangers_words_on_one_line(said, line):
    assert one_line(said, 20) == line

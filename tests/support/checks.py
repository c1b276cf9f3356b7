"""What a check of an exercise must do: pass the right answers, refuse the wrong ones."""
from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from vaekit.course import check


def passes(checker: Callable, solution: Callable) -> None:
    """The right answer passes with any random numbers, and the verdict says what was tested."""
    for seed in range(3):
        torch.manual_seed(seed)
        verdict = repr(checker(solution))
        assert verdict.startswith(f"✓ {checker.__name__}: "), verdict


def refuses(checker: Callable, wrong: Callable, words: str) -> None:
    """The wrong answer is refused with a sentence that matches `words`."""
    torch.manual_seed(0)
    with pytest.raises(check.CheckFailed, match=words):
        checker(wrong)

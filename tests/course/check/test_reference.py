"""A student who is stuck goes on with the reference solution, and is told so."""
import pytest

from vaekit.course import check
from vaekit.course.answers import answers
from vaekit.errors import UserError


def unsolved(mean, log_var):
    raise NotImplementedError


@pytest.mark.parametrize("name", sorted(answers()))
@pytest.mark.parametrize("seed", [0, 1])
def test_every_reference_passes_its_own_check(name, seed):
    assert "✓" in repr(getattr(check, name)(answers()[name], seed=seed))


def test_every_exercise_has_a_reference():
    no_exercise = {"CheckFailed", "Passed", "between", "or_reference", "prediction"}
    assert set(answers()) == set(check.__all__) - no_exercise


def test_a_right_solution_is_kept(capsys):
    def gaussian_kl(mean, log_var):
        return 0.5 * (mean.square() + log_var.exp() - log_var - 1)

    assert check.or_reference(gaussian_kl) is gaussian_kl
    assert capsys.readouterr().out.startswith("✓ gaussian_kl")


def test_a_wrong_one_is_replaced_and_both_are_said(capsys):
    def gaussian_kl(mean, log_var):
        return mean

    assert check.or_reference(gaussian_kl) is answers()["gaussian_kl"]
    said = capsys.readouterr().out
    assert said.startswith("✗ Not yet.")
    assert "goes on with the reference solution of gaussian_kl" in said


def test_an_unsolved_one_too(capsys):
    assert check.or_reference(unsolved, "gaussian_kl") is answers()["gaussian_kl"]
    assert "NotImplementedError" in capsys.readouterr().out


@pytest.mark.parametrize("fn", [unsolved, None, 3])
def test_a_name_that_is_no_exercise_is_refused(fn):
    with pytest.raises(UserError, match="exercise"):
        check.or_reference(fn)

"""Why the checks of exercises are not walked over: another test meets them with more than values.

A check answers whatever it is given by a CheckFailed of one sentence, for a student; the errors
that the walk asks for are for whoever calls a function with arguments.
"""
from support.hostile import Exempt
from support.solutions import EXERCISES

from vaekit.course import check
from vaekit.course.answers import answers

ANSWERED = "every answer to it, in tests/course/check/test_any_answer.py, ends in one sentence"
TRIED = "a reference solution: its check calls it, as tests/course/check/test_reference.py does"
CHOSEN = "what a student chose and a lab measured: tests/course/check/test_predict.py"
OF_CHECKS = "called by checks only, with what they made themselves"


def name_of(exercise: str) -> str:
    """The name that the walk has for a check, as course.check.autoencoder.squared_error."""
    return f"{getattr(check, exercise).__module__.removeprefix('vaekit.')}.{exercise}"


def place_of(function) -> str:
    """The name that the walk has for a function of course.answers."""
    return f"{function.__module__.removeprefix('vaekit.')}.{function.__name__}"


CASES = {
    **{place_of(function): Exempt(TRIED) for function in answers().values()},
    "course.answers.answers": Exempt("has no arguments"),
    "course.check.predict.prediction": Exempt(CHOSEN),
    "course.check.gan.answer": Exempt(OF_CHECKS),
    "course.check.gan.generator_reads_fakes_only": Exempt(OF_CHECKS),
    "course.check.gan.losses_of": Exempt(OF_CHECKS),
    "course.check.gan.one_loss_per_pair": Exempt(OF_CHECKS),
    "course.check.gan.slopes_match": Exempt(OF_CHECKS),
    "course.check.reference.or_reference": Exempt(ANSWERED),
    **{name_of(exercise): Exempt(ANSWERED) for exercise in EXERCISES},
    "course.check.core.between": Exempt(ANSWERED),
    "course.check.core.Passed": Exempt(OF_CHECKS),
    "course.check.core.close": Exempt(OF_CHECKS),
    "course.check.core.is_plain": Exempt(OF_CHECKS),
    "course.check.core.need": Exempt(OF_CHECKS),
    "course.check.core.real_number": Exempt(OF_CHECKS),
    "course.check.results.gradients": Exempt(OF_CHECKS),
    "course.check.results.number": Exempt(OF_CHECKS),
    "course.check.results.pair": Exempt(OF_CHECKS),
    "course.check.results.tensor": Exempt(OF_CHECKS),
    "course.check.student.Solution": Exempt(ANSWERED),
    "course.check.student.exercise": Exempt(OF_CHECKS),
    "course.check.student.students_line": Exempt(OF_CHECKS),
}

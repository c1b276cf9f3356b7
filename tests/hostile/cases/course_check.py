"""Why the checks of exercises are not walked over: another test meets them with more than values.

A check answers whatever it is given by a CheckFailed of one sentence, for a student; the errors
that the walk asks for are for whoever calls a function with arguments.
"""
from support.hostile import Exempt
from support.solutions import EXERCISES

from vaekit.course import check

ANSWERED = "every answer to it, in tests/course/check/test_any_answer.py, ends in one sentence"
OF_CHECKS = "called by checks only, with what they made themselves"


def name_of(exercise: str) -> str:
    """The name that the walk has for a check, as course.check.autoencoder.squared_error."""
    return f"{getattr(check, exercise).__module__.removeprefix('vaekit.')}.{exercise}"


CASES = {
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

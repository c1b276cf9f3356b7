"""The arguments of arguments that work, and the hostile values that are rightly accepted."""
from support.hostile import ALL, Case, Exempt

HOOK = "called by the import hook and by what it makes, with functions; tests/test_arguments.py"

CASES = {
    "arguments.check_package": Exempt("called once, by vaekit itself, with its own name"),
    "arguments.checked": Exempt(HOOK),
    "arguments.explanations.explain": Exempt(HOOK),
    "arguments.explanations.wrong_type": Exempt(HOOK),
    "arguments.hints.arguments_of": Exempt(HOOK),
    "arguments.hints.hints_of": Exempt(HOOK),
    "arguments.hints.name_of": Exempt(HOOK),
    "arguments.hints.strict": Exempt(HOOK),
    "arguments.hints.words": Case(lambda: dict(hint=int), {"hint": ALL}),
}

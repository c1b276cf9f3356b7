"""The arguments of errors that work, and the hostile values that are rightly accepted."""
from support.hostile import ALL, Case, Exempt

CALLER = "called by the package alone, with bounds and names that it wrote itself"

CASES = {
    "errors.pick": Exempt(CALLER + "; tests/test_error_values.py tries hostile names"),
    "errors.at_least": Exempt(CALLER + "; tests/test_error_values.py tries hostile values"),
    "errors.check_seed": Exempt(CALLER + "; tests/test_error_values.py tries hostile values"),
    "errors.finite": Exempt(CALLER + "; tests/test_error_values.py tries hostile values"),
    "errors.brief": Case(lambda: dict(value=3), {"value": ALL}),
    "errors.first_line": Case(lambda: dict(said="a"), {"said": ALL}),
    "errors.one_line": Exempt(CALLER + "; tests/test_error_values.py tries hostile texts"),
}

"""The arguments of arguments that work, and the hostile values that are rightly accepted."""
from support.hostile import ALL, Case, Exempt

CASES = {
    "arguments.check_package": Exempt("called once, by vaekit itself, with its own name"),
    "arguments.checked": Exempt("called by the import hook alone, with functions"),
    "arguments.words": Case(lambda: dict(hint=int), {"hint": ALL}),
}

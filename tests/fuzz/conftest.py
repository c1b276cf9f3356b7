"""How the damaged files ended, counted for `make fuzz`."""
from collections import Counter

import pytest
from support.damage import COUNTS, EXAMPLES


@pytest.fixture
def outcomes(request) -> Counter[str]:
    """To count in how the files of a test ended: "refused", "same content"."""
    return COUNTS.setdefault(request.node.name, Counter())


def pytest_terminal_summary(terminalreporter):
    if EXAMPLES is None or not COUNTS:
        return
    terminalreporter.section("damaged files")
    for name, counts in sorted(COUNTS.items()):
        ends = ", ".join(f"{count:,} {end}" for end, count in counts.most_common())
        terminalreporter.line(f"{name}: {ends}")

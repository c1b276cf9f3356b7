"""kill -9 in the middle of a write: what is there is whole, and the next run clears the rest."""
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_whatever_moment_a_writer_is_killed_its_files_are_whole():
    """A process of its own: it forks, which a test with threads should not."""
    script = Path(__file__).with_name("kills.py")
    result = subprocess.run(
        [sys.executable, script, "6"], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert "6 kills" in result.stdout
    assert "12 files read whole" in result.stdout

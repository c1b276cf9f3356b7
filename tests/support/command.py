"""The command line in a process of its own."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

COMMAND = [sys.executable, "-m", "vaekit.cli"]

NOWHERE = "http://127.0.0.1:9"
# an environment in which every download fails at once
NO_NETWORK = {
    "http_proxy": NOWHERE,
    "https_proxy": NOWHERE,
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "no_proxy": "",
    "NO_PROXY": "",
}


def run(
    *arguments: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`vaekit` with these arguments, to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
        timeout=300,
    )


def start(arguments: Sequence[object], *, new_session: bool = False) -> subprocess.Popen[str]:
    """`vaekit` with these arguments, not waited for.

    Args:
        new_session: make it the head of a group of processes, to which signals can be sent.
    """
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=new_session,
        preexec_fn=_heed_ctrl_c,
    )


def _heed_ctrl_c() -> None:
    # a shell in the background would have it ignored
    signal.signal(signal.SIGINT, signal.SIG_DFL)

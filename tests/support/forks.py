"""The command line in processes that are copies of one: torch is imported once for all of them.

Each has its own arguments, folder, streams and exit code. What only a fresh process shows (what is
imported, and when; environment; signals) is tested with `support.command`.
"""
from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

from vaekit.cli import main


class Forks:
    """A process that has imported what commands need, and copies itself for each one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self, *arguments: object, cwd: Path, streams: Path
    ) -> subprocess.CompletedProcess[str]:
        """`vaekit` with these arguments, to its end.

        Args:
            cwd: the folder it runs in.
            streams: another folder, for what it writes to its streams.
        """
        command = [str(each) for each in arguments]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([command, str(cwd), str(streams)]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        out, err = ((streams / name).read_text() for name in ("out", "err"))
        return subprocess.CompletedProcess(command, code, out, err)

    def close(self) -> None:
        self._process.communicate()


def serve() -> None:
    """Run each command of the standard input in a copy of this process; write its exit code."""
    # what commands import by themselves
    import matplotlib.pyplot  # noqa: F401
    import sklearn.datasets  # noqa: F401
    import torchvision  # noqa: F401

    from vaekit import data, losses, models, plots, recipes, training
    from vaekit.cli import app  # noqa: F401
    from vaekit.experiments import results  # noqa: F401

    for package in (data, losses, models, plots, recipes, training):
        for name in package.__all__:
            getattr(package, name)
    # a collection would touch, and so copy, all that is shared
    gc.freeze()

    # none is read before it is asked for: a copy would read it again
    while line := os.read(0, 1 << 20).decode():
        command, cwd, streams = json.loads(line)
        child = os.fork()
        if child == 0:
            become(command, cwd, streams)
        _, status = os.waitpid(child, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())


def become(command: list[str], cwd: str, streams: str) -> None:
    """In the copy: the command, to its exit code."""
    for number, name in enumerate(("out", "err"), start=1):
        file = os.open(Path(streams, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    sys.argv = ["vaekit", *command]
    code: object = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    # no more of Python's own end: it takes longer than the command, for all that is imported
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve()

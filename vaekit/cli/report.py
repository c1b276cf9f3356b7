"""The report of an error that nobody foresaw, as a file for whoever will look for its cause."""
from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import shlex
import sys
import tempfile
import traceback
from pathlib import Path

from .. import __version__
from ..errors import UserError
from ..files import write_text
from . import output

# whose versions matter
PACKAGES = ("torch", "torchvision", "numpy", "matplotlib", "scikit-learn", "typer")


def unexpected(error: Exception) -> str:
    """A line about the error, and where its report is."""
    what = f"unexpected {type(error).__name__}"
    text = output.one_line(str(error))
    if text:
        what += f" ({text[:200]})"
    try:
        path = _write(error)
    except (UserError, OSError) as failure:
        return (
            f"{what}; its report could not be written ({failure}); "
            "run the command again with --debug to see it"
        )
    return f"{what}; the full report is in {path}, and --debug shows it here"


def report(error: BaseException) -> str:
    """The command, versions, and the traceback."""
    lines = [
        f"command       {shlex.join(sys.argv)}",
        f"time          {datetime.datetime.now().isoformat(timespec='seconds')}",
        f"python        {platform.python_version()} on {platform.platform()}",
        f"vaekit        {__version__}",
    ]
    for package in PACKAGES:
        lines.append(f"{package:14}{_version(package)}")
    trace = traceback.format_exception(type(error), error, error.__traceback__)
    return "\n".join([*lines, "", "".join(trace)])


def _write(error: Exception) -> Path:
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    name = f"vaekit-report-{now}-{os.getpid()}.txt"
    # surrogates stand for bytes of the command that are no text
    text = report(error).encode(errors="replace").decode()
    return write_text(Path(tempfile.gettempdir()) / name, text)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"

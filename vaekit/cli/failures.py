"""How a command ends: the one place where what went wrong becomes a line and an exit code.

    0       all is well; 1: the labs or tables that were asked for have a fault, which is printed
    2       a mistake of the user's, the network's or the disk's: one sentence, with the way out
    70      an unexpected error: one line, and a file with the full report
    130     interrupted, by Ctrl-C or SIGTERM
    141     nobody reads the output any more, as after `| head`: nothing is printed
"""
from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from .. import __version__
from ..errors import UserError
from ..files import write_text
from . import output, signals

MISTAKE = 2
UNEXPECTED = 70
INTERRUPTED = 130
CLOSED_PIPE = 141

# typer carries its own copy of click, older ones import it; both have this class
UsageError: Any = typer.BadParameter.__base__

# of which a report gives the versions
PACKAGES = ("torch", "torchvision", "numpy", "matplotlib", "scikit-learn", "typer")


class Interrupted(Exception):
    """Ctrl-C in a command, under a name that click does not catch."""


def exit_code(command: Callable[[], Any], *, debug: bool = False) -> int:
    """Run a command, and say in one line what went wrong.

    Args:
        debug: show the traceback of an unexpected error in place of that line.
    Returns:
        The process's exit code.
    """
    try:
        code = command()
        output.flush()
    except (Interrupted, KeyboardInterrupt, typer.Abort):
        # a second Ctrl-C need not wait
        signals.end_at_once()
        output.tell("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        output.abandon_stdout()
        return CLOSED_PIPE
    except UserError as error:
        return _told(str(error), MISTAKE)
    except UsageError as error:
        return _told(usage(error), MISTAKE)
    except OSError as error:
        output.abandon_stdout()
        if debug:
            traceback.print_exc()
        return _told(_of_the_system(error), MISTAKE)
    except Exception as error:
        if debug:
            traceback.print_exc()
            return UNEXPECTED
        return _told(unexpected(error), UNEXPECTED)
    return code if isinstance(code, int) else 0


def usage(error: Any) -> str:
    """What typer says of a wrong option or argument, with its name first."""
    option = _name_of(getattr(error, "param", None))
    text = error.message
    if option is None:
        return error.format_message()

    number = re.fullmatch(r"('.*') is not a valid (integer|float)\.?", text, re.DOTALL)
    if number:
        kind = "a whole number" if number[2] == "integer" else "a number"
        return f"{option} must be {kind}, got {number[1]}"
    return f"{option}: {text or 'is missing'}"


def unexpected(error: Exception) -> str:
    """A line about an error that nobody foresaw, and where its report is."""
    what = f"unexpected {type(error).__name__}"
    text = output.one_line(str(error))
    if text:
        what += f" ({text[:200]})"
    try:
        path = _write_report(error)
    except (UserError, OSError) as failure:
        return (
            f"{what}; its report could not be written ({failure}); "
            "run the command again with --debug to see it"
        )
    return f"{what}; the full report is in {path}, and --debug shows it here"


def report(error: BaseException) -> str:
    """What somebody else needs to find the cause: versions, the command, the traceback."""
    lines = [
        f"command   {shlex.join(sys.argv)}",
        f"time      {datetime.datetime.now().isoformat(timespec='seconds')}",
        f"vaekit    {__version__}",
        f"python    {platform.python_version()} on {platform.platform()}",
    ]
    for package in PACKAGES:
        lines.append(f"{package:9} {_version(package)}")
    trace = traceback.format_exception(type(error), error, error.__traceback__)
    return "\n".join([*lines, "", "".join(trace)])


def _write_report(error: Exception) -> Path:
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


def _of_the_system(error: OSError) -> str:
    """A failure of the disk or the network that nobody put into words before."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        return f"the disk or the network failed ({reason}); --debug shows where"
    return f"cannot use {error.filename} ({reason}); check the path and the space on the disk"


def _name_of(parameter: Any) -> str | None:
    """An option's longest name, --epochs; an argument's in capitals, NAME."""
    if parameter is None:
        return None
    if parameter.param_type_name == "argument":
        return parameter.name.upper()
    return max(parameter.opts, key=len)


def _told(text: str, code: int) -> int:
    output.tell(text)
    return code

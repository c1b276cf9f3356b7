"""How a command ends: the one place where what went wrong becomes a line and an exit code.

    0       all is well; 1: the labs or tables that were asked for have a fault, which is printed
    2       a mistake of the user's, the network's or the disk's: one sentence, with the way out
    70      an unexpected error: one line, and a file with the full report
    130     interrupted, by Ctrl-C or SIGTERM
    141     nobody reads the output any more, as after `| head`: nothing is printed
"""
from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Any

import typer

from ..errors import UserError, brief
from . import output, signals

MISTAKE = 2
UNEXPECTED = 70
INTERRUPTED = 130
CLOSED_PIPE = 141

# typer carries its own copy of click, older ones import it; both have this class
UsageError: Any = typer.BadParameter.__base__

# what typer says of a text that is no number, and what was wanted
NUMBERS = {"integer": "a whole number", "number": "a number", "float": "a number"}


class Interrupted(Exception):
    """Ctrl-C in a command, under a name that click does not catch."""


def exit_code(
    command: Callable[[], Any], *, args: Sequence[str] = (), debug: bool = False
) -> int:
    """Run a command, and say in one line what went wrong.

    Args:
        args: the command line, to be quoted.
        debug: show the traceback of an unexpected error in place of that line.
    Returns:
        The process's exit code.
    """
    try:
        code = command()
        output.flush()
        return code if isinstance(code, int) else 0
    except (Interrupted, KeyboardInterrupt, typer.Abort):
        # a second Ctrl-C need not wait
        signals.let_go()
        return _told("interrupted", INTERRUPTED)
    except BrokenPipeError:
        output.abandon_stdout()
        return CLOSED_PIPE
    except SystemExit as end:
        # rich, which writes the help, ends the process itself
        if isinstance(end.__context__, BrokenPipeError):
            return CLOSED_PIPE
        raise
    except (UserError, UsageError) as error:
        return _told(usage(error, args) if isinstance(error, UsageError) else str(error), MISTAKE)
    except OSError as error:
        return _shown(debug, MISTAKE) or _told(of_the_system(error), MISTAKE)
    except Exception as error:
        from .report import unexpected

        return _shown(debug, UNEXPECTED) or _told(unexpected(error), UNEXPECTED)


def usage(error: Any, args: Sequence[str] = ()) -> str:
    """What typer says of a wrong option or argument, with its name and its value.

    Args:
        args: the command line.
    """
    parameter = getattr(error, "param", None)
    if parameter is None:
        return error.format_message()

    option = max(parameter.opts, key=len)
    value = _value_of(parameter.opts, args)
    for word, kind in NUMBERS.items():
        if value is not None and word in error.message:
            return f"{option} must be {kind}, got {brief(value)}"
    return f"{option}: {error.message or 'is missing'}"


def _value_of(names: Sequence[str], args: Sequence[str]) -> str | None:
    """What stands behind an option, --epochs three or --epochs=three; None if it is not there."""
    for each, following in zip(args, [*args[1:], None]):
        name, equals, value = each.partition("=")
        if name in names:
            return value if equals else following
    return None


def of_the_system(error: OSError) -> str:
    """A failure of the disk or the network that nobody put into words before."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        # of the help, say, which typer writes
        output.abandon_stdout()
        return f"the disk or the network failed ({reason}); --debug shows where"
    name = brief(str(error.filename))
    return f"cannot use {name} ({reason}); check the path and the space on the disk"


def _shown(debug: bool, code: int) -> int:
    """Show the traceback, if that is wanted; the exit code then, else 0."""
    if not debug:
        return 0
    traceback.print_exc()
    return code


def _told(text: str, code: int) -> int:
    output.tell(text)
    return code

"""What the command line prints, one way for all commands, whatever becomes of the stream."""
from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import typer

from ..errors import UserError


def say(text: str) -> None:
    """Print a text to the standard output.

    Raises:
        UserError: it cannot be written, as on a full disk.
        BrokenPipeError: nobody reads it any more, as after `| head`.
    """
    with _failing_once():
        typer.echo(text)


def flush() -> None:
    """Have all that was printed written, or say that it cannot be; raises as `say` does."""
    # a process may be started without a standard output
    if sys.stdout is not None:
        with _failing_once():
            sys.stdout.flush()


@contextlib.contextmanager
def _failing_once() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        abandon_stdout()
        raise
    except OSError as error:
        abandon_stdout()
        raise UserError(
            f"cannot write to the standard output ({error.strerror}); "
            "free some space, or direct it elsewhere"
        ) from error


def tell(text: str) -> None:
    """Print a sentence to the standard error, as one line."""
    # nobody is left to be told where that fails
    with contextlib.suppress(OSError, ValueError):
        typer.echo(f"vaekit: {one_line(text)}", err=True)


@contextlib.contextmanager
def telling_notices() -> Iterator[None]:
    """Inside, what `vaekit.data` says was left out is told as one line, as an error would be."""
    from ..data.notices import Notice

    with warnings.catch_warnings():
        otherwise = warnings.showwarning

        def show(message: Any, category: Any, *where: Any, **more: Any) -> None:
            if issubclass(category, Notice):
                tell(str(message))
            else:
                otherwise(message, category, *where, **more)

        warnings.showwarning = show
        # both splits may have the same to say, and each is told
        warnings.simplefilter("always", Notice)
        yield


def one_line(text: str) -> str:
    """A text without line breaks, and without characters that would move a terminal's cursor.

    Those are written out, unlike in `errors.one_line`: they may be what the user typed.
    """
    joined = " ".join(text.split())
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in joined)


def replace_what_cannot_be_shown() -> None:
    """A terminal without Greek letters shows a question mark in their place."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


def abandon_stdout() -> None:
    """Have the rest of the output go nowhere; else Python complains about it as it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


"""The commands as one application, and what holds for all of them."""
from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from .. import __version__
from ..errors import UserError
from . import failures, output, wording
from .data import data
from .explore import explore
from .labs import labs
from .reproduce import reproduce
from .results import write_results
from .train import train

DEBUG = "--debug"


class Commands(TyperGroup):
    """All commands. However one ends, it ends with a line and an exit code of `failures`."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **settings: Any) -> Any:
        """Run the command that the arguments name, and end the process."""
        given = list(sys.argv[1:] if args is None else args)
        kept = _without_debug(given)
        start = super().main

        def command() -> Any:
            _refuse_empty(kept)
            return start(kept or ["--help"], *more, **settings | {"standalone_mode": False})

        debug = len(kept) < len(given)
        sys.exit(failures.exit_code(command, args=kept, debug=debug))


class Command(TyperCommand):
    """One command. What Python calls by its parameters, its errors call by the options."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command with the values that were read from the command line."""
        try:
            _expand_homes(ctx)
            with output.telling_notices():
                return super().invoke(ctx)
        except UserError as error:
            raise UserError(wording.in_options(str(error), *_options(ctx))) from error
        except OSError as error:
            # of a stream or the network, no option is to blame
            if error.filename is None:
                raise
            said = wording.in_options(failures.of_the_system(error), *_options(ctx))
            raise UserError(said) from error
        except KeyboardInterrupt:
            raise failures.Interrupted from None


def _expand_homes(ctx: Any) -> None:
    """Put a home in the place of ~, which a shell leaves as it is in quotes.

    Raises:
        UserError: there is no such user.
    """
    from ..experiments.folders import named

    for name, value in ctx.params.items():
        if isinstance(value, Path) and str(value).startswith("~"):
            ctx.params[name] = named(name, value)


def _options(ctx: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """A command's options by the names of its parameters, and the values that were given."""
    options = {}
    given = {}
    for parameter in ctx.command.params:
        if parameter.param_type_name != "option":
            continue
        options[parameter.name] = max(parameter.opts, key=len)
        source = ctx.get_parameter_source(parameter.name)
        if source is not None and source.name == "COMMANDLINE":
            given[parameter.name] = ctx.params.get(parameter.name)
    return options, given


def _without_debug(args: Sequence[str]) -> list[str]:
    """The arguments without --debug, which may stand before and after the command."""
    end = args.index("--") if "--" in args else len(args)
    return [each for each in args[:end] if each != DEBUG] + list(args[end:])


def _refuse_empty(args: Sequence[str]) -> None:
    """An empty text is never meant: it is what a shell makes of a variable that is not set.

    Raises:
        UserError: one of the arguments is empty.
    """
    for before, each in zip(["", *args], args):
        option, equals, value = each.partition("=")
        if each == "":
            what = before if before.startswith("-") and "=" not in before else "an argument"
        elif each.startswith("--") and equals and not value:
            what = option
        else:
            continue
        raise UserError(f"{what} is empty, got ''; give it a value, or leave it out")


def _show_version(wanted: bool) -> None:
    if wanted:
        output.say(f"vaekit {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    pretty_exceptions_enable=False,
    help="VAE labs: run the labs, train the reports' systems, look after the data.",
)


@app.callback()
def everywhere(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="print the version, and end"
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            DEBUG, help="show the traceback of an unexpected error; also after the command"
        ),
    ] = False,
) -> None:
    """What stands before the command."""


def _add(command: Callable[..., None], name: str | None = None) -> None:
    app.command(name, cls=Command)(command)


_add(labs)
_add(explore)
_add(train)
_add(reproduce)
_add(write_results, "results")
_add(data)

"""The command line.

    vaekit labs         run the labs, make a page of results
    vaekit train        train one recipe
    vaekit reproduce    train the rows of a report's table, print it beside the report's
    vaekit results      write the tables of RESULTS.md anew, or check them
    vaekit data         list the data sets, fetch and check one

What takes long to import is imported by the command that needs it.
"""


def main() -> None:
    """Run the command line."""
    import os

    from . import signals, streams

    signals.end_at_once()
    streams.open_closed()
    # figures are only written to files here, whatever notebooks and windows use
    os.environ["MPLBACKEND"] = "agg"

    from .app import app

    app()

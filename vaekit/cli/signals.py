"""Ctrl-C, and a scheduler's SIGTERM: what they do while Python imports, and what afterwards."""
from __future__ import annotations

import _thread
import signal
import threading
from types import FrameType

# seconds after which a signal that came during an import is looked at again
AGAIN = 0.05

# the signals that this process answers; none where vaekit is used as a library
_ours: list[signal.Signals] = []


def end_at_once() -> None:
    """Let both signals end the process without a word.

    It is for the time before anything is written. An exception would not do while torch and numpy
    are imported: some modules swallow it, others are left half imported.
    """
    _ours.clear()
    for kind in (signal.SIGINT, signal.SIGTERM):
        # what a shell starts in the background is to ignore the keyboard
        if signal.getsignal(kind) is not signal.SIG_IGN:
            signal.signal(kind, signal.SIG_DFL)
            _ours.append(kind)


def raise_interrupt() -> None:
    """From now on both signals raise KeyboardInterrupt: files stay whole, workers are ended.

    A command calls this when its imports are done. Nothing changes where `end_at_once` was not
    called, as in a notebook.
    """
    for kind in _ours:
        signal.signal(kind, _interrupt)


def let_go() -> None:
    """Let both signals end the process again: it has said what it had to."""
    for kind in _ours:
        signal.signal(kind, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt; while a library still imports something, as soon as it has done."""
    if _imports(frame):
        # seen from the main thread like the signal itself
        again = threading.Timer(AGAIN, _thread.interrupt_main, (number,))
        again.daemon = True
        again.start()
        return
    raise KeyboardInterrupt


def _imports(frame: FrameType | None) -> bool:
    """True if the code that was interrupted is run by an import."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False

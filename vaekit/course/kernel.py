"""Run a notebook's cells in a kernel, which is gone afterwards however it ends."""
from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import first_line
from .notebooks import Notebook

if TYPE_CHECKING:
    from nbclient import NotebookClient

# a kernel's advice on its transport is not for someone who waits for a lab
QUIET = ["--IPKernelApp.log_level=40"]

# seconds that a cell's outputs may come after its end
LATE_OUTPUT = 60

# characters of a socket's path on every system
LONGEST_PATH = 80

# what the kernel prints beside the cells' outputs
NOISE = "noise.txt"


def execute(notebook: Notebook, folder: Path, cell_timeout: int) -> str:
    """Run the cells, in place. What went wrong, in a sentence; "" if nothing did.

    Args:
        folder: where the kernel starts.
        cell_timeout: seconds that one cell may take.
    """
    from nbclient import NotebookClient

    # a notebook as nbformat reads it is its own kind of dict
    executed: Any = notebook
    client = NotebookClient(
        executed,
        timeout=cell_timeout,
        iopub_timeout=min(cell_timeout, LATE_OUTPUT),
        raise_on_iopub_timeout=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=list(QUIET),
        log=silent_log(),
    )
    try:
        with tempfile.TemporaryDirectory(prefix="vaekit-") as own:
            return _failure(client, Path(own))
    except OSError as error:
        return f"no temporary file can be written ({error.strerror or error}); free some space"


def environment() -> dict[str, str]:
    """What the kernel of a lab gets to know, beside what this process knows."""
    changed = dict(os.environ)
    # progress bars are for people; in a page they stay behind as dead widgets
    changed.setdefault("TQDM_DISABLE", "1")

    # a kernel starts in the lab's folder, where a relative path leads elsewhere
    data = changed.get("VAEKIT_DATA")
    if data:
        changed["VAEKIT_DATA"] = os.path.abspath(os.path.expanduser(data))
    return changed


def _failure(client: NotebookClient, own: Path) -> str:
    """Run the cells: what went wrong, in a sentence."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        _wait_for(lambda: _execute(client, own))
    except CellExecutionError as failure:
        what = f"{failure.ename}: {first_line(failure.evalue) or 'no message'}"
    except CellTimeoutError as failure:
        what = f"it took longer than {client.timeout} s; raise the limit with --cell-timeout"
        if "Timeout waiting for IOPub" in str(failure):
            # as after half of a character, which the kernel cannot send
            what = "its outputs did not arrive; print less, or text that a file can hold"
    except DeadKernelError:
        what = "the kernel died, often for want of memory; close what else is open"
    except Exception as failure:
        # whatever else keeps a kernel from running may not stop the other labs
        said = first_line(failure) or "no message"
        what = f"{type(failure).__name__}: {said}{_last_words(own)}"
    else:
        return ""
    number = client.code_cells_executed
    return f"cell {number}: {what}" if number else f"no cell was run: {what}"


async def _execute(client: NotebookClient, own: Path) -> None:
    # the failure itself is raised; what else the loop's tasks have to say is for nobody
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    kernel = _kernel(client, own)
    try:
        # what the kernel itself says on its way out is about sockets, and for nobody
        with open(own / NOISE, "wb") as noise:
            await client.async_start_new_kernel(stdout=noise, stderr=noise, env=environment())
        await client.async_start_new_kernel_client()

        # not awaited itself: nbclient takes an interruption of its own task for a dead kernel
        cells = asyncio.ensure_future(_execute_cells(client))
        await asyncio.wait([cells])
        cells.result()
    finally:
        await _cancel_all_others()
        client.set_widgets_metadata()
        if client.kc is not None:
            client.kc.stop_channels()
        if kernel.has_kernel:
            await kernel.shutdown_kernel(now=True)
        await kernel.cleanup_resources()


def _kernel(client: NotebookClient, own: Path) -> Any:
    """A manager of a kernel whose sockets are files of its own folder.

    Two kernels that start at the same moment may choose the same port, and one of them then dies,
    or one's client talks to the other. Files also keep other users of the machine out.
    """
    kernel: Any = client.create_kernel_manager()
    kernel.connection_file = str(own / "kernel.json")
    socket = str(own / "socket")
    if os.name == "posix" and len(socket) < LONGEST_PATH:
        kernel.transport = "ipc"
        kernel.ip = socket
    return kernel


async def _execute_cells(client: NotebookClient) -> None:
    for index, cell in enumerate(client.nb.cells):
        await client.async_execute_cell(
            cell, index, execution_count=client.code_cells_executed + 1
        )


async def _cancel_all_others() -> None:
    """What still listens to the kernel's sockets would complain when they are closed."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _wait_for(start: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end, also where another loop runs, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(start())
    else:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(start())).result()


def silent_log() -> logging.Logger:
    """A log that nobody reads: nbclient tells its own what it then raises."""
    log = logging.getLogger("vaekit.labs")
    log.disabled = True
    return log


def _last_words(own: Path) -> str:
    """The last line that the kernel printed before it died, in parentheses."""
    try:
        text = (own / NOISE).read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = text.strip().splitlines()
    return f" ({lines[-1]})" if lines else ""

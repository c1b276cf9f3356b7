"""Independent tasks, several at a time, each in a process with its share of the cores.

Whatever ends the run, Ctrl-C or a task that fails, no process outlives it.
"""
from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import torch

from ..errors import UserError, at_least

Task = TypeVar("Task")
Result = TypeVar("Result")


def cores() -> int:
    """How many cores this process may use."""
    # not on every system can a process be confined to some of the cores
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_all(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    jobs: int,
    done: Callable[[Result], None] = lambda result: None,
) -> None:
    """Call function(task) for each task.

    Args:
        function: a function of a module, or a partial of one, so that another process finds it.
        tasks: what it is called with, one at a time.
        jobs: how many at a time. One: here, in this process, with all its threads.
        done: called here with each result, in the order in which they come.
    Raises:
        UserError: jobs < 1, or a process was killed. What a task raises is raised here too.
    """
    if at_least("jobs", jobs, 1) == 1:
        for task in tasks:
            done(function(task))
        return

    threads = max(1, cores() // jobs)
    # forked processes cannot use torch's threads
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, context, _start_worker, (threads,)) as pool:
        try:
            with _ignoring_ctrl_c():
                futures = [pool.submit(function, task) for task in tasks]
            for future in as_completed(futures):
                done(future.result())
        except BrokenProcessPool as error:
            raise UserError(
                "a row's process was killed, perhaps for want of memory; "
                "run the command again with --jobs 1, it goes on from there"
            ) from error
        except BaseException:
            # Ctrl-C, say: files are whole, and a checkpoint is at most an epoch old
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise


@contextlib.contextmanager
def _ignoring_ctrl_c() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C from their first moment.

    It is for their parent, who ends them.
    """
    # only the main thread may set signals
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start_worker(threads: int) -> None:
    """In a new process: take its share of the cores, and do not outlive the parent."""
    from tqdm import tqdm

    torch.set_num_threads(threads)
    # tqdm's own lock is a semaphore, which a terminated process would leave behind
    tqdm.set_lock(threading.RLock())
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)

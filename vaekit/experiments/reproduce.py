"""A report's table again: each row trained with the report's recipe, one file a row, and the two tables side by side.

A row that is finished has a file; one that was interrupted has a checkpoint. Whatever stopped a reproduction, the same command goes on from there.
"""
from __future__ import annotations

import contextlib
import datetime
import json
import multiprocessing
import os
import platform
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from .. import data as data_sets
from .. import recipes
from ..device import pick_device
from ..errors import UserError, at_least, pick
from ..files import atomic, check_writable

TABLES = {"s1-table1": "mlp-vae-mnist"}               # a report's own name for the rows of a recipe
MEASURED = {"loss": "total", "reconstruction": "BCE", "kl": "KL", "fid_10": "FID, 10 images", "fid_5000": "FID, 5,000 images"}
INCOMPARABLE = {"fid_10", "fid_5000"}                 # the reports look through Inception, we through our own classifier


@dataclass(frozen=True, eq=False)
class Row:
    """One row, finished: settings, what the report gives, what was measured here, and where and how."""

    recipe: str
    latent_dim: int
    beta: float
    settings: dict
    reported: dict[str, float]
    measured: dict[str, float]
    seconds: float
    date: str
    machine: dict[str, str | int]

    @property
    def name(self) -> str:
        return _name(self.latent_dim, self.beta)


def names() -> list[str]:
    """Everything that can be reproduced: tables by name, and each recipe with reported numbers."""
    return [*TABLES, *(recipe.name for recipe in recipes.RECIPES.values() if recipe.reported)]


def reproduce(name: str, *, out: str | Path, fast: bool = False, jobs: int | None = None, seed: int = 0, device: str = "auto",
              data: str | None = None, root: str | Path | None = None, limit: int | None = None, epochs: int | None = None,
              report: Callable[[str], None] = lambda line: None) -> list[Row]:
    """Train the rows of a table that `out` does not hold yet, several at a time, and give all of them.

    Args:
        name: one of `names()`.
        out: folder for a .json, a .history.json and weights of each row. Rows found there are kept if they were made with the same settings.
        fast: the recipe's fast schedule instead of the report's.
        jobs: rows trained at the same time, each on its share of the cores; on the CPU as many as there are cores if left out, else 1.
        data, limit, epochs: for trials; the numbers then no longer compare with the report's.
        report: called with a line of text whenever a row is done.
    Raises:
        UserError: unknown name, a folder with rows made with other settings or a damaged row, a row that failed.
    """
    recipe = recipes.get(TABLES.get(pick("table", name, names()), name))
    wanted = recipe.settings(fast=fast, epochs=epochs) | {"data": data or recipe.data, "limit": limit, "seed": seed}
    _claim(check_writable(out := Path(out)), {"recipe": recipe.name} | wanted)
    pending = [row for row in recipe.reported if _read(out, row, wanted) is None]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs is None:
        jobs = cores if pick_device(device).type == "cpu" else 1
    jobs = max(1, min(at_least("jobs", jobs, 1), len(pending)))
    arguments = dict(name=recipe.name, out=out, wanted=wanted, root=root, device=device, fast=fast, epochs=epochs)
    report(f"{name}: {len(recipe.reported)} rows, {len(recipe.reported) - len(pending)} done before, {jobs} at a time")
    data_sets.load(pick("data set", wanted["data"], data_sets.SOURCES), "test", root=root)      # fetched once, before several workers want it
    try:
        with contextlib.closing(_run_all(pending, arguments, jobs, max(1, cores // jobs))) as finished:
            for row in finished:
                report(f"z = {row.latent_dim}, β = {row.beta:g}: "
                       + ", ".join(f"{MEASURED[term]} {value:.2f}" for term, value in row.measured.items()) + f", {row.seconds:.0f} s")
    finally:
        _sweep(out)
    return [_read(out, row, wanted) for row in recipe.reported]


def table(rows: list[Row]) -> str:
    """Markdown: each row's terms, the report's beside them, and the differences."""
    source = recipes.get(rows[0].recipe).source
    terms = [term for term in MEASURED if any(term in row.measured for row in rows)]
    head = ["z", "β", *(f"{MEASURED[term]} {what}" for term in terms for what in ("here", source, "difference")), "seconds"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        cells = []
        for term in terms:
            here, there = row.measured.get(term), row.reported.get(term)
            cells += ["" if here is None else f"{here:.2f}", "" if there is None else f"{there:.2f}",
                      "" if here is None or there is None else "other features" if term in INCOMPARABLE else f"{here - there:+.2f}"]
        lines.append([str(row.latent_dim), f"{row.beta:g}", *cells, f"{row.seconds:.0f}"])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _run_all(pending, arguments: dict, jobs: int, threads: int):
    if jobs == 1:
        yield from (_train_row(row, **arguments) for row in pending)
        return
    context = multiprocessing.get_context("spawn")               # forked processes cannot use torch's threads
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(jobs, context, _start_worker, (threads,)) as pool:
        try:
            with _deaf_to_ctrl_c():
                futures = [pool.submit(_train_row, row, **arguments) for row in pending]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise UserError("a row's process was killed, perhaps for want of memory; run the command again with --jobs 1, it goes on from there") \
                from error
        except BaseException:                                    # Ctrl-C, say: files are whole, and the checkpoint is at most an epoch old
            for process in set(multiprocessing.active_children()) - set(others):
                process.terminate()
            raise


@contextlib.contextmanager
def _deaf_to_ctrl_c():
    """Processes started here ignore Ctrl-C from their first moment: it is for their parent, who ends them."""
    if threading.current_thread() is not threading.main_thread():             # only the main thread may set signals
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start_worker(threads: int) -> None:
    """A worker takes its share of the cores, and does not outlive its parent."""
    from tqdm import tqdm

    torch.set_num_threads(threads)
    tqdm.set_lock(threading.RLock())                             # its own is a semaphore, which a terminated process would leave behind
    parent = multiprocessing.parent_process()

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _train_row(row: recipes.Reported, *, name: str, out: Path, wanted: dict, root, device: str, fast: bool, epochs: int | None) -> Row:
    stem = _name(row.latent_dim, row.beta)
    checkpoint = out / f"{stem}.checkpoint.safetensors"
    run = recipes.train(name, data=wanted["data"], latent_dim=row.latent_dim, beta=row.beta, fast=fast, root=root, limit=wanted["limit"],
                        seed=wanted["seed"], device=device, checkpoint=checkpoint, progress=False, epochs=epochs)
    measured = {term: run.history.last[f"test_{term}"] for term in ("reconstruction", "kl", "loss") if f"test_{term}" in run.history.columns}
    if "fid_10" in row.terms:
        measured = _fid(run)
    recipes.save(out / f"{stem}.safetensors", name, run.model)
    run.history.save(out / f"{stem}.history.json")
    machine = {"device": str(next(run.model.parameters()).device), "threads": torch.get_num_threads(), "cores": os.cpu_count(),
               "python": platform.python_version(), "torch": torch.__version__}
    done = Row(name, row.latent_dim, row.beta, wanted, dict(row.terms), measured, round(sum(run.history["seconds"]), 1),
               datetime.date.today().isoformat(), machine)
    _write(out / f"{stem}.json", asdict(done))
    checkpoint.unlink(missing_ok=True)
    return done


def _fid(run: recipes.Run) -> dict[str, float]:
    """S4's FID of 10 real against 10 generated images, through our classifier instead of Inception, and the same with 5,000 of each."""
    from ..metrics.distances import frechet, gaussian
    from ..metrics.features import load_features

    network, values = load_features("mnist"), {}
    for n in (10, 5000):
        real = run.test.first(n)
        fake = run.model.sample(len(real), real.y, generator=torch.Generator().manual_seed(run.settings["seed"]))
        values[f"fid_{n}"] = frechet(*(gaussian(network.features(images)) for images in (real.images(), fake.cpu()))).item()
    return values


def _claim(out: Path, wanted: dict) -> None:
    """Say in `out` what is made there, so that no row or checkpoint of another reproduction is taken for this one's; clear what one left behind."""
    _sweep(out)
    path = out / "settings.json"
    if path.exists() and any(out.glob("z*-beta*")):
        try:
            _same(path, json.loads(path.read_text(encoding="utf-8")), wanted)
        except UserError:
            raise
        except (ValueError, AttributeError) as error:
            raise UserError(f"{path} is damaged; choose another folder with --out") from error
    else:
        _write(path, wanted)


def _sweep(out: Path) -> None:
    """A process killed while it wrote leaves a file with a temporary name."""
    for path in out.glob(".z*-beta*"):
        path.unlink(missing_ok=True)


def _read(out: Path, row: recipes.Reported, wanted: dict) -> Row | None:
    """A finished row, if the folder holds all of it."""
    stem = _name(row.latent_dim, row.beta)
    if not all((out / f"{stem}{ending}").exists() for ending in (".json", ".history.json", ".safetensors")):
        return None
    path = out / f"{stem}.json"
    try:
        done = Row(**json.loads(path.read_text(encoding="utf-8")))
        _same(path, done.settings, wanted)
    except UserError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged; delete it, and the row is trained again") from error
    return done


def _same(path: Path, before: dict, wanted: dict) -> None:
    wanted = json.loads(json.dumps(wanted))                      # as it was written: a pair of betas is a list there
    changed = [f"{key} {before.get(key)} → {wanted[key]}" for key in wanted if before.get(key) != wanted[key]]
    if changed:
        raise UserError(f"{path} was made with other settings ({', '.join(changed)}); choose another folder with --out")


def _write(path: Path, values: dict) -> None:
    with atomic(path) as temporary:
        Path(temporary).write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8")


def _name(latent_dim: int, beta: float) -> str:
    return f"z{latent_dim}-beta{beta:g}"

"""Disks that are full: a small one of their own, or files that may not grow."""
from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# what still fits
ROOM = 4096


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Inside, `folder` is a disk of its own on which little more fits; needs the right to mount."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a disk here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that leaves ROOM bytes on the disk of `full_disk`."""
    filler = folder / "filler"
    filler.write_bytes(bytes(2**20 - ROOM - _used(folder)))
    return filler


def _used(folder: Path) -> int:
    """Bytes on the disk, in whole pages."""
    sizes = [file.stat().st_size for file in folder.iterdir()]
    return sum(-(-size // 4096) * 4096 for size in sizes)


@contextmanager
def short_files() -> Iterator[None]:
    """Inside, no file of this process grows beyond ROOM bytes, as after `ulimit -f`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

"""A report's table, reproduced once on the smallest data, for all tests that read it."""
import os
import shutil
from contextlib import contextmanager

import pytest
import torch
from support.reproduced import again


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory):
    """All seven rows, trained without interruption: (folder, rows, lines of the report)."""
    out = tmp_path_factory.mktemp("whole")
    lines = []
    with threads_of_a_worker():
        return out, again(out, report=lines.append), lines


@pytest.fixture
def whole(reproduced):
    """`reproduced`, for a test that trains or compares with as many threads."""
    with threads_of_a_worker():
        yield reproduced


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole[0], tmp_path / "copy")


@contextmanager
def threads_of_a_worker():
    """With as many threads as each of two workers has."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // 2))
    try:
        yield
    finally:
        torch.set_num_threads(before)

"""The start page: the labs at a glance, and what this machine has for them."""
from __future__ import annotations

import base64
import io
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import UserError
from ..plots.tables import MarkdownTable, table
from .notebooks import read_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# what the kernel of the largest lab holds at its peak (benchmarks/memory.py): CUDA's libraries take
# their part also where there is no GPU
GIGABYTES_PER_LAB = 0.85
GIGABYTES_PER_LAB_WITH_CUDA = 1.25
# Jupyter itself, and the start page
GIGABYTES_BESIDE_LABS = 0.3
GIGABYTE = 2**30

ASK_TORCH = """
import json, torch
gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
print(json.dumps([torch.__version__, torch.version.cuda is not None, gpu]))
"""

# the tag of the cell whose figure stands for its lab
COVER = "cover"
MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def covers(folder: str | Path = ".") -> Figure:
    """One picture of each lab, from the notebooks of a folder as they were last saved.

    Raises:
        UserError: there are no labs in the folder.
    """
    import matplotlib.pyplot as plt

    labs = sorted(Path(folder).glob("[0-9][0-9]_*.ipynb"))
    pictures = {lab.stem: cover(lab) for lab in labs}
    shown = {stem: picture for stem, picture in pictures.items() if picture is not None}
    if not shown:
        raise UserError(
            f"folder {folder} holds no labs with a picture; "
            "give the folder of the labs, notebooks/ in a clone"
        )

    rows = -(-len(shown) // 3)
    fig, axes = plt.subplots(rows, 3, figsize=(9, 2.9 * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, (stem, picture) in zip(axes.flat, shown.items()):
        ax.imshow(plt.imread(io.BytesIO(picture), format="png"))
        number, name = stem.split("_", 1)
        ax.set_title(f"{number} · {name.replace('_', ' ')}", fontsize=11)
    fig.tight_layout()
    # returned, and shown once by the notebook
    plt.close(fig)
    return fig


def cover(lab: str | Path) -> bytes | None:
    """The PNG of the figure that stands for a lab; None if its cell has shown none yet.

    Raises:
        UserError: no such notebook, or one that cannot be read.
    """
    for cell in read_notebook(lab)["cells"]:
        if COVER not in cell["metadata"].get("tags", []):
            continue
        for output in cell.get("outputs", []):
            picture = output.get("data", {}).get("image/png")
            if picture is not None:
                return base64.b64decode(picture)
    return None


def machine() -> MarkdownTable:
    """What this machine has, and how many labs may be open on it at the same time."""
    version, has_cuda, gpu = _torch_and_gpu()
    gigabytes = memory() / GIGABYTE
    per_lab = GIGABYTES_PER_LAB_WITH_CUDA if has_cuda else GIGABYTES_PER_LAB
    at_once = max(1, int((gigabytes - GIGABYTES_BESIDE_LABS) / per_lab))
    versions = f"{platform.python_version()}, {version}, {__version__}"
    rows = [
        ["cores", str(_cores())],
        ["memory", f"{gigabytes:.1f} GB"],
        ["labs open at the same time", f"{at_once}, at {per_lab:g} GB each"],
        ["GPU", gpu],
        ["Python, torch, vaekit", versions],
    ]
    return table(["this machine", ""], rows)


def memory() -> int:
    """The memory that this process and its neighbours may use, in bytes.

    A container's limit, as Binder sets one, counts before the machine's memory.
    """
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in MEMORY_LIMITS:
        try:
            limit = int(Path(path).read_text())
        except (OSError, ValueError):
            # no such file, or "max": no limit
            continue
        return min(installed, limit)
    return installed


def _torch_and_gpu() -> tuple[str, bool, str]:
    """torch's version, whether it has CUDA's libraries, and the name of the GPU that it sees."""
    # another process loads torch: the start page stays open while one works, and would hold it
    asked = subprocess.run([sys.executable, "-c", ASK_TORCH], capture_output=True, text=True)
    if asked.returncode != 0:
        return "none that can be loaded", False, "none"
    version, has_cuda, gpu = json.loads(asked.stdout.splitlines()[-1])
    return version, has_cuda, gpu


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

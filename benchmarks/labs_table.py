"""What the labs are: their seconds, words, code lines and exercises, and what they printed.

Of the notebooks that `make labs` has run and left in build/labs. Seconds are from the first cell's
start to the last one's end, without the start of the kernel. Writes results/labs.json.

Usage: python benchmarks/labs_table.py [FOLDER]
"""
from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import measured

from vaekit.course.notebooks import Notebook, code_cells, read_notebook

FOLDER = "build/labs"
EXERCISE = re.compile(r"^#+ ✏️ Exercise \d+ \((.+?)\)", re.MULTILINE)
SEEN = "## What we saw"
# pictures of a text cell are no words, neither are formulas
NO_WORDS = re.compile(r"\$\$.*?\$\$|\$.*?\$|<[^>]*>|\(https?://[^)]*\)", re.DOTALL)


def seconds(lab: Notebook) -> float:
    """From the first cell's start to the last one's end.

    Raises:
        ValueError: a lab that was run without its times.
    """
    times = [
        datetime.fromisoformat(time.replace("Z", "+00:00"))
        for cell in code_cells(lab)
        for time in cell["metadata"].get("execution", {}).values()
    ]
    if not times:
        raise ValueError("this notebook does not say when its cells ran; run it by make labs")
    return (max(times) - min(times)).total_seconds()


def prose(lab: Notebook) -> str:
    return "\n\n".join(
        cell["source"] for cell in lab["cells"] if cell["cell_type"] == "markdown"
    )


def longest_line(lab: Notebook) -> int:
    return max(len(line) for cell in code_cells(lab) for line in cell["source"].splitlines())


def summary(lab: Notebook) -> str:
    """What its last section printed, in one line."""
    titles = [SEEN in cell["source"] for cell in lab["cells"]]
    last = lab["cells"][titles.index(True):]
    texts = [
        text_of(output)
        for cell in last
        if cell["cell_type"] == "code"
        for output in cell["outputs"]
        if "data" in output
    ]
    # a point may be written on several lines, a row of a table never
    points = re.sub(r"\n *(?![-|\n ])", " ", "\n".join(texts)).splitlines()
    shown = [point.strip("- |") for point in points if not set(point) <= set(":-| ")]
    return " · ".join(shown).replace("**", "").replace("|", "/")


def text_of(output: dict[str, Any]) -> str:
    """As Markdown, where it has a form in Markdown."""
    data = output["data"]
    text = data.get("text/markdown", data.get("text/plain", ""))
    return text if isinstance(text, str) else "".join(text)


def row(path: Path) -> dict[str, Any]:
    lab = read_notebook(path)
    text = prose(lab)
    kinds = Counter(EXERCISE.findall(text))
    return {
        "lab": path.stem[:2],
        "seconds": round(seconds(lab)),
        "words": len(NO_WORDS.sub(" ", text).split()),
        "longest": longest_line(lab),
        "write": kinds["write it"],
        "predict": kinds["predict it"],
        "bug": kinds["find the bug"],
        "printed": summary(lab),
    }


def main(folder: Path) -> None:
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    rows = [row(path) for path in paths]
    for each in rows:
        print({name: value for name, value in each.items() if name != "printed"})
        print("   ", each["printed"])
    print(f"all labs: {sum(each['seconds'] for each in rows)} s")
    measured.save(
        measured.RESULTS / "labs.json",
        rows,
        "make labs; python benchmarks/labs_table.py",
        note="on two cores with nothing beside it",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else FOLDER))

"""How soon a slider moves the picture: from the key to the canvas, and to the frame on screen.

In JupyterLab in headless Chromium, one run for all ways:

- walk: `explore.walk`, whose model is decoded in the page
- kernel: the same of a model too large for it, decoded by the kernel
- png: `explore.plain.Walk`, a PNG from the kernel for each place
- imshow: `interact` around matplotlib's `imshow`

Those of the kernel twice: in JupyterLab as `make jupyter` and Binder start it (binder/jupyter), and
in one without settings.

"drawn" is when the new picture stands on the canvas, or has been loaded by the img element;
"frame" is when the frame that holds it has been painted. Both since the time stamp that the browser
gave the key. A burst is 200 moves of the mouse with the button down. Writes results/latency.json.

Usage: python benchmarks/slider_latency.py [samples]
"""
from __future__ import annotations

import datetime
import json
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.browser import (  # noqa: E402
    CHROMIUM,
    FLAGS,
    VIEWPORT,
    Visit,
    open_and_run,
    place_in,
    serving,
    write_notebook,
)

from vaekit import explore  # noqa: E402
from vaekit.recipes.builders import mlp_vae  # noqa: E402

SAMPLES = 120
MOVES = 200
PAINTS = 7
FRAME = 1000 / 60
SETUP = """import ipywidgets, torch
import matplotlib.pyplot as plt
from vaekit import explore
from vaekit.recipes.builders import mlp_vae

torch.manual_seed(0)
model = mlp_vae(128, 64)(2, (1, 28, 28)).eval()
large = mlp_vae(1600, 1600)(2, (1, 28, 28)).eval()"""
IMSHOW = """def show(z1=0.0, z2=0.0):
    with torch.no_grad():
        image = model.decode(torch.tensor([[z1, z2]]))[0, 0]
    plt.figure(figsize=(3, 3))
    plt.imshow(image, cmap="gray", vmin=0, vmax=1)
    plt.axis("off")
    plt.show()

ipywidgets.interact(show, z1=(-3.0, 3.0, 0.06), z2=(-3.0, 3.0, 0.06));"""
CELLS = {
    "walk": "explore.walk(model, low=-3, high=3)",
    "kernel": "explore.walk(large, low=-3, high=3)",
    "png": "explore.plain.Walk(model, 2, low=-3, high=3)",
    "imshow": IMSHOW,
}
NAMES = {
    "walk": "`explore.walk`, decoded in the page",
    "kernel": "`explore.walk`, decoded in the kernel",
    "png": "`explore.plain.Walk`, a PNG from the kernel",
    "imshow": "`interact` + `imshow`",
}
# JupyterLab as the project starts it
SETTINGS = ROOT / "binder" / "jupyter"
PLAIN = ", no settings"
# keeps for each key, or move of the mouse, when its picture was drawn and painted
WATCH = """() => {
  const put = CanvasRenderingContext2D.prototype.putImageData;
  let cell = null;
  let events = [];
  window.watch = (element) => { cell = element; events = []; window.samples = []; };
  const happened = (event) => { if (cell) events.push(event.timeStamp); };
  const drawn = (element) => {
    const now = performance.now();
    if (!cell?.contains(element) || !events.length) return;
    const waiting = events;
    events = [];
    requestAnimationFrame(() => {
      // this runs when the frame has been painted
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const painted = performance.now();
        for (const start of waiting) {
          window.samples.push({ drawn: now - start, frame: painted - start });
        }
      };
      channel.port2.postMessage(0);
    });
  };
  CanvasRenderingContext2D.prototype.putImageData = function (...args) {
    put.apply(this, args);
    if (this.canvas.classList.contains("vaekit-pixels")) drawn(this.canvas);
  };
  addEventListener("keydown", happened, true);
  addEventListener("pointermove", (event) => { if (event.buttons) happened(event); }, true);
  document.addEventListener("load", (event) => drawn(event.target), true);
}"""
# when the first picture of a page stands on its canvas
FIRST = """{
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...args) {
    put.apply(this, args);
    if (this.canvas.isConnected || this.canvas.classList.contains("vaekit-pixels")) {
      window.first ??= performance.now();
    }
  };
}"""


def keys(page: Page, cell: Locator, samples: int) -> list[dict[str, float]]:
    """Arrow keys, one after the other: each is pressed when the last one's picture is there."""
    slider = cell.locator("input[type=range], .noUi-handle").first
    slider.focus()
    cell.evaluate("(cell) => window.watch(cell)")
    for n in range(samples):
        page.keyboard.press("ArrowRight" if n // 20 % 2 == 0 else "ArrowLeft")
        page.wait_for_function("n => window.samples.length > n", arg=n, timeout=10_000)
        # at any time of a frame
        page.wait_for_timeout(random.uniform(20, 60))
    found: list[dict[str, float]] = page.evaluate("window.samples")
    return found


def burst(page: Page, cell: Locator) -> list[dict[str, float]]:
    """So many moves in a row; for each, when a picture came that is as new as it, or newer."""
    pad = cell.locator("canvas.vaekit-pad")
    page.mouse.move(*place_in(pad, 0.1, 0.1))
    page.mouse.down()
    cell.evaluate("(cell) => window.watch(cell)")
    page.mouse.move(*place_in(pad, 0.9, 0.7), steps=MOVES)
    page.wait_for_timeout(1000)
    page.mouse.up()
    found: list[dict[str, float]] = page.evaluate("window.samples")
    return found


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def row(what: str, values: list[float], unit: str = "ms") -> dict[str, Any]:
    found = {
        "what": what,
        "n": len(values),
        "median": round(median(values), 2),
        "p95": round(quantile(values, 0.95), 2),
        "unit": unit,
    }
    print(f"{what:62} {found['median']:8} {found['p95']:8} {unit}  ({len(values)})", flush=True)
    return found


def in_lab(
    browser: Any, samples: int, ways: tuple[str, ...], settings: Path | None
) -> list[dict[str, Any]]:
    """All ways in one notebook, one after the other, in a JupyterLab with these settings."""
    rows = []
    folder = Path(tempfile.mkdtemp())
    (folder / "root").mkdir()
    (folder / "scratch").mkdir()
    cells = [CELLS[way] for way in ways]
    write_notebook(folder / "root" / "sliders.ipynb", [SETUP, *cells])
    where = "" if settings else PLAIN
    environment = {"JUPYTER_CONFIG_PATH": str(settings)} if settings else None
    started = serving("lab", folder / "root", folder / "scratch", environment=environment)
    with started as server:
        visit = Visit(browser.new_context(viewport=VIEWPORT), server.url)
        open_and_run(visit, server, "sliders.ipynb")
        page = visit.page
        page.evaluate(WATCH)
        for number, way in enumerate(ways):
            cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number + 1)
            cell.scroll_into_view_if_needed()
            page.wait_for_timeout(2000)
            found = keys(page, cell, samples)
            rows.append(row(f"{NAMES[way]}{where}: key → drawn", [each["drawn"] for each in found]))
            rows.append(row(f"{NAMES[way]}{where}: key → frame", [each["frame"] for each in found]))
            if way in ("walk", "kernel"):
                late = [each["frame"] / FRAME for each in burst(page, cell)]
                rows.append(row(f"{NAMES[way]}{where}: a burst of {MOVES} moves", late, "frames"))
                print(f"    at most {max(late):.1f} frames")
                rows[-1]["most"] = round(max(late), 2)
    return rows


def of_a_page(browser: Any) -> list[dict[str, Any]]:
    """A page with a walk, opened from a file several times."""
    torch.manual_seed(0)
    model = mlp_vae(128, 64)(2, (1, 28, 28)).eval()
    path = Path(tempfile.mkdtemp()) / "walk.html"
    path.write_text(explore.page("Walk", explore.walk(model)), encoding="utf-8")
    pictures = []
    paints = []
    for _ in range(PAINTS):
        page = browser.new_page(viewport=VIEWPORT)
        page.add_init_script(FIRST)
        page.goto(path.as_uri())
        page.wait_for_function("window.first !== undefined")
        page.wait_for_timeout(300)
        pictures.append(page.evaluate("window.first"))
        paints.append(page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        ))
        page.close()
    return [
        row("a page with a walk, its size", [path.stat().st_size / 1000], "kB"),
        row("a page with a walk: opened → first paint", paints),
        row("a page with a walk: opened → first picture", pictures),
    ]


def machine() -> str:
    cores = os.cpu_count()
    load = os.getloadavg()
    return f"{cores} cores of {platform.machine()}, load {load[0]:.1f} over a minute"


def main(samples: int) -> None:
    before = machine()
    print(before)
    start = time.time()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        rows = of_a_page(browser)
        rows += in_lab(browser, samples, tuple(CELLS), SETTINGS)
        rows += in_lab(browser, samples, ("kernel", "png", "imshow"), None)
        version = browser.version
        browser.close()
    after = machine()
    print(f"{after} afterwards; {time.time() - start:.0f} s")
    found = {
        "command": "python benchmarks/slider_latency.py",
        "date": str(datetime.date.today()),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": f"{before}; afterwards {after}; Chromium {version}, headless, no GPU",
        "note": "JupyterLab; milliseconds since the browser's time stamp of the key; the "
        "784-128-64-2 VAE, in the kernel 784-1600-1600-2",
        "rows": rows,
    }
    path = ROOT / "results" / "latency.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)

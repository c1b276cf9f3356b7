"""Front ends in a real browser: JupyterLab, Notebook 7, Voila and pages from a file.

Each server is apart from the user's own settings, listens on a free loopback port, shows no news.
"""
from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image
from playwright.sync_api import Locator, Page, expect

REPO = Path(__file__).parents[2]
CHROMIUM = (
    shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
NO_CHROMIUM = "needs a Chromium on the PATH (Debian: apt-get install chromium)"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # nothing outside this machine is found
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
VIEWPORT = {"width": 1280, "height": 900}
# widths of a window: a screen, half a screen, a telephone
SIZES = (1280, 600, 360)
# pictures of each view in each front end, to be looked at
SCREENSHOTS = REPO / "build" / "screenshots"

# where a server of its own keeps what would else be the user's
HOMES = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "XDG_CACHE_HOME": "cache",
}
SETTINGS = {
    "notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    # the theme follows what the browser asks for
    "themes": {"adaptive-theme": True},
}
SERVER = [
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--LabApp.extension_manager=readonly",
]
COMMANDS = {
    "lab": ["jupyterlab", *SERVER],
    "notebook": ["notebook", *SERVER],
    "voila": ["voila", "--no-browser", "--Voila.ip=127.0.0.1", "--show_tracebacks=True"],
}
# a number in its prompt: the cell has run
HAS_RUN = re.compile(r"\[\d+\]:")


class Server(NamedTuple):
    """A front end that runs."""

    kind: str
    url: str

    def ask(self, path: str, method: str = "GET") -> Any:
        """What its REST interface answers."""
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def kernel_of(self, notebook: str) -> str | None:
        """The id of a notebook's kernel, once a page is connected to it and it waits."""
        for session in self.ask("sessions"):
            kernel = session["kernel"]
            ready = kernel["connections"] > 0 and kernel["execution_state"] == "idle"
            if session["path"] == notebook and ready:
                return str(kernel["id"])
        return None


@contextlib.contextmanager
def serving(
    kind: str,
    root: Path,
    scratch: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A front end on a free loopback port, apart from the user's own.

    Args:
        kind: a key of COMMANDS.
        root: the folder that it shows.
        scratch: where it keeps its own files.
        options: of its command line.
        environment: variables beside those that keep it apart; without any it is told to show no
            news, and to follow the browser's colours.
    """
    port = free_port()
    homes = {variable: str(scratch / folder) for variable, folder in HOMES.items()}
    if environment is None:
        write_settings(scratch / "settings")
    # its kernels import tests/support as the tests do
    homes |= {"PYTHONPATH": str(REPO / "tests"), "OMP_NUM_THREADS": "1", **(environment or {})}
    place = [str(root)] if kind == "voila" else [f"--ServerApp.root_dir={root}"]
    command = [sys.executable, "-m", *COMMANDS[kind], f"--port={port}", *place, *options]
    log = scratch / "server.log"
    with open(log, "w") as file:
        server = subprocess.Popen(command, env=os.environ | homes, stdout=file, stderr=file)
    try:
        wait_for_server(port, log)
        yield Server(kind, f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(20)


def write_settings(folder: Path) -> None:
    """As a user would set them in the menus."""
    place = folder / "@jupyterlab" / "apputils-extension"
    place.mkdir(parents=True)
    for name, values in SETTINGS.items():
        (place / f"{name}.jupyterlab-settings").write_text(json.dumps(values))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_server(port: int, log: Path) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    raise RuntimeError(log.read_text())


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """A notebook of code cells; one that fails does not keep the others from running."""
    notebook = new_notebook(
        cells=[new_code_cell(cell, metadata={"tags": ["raises-exception"]}) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, path)


class Visit:
    """A page of a browser, and what went wrong in it.

    Attributes:
        outside: addresses beyond this machine's that it tried to fetch.
        errors: what scripts threw, and what they wrote to the console as errors or warnings.
    """

    def __init__(self, context: Any, url: str):
        self.page: Page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.outside: list[str] = []
        self.errors: list[str] = []
        inside = (url, url.replace("http", "ws"), "blob:", "data:", "file:")

        def fetched(request: Any) -> None:
            if not request.url.startswith(inside):
                self.outside.append(request.url)

        self.page.on("request", fetched)
        self.page.on("pageerror", self._failed)
        self.page.on("console", self._heard)

    def _failed(self, error: Any) -> None:
        """Keep what was thrown on a way through our module: widgets are loaded as blobs."""
        if "blob:" in error.stack or "file:" in error.stack:
            self.errors.append(f"{error.message} {error.stack}")

    def _heard(self, message: Any) -> None:
        """Keep what our module says; the front ends have their own errors."""
        ours = message.location.get("url", "").startswith(("blob:", "file:"))
        about_us = ours or "vaekit" in message.text or "anywidget" in message.text
        if message.type in ("error", "warning") and about_us:
            self.errors.append(message.text)


def open_notebook(visit: Visit, server: Server, notebook: str) -> None:
    """Open a notebook in a front end; Voila also runs it."""
    paths = {
        "lab": f"lab/workspaces/test/tree/{notebook}?reset",
        "notebook": f"notebooks/{notebook}",
        "voila": f"voila/render/{notebook}",
    }
    # Voila runs all cells before it answers
    visit.page.goto(f"{server.url}/{paths[server.kind]}", timeout=180_000)


def open_and_run(visit: Visit, server: Server, notebook: str) -> None:
    """Open a notebook, run all its cells, wait for the last one."""
    open_notebook(visit, server, notebook)
    if server.kind == "voila":
        return
    page = visit.page
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    # the indicators say idle before the kernel is connected
    until(lambda: server.kernel_of(notebook), "the kernel did not start", seconds=60)
    run_all(page)
    last_prompt = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").last
    expect(last_prompt).to_have_text(HAS_RUN, timeout=120_000)


def run_all(page: Page) -> None:
    """By the menu."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def until(holds: Callable[[], Any], otherwise: str, seconds: float = 10) -> Any:
    """Wait until `holds()`, and give what it gave."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.03)


def pixels_of(canvas: Locator) -> np.ndarray:
    """What a canvas holds, (height, width, 3) of uint8; its own pixels, not the screen's."""
    url = canvas.evaluate("canvas => canvas.toDataURL('image/png')")
    image = Image.open(io.BytesIO(b64decode(url.split(",")[1])))
    return np.asarray(image.convert("RGB"))


def largest_difference(canvas: Locator, expected: np.ndarray) -> int:
    """Between what a canvas holds and a picture (height, width, 3), in 1/255."""
    found = pixels_of(canvas).astype(int)
    assert found.shape == expected.shape
    return int(np.abs(found - expected.astype(int)).max())


def is_blank(canvas: Locator) -> bool:
    """True if all its pixels are the same."""
    return bool(np.ptp(pixels_of(canvas)) == 0)


def canvases_of(view: Locator) -> list[str]:
    """What all canvases of a view hold, to be compared."""
    found = view.locator("canvas").evaluate_all("all => all.map((each) => each.toDataURL())")
    return list(found)


def keep_screenshot(element: Locator, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    element.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


def place_in(element: Locator, right: float, down: float) -> tuple[float, float]:
    """A place of the page: shares of an element's box, (0, 0) its left upper corner."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box is not None
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def drag(page: Page, element: Locator, way: Sequence[tuple[float, float]]) -> None:
    """Press, move and let go with the mouse; the way in shares of the element's box."""
    page.mouse.move(*place_in(element, *way[0]))
    page.mouse.down()
    for step in way:
        page.mouse.move(*place_in(element, *step))
    page.mouse.up()


def drag_by_finger(page: Page, element: Locator, way: Sequence[tuple[float, float]]) -> None:
    """As `drag`, on a touch screen."""
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in places]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", place_in(element, *way[0]))
    for step in way:
        touch("touchMove", place_in(element, *step))
    touch("touchEnd")
    devtools.detach()


def overflowing(root: Locator) -> list[str]:
    """The elements of a view that stick out of it or of the window; not those that scroll."""
    found = root.evaluate("""root => {
      const edge = Math.min(root.getBoundingClientRect().right, innerWidth) + 1;
      const scrolls = (each) => ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
      const isScrolled = (each) => {
        let above = each.parentElement;
        while (above !== root && !scrolls(above)) above = above.parentElement;
        return above !== root;
      };
      return [...root.querySelectorAll("*")]
        .filter((each) => each.getBoundingClientRect().right > edge && each.offsetParent)
        .filter((each) => !isScrolled(each))
        .map((each) => `${each.tagName} ${each.className} ${each.textContent.slice(0, 20)}`);
    }""")
    return list(found)

"""The sliders in a real JupyterLab in headless Chromium: a key press moves the picture.

Nothing is fetched from outside.
"""
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from conftest import REPO
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect, sync_playwright

from vaekit import recipes
from vaekit.course import pages

CHROMIUM = (
    shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="needs a Chromium on the PATH (Debian: apt-get install chromium)",
    ),
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORT = {"width": 1280, "height": 900}

# where a JupyterLab of its own keeps what would else be the user's
HOMES = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}

WALK = """from vaekit import explore, recipes
walk = explore.Walk(recipes.load_model("weights.safetensors"), 2)
walk"""
DENOISE = """from vaekit.recipes import pretrained
ddpm = pretrained.load("ddpm-fashion").model
explore.Denoise(ddpm, classes=list("0123456789"), steps=(2, 5), guidance=(1, 3), n=2)"""


@pytest.fixture
def root(tmp_path):
    """The folder that JupyterLab shows."""
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def scratch(tmp_path):
    """Where JupyterLab and the browser keep their own files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return scratch


@contextlib.contextmanager
def jupyterlab(root, scratch, *options, environment=None):
    """A JupyterLab on a free loopback port, apart from the user's own; gives its address.

    Args:
        options: of the command line.
        environment: variables beside those that keep it apart; without any, it is told to show no
            news.
    """
    port = free_port()
    if environment is None:
        settings = scratch / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS))

    homes = {variable: str(scratch / folder) for variable, folder in HOMES.items()}
    homes |= environment or {}
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={root}",
        "--LabApp.extension_manager=readonly",
        *options,
    ]
    log = scratch / "server.log"
    with open(log, "w") as file:
        server = subprocess.Popen(command, env=os.environ | homes, stdout=file, stderr=file)
    try:
        wait_for_server(port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_server(port, log):
    for _ in range(600):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=1)
            return
        time.sleep(0.1)
    raise RuntimeError(log.read_text())


def open_and_run(page, url, notebook):
    """Open a notebook, run all its cells, wait for the last one."""
    page.set_default_timeout(120_000)
    page.goto(f"{url}/lab/workspaces/test/tree/{notebook}?reset")
    page.locator(".jp-NotebookPanel .jp-Notebook .jp-CodeCell").first.wait_for()

    # the status bar: only now is the kernel connected
    page.get_by_text(re.compile(r"\| Idle$")).wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    last_prompt = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").last
    expect(last_prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=120_000)


def picture_in(cell):
    return cell.locator("img.vaekit-pixels, .vaekit-pixels img").first


def handles_in(cell):
    return cell.locator(".noUi-handle")


def sizes(picture):
    """Its own width in pixels, and the width at which it is shown."""
    return picture.evaluate("e => [e.naturalWidth, e.clientWidth]")


def until(holds, otherwise):
    """Wait until `holds()`, ten seconds at most."""
    for _ in range(100):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(otherwise)


def until_changed(picture, before, what):
    until(lambda: picture.screenshot() != before, f"{what} did not change the picture")


def press(page, handle, key, times=1):
    handle.focus()
    for _ in range(times):
        page.keyboard.press(key)


def there_and_back(page, picture, handle, key, opposite):
    """Eight key presses change the picture, eight in the other direction bring it back."""
    before = picture.screenshot()
    press(page, handle, key, times=8)
    until_changed(picture, before, key)

    press(page, handle, opposite, times=8)
    until(lambda: picture.screenshot() == before, f"{opposite} did not bring the picture back")


def check_walk(page, cell):
    picture = picture_in(cell)
    handles = handles_in(cell)
    expect(handles).to_have_count(2)
    assert picture.evaluate("e => getComputedStyle(e).imageRendering") == "pixelated"
    assert sizes(picture) == [28, 224], "28 pixels, enlarged by the browser"

    there_and_back(page, picture, handles.first, "ArrowRight", "ArrowLeft")
    there_and_back(page, picture, handles.last, "ArrowLeft", "ArrowRight")


def check_denoise(page, cell):
    picture = picture_in(cell)
    dials = handles_in(cell)
    expect(dials).to_have_count(3)

    # two images of 28 pixels, white lines of one pixel around them
    width = 2 * 29 + 1
    assert sizes(picture) == [width, 3 * width]

    for name, place in (("the way", 2), ("steps", 0), ("guidance", 1)):
        before = picture.screenshot()
        press(page, dials.nth(place), "ArrowLeft")
        until_changed(picture, before, name)

    before = picture.screenshot()
    cell.locator("select").select_option("8")
    until_changed(picture, before, "the class")


def test_arrow_keys_move_the_picture_without_a_network(root, scratch, trained):
    recipes.save(root / "weights.safetensors", "mlp-vae-mnist", trained.model)
    notebook = new_notebook(
        cells=[new_code_cell(WALK), new_code_cell(DENOISE)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, root / "walk.ipynb")
    outside = []

    with jupyterlab(root, scratch) as url, sync_playwright() as playwright:
        def only_inside(route):
            if route.request.url.startswith((url, "blob:", "data:")):
                route.continue_()
            else:
                outside.append(route.request.url)
                route.abort()

        context = playwright.chromium.launch_persistent_context(
            str(scratch / "chrome"),
            executable_path=CHROMIUM,
            headless=True,
            args=FLAGS,
            viewport=VIEWPORT,
        )
        context.route("**/*", only_inside)
        page = context.new_page()
        open_and_run(page, url, "walk.ipynb")

        cells = page.locator(".jp-Notebook .jp-CodeCell")
        check_walk(page, cells.first)
        check_denoise(page, cells.last)
        context.close()

    assert not outside, f"the page tried to fetch {outside}"


def test_the_start_page_opens_first_and_leads_to_the_labs(root, scratch):
    """As `make jupyter` and Binder start it.

    Whatever the times of the files: git keeps none, so Jupyter must not compare a lab with its
    twin and refuse to open it.
    """
    shutil.copytree(REPO / "notebooks", root, dirs_exist_ok=True)
    for twin in (root / "src").glob("*.py"):
        os.utime(twin, (0, 0))
    shipped = {"JUPYTER_CONFIG_PATH": str(REPO / "binder" / "jupyter")}
    option = "--LabApp.default_url=/lab/tree/00_start.ipynb"

    server = jupyterlab(root, scratch, option, environment=shipped)
    with server as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=VIEWPORT)
        page.goto(url)

        title = page.locator(".jp-Notebook .jp-MarkdownCell h1").first
        expect(title).to_contain_text("00 · Start here", timeout=60_000)
        files = page.locator(".jp-DirListing-itemText")
        expect(files.first).to_be_visible()
        assert sorted(files.all_inner_texts()) == sorted(path.name for path in root.glob("*.ipynb"))
        # no news, no question
        expect(page.locator(".Toastify__toast")).to_have_count(0)
        expect(page.locator(".jp-Dialog")).to_have_count(0)

        page.locator(".jp-Notebook a", has_text="01 The autoencoder").first.click()
        opened = page.locator(".jp-Notebook .jp-MarkdownCell h1", has_text="01 · The autoencoder")
        expect(opened).to_be_visible(timeout=60_000)
        expect(page.locator(".jp-Dialog")).to_have_count(0)
        browser.close()


def test_a_page_of_the_lab_runner_fetches_nothing(tmp_path):
    lab = REPO / "notebooks" / "01_autoencoder.ipynb"
    pages.write(nbformat.read(lab, 4), tmp_path / lab.name)
    requests = []

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.goto((tmp_path / f"{lab.stem}.html").as_uri(), wait_until="load")
        page.wait_for_timeout(500)

        formula = page.locator("math[display=block]").first
        assert formula.bounding_box()["height"] > 15, "the browser draws the formula"
        browser.close()

    assert [url for url in requests if url.startswith("http")] == []

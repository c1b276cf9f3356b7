"""The sliders in a real JupyterLab in headless Chromium: a key press moves the picture, with nothing fetched from outside."""
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

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium on the PATH (Debian: apt-get install chromium)")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
CELL = """from vaekit import explore, recipes
walk = explore.Walk(recipes.load_model("weights.safetensors"), 2)
walk"""
DENOISE = """from vaekit import pretrained
explore.Denoise(pretrained.load("ddpm-fashion").model, classes="0123456789", steps=(2, 5), guidance=(1, 3), n=2)"""


@contextlib.contextmanager
def jupyterlab(root, scratch):
    """A JupyterLab on a free loopback port, apart from the user's own settings; gives its address."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    quiet = scratch / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}))
    homes = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings",
             "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
               "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={root}", "--LabApp.extension_manager=readonly"]
    with open(scratch / "server.log", "w") as log:
        server = subprocess.Popen(command, env=os.environ | {k: str(scratch / v) for k, v in homes.items()}, stdout=log, stderr=log)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=1)
                break
            time.sleep(0.1)
        else:
            raise RuntimeError((scratch / "server.log").read_text())
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def open_and_run(page, url, notebook):
    page.set_default_timeout(120_000)
    page.goto(f"{url}/lab/workspaces/test/tree/{notebook}?reset")
    page.locator(".jp-NotebookPanel .jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text(re.compile(r"\| Idle$")).wait_for()              # the status bar: only now is the kernel connected
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").last).to_have_text(re.compile(r"\[\d+\]:"), timeout=120_000)


def test_arrow_keys_move_the_picture_without_a_network(tmp_path, trained):
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    recipes.save(root / "weights.safetensors", "mlp-vae-mnist", trained.model)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=[new_code_cell(CELL), new_code_cell(DENOISE)], metadata=kernel), root / "walk.ipynb")
    outside = []
    with jupyterlab(root, scratch) as url, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(str(scratch / "chrome"), executable_path=CHROMIUM, headless=True, args=FLAGS,
                                                                viewport={"width": 1280, "height": 900})
        context.route("**/*", lambda route: route.continue_() if route.request.url.startswith((url, "blob:", "data:"))
                      else (outside.append(route.request.url), route.abort()))
        page = context.new_page()
        open_and_run(page, url, "walk.ipynb")
        cells = page.locator(".jp-Notebook .jp-CodeCell")
        (picture, handles), (denoised, dials) = ((cell.locator("img.vaekit-pixels, .vaekit-pixels img").first, cell.locator(".noUi-handle"))
                                                 for cell in (cells.first, cells.last))
        expect(handles).to_have_count(2)
        expect(dials).to_have_count(3)
        assert picture.evaluate("e => getComputedStyle(e).imageRendering") == "pixelated"
        assert picture.evaluate("e => [e.naturalWidth, e.clientWidth]") == [28, 224], "28 pixels, enlarged by the browser"
        for handle, key, other in ((handles.first, "ArrowRight", "ArrowLeft"), (handles.last, "ArrowLeft", "ArrowRight")):
            before = picture.screenshot()
            handle.focus()
            for _ in range(8):
                page.keyboard.press(key)
            _until(lambda: picture.screenshot() != before, f"{key} did not change the picture")      # noqa: B023 (called at once)
            for _ in range(8):
                page.keyboard.press(other)
            _until(lambda: picture.screenshot() == before, f"{other} did not bring the picture back")  # noqa: B023
        assert denoised.evaluate("e => [e.naturalWidth, e.clientWidth]") == [2 * 29 + 1, 3 * (2 * 29 + 1)]
        for name, handle in (("the way", dials.nth(2)), ("steps", dials.nth(0)), ("guidance", dials.nth(1))):
            before = denoised.screenshot()
            handle.focus()
            page.keyboard.press("ArrowLeft")
            _until(lambda: denoised.screenshot() != before, f"{name} did not change the picture")    # noqa: B023
        before = denoised.screenshot()
        cells.last.locator("select").select_option("8")
        _until(lambda: denoised.screenshot() != before, "the class did not change the picture")
        context.close()
    assert not outside, f"the page asked for {outside}"


def test_a_lab_opens_whatever_the_times_of_its_files(tmp_path):
    """Jupyter must not compare a lab with its twin: git keeps no times, and a lab that refuses to open is no lab."""
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    shutil.copytree(REPO / "notebooks", root)
    scratch.mkdir()
    lab = sorted(root.glob("*.ipynb"))[0]
    os.utime(root / "src" / f"{lab.stem}.py", (0, 0))
    with jupyterlab(root, scratch) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{url}/lab/workspaces/test/tree/{lab.name}?reset")
        expect(page.locator(".jp-Notebook .jp-MarkdownCell h1").first).to_contain_text("01 · The autoencoder", timeout=60_000)
        expect(page.locator(".jp-Dialog")).to_have_count(0)
        browser.close()


def test_a_page_of_the_lab_runner_fetches_nothing(tmp_path):
    lab = sorted((REPO / "notebooks").glob("*.ipynb"))[0]
    pages.write(nbformat.read(lab, 4), tmp_path / lab.name)
    asked = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / f"{lab.stem}.html").as_uri(), wait_until="load")
        page.wait_for_timeout(500)
        formula = page.locator("math[display=block]").first
        assert formula.bounding_box()["height"] > 15, "the browser draws the formula"
        browser.close()
    assert [url for url in asked if url.startswith("http")] == []


def _until(holds, otherwise):
    for _ in range(100):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(otherwise)

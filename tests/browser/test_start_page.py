"""What `make jupyter` and Binder open first."""
import os
import shutil

from playwright.sync_api import expect
from support.browser import REPO, VIEWPORT, serving


def test_the_start_page_opens_first_and_leads_to_the_labs(chromium, tmp_path):
    """Whatever the times of the files.

    git keeps none, so Jupyter must not compare a lab with its twin and refuse to open it.
    """
    root = tmp_path / "root"
    shutil.copytree(REPO / "notebooks", root)
    for twin in (root / "src").glob("*.py"):
        os.utime(twin, (0, 0))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    shipped = {"JUPYTER_CONFIG_PATH": str(REPO / "binder" / "jupyter")}
    option = "--LabApp.default_url=/lab/tree/00_start.ipynb"

    with serving("lab", root, scratch, option, environment=shipped) as server:
        page = chromium.new_page(viewport=VIEWPORT)
        page.goto(server.url)

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
        page.close()

"""Pages from a file: of the lab runner, and of a view within another page."""
import sys

import nbformat
import numpy as np
from support import explored, pictures
from support.browser import REPO, Visit, pixels_of

from vaekit.course import pages
from vaekit.explore import page as page_of
from vaekit.explore import walk
from vaekit.recipes import pretrained

FRAME = '<!doctype html><title>frame</title><iframe src="{}" width="1000" height="800"></iframe>'


def test_a_page_of_the_lab_runner_fetches_nothing(chromium, tmp_path):
    lab = REPO / "notebooks" / "01_autoencoder.ipynb"
    pages.write(nbformat.read(lab, 4), tmp_path / lab.name)
    requests = []
    page = chromium.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.goto((tmp_path / f"{lab.stem}.html").as_uri(), wait_until="load")
    page.wait_for_timeout(500)

    formula = page.locator("math[display=block]").first
    assert formula.bounding_box()["height"] > 15, "the browser draws the formula"
    page.close()
    assert [url for url in requests if url.startswith("http")] == []


def test_a_view_works_in_a_frame(chromium, tmp_path):
    (tmp_path / "walk.html").write_text(page_of("Walk", explored.VIEWS["walk"]()))
    outer = tmp_path / "outer.html"
    outer.write_text(FRAME.format("walk.html"))
    context = chromium.new_context()
    visit = Visit(context, "file:")
    visit.page.goto(outer.as_uri())

    view = visit.page.frame_locator("iframe").locator(".vaekit").first
    view.wait_for()
    pictures.sliders(view).first.press("Home")
    pictures.sliders(view).last.press("End")
    expected = explored.picture(explored.halved(explored.vae()), pictures.values(view))
    pictures.until_equal(pictures.named(view, "the decoded image"), expected, "in a frame")
    assert visit.errors + visit.outside == []
    context.close()


def test_a_page_of_8_bits_shows_what_torch_computes_with_them(chromium, tmp_path, monkeypatch):
    """Of trained weights; the rounding moves pixels by 4 of 255 levels on average, 48 at most."""
    # explore.page is a function, too
    monkeypatch.setattr(sys.modules["vaekit.explore.page"], "LARGEST_PAGE", 1000)
    model = pretrained.load("vae-fashion-z2").model
    path = tmp_path / "eighths.html"
    path.write_text(page_of("Walk", walk(model, low=-3, high=3)))
    visit = Visit(chromium.new_context(), "file:")
    visit.page.goto(path.as_uri())
    view = visit.page.locator(".vaekit").first
    view.wait_for()
    screen = pictures.named(view, "the decoded image")

    rounded = explored.eighthed(model)
    for keys in (("Home", "End"), ("PageUp", "PageDown"), ("End", "Home")):
        for slider, key in zip(pictures.sliders(view).all(), keys):
            slider.press(key)
        z = pictures.values(view)
        pictures.until_equal(screen, explored.picture(rounded, z), f"8 bits at {z}")
        away = np.abs(pixels_of(screen).astype(int) - explored.picture(model, z))
        assert away.mean() <= 4
        assert away.max() <= 48
    assert visit.errors + visit.outside == []
    visit.page.context.close()

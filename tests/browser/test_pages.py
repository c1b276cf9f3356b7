"""Pages from a file: of the lab runner, and of a view within another page."""
import nbformat
from support import explored, pictures
from support.browser import REPO, Visit

from vaekit.course import pages
from vaekit.explore import page as page_of

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

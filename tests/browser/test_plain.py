"""The plain ipywidgets in a real JupyterLab: a key press moves the picture."""
import pytest
from playwright.sync_api import expect
from support.browser import VIEWPORT, Visit, open_and_run, until, write_notebook

NOTEBOOK = "plain.ipynb"
WALK = """from support import explored
from vaekit.explore import plain
plain.Walk(explored.vae(), 2)"""
DENOISE = """from vaekit.recipes import pretrained
ddpm = pretrained.load("ddpm-fashion").model
plain.Denoise(ddpm, classes=list("0123456789"), steps=(2, 5), guidance=(1, 3), n=2)"""


@pytest.fixture(scope="module")
def visit(chromium, server_of, root):
    write_notebook(root / NOTEBOOK, [WALK, DENOISE])
    context = chromium.new_context(viewport=VIEWPORT)
    visit = Visit(context, server_of("lab").url)
    open_and_run(visit, server_of("lab"), NOTEBOOK)
    yield visit
    assert visit.outside == []
    context.close()


def picture_in(cell):
    return cell.locator("img.vaekit-pixels, .vaekit-pixels img").first


def handles_in(cell):
    return cell.locator(".noUi-handle")


def sizes(picture):
    """Its own width in pixels, and the width at which it is shown."""
    return picture.evaluate("e => [e.naturalWidth, e.clientWidth]")


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


def test_keys_move_a_walk(visit):
    cell = visit.page.locator(".jp-Notebook .jp-CodeCell").first
    picture = picture_in(cell)
    handles = handles_in(cell)
    expect(handles).to_have_count(2)
    assert picture.evaluate("e => getComputedStyle(e).imageRendering") == "pixelated"
    assert sizes(picture) == [28, 224], "28 pixels, enlarged by the browser"

    there_and_back(visit.page, picture, handles.first, "ArrowRight", "ArrowLeft")
    there_and_back(visit.page, picture, handles.last, "ArrowLeft", "ArrowRight")


def test_keys_move_denoise(visit):
    cell = visit.page.locator(".jp-Notebook .jp-CodeCell").last
    picture = picture_in(cell)
    dials = handles_in(cell)
    expect(dials).to_have_count(3)

    # two images of 28 pixels, white lines of one pixel around them
    width = 2 * 29 + 1
    assert sizes(picture) == [width, 3 * width]

    for name, place in (("the way", 2), ("steps", 0), ("guidance", 1)):
        before = picture.screenshot()
        press(visit.page, dials.nth(place), "ArrowLeft")
        until_changed(picture, before, name)

    before = picture.screenshot()
    cell.locator("select").select_option("8")
    until_changed(picture, before, "the class")

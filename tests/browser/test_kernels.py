"""JupyterLab with a kernel that is busy, run again, restarted, and gone."""
import re

import pytest
from playwright.sync_api import expect
from support import explored, pictures
from support.browser import (
    VIEWPORT,
    Visit,
    drag,
    is_blank,
    largest_difference,
    open_and_run,
    place_in,
    run_all,
    until,
    write_notebook,
)

NOTEBOOK = "kernels.ipynb"
# the page waits 20 seconds for an answer; a test need not
IMPATIENT = """{
  const later = window.setTimeout;
  window.setTimeout = (f, ms, ...rest) => later(f, ms === 20000 ? 3000 : ms, ...rest);
}"""


@pytest.fixture(scope="module")
def visit(chromium, server_of, root):
    cells = ["from support import explored"]
    cells += [f'explored.show("{name}")' for name in ("walk", "walk-kernel")]
    write_notebook(root / NOTEBOOK, cells)
    context = chromium.new_context(viewport=VIEWPORT)
    visit = Visit(context, server_of("lab").url)
    visit.page.add_init_script(IMPATIENT)
    open_and_run(visit, server_of("lab"), NOTEBOOK)
    yield visit
    context.close()


def view_of(visit, name):
    view = visit.page.locator(f".shows-{name} .vaekit")
    view.wait_for()
    view.scroll_into_view_if_needed()
    return view


def choose(page, menu, entry):
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(entry)).first.click()


def test_the_last_of_a_burst_of_drags_is_shown(visit):
    """200 moves in a row, faster than a kernel answers."""
    for name, model in (
        ("walk", explored.halved(explored.vae())),
        ("walk-kernel", explored.too_large()),
    ):
        view = view_of(visit, name)
        pad = view.locator("canvas.vaekit-pad")
        visit.page.mouse.move(*place_in(pad, 0.1, 0.1))
        visit.page.mouse.down()
        visit.page.mouse.move(*place_in(pad, 0.85, 0.65), steps=200)
        visit.page.mouse.up()

        wanted = [-3 + 0.85 * 6, 3 - 0.65 * 6]
        until(
            lambda: abs(pictures.values(view)[0] - wanted[0]) < 0.04,  # noqa: B023
            "the drag is not over",
        )
        screen = pictures.named(view, "the decoded image")
        # the place is known to the pixel of the screen, so some levels of grey are free
        expected = explored.picture(model, wanted)
        until(
            lambda: largest_difference(screen, expected) <= 12,  # noqa: B023
            f"{name}: not the last",
        )


def test_a_cell_that_is_run_again_has_one_widget(visit):
    run_all(visit.page)
    prompts = visit.page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt")
    expect(prompts.last).to_have_text(re.compile(r"\[[4-9]\]:"), timeout=60_000)
    for name in ("walk", "walk-kernel"):
        until(
            lambda: visit.page.locator(f".shows-{name} .vaekit").count() == 1,  # noqa: B023
            f"{name} is there more than once",
        )


def test_after_a_restart_the_picture_still_moves(visit):
    page = visit.page
    view_of(visit, "walk")
    choose(page, "Kernel", r"^Restart Kernel…$")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.get_by_text(re.compile(r"\| Idle$")).wait_for()

    view = view_of(visit, "walk")
    pictures.sliders(view).first.press("Home")
    pictures.sliders(view).last.press("End")
    model = explored.halved(explored.vae())
    expected = explored.picture(model, pictures.values(view))
    pictures.until_equal(pictures.named(view, "the decoded image"), expected, "after a restart")


def test_without_its_kernel_a_large_model_says_what_to_do(visit):
    page = visit.page
    choose(page, "Kernel", r"^Shut Down Kernel$")
    view = view_of(visit, "walk-kernel")
    screen = pictures.named(view, "the decoded image")
    pictures.sliders(view).first.press("Home")
    expect(view.locator(".vaekit-message")).to_contain_text("kernel", timeout=15_000)
    assert not is_blank(screen), "the last picture stays"

    # the page decodes the other one
    view = view_of(visit, "walk")
    pad = view.locator("canvas.vaekit-pad")
    before = pictures.values(view)
    drag(page, pad, [(0.5, 0.5), (0.3, 0.3)])
    assert pictures.values(view) != before
    expect(view.locator(".vaekit-message")).to_be_empty()


def test_no_script_failed(visit):
    """The last of this module: it looks back at all of the above."""
    expect(visit.page.locator(".jp-Notebook")).to_be_visible()
    assert visit.errors == []
    assert visit.outside == []

"""Every view in JupyterLab, Notebook 7, Voila and as a page: controls, pictures, keys, pointers."""
import numpy as np
import pytest
import torch
from support import explored, pictures
from support.browser import (
    SIZES,
    canvases_of,
    drag_by_finger,
    is_blank,
    keep_screenshot,
    overflowing,
    pixels_of,
    until,
)

VIEWS = list(explored.VIEWS)
# from the left end on: each key moves further, then back
UP = ("ArrowRight", "ArrowUp", "PageUp", "End")
DOWN = ("ArrowLeft", "ArrowDown", "PageDown", "Home")


def message_of(view):
    return view.locator(".vaekit-message").inner_text()


@pytest.mark.parametrize("name", VIEWS)
def test_something_is_shown(opened, name):
    view, _ = opened.view(name)
    assert message_of(view) == ""
    shown = [each for each in view.locator("canvas").all() if each.is_visible()]
    assert shown
    # a drawing begins on empty paper
    if name != "draw":
        until(lambda: not all(is_blank(each) for each in shown), "all canvases are blank")


@pytest.mark.parametrize("name", [name for name in VIEWS if name in pictures.CHECKS])
def test_pictures_are_what_torch_computes(opened, name, moved):
    """Before controls are tried that draw other latents, or take an eraser in hand."""
    view, page = opened.view(name)
    pictures.CHECKS[name](view, page, moved)


@pytest.mark.parametrize("name", VIEWS)
def test_keys_move_each_slider_to_both_ends(opened, name):
    view, page = opened.view(name)
    for slider in view.locator("input[type=range]").all():
        if not slider.is_enabled() or slider.evaluate("e => Boolean(e.closest('[inert]'))"):
            continue
        low, high = (float(slider.get_attribute(each)) for each in ("min", "max"))
        # between stops there is nothing; else a key goes a small part of the way
        step = slider.get_attribute("step")
        slider.focus()
        values = {}
        for key in ("Home", *UP, *DOWN):
            page.keyboard.press(key)
            values[key] = float(slider.input_value())
        few = step != "any" and (high - low) / float(step) < 3
        assert values["Home"] == pytest.approx(low)
        assert values["End"] == pytest.approx(high)
        assert few or low < values["ArrowRight"] < values["ArrowUp"] < values["PageUp"]
        assert few or high > values["ArrowLeft"] > values["ArrowDown"] > values["PageDown"]
        assert slider.evaluate("e => document.activeElement === e"), "it keeps the focus"
    assert message_of(view) == ""


@pytest.mark.parametrize("name", VIEWS)
def test_each_end_of_a_slider_has_pictures_of_its_own(opened, name):
    view, page = opened.view(name)
    # at the first step of a way, all ways show the same noise
    for slider in view.locator("input[type=range]").all():
        slider.press("End")
    for slider in view.locator("input[type=range]").all():
        label = slider.evaluate("e => e.labels[0].textContent")
        waits = slider.evaluate("e => Boolean(e.closest('[inert]'))")
        # the brush is seen in the next stroke
        if waits or label == "brush":
            continue
        slider.press("Home")
        at_home = canvases_of(view)
        slider.press("End")
        until(lambda: canvases_of(view) != at_home, f"{label} changes no picture")  # noqa: B023


@pytest.mark.parametrize("name", VIEWS)
def test_every_other_control_can_be_used_by_keys(opened, name):
    view, page = opened.view(name)
    for button in view.locator("button").all():
        button.focus()
        page.keyboard.press("Enter")
        assert button.evaluate("e => e.textContent || e.ariaLabel"), "it has a name"
    for box in view.locator("input[type=checkbox]").all():
        before = box.is_checked()
        box.focus()
        page.keyboard.press("Space")
        assert box.is_checked() != before
        page.keyboard.press("Space")
    for chooser in view.locator("select").all():
        chooser.select_option(index=0)
        page.wait_for_timeout(100)
        before = canvases_of(view)
        chooser.select_option(index=chooser.locator("option").count() - 1)
        until(
            lambda: canvases_of(view) != before,  # noqa: B023
            "another choice, the same pictures",
        )
        chooser.select_option(index=0)
    assert message_of(view) == ""


def test_a_finger_moves_a_slider(opened):
    view, page = opened.view("walk")
    slider = pictures.sliders(view).first
    for share in (0.75, 0.3):
        drag_by_finger(page, slider, [(0.5, 0.5), (0.6, 0.5), (share, 0.5)])
        wanted = pictures.LOW + share * (pictures.HIGH - pictures.LOW)
        # the handle has a width, by which its way is shorter than the slider
        until(lambda: abs(pictures.values(view)[0] - wanted) < 0.3, "not moved")  # noqa: B023
        expected = explored.picture(explored.halved(explored.vae()), pictures.values(view))
        pictures.until_equal(pictures.named(view, "the decoded image"), expected, "by finger")


def said_at_star(page, view):
    """Go with the mouse to where a map's star is: what the view says of the point there."""
    canvas = view.locator("canvas.vaekit-map")
    down, right = np.nonzero((pixels_of(canvas) == (255, 217, 47)).all(-1))
    if len(right) < 50:
        return "no star"
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    scale = box["width"] / canvas.evaluate("e => e.width")
    page.mouse.move(box["x"] + right.mean() * scale, box["y"] + down.mean() * scale)
    page.wait_for_timeout(50)
    return view.locator(".vaekit-words").first.inner_text()


def test_the_walk_is_marked_on_the_tsne_map(opened, moved):
    """At the image whose code is nearest to the walk's latent, through all perplexities."""
    (walk, tsne), page = opened.together("walk-five", "map-tsne")
    # other tests have hidden classes
    tsne.get_by_role("button", name="all", exact=True).press("Enter")
    codes = pictures.encoded(explored.vae(5), explored.images().images())
    seen = set()
    for first, second in (("Home", "End"), ("End", "Home")):
        pictures.sliders(walk).nth(0).press(first)
        pictures.sliders(walk).nth(1).press(second)
        page.wait_for_timeout(100)
        z = torch.tensor(moved(page, "five"))
        nearest = int((codes - z).square().sum(1).argmin())
        seen.add(nearest)
        for perplexity in ("Home", "End"):
            pictures.sliders(tsne).first.press(perplexity)
            # the points are on their way for a while, and the star with them
            until(
                lambda: f"image {nearest + 1}," in said_at_star(page, tsne),  # noqa: B023
                f"the star is not at image {nearest + 1}",
            )
    assert len(seen) == 2, "the walk went to two places"


def letters_and_pictures(view):
    """Pixels of a map's canvas to one CSS pixel, and the width of each of the nine pictures."""
    fine = view.locator("canvas.vaekit-map").evaluate("e => e.width / e.clientWidth")
    nine = view.locator(".vaekit-picks-nine canvas")
    return fine, nine.evaluate_all("all => all.map((each) => each.clientWidth)")


@pytest.mark.parametrize("width", SIZES)
def test_a_map_can_be_read_at_every_size(opened, width):
    """Its letters have 13 CSS pixels, which are 26 of the canvas."""
    if opened.host != "page" and width < 600:
        pytest.skip("the front end itself needs 600 px")
    view, page = opened.view("map")
    page.set_viewport_size({"width": width, "height": 900})
    until(lambda: letters_and_pictures(view)[0] == pytest.approx(2), "letters are scaled")
    _, widths = letters_and_pictures(view)
    assert min(widths) >= 40
    assert not is_blank(view.locator("canvas.vaekit-map"))
    page.set_viewport_size({"width": SIZES[0], "height": 900})


def test_two_walks_on_one_model_move_apart(opened):
    first, _ = opened.view("walk")
    again, _ = opened.view("walk-again")
    before = canvases_of(again)
    first, _ = opened.view("walk")
    first.locator("input[type=range]").first.press("Home")
    first.locator("input[type=range]").first.press("PageUp")
    again, _ = opened.view("walk-again")
    assert canvases_of(again) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_nothing_sticks_out(opened, width, scheme):
    if opened.host != "page" and width < 600:
        pytest.skip("the front end itself needs 600 px")
    found = {}
    for name in VIEWS:
        if opened.host == "page" and name in explored.WITH_KERNEL_ONLY:
            continue
        view, page = opened.view(name)
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        if overflowing(view):
            found[name] = overflowing(view)
        keep_screenshot(view, f"{name}-{opened.host}-{scheme}-{width}")
        page.set_viewport_size({"width": SIZES[0], "height": 900})
    assert found == {}


def test_no_script_failed_and_nothing_was_fetched_from_outside(opened):
    """The last of this module: it looks back at all of the above."""
    for name in VIEWS[:2]:
        opened.view(name)
    assert opened.faults() == []

"""Every view in JupyterLab, Notebook 7, Voila and as a page: controls, pictures, keys, pointers."""
import pytest
from support import explored, pictures
from support.browser import (
    SIZES,
    canvases_of,
    is_blank,
    keep_screenshot,
    overflowing,
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

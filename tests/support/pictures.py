"""What each view ought to have on its canvases, computed by torch; half-precision weights."""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from playwright.sync_api import Locator, Page
from support import explored
from support.browser import drag, drag_by_finger, largest_difference, pixels_of, until

from vaekit.device import evaluating
from vaekit.explore.between import slerp, straight

Moved = Callable[[Page, str], "list[float] | None"]
# ends of the axes of all walks that are compared
LOW, HIGH = -3.0, 3.0


def until_equal(canvas: Locator, expected: np.ndarray, what: str, levels: int = 1) -> None:
    """The canvas holds this picture, within so many of 255 levels."""
    until(
        lambda: largest_difference(canvas, expected) <= levels,
        f"{what}: the canvas is not what torch computes",
    )


def named(view: Locator, label: str) -> Locator:
    return view.locator(f'canvas[aria-label="{label}"]')


def sliders(view: Locator) -> Locator:
    return view.locator("input[type=range]")


def values(view: Locator) -> list[float]:
    return list(sliders(view).evaluate_all("all => all.map((each) => Number(each.value))"))


def walk(model: Any, name: str, *, here: bool = True) -> Callable[..., None]:
    """By keys, by mouse and by finger; the page's weights are rounded, the kernel's are not."""

    def check(view: Locator, page: Page, moved: Moved) -> None:
        torch_model = explored.halved(model()) if here else model()
        screen = named(view, "the decoded image")
        for keys in (("Home", "End"), ("End", "End"), ("PageDown", "PageUp")):
            for slider, key in zip(sliders(view).all(), keys):
                slider.press(key)
            z = values(view)
            until_equal(screen, explored.picture(torch_model, z), f"{name} at {z}")

        pad = view.locator("canvas.vaekit-pad")
        for by in (drag, drag_by_finger):
            right, down = (0.8, 0.3) if by is drag else (0.25, 0.6)
            by(page, pad, [(0.5, 0.5), (0.6, 0.2), (right, down)])
            wanted = [LOW + right * (HIGH - LOW), HIGH - down * (HIGH - LOW)]
            z = until(lambda: moved(page, name), f"{by.__name__}: the walk did not tell")
            assert np.allclose(z, wanted, atol=0.03), f"{by.__name__} went to {z}"
            until_equal(screen, explored.picture(torch_model, z), f"{name} by {by.__name__}")

    return check


def classes(view: Locator, page: Page, moved: Moved) -> None:
    model = explored.halved(explored.conditional())
    for label in (9, 4, 0):
        view.locator("select").select_option(str(label))
        expected = explored.picture(model, values(view), label)
        until_equal(named(view, "the decoded image"), expected, f"class {label}")


def encoded(model: Any, images: torch.Tensor) -> torch.Tensor:
    with evaluating(model):
        return model.encode(images)


def interpolation(view: Locator, page: Page, moved: Moved) -> None:
    """Two images that are clicked, the line and the arc between their codes, both ends of t."""
    model = explored.halved(explored.vae())
    picks = view.locator(".vaekit-picks").first.locator("button")
    picks.nth(2).click()
    picks.nth(5).click()
    chosen = [pick.get_attribute("data-word") for pick in picks.all()]
    a, b = chosen.index("a"), chosen.index("b")
    assert {a, b} == {2, 5}

    codes = encoded(explored.vae(), explored.images().images(slice(0, 12)))
    large = view.locator(".vaekit-between > canvas")
    for way, between in enumerate((straight, slerp)):
        view.locator("select").select_option(str(way))
        for key in ("Home", "PageUp", "End"):
            sliders(view).first.press(key)
            t = torch.tensor([float(values(view)[0])])
            z = between(codes[a], codes[b], t)
            until_equal(large, explored.picture(model, z), f"{between.__name__} at t = {t[0]:g}")


def hovered_map(view: Locator, page: Page, moved: Moved) -> None:
    """A point under the mouse has its own image and reconstruction; two clicks give nine more."""
    model = explored.halved(explored.vae())
    images = explored.images().images()
    codes = encoded(explored.vae(), images)
    canvas = view.locator("canvas.vaekit-map")

    def looked_at() -> int:
        found = re.search(r"image (\d+)", view.locator(".vaekit-words").first.inner_text())
        assert found is not None
        return int(found[1]) - 1

    seen = set()
    box = canvas.bounding_box()
    assert box is not None
    for right, down in ((0.3, 0.4), (0.5, 0.6), (0.7, 0.5)):
        page.mouse.move(box["x"] + right * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(50)
        i = looked_at()
        seen.add(i)
        until_equal(named(view, "the image"), explored.as_pixels(images[i]), "the image", levels=0)
        until_equal(named(view, "its reconstruction"), explored.picture(model, codes[i]), "rebuilt")
        page.mouse.down()
        page.mouse.up()
    assert len(seen) > 1

    found = re.search(r"image (\d+) \(a\) to image (\d+) \(b\)", view.inner_text())
    assert found is not None, "two points are pinned"
    a, b = (codes[int(number) - 1] for number in found.groups())
    for k, canvas in enumerate(view.locator(".vaekit-picks-nine canvas").all()):
        z = straight(a, b, torch.tensor([k / 8]))
        until_equal(canvas, explored.picture(model, z), f"number {k} of the nine")


def dialled(view: Locator, page: Page, moved: Moved) -> None:
    """The marker stays where it is while the slider goes through the models."""
    drag(page, view.locator("canvas.vaekit-pad"), [(0.5, 0.5), (0.4, 0.7)])
    z = until(lambda: moved(page, "dial"), "the dial did not tell")
    for k, (beta, model) in enumerate(explored.dialled().items()):
        sliders(view).first.press("ArrowRight" if k else "Home")
        expected = explored.picture(explored.halved(model), z)
        until_equal(named(view, "the decoded image"), expected, f"β = {beta}")


def toggled(view: Locator, page: Page, moved: Moved) -> None:
    """Each attribute that is pressed is 1 in the condition."""
    widget = explored.VIEWS["attributes"]()
    latents = torch.frombuffer(bytearray(widget.buffers["latents"]), dtype=torch.float32)
    z = latents.reshape(-1, 2)[0]
    before = list(widget.scene["labels"][0])
    model = explored.halved(explored.attributed())
    view.get_by_role("button", name="reset").click()
    expected = explored.picture(model, z, before)
    until_equal(named(view, "the chosen image before"), expected, "before")
    for k, name in enumerate(("bow", "collar", "sleeves")):
        view.get_by_role("button", name=name).click()
        before[k] = 1
        expected = explored.picture(model, z, before)
        until_equal(named(view, "the chosen image after"), expected, f"with {name}")


def drawn(view: Locator, page: Page, moved: Moved) -> None:
    """A test image, then a stroke: what the model makes of the mean of its posterior."""
    model = explored.halved(explored.vae())
    given = named(view, "the image that the model is given")
    rebuilt = named(view, "its reconstruction")

    def check(what: str, levels: int) -> None:
        pixels = torch.tensor(pixels_of(given)[None, None, :, :, 0]).float() / 255
        expected = explored.picture(model, encoded(model, pixels))
        until_equal(rebuilt, expected, what, levels)

    view.locator(".vaekit-thumb").nth(1).click()
    until(lambda: pixels_of(given).max() > 0, "the test image was not taken")
    check("a test image", levels=1)

    view.get_by_role("button", name="clear").click()
    until(lambda: pixels_of(given).max() == 0, "the paper is not empty")
    for by in (drag, drag_by_finger):
        before = pixels_of(given)
        down = 0.3 if by is drag else 0.6
        by(page, view.locator("canvas.vaekit-sketch"), [(0.3, down), (0.5, down), (0.7, down)])
        until(
            lambda: (pixels_of(given) != before).any(),  # noqa: B023
            f"no stroke by {by.__name__}",
        )
        # the pen's pixels are finer than the 255 levels of what can be read back
        check(f"a stroke by {by.__name__}", levels=3)


def trajectory(view: Locator, page: Page, moved: Moved) -> None:
    """The rows are the steps that the kernel has computed."""
    widget = explored.VIEWS["denoise"]()
    carried = {each["settings"][1]: each["buffer"] for each in widget.scene["carried"]}
    rows = view.locator("canvas.vaekit-images")
    steps, way = sliders(view).all()
    for number, key in ((2, "Home"), (5, "End")):
        steps.press(key)
        _, way = sliders(view).all()
        pixels = np.frombuffer(widget.buffers[carried[number]], np.uint8)
        pixels = pixels.reshape(number, 2, 3, 8, 8)
        for step, end in ((0, "Home"), (number - 1, "End")):
            way.press(end)
            for row in range(2):
                expected = np.zeros((8, 26, 3), np.uint8)
                for i in range(3):
                    expected[:, 9 * i : 9 * i + 8] = pixels[step, row, i, :, :, None]
                until_equal(rows.nth(row), expected, f"{number} steps, step {step}, row {row}")


CHECKS: dict[str, Callable[[Locator, Page, Moved], None]] = {
    "walk": walk(explored.vae, "walk"),
    "walk-conv": walk(explored.convolutional, "conv"),
    "walk-kernel": walk(explored.too_large, "kernel", here=False),
    "walk-classes": classes,
    "interpolate": interpolation,
    "map": hovered_map,
    "dial": dialled,
    "attributes": toggled,
    "draw": drawn,
    "denoise": trajectory,
}

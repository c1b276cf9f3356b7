"""Voila with its dark theme, in a browser that prefers light pages."""
import re

import pytest
from support.browser import VIEWPORT, Visit, keep_screenshot, open_notebook, write_notebook

NOTEBOOK = "dark.ipynb"
NAMES = ("walk", "map")
COLOURS = """view => {
  const paper = (each) => {
    const own = getComputedStyle(each).backgroundColor;
    return own === "rgba(0, 0, 0, 0)" && each.parentElement ? paper(each.parentElement) : own;
  };
  const { color, colorScheme } = getComputedStyle(view);
  return { ink: color, paper: paper(view), scheme: colorScheme };
}"""


@pytest.fixture(scope="module")
def visit(chromium, server_of, root):
    cells = [f'explored.show("{name}")' for name in NAMES]
    write_notebook(root / NOTEBOOK, ["from support import explored", *cells])
    context = chromium.new_context(viewport=VIEWPORT, color_scheme="light")
    server = server_of("voila")
    visit = Visit(context, server.url)
    # as voila --theme=dark does for all
    open_notebook(visit, server, f"{NOTEBOOK}?theme=dark")
    yield visit
    context.close()


def lightness(colour):
    """Of rgb(…), from 0 (black) to 1 (white)."""
    red, green, blue = (int(number) for number in re.findall(r"\d+", colour)[:3])
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


@pytest.mark.parametrize("name", NAMES)
def test_colours_follow_the_theme(visit, name):
    view = visit.page.locator(f".shows-{name} .vaekit")
    view.wait_for(timeout=60_000)
    found = view.evaluate(COLOURS)
    assert lightness(found["ink"]) > 0.8
    assert lightness(found["paper"]) < 0.2
    assert found["scheme"] == "dark"
    keep_screenshot(view, f"{name}-voila-theme-dark")


def test_the_map_is_drawn_in_the_ink_of_the_theme(visit):
    """The names of its axes: nothing else on the empty upper edge."""
    canvas = visit.page.locator(".shows-map canvas.vaekit-map")
    ink = canvas.evaluate("""canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, 40);
      const drawn = data.filter((_, i) => i % 4 === 0 && data[i + 3] > 200);
      return Math.max(0, ...drawn);
    }""")
    assert ink > 200
    assert visit.errors == []

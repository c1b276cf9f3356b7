"""Diagrams of models: valid XML, readable without the picture, arrows that end at the parts."""
import re
import xml.etree.ElementTree as ET
from itertools import product

import pytest

from vaekit import plots
from vaekit.course import diagrams
from vaekit.errors import UserError
from vaekit.plots.diagrams import FILLS, Diagram, chain

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"-?[\d.]+(?:e-?\d+)?"
# what leaves room for the arrow's tip
GAP = 5

PICTURES = {
    name: function
    for name, function in vars(diagrams).items()
    if getattr(function, "__module__", "") == diagrams.__name__ and not name.startswith("_")
}


@pytest.fixture
def draw():
    return Diagram(400, 200, "A model & its <loss>")


def tree(diagram):
    return ET.fromstring(diagram.svg())


def texts(diagram):
    return [element.text for element in tree(diagram).iter(f"{SVG}text")]


def arrows(diagram):
    """The start and the end of each arrow."""
    paths = [path.get("d") for path in tree(diagram).iter(f"{SVG}path") if path.get("marker-end")]
    numbers = [[float(each) for each in re.findall(NUMBER, path)] for path in paths]
    return [((path[0], path[1]), (path[4], path[5])) for path in numbers]


def distance_outside(point, part):
    """How far a point lies outside the rectangle around a part; negative inside."""
    across = abs(point[0] - part.x) - part.half_width
    down = abs(point[1] - part.y) - part.half_height
    return max(across, down)


def test_a_notebook_shows_it_and_a_room_exports_it(draw):
    assert draw._repr_svg_() == draw.svg()
    assert plots.Diagram is Diagram


def test_its_title_is_read_out_and_escaped(draw):
    root = tree(draw)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "A model & its <loss>"
    assert "<loss>" not in draw.svg()


@pytest.mark.parametrize("part", ["box", "image", "encoder", "decoder", "circle", "note"])
def test_texts_are_escaped(draw, part):
    getattr(draw, part)(100, 100, "a < b & \"c\" 'd'")
    assert texts(draw)[1:] == ["a < b & \"c\" 'd'"]


def test_a_line_break_begins_a_line(draw):
    draw.box(100, 100, "two\nlines")
    lines = list(tree(draw).iter(f"{SVG}text"))[1:]
    assert [line.text for line in lines] == ["two", "lines"]
    upper, lower = (float(line.get("y")) for line in lines)
    assert 15 <= lower - upper <= 25
    # both stand around the middle of the box; letters stand on their y
    assert 95 <= (upper + lower) / 2 <= 108


AROUND = [place for place in product((-120, 0, 120), (-70, 0, 70)) if place != (0, 0)]


@pytest.mark.parametrize("across, down", AROUND)
def test_an_arrow_ends_at_the_edges(draw, across, down):
    start = draw.box(200, 100, "a", width=60, height=30)
    end = draw.circle(200 + across, 100 + down, "b")
    draw.arrow(start, end)
    ((first, last),) = arrows(draw)
    assert distance_outside(first, start) == pytest.approx(GAP, abs=0.01)
    assert distance_outside(last, end) == pytest.approx(GAP, abs=0.01)
    # towards each other, not away
    assert distance_outside(first, end) < distance_outside((start.x, start.y), end)


def test_an_arrow_may_be_dashed_bent_and_named(draw):
    start = draw.box(60, 100, "a", width=60)
    end = draw.box(300, 100, "b", width=60)
    draw.arrow(start, end, "only the loss", dashed=True, bend=-40)
    (path,) = (each for each in tree(draw).iter(f"{SVG}path") if each.get("marker-end"))
    assert path.get("stroke-dasharray")
    numbers = [float(each) for each in re.findall(NUMBER, path.get("d"))]
    assert numbers[3] == 60
    assert "only the loss" in texts(draw)


def test_a_chain_has_an_arrow_from_each_part_to_the_next(draw):
    parts = [draw.circle(60 + 90 * k, 100, "z") for k in range(4)]
    chain(draw, parts)
    assert len(arrows(draw)) == 3
    for (first, last), start, end in zip(arrows(draw), parts, parts[1:]):
        assert start.x < first[0] < last[0] < end.x


def test_an_unknown_kind_is_refused_with_the_known_ones(draw):
    with pytest.raises(UserError, match="unknown kind 'nework'.*Did you mean 'network'"):
        draw.box(100, 100, "a", kind="nework")


@pytest.mark.parametrize("x, y, words", [
    (401, 100, "x must be ≥ 0 and ≤ 400, got 401"),
    (100, -1, "y must be ≥ 0 and ≤ 200, got -1"),
])
def test_a_part_beside_the_panel_is_refused(draw, x, y, words):
    with pytest.raises(UserError, match=words):
        draw.circle(x, y, "z")


def test_a_diagram_says_what_it_shows():
    with pytest.raises(UserError, match="title must say what the diagram shows, got ' '"):
        Diagram(100, 100, " ")


def test_black_text_is_readable_on_every_fill():
    for kind, fill in FILLS.items():
        red, green, blue = (int(fill[k:k + 2], 16) for k in (1, 3, 5))
        assert 0.299 * red + 0.587 * green + 0.114 * blue > 190, kind


@pytest.mark.parametrize("name", PICTURES)
def test_each_lab_picture_stays_on_its_panel_and_has_arrows(name):
    diagram = PICTURES[name]()
    root = tree(diagram)
    assert arrows(diagram)
    # the title fits above it, at half an em per letter
    assert len(diagram.title) * 7 + 32 <= diagram.width
    for line in root.iter(f"{SVG}text"):
        assert 0 <= float(line.get("x")) <= diagram.width
        assert 0 <= float(line.get("y")) <= diagram.height
    for rectangle in root.iter(f"{SVG}rect"):
        right = float(rectangle.get("x", 0)) + float(rectangle.get("width"))
        bottom = float(rectangle.get("y", 0)) + float(rectangle.get("height"))
        assert float(rectangle.get("x", 0)) >= 0
        assert right <= diagram.width
        assert bottom <= diagram.height

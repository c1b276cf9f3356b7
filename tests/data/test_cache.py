"""Made once and kept: what is taken from the cache, and what is made anew or not kept."""
import json
import os

import numpy as np
import pytest
from conftest import read_only
from support.disks import full_disk, short_files

from vaekit import data
from vaekit.data.cache import kept
from vaekit.data.notices import Notice
from vaekit.data.npz import read_arrays
from vaekit.errors import UserError

PIXELS = np.arange(2 * 3 * 8 * 8, dtype=np.uint8).reshape(2, 3, 8, 8)
MADE_OF = {"data": "made up", "size": [8, 8]}


class Maker:
    """Makes two arrays, and counts how often."""

    def __init__(self, pixels: np.ndarray = PIXELS):
        self.pixels = pixels
        self.calls = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.calls += 1
        return {"x": self.pixels, "said": np.array("nothing")}


def files() -> list:
    return sorted((data.cache_folder() / "images").iterdir())


def test_it_is_made_once_and_read_as_it_was_made():
    make = Maker()
    first = kept("own", MADE_OF, make)
    again = kept("own", MADE_OF, make)
    assert make.calls == 1
    for found in (first, again):
        assert found.keys() == {"x", "said"}
        assert np.array_equal(found["x"], PIXELS)
        assert str(found["said"]) == "nothing"
    assert again["x"].dtype == np.uint8


def test_what_was_read_can_be_written_to():
    kept("own", MADE_OF, Maker())
    kept("own", MADE_OF, Maker())["x"][0] = 3


@pytest.mark.parametrize("other", [
    {"data": "made up", "size": [8, 9]},
    {"data": "another", "size": [8, 8]},
    {**MADE_OF, "version": 2},
])
def test_other_things_make_another_file(other):
    kept("own", MADE_OF, Maker())
    make = Maker()
    kept("own", other, make)
    assert make.calls == 1
    assert len(files()) == 2


def test_the_order_of_the_things_does_not_matter():
    kept("own", MADE_OF, Maker())
    make = Maker()
    kept("own", dict(reversed(MADE_OF.items())), make)
    assert make.calls == 0


def test_a_name_for_the_disk_is_made_of_any_name():
    kept("folder:C:\\own/../pictures été\0", MADE_OF, Maker())
    assert files()[0].parent == data.cache_folder() / "images"
    assert files()[0].name.startswith("folder-C-own-..-pictures-t-")


@pytest.mark.parametrize("damage", [
    lambda content: b"",
    lambda content: b"something else",
    lambda content: content[: len(content) // 2],
    lambda content: content[:-30],
    # within the pixels
    lambda content: content[:900] + bytes([content[900] ^ 1]) + content[901:],
])
def test_a_damaged_file_is_made_anew(damage):
    kept("own", MADE_OF, Maker())
    path = files()[0]
    path.write_bytes(damage(path.read_bytes()))
    make = Maker()
    assert np.array_equal(kept("own", MADE_OF, make)["x"], PIXELS)
    assert make.calls == 1
    # and is whole again
    assert np.array_equal(read_arrays(files()[0])["x"], PIXELS)


@pytest.mark.parametrize("foreign", [
    {"x": PIXELS},
    {"x": PIXELS, "made_of": np.array("0" * 64)},
    {"x": PIXELS, "made_of": np.zeros(3)},
])
def test_a_foreign_file_is_made_anew(foreign):
    kept("own", MADE_OF, Maker())
    np.savez(files()[0], **foreign)
    make = Maker()
    assert kept("own", MADE_OF, make).keys() == {"x", "said"}
    assert make.calls == 1


def test_python_objects_in_a_file_are_not_loaded(tmp_path):
    kept("own", MADE_OF, Maker())

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    np.savez(files()[0], x=np.array([Trap()], dtype=object))
    make = Maker()
    kept("own", MADE_OF, make)
    assert make.calls == 1
    assert not (tmp_path / "sprung").exists()


def test_a_folder_in_its_place_is_no_obstacle():
    kept("own", MADE_OF, Maker())
    path = files()[0]
    path.unlink()
    path.mkdir()
    with pytest.warns(Notice, match="made, but not kept for the next time"):
        assert np.array_equal(kept("own", MADE_OF, Maker())["x"], PIXELS)


def test_without_a_place_to_write_to_it_is_made_and_said():
    folder = data.cache_folder()
    folder.mkdir(parents=True)
    make = Maker()
    with read_only(folder):
        for _ in range(2):
            with pytest.warns(Notice, match="not kept for the next time: cannot write to"):
                assert np.array_equal(kept("own", MADE_OF, make)["x"], PIXELS)
    assert make.calls == 2


def test_files_that_may_not_grow_leave_nothing_half_written():
    large = Maker(np.zeros((20, 3, 64, 48), np.uint8))
    with short_files(), pytest.warns(Notice, match="not kept"):
        assert len(kept("own", MADE_OF, large)["x"]) == 20
    assert files() == []


def test_a_full_disk_leaves_nothing_half_written():
    folder = data.cache_folder() / "images"
    folder.mkdir(parents=True)
    large = Maker(np.zeros((200, 3, 64, 48), np.uint8))
    with full_disk(folder):
        with pytest.warns(Notice, match="not kept"):
            kept("own", MADE_OF, large)
        assert files() == []


def test_nothing_is_kept_of_what_fails():
    def fails():
        raise UserError("no picture")

    with pytest.raises(UserError, match="no picture"):
        kept("own", MADE_OF, fails)
    assert not list(data.cache_folder().rglob("*.npz"))


@pytest.mark.parametrize("made_of", [{"x": object()}, {"x": float("nan")}, {"x": {1, 2}}])
def test_what_json_does_not_hold_is_refused(made_of):
    with pytest.raises(UserError, match="made_of must be what JSON holds"):
        kept("own", made_of, Maker())


def test_a_file_name_that_is_no_unicode_is_one_of_the_things():
    make = Maker()
    for _ in range(2):
        kept("own", {"files": ["\udcff.png"]}, make)
    assert make.calls == 1
    assert json.dumps("\udcff") == '"\\udcff"'


# --- the drawn faces


@pytest.fixture
def few_faces(monkeypatch):
    """60 and 20 faces in place of 12,000 and 2,000, in two parts; tells how many were drawn."""
    from vaekit.data import drawn, faces

    calls = []
    draw = faces.draw_faces

    def counted(factors, size):
        calls.append(len(factors))
        return draw(factors, size)

    monkeypatch.setattr(drawn, "NUMBER", {"train": 60, "test": 20})
    monkeypatch.setattr(drawn, "AT_ONCE", 50)
    monkeypatch.setattr(faces, "draw_faces", counted)
    return calls


def test_faces_are_drawn_once_and_then_the_same(few_faces):
    drawn = data.load("faces")
    found = data.load("faces")
    assert few_faces == [50, 10]
    for what in ("x", "y", "factors"):
        assert np.array_equal(getattr(drawn, what), getattr(found, what))
    assert drawn.shape == (3, 64, 48)
    assert drawn.name == found.name == "faces"
    assert drawn.classes == found.classes == data.SOURCES["faces"].classes


def test_the_faces_of_load_are_those_that_are_drawn(few_faces):
    from vaekit.data.faces.faces import faces

    loaded = data.load("faces", size=(64, 64))
    drawn = faces(60, size=(64, 64))
    assert np.array_equal(loaded.x, drawn.x)
    assert np.array_equal(loaded.y, drawn.y)
    assert np.array_equal(loaded.factors, drawn.factors)
    assert loaded.classes == drawn.classes
    assert loaded.factor_names == drawn.factor_names


def test_a_limit_draws_no_more_faces(few_faces):
    first = data.load("faces", limit=7)
    assert few_faces == [7]
    assert np.array_equal(first.x, data.load("faces").x[:7])


def test_faces_in_a_size_that_they_are_not_drawn_in_are_refused(few_faces):
    with pytest.raises(UserError, match="a face 64 pixels high needs a width"):
        data.load("faces", size=(64, 8))
    assert few_faces == []


def test_faces_of_another_drawing_are_drawn_anew(few_faces, monkeypatch):
    from vaekit.data import drawn

    data.load("faces")
    monkeypatch.setattr(drawn, "_version", lambda: "another")
    data.load("faces")
    assert few_faces == [50, 10, 50, 10]

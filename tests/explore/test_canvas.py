"""Canvas: what it answers the page, what it shows without one, and what travels."""
import re

import numpy as np
import pytest
import torch
from support.vaes import small_vae

from vaekit import explore
from vaekit.errors import UserError
from vaekit.explore.canvas import FILES, FOLDER, MOST_LATENTS, Canvas, script, style
from vaekit.explore.scene import Scene
from vaekit.models.conditioning import OneHot
from vaekit.recipes.builders import mlp_cvae

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def model():
    return small_vae()


@pytest.fixture(scope="module")
def conditional():
    torch.manual_seed(0)
    return mlp_cvae(16)(2, (1, 8, 8), OneHot(3))


class Page:
    """What stands in the place of the browser: it keeps what the kernel sends."""

    def __init__(self, widget):
        self.widget = widget
        self.answers = []
        widget.send = lambda content, buffers=None: self.answers.append((content, buffers or []))

    def ask(self, question):
        """One question, as a message brings it → (answer, its bytes)."""
        before = len(self.answers)
        self.widget._handle_custom_msg(question, [])
        assert len(self.answers) == before + 1
        return self.answers[-1]


@pytest.fixture
def page(model):
    return Page(explore.walk(model))


def pixels_of(model, z, c=None):
    with torch.no_grad():
        images = model.decode(torch.tensor(z), c)
    return images.numpy() * 255


def test_what_it_decodes_is_torchs(page, model):
    z = [[0.0, 0.0], [1.5, -2.0], [-3.0, 0.5]]
    answer, (content,) = page.ask({"ask": "decode", "model": 0, "z": z, "label": 0, "number": 7})
    assert answer == {"number": 7}

    found = np.frombuffer(content, np.uint8).reshape(3, 1, 28, 28)
    assert np.abs(found - pixels_of(model, z)).max() <= 0.5 + 1e-3


def test_the_class_is_decoded_with(conditional):
    page = Page(explore.walk(conditional, classes=["a", "b", "c"]))
    question = {"ask": "decode", "model": 0, "z": [[0.3, 0.2]], "number": 1}
    for label in (0, 2):
        _, (content,) = page.ask({**question, "label": label})
        expected = pixels_of(conditional, question["z"], torch.tensor(label))
        found = np.frombuffer(content, np.uint8).reshape(expected.shape)
        assert np.abs(found - expected).max() <= 0.5 + 1e-3


GOOD = {"ask": "decode", "model": 0, "z": [[0.0, 0.0]], "label": 0, "number": 3}


@pytest.mark.parametrize("changes, words", [
    ({"ask": "dance"}, "does not know the question 'dance'"),
    ({"ask": None}, "does not know the question None"),
    ({"ask": ["decode"]}, "does not know the question"),
    ({"model": 1}, "model must be ≤ 0, got 1"),
    ({"model": -1}, "model must be ≥ 0, got -1"),
    ({"model": "a"}, "model must be a whole number, got 'a'"),
    ({"model": None}, "model must be a whole number, got None"),
    ({"z": None}, "latents must be rows of numbers"),
    ({"z": "abc"}, "latents must be rows of numbers"),
    ({"z": [[0.0], [0.0, 1.0]]}, "latents must be rows of numbers"),
    ({"z": [0.0, 0.0]}, r"latents must be \(N, 2\)"),
    ({"z": [[0.0, 0.0, 0.0]]}, r"latents must be \(N, 2\)"),
    ({"z": []}, r"latents must be \(N, 2\)"),
    ({"z": [[0.0, 0.0]] * (MOST_LATENTS + 1)}, f"N from 1 to {MOST_LATENTS}"),
    ({"z": [[float("nan"), 0.0]]}, "latents must be finite"),
    ({"z": [[1e40, 0.0]]}, "latents must be finite"),
])
def test_what_cannot_be_answered_is_answered_with_the_reason(page, changes, words):
    answer, buffers = page.ask({**GOOD, **changes})
    assert answer["number"] == 3
    assert re.search(words, answer["error"])
    assert buffers == []


@pytest.mark.parametrize("question", [{}, None, [], "decode", 1, {"ask": "decode"}])
def test_a_message_that_is_no_question_is_answered(page, question):
    answer, _ = page.ask(question)
    assert answer["number"] is None
    assert answer["error"]


@pytest.mark.parametrize("label", [9, -1, "a", None, [0, 1], 0.5])
def test_a_class_that_there_is_not_is_answered(conditional, label):
    page = Page(explore.walk(conditional, classes=["a", "b", "c"]))
    answer, _ = page.ask({**GOOD, "label": label})
    assert answer["error"]


def test_a_model_that_fails_is_an_answer_too(model, caplog):
    widget = explore.walk(model)
    widget.models = [Fails()]
    answer, _ = Page(widget).ask(GOOD)
    assert answer["error"] == "RuntimeError: the model gave up"
    # and the developer finds where
    assert "the model gave up" in caplog.text


class Fails:
    latent_dim = 2

    def decode(self, z, c=None):
        raise RuntimeError("the model gave up\nmore of it")


def test_a_view_may_answer_questions_of_its_own(model):
    def answer(question):
        if question["word"] == "bad":
            raise UserError("word must be good, got bad")
        return {"said": question["word"]}, [b"bytes"]

    page = Page(Canvas("walk", Scene(), figure=lambda: None, answers={"say": answer}))
    assert page.ask({"ask": "say", "word": "good", "number": 1}) == (
        {"number": 1, "said": "good"},
        [b"bytes"],
    )
    refused = {"number": 2, "error": "word must be good, got bad"}
    assert page.ask({"ask": "say", "word": "bad", "number": 2}) == (refused, [])
    assert "no model to decode with" in page.ask(GOOD)[0]["error"]


def test_its_picture_stands_beside_it(model):
    widget = explore.walk(model)
    data, _ = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/png"].startswith(PNG)
    assert data["text/plain"] == "walk(1 models)"


def test_showing_it_leaves_no_figure_open(model):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    explore.walk(model)._repr_mimebundle_()
    assert pyplot.get_fignums() == before


def test_its_repr_is_stable(model):
    assert repr(explore.walk(model)) == repr(explore.walk(model)) == "walk(1 models)"
    assert repr(Canvas("nothing", Scene(), figure=lambda: None)) == "nothing()"


def test_what_travels_is_the_scene(model, small):
    _, test = small
    widget = explore.walk(model, test)
    state = widget.get_state(["view", "scene", "buffers", "state"])
    assert state["view"] == "walk"
    assert state["state"] == {}
    assert set(state["buffers"]) == {"decoder0", "codes", "codes labels"}
    assert all(isinstance(each, bytes) for each in state["buffers"].values())

    weights = sum(each.numel() for each in model.decoder.parameters())
    assert len(state["buffers"]["decoder0"]) == 2 * weights
    assert len(state["buffers"]["codes"]) == 8 * len(test)
    assert len(state["buffers"]["codes labels"]) == len(test)


def test_the_page_may_move_it(model):
    widget = explore.walk(model)
    widget.set_state({"state": {"u": [1.0, 2.0]}})
    assert widget.state == {"u": [1.0, 2.0]}


def test_all_files_of_the_canvas_are_joined():
    assert {path.name for path in FOLDER.glob("*.js")} == set(FILES)
    assert FILES[-1] == "main.js"
    text = script()
    assert all((FOLDER / name).read_text(encoding="utf-8") in text for name in FILES)
    assert ".vaekit" in style()


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_canvas_is_one_idea_long(name):
    assert len((FOLDER / name).read_text(encoding="utf-8").splitlines()) <= 350


def test_the_script_asks_for_nothing_from_outside():
    for text in (script(), style()):
        assert "import " not in [line[:7] for line in text.splitlines()]
        assert "http:" not in text
        assert "https:" not in text

"""Every example that a reader may copy runs: in README.md, CONTRIBUTING.md and the docstrings."""
import ast
import doctest
import importlib
import re
import textwrap

import pytest
import torch
from conftest import REPO

import vaekit
from vaekit import data, recipes, training
from vaekit.models.conditioning import OneHot

pytestmark = pytest.mark.slow

BLOCK = re.compile(
    r"^(?P<marker><!-- run -->\n)?```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# what some examples of docstrings take for granted
ROOMS = ["data", "explore", "losses", "metrics", "models", "plots", "recipes", "training"]


def blocks(page, *, marked_only=False):
    """The Python examples of a page of Markdown, all or those that are marked to be run."""
    found = list(BLOCK.finditer((REPO / page).read_text(encoding="utf-8")))
    return [block["code"] for block in found if block["marker"] or not marked_only]


def modules():
    """The dotted name and the source of each module."""
    sources = {}
    for path in sorted((REPO / "vaekit").rglob("*.py")):
        parts = path.relative_to(REPO).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        sources[name] = path.read_text(encoding="utf-8")
    return sources


def indented_examples(source):
    """What a module's docstring shows as an indented block of Python that calls something."""
    docstring = ast.get_docstring(ast.parse(source), clean=False) or ""
    examples = []
    for paragraph in docstring.split("\n\n"):
        if not all(line.startswith("    ") for line in paragraph.splitlines()):
            continue
        code = textwrap.dedent(paragraph).strip()
        if code and not code.startswith(">>>") and calls_something(code):
            examples.append(code)
    return examples


def calls_something(code):
    """False for formulas, tables and prose, which have their indented blocks too."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Call) for node in ast.walk(tree))


def run(code, names=None):
    short = re.sub(r"epochs=\d+", "epochs=1", code)
    exec(compile(short, "<example>", "exec"), {"__name__": "example"} | (names or {}))


SOURCES = modules()
WITH_PROMPTS = [name for name, source in SOURCES.items() if ">>>" in source]
INDENTED = []
for name, source in SOURCES.items():
    for example in indented_examples(source):
        INDENTED.append(pytest.param(name, example, id=name))


@pytest.mark.parametrize("code", blocks("README.md"))
def test_readme(code):
    run(code)


@pytest.mark.parametrize("code", blocks("CONTRIBUTING.md", marked_only=True))
def test_contributing(code):
    run(code)


def test_there_are_examples_to_run():
    assert len(blocks("README.md")) == 1
    assert len(blocks("CONTRIBUTING.md", marked_only=True)) == 2
    assert len(WITH_PROMPTS) >= 2
    assert len(INDENTED) >= 1


@pytest.mark.parametrize("name", WITH_PROMPTS)
def test_docstrings_with_prompts(name):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        runner.run(test)
    assert runner.tries > 0, f"the finder sees none of the examples of {name}"
    assert runner.failures == 0


@pytest.mark.parametrize("name, code", INDENTED)
def test_indented_examples_of_modules(name, code, digits):
    rooms = {room: getattr(vaekit, room) for room in ROOMS}
    usual = {
        "torch": torch,
        "pretrained": recipes.pretrained,
        "fit": training.fit,
        "train": digits[0].first(64),
        "labels": torch.arange(4),
        "OneHot": OneHot,
    }
    # a thousand steps of 64 images would take ten seconds
    code = code.replace("sample(64", "sample(4")
    run(code, rooms | usual | vars(importlib.import_module(name)))


def test_the_example_model_of_contributing_keeps_the_contract():
    """It learns the mean image, and refuses a condition."""
    names = {"__name__": "example"}
    exec(blocks("CONTRIBUTING.md", marked_only=True)[0], names)
    trained = names["model"]

    mean = data.load("digits").images().mean(0)
    assert (trained.sample(1)[0] - mean).abs().mean() < 0.05
    with pytest.raises(vaekit.errors.UserError):
        trained.sample(3, c=[0, 1, 2])


def test_the_example_objective_of_contributing_is_the_one_of_the_package(digits):
    names = {}
    exec(blocks("CONTRIBUTING.md", marked_only=True)[1], names)
    x = digits[0].first(4).images()
    output = recipes.build("mlp-vae-mnist", latent_dim=2)(x)

    ours = names["negative_elbo"](output, x, None, beta=3.0)
    theirs = vaekit.losses.negative_elbo(output, x, None, beta=3.0)

    assert ours.keys() == theirs.keys()
    for term in ours:
        torch.testing.assert_close(ours[term], theirs[term])

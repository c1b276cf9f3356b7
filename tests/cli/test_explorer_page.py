"""docs/explorer.html is what `make explorer` writes now."""
import base64
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from vaekit.cli.app import app

REPO = Path(__file__).parents[2]
OUTDATED = "docs/explorer.html is not what the code makes; run make explorer"
# another torch, or another machine, computes codes that differ in their last digits
NEAR = 1e-3


class Parts:
    """A page taken apart: what stands around its scenes, its views, and their contents."""

    def __init__(self, text):
        before, scenes, after = re.fullmatch(
            r'(.*id="scenes">)(.*?)(</script>.*)', text, re.DOTALL
        ).groups()
        self.frame = before + after
        loaded = json.loads(scenes)
        self.views = loaded["views"]
        self.contents = loaded["contents"]

    def bytes(self, view, name):
        return gzip.decompress(base64.b64decode(self.contents[view["buffers"][name]]))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page in docs/, and that which the command of the Makefile writes."""
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    names = re.search(r"^EXPLORED := (.*)$", makefile, re.MULTILINE).group(1).split()
    out = tmp_path_factory.mktemp("explorer") / "explorer.html"
    result = CliRunner().invoke(app, ["explore", "--html", str(out), *names])
    assert result.exit_code == 0, result.output
    shipped = REPO / "docs" / "explorer.html"
    return Parts(shipped.read_text(encoding="utf-8")), Parts(out.read_text(encoding="utf-8"))


def assert_near(found, expected):
    """Facts as JSON, whose floats may differ a little."""
    assert type(found) is type(expected), OUTDATED
    if isinstance(found, dict):
        assert found.keys() == expected.keys(), OUTDATED
        for key in found:
            assert_near(found[key], expected[key])
    elif isinstance(found, list):
        assert len(found) == len(expected), OUTDATED
        for one, other in zip(found, expected):
            assert_near(one, other)
    elif isinstance(found, float):
        assert found == pytest.approx(expected, abs=NEAR), OUTDATED
    else:
        assert found == expected, OUTDATED


def is_floats(view, name):
    """True of what a model has computed: codes, and latents."""
    points = view["scene"].get("points", {})
    return name == "latents" or any(name == each["buffer"] for each in points.values())


def test_its_words_script_and_style_are_those_of_the_code(pages):
    found, expected = pages
    assert found.frame == expected.frame, OUTDATED


def test_its_views_are_those_of_the_code(pages):
    found, expected = pages
    assert [view["view"] for view in found.views] == [view["view"] for view in expected.views]
    for one, other in zip(found.views, expected.views):
        assert_near(one["scene"], other["scene"])
        assert one["buffers"].keys() == other["buffers"].keys(), OUTDATED


def test_its_weights_and_images_are_those_that_are_shipped(pages):
    found, expected = pages
    compared = 0
    for one, other in zip(found.views, expected.views):
        for name in one["buffers"]:
            if not is_floats(one, name):
                assert found.bytes(one, name) == expected.bytes(other, name), OUTDATED
                compared += 1
    assert compared > 0


def test_its_codes_are_those_of_the_models(pages):
    found, expected = pages
    compared = 0
    for one, other in zip(found.views, expected.views):
        for name in filter(lambda name: is_floats(one, name), one["buffers"]):  # noqa: B023
            of_one = np.frombuffer(found.bytes(one, name), np.float32)
            of_other = np.frombuffer(expected.bytes(other, name), np.float32)
            np.testing.assert_allclose(of_one, of_other, atol=NEAR, err_msg=OUTDATED)
            compared += 1
    assert compared > 0

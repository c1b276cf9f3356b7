"""What finds numbers in the prose of a lab: it sees measurements, and nothing else."""
import pytest
from nbformat.v4 import new_markdown_cell
from support import prose


def found(text):
    return [number for number, _ in prose.numbers(prose.prose(new_markdown_cell(text)))]


@pytest.mark.parametrize("text, expected", [
    ("a score of 27.2", ["27.2"]),
    ("12,000 images and 5 more.", ["12,000", "5"]),
    ("falls by 62 % to −0.35", ["62 %", "−0.35"]),
    ("scores 23 to 65, above 3e-7", ["23", "65", "3e-7"]),
    ("99%, of course", ["99%"]),
    ("| model | FID |\n|---|---|\n| VAE | 9.8 |\n", ["9.8"]),
    ("(0.206 of it)", ["0.206"]),
    ("2,048 features", ["2,048"]),
    ("in 2000 images of it", ["2000"]),
])
def test_measurements_are_seen(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize("text", [
    "# 03 · The conditional VAE",
    "### 4 · Twice",
    "labs 01, 02 and 04; section 7; Exercise 3: a mean",
    "Kingma & Welling (2014); Child 2021",
    "28×28 pixels, 3 × 32 × 32, 784-256-2, 2-D and 1D",
    "S3 and x2 and β1 and z_1",
    "`seed=17` and $z \\in [0, 5]$ and $$\\frac{1}{7}$$",
    "```\nprint(42)\n```",
    "[here](07_diffusion.ipynb) <kbd>F5</kbd>",
    "| setting | value |\n|---|---|\n| epochs | 37 |\n",
    "in [0, 1] and [−1, 1]",
    "1. first\n2. second\n13. third",
    "## What to read\n\nHeusel et al., 6,626 citations, pages 37–49",
])
def test_what_is_no_measurement_is_left_alone(text):
    assert found(text) == []


@pytest.mark.parametrize("number, holds", [
    ("27", True),
    ("27.2", True),
    ("27.3", False),
    ("28", False),
    ("62 %", True),
    ("61.7 %", True),
    ("63 %", False),
    ("62", False),
    ("4,096", True),
    ("−0.35", True),
    ("0.35", True),
    ("0.36", False),
])
def test_a_printed_number_may_be_rounded(number, holds):
    assert prose.has_source(number, {27.23, 0.617, 4096.0, -0.353}, set()) == holds


@pytest.mark.parametrize("number, holds", [("27.23", True), ("27", False), ("5 %", True)])
def test_elsewhere_it_must_stand_exactly_so(number, holds):
    assert prose.has_source(number, set(), {27.23, 0.05}) == holds


def test_numbers_of_code_are_those_it_computes_with():
    code = '%matplotlib inline\nn = 12_000\nrate = 5e-4  # 3 passes\ntext = "of 17"'
    assert prose.values_in_code(code) == {12_000.0, 5e-4, 3.0}


def test_words_of_code_are_its_comments_texts_and_names():
    words = prose.said('obeys_it = f"{x} is dear"  # by luck')
    for word in ("obeys it", "is dear", "by luck"):
        assert word in words

"""RESULTS.md holds what was measured: its tables come from results/, its prose repeats them."""
import json
import re
import shutil

import pytest
from conftest import REPO

from vaekit.errors import UserError
from vaekit.experiments import tables
from vaekit.losses import effective_beta

PAGE = REPO / "RESULTS.md"
MEASURED = REPO / "results"
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)*(?:e-\d+)?")

# numbers of the prose that no measurement holds
FOLLOWING = {
    "0.01", "0.03",                           # the constants of SSIM
    "1e-3", "1e-4", "1e-5", "1e-6", "3e-3",   # learning rates, and S2's λ
    "134.79",                                 # BCE + KL of S1's row β = 0.1
    "0.8",                                    # per cent: 1.26 of 161.04
    "379.02",                                 # what S4 reports
    "3.11", "2.14.1",                         # Python and torch
}

# S2's λ in our units: the error summed, and of images in [0, 1], a quarter as large
S2_BETAS = {
    f"{effective_beta(weight, pixels=64 * 48 * 3, width=2):.2g}"
    for weight in (1e-3, 1e-4, 1e-5, 1e-6)
}


@pytest.fixture
def copy(tmp_path):
    """RESULTS.md and its measurements, free to be damaged."""
    shutil.copy(PAGE, tmp_path / "RESULTS.md")
    for path in MEASURED.rglob("*.json"):
        target = tmp_path / "results" / path.relative_to(MEASURED)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_results_are_what_was_measured():
    assert tables.check(PAGE, MEASURED) == []


def test_every_table_has_its_place_in_results():
    places = re.findall(r"<!-- table: (\S+) -->", PAGE.read_text(encoding="utf-8"))
    assert sorted(places) == sorted(tables.names())


def test_no_table_stands_outside_the_markers():
    page = PAGE.read_text(encoding="utf-8")
    assert not re.search(r"^\|", tables.PLACE.sub("", page), re.MULTILINE)


def precise(text):
    """The numbers of a text that are measured rather than counted: those with a fraction."""
    found = {number.rstrip(",") for number in NUMBER.findall(text)}
    return {number for number in found if "." in number or "e-" in number}


def measured_numbers():
    """Every number in results/ but those of claims.json, as it is printed."""
    texts = [tables.render(name, MEASURED) for name in tables.names() if name != "claims"]
    notes = [path.read_text(encoding="utf-8") for path in MEASURED.rglob("*.json")
             if path.name != "claims.json"]
    return precise(" ".join([*texts, *notes]))


def test_numbers_of_the_prose_were_measured():
    prose = tables.PLACE.sub("", PAGE.read_text(encoding="utf-8"))
    assert precise(prose) - measured_numbers() - FOLLOWING - S2_BETAS == set()


def test_numbers_of_the_claims_were_measured():
    claims = tables.render("claims", MEASURED)
    assert precise(claims) - measured_numbers() - FOLLOWING == set()


def test_what_follows_from_measurements_follows():
    row = json.loads((MEASURED / "s1-table1" / "z64-beta0.1.json").read_text(encoding="utf-8"))
    total = row["measured"]["reconstruction"] + row["measured"]["kl"]
    assert f"{total:.2f}" == "134.79"

    largest = json.loads((MEASURED / "s1-table1" / "z1-beta1.json").read_text(encoding="utf-8"))
    difference = largest["measured"]["loss"] - largest["reported"]["loss"]
    assert f"{difference / largest['reported']['loss']:.1%}" == "0.8%"


def test_the_beta_of_s2_follows_from_its_lambda():
    """A squared error averaged over 64 · 48 · 3 values, of images in [−1, 1]."""
    prose = tables.PLACE.sub("", PAGE.read_text(encoding="utf-8"))
    assert len(S2_BETAS) == 4
    assert precise(prose) >= S2_BETAS


def test_every_measurement_is_in_some_table(copy):
    """A file that no table reads is a result that nobody sees."""
    for path in sorted((copy / "results").rglob("*.json")):
        text = path.read_text(encoding="utf-8")
        path.write_text("{}", encoding="utf-8")
        with pytest.raises(UserError, match=path.name):
            tables.check(copy / "RESULTS.md", copy / "results")
        path.write_text(text, encoding="utf-8")


def test_a_changed_digit_is_seen_and_mended(copy):
    page = copy / "RESULTS.md"
    right = page.read_text(encoding="utf-8")
    page.write_text(right.replace("2.29 [2.1, 2.54] |", "2.28 [2.1, 2.54] |"), encoding="utf-8")

    assert tables.check(page, copy / "results") == ["fair-scores"]
    assert tables.update(page, copy / "results") == ["fair-scores"]
    assert page.read_text(encoding="utf-8") == right
    assert tables.update(page, copy / "results") == []


def test_a_new_measurement_reaches_the_page_and_nothing_else_changes(copy):
    path = copy / "results" / "fair-fight" / "models.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["rows"][0]["minutes"] = 12.34
    path.write_text(json.dumps(content), encoding="utf-8")
    before = (copy / "RESULTS.md").read_text(encoding="utf-8")

    assert tables.update(copy / "RESULTS.md", copy / "results") == ["fair-models"]

    after = (copy / "RESULTS.md").read_text(encoding="utf-8")
    assert after == before.replace("| 49.1 |", "| 12.3 |")


def test_a_score_shows_value_interval_reference_n_and_features():
    text = tables.render("conditional", MEASURED)
    assert "| FID ↓ |" in text
    assert "14.1 [13.7, 14.6]" in text
    assert "| *reference* | 44.7 | 0.0278 |" in text
    assert "| *n* | 1,000 | 5,000 |" in text
    assert "mnist 33b4390c" in text


def test_scores_of_several_data_sets_keep_n_reference_and_features():
    lines = tables.render("scores", MEASURED).splitlines()
    fid = next(line for line in lines if line.startswith("| VAE samples: FID ↓, n = 5,000 |"))
    assert fid.endswith("| 15.9 [15.6, 16.4] | 0.0278 | 17.4 [17, 17.7] | 0.0771 |")
    assert lines[-1] == "| *features* | mnist 33b4390c |  | fashion 1bee4b1e |  |"


@pytest.mark.parametrize("name", ["scores", "fair-scores"])
def test_no_arrow_where_more_is_not_better(name):
    text = tables.render(name, MEASURED)
    assert "distance to the nearest training image (compare with real images)" in text
    assert "training image ↑" not in text


def test_no_score_hides_another(copy):
    path = copy / "results" / "fair-fight" / "scores.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["rows"].append({**content["rows"][0], "value": 1.0})
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match="two rows for test images and FID"):
        tables.render("fair-scores", copy / "results")


def test_what_was_not_measured_is_an_empty_cell():
    lines = tables.render("fair-scores", MEASURED).splitlines()
    gan = next(line for line in lines if line.startswith("| DC-GAN"))
    assert "|  |" in gan


def test_an_unknown_table_is_named_with_the_nearest():
    with pytest.raises(UserError, match=r"'fair-scoers'.*'fair-scores'"):
        tables.render("fair-scoers", MEASURED)


def test_an_unknown_table_on_the_page(copy):
    page = copy / "RESULTS.md"
    page.write_text("<!-- table: weather -->\n<!-- /table -->\n", encoding="utf-8")
    with pytest.raises(UserError, match="unknown table 'weather'"):
        tables.check(page, copy / "results")


@pytest.mark.parametrize("text", [
    "no table at all",
    "<!-- table: labs -->\n| a |",
    "<!-- /table -->",
    "<!-- table: labs -->\n<!-- table: speed -->\n<!-- /table -->",
    "<!-- table: labs -->\n<!-- table: speed -->\n<!-- /table -->\n<!-- /table -->",
])
def test_a_marker_too_few(copy, text):
    page = copy / "RESULTS.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="<!-- /table -->"):
        tables.update(page, copy / "results")
    assert page.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("content", [
    "",
    "[]",
    '{"rows": ',
    '{"command": "make labs"}',
])
def test_damaged_measurements(copy, content):
    (copy / "results" / "labs.json").write_text(content, encoding="utf-8")
    words = r"labs\.json (is damaged.*measure again|is not readable JSON.*make it again)"
    with pytest.raises(UserError, match=words):
        tables.render("labs", copy / "results")


@pytest.mark.parametrize("rows", [
    "[{}]",
    "[1]",
    "7",
    '[{"lab": "01"}]',
])
def test_rows_without_their_values(copy, rows):
    (copy / "results" / "labs.json").write_text(f'{{"rows": {rows}}}', encoding="utf-8")
    with pytest.raises(UserError, match="'labs'"):
        tables.render("labs", copy / "results")


def test_a_value_of_the_wrong_kind(copy):
    path = copy / "results" / "fair-fight" / "scores.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["rows"][0]["value"] = "good"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match="'fair-scores'"):
        tables.render("fair-scores", copy / "results")


def test_missing_measurements(copy):
    (copy / "results" / "speed.json").unlink()
    with pytest.raises(UserError, match=r"there is no file .*speed\.json; check the path"):
        tables.render("speed", copy / "results")


def test_a_missing_page(copy):
    with pytest.raises(UserError, match="there is no file .*NOWHERE.md"):
        tables.check(copy / "NOWHERE.md", copy / "results")

"""What stands around the code: README and its kin, the citation, the changelog, CI."""
import importlib.util
import re
import subprocess
import sys

import pytest
import yaml
from conftest import REPO

import vaekit
from vaekit import recipes

PAGES = [
    "README.md",
    "RESULTS.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "data/README.md",
    "docs/recipes.md",
]
REPORTS = {
    "S0": "Variational Autoencoder for Image Generation",
    "S1": "Variational Autoencoder for Image Generation",
    "S2": "Image generation with Variational Autoencoders (VAE)",
    "S3": "Generative models using VAEs & GANs",
    "S4": "Generating Images using conditional Variational Autoencoders",
}
WORKFLOW = ".github/workflows/ci.yml"


def read(page):
    return (REPO / page).read_text(encoding="utf-8")


def load(page):
    return yaml.safe_load(read(page))


def complaints(schema, page):
    """Of a schema that comes with check-jsonschema, so that no network is needed."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, REPO / page]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return "" if result.returncode == 0 else result.stdout + result.stderr


@pytest.mark.parametrize("page", PAGES)
def test_links_inside_the_repository_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", read(page))
    for target in targets:
        if target.startswith(("http://", "https://", "#")):
            continue
        path = (REPO / page).parent / target.split("#")[0]
        assert path.exists(), f"{page} links to {target}"


@pytest.mark.parametrize("page", ["README.md", "RESULTS.md"])
@pytest.mark.parametrize("key", REPORTS)
def test_a_report_is_named_in_full_before_its_key_is_used(page, key):
    text = read(page)
    first = re.search(rf"\b{key}\b", text).start()
    assert text[first:].startswith(f"{key}**: *{REPORTS[key]}*")


def test_every_recipe_is_described():
    named = set(re.findall(r"`([\w-]+)`", read("docs/recipes.md")))
    assert set(recipes.RECIPES) - named == set()


def test_recipes_are_described_under_their_own_report():
    rows = re.findall(r"^\| `([\w-]+)` \| (S\d) \|", read("docs/recipes.md"), re.MULTILINE)
    described = dict(rows)
    from_reports = {r.name: r.source for r in recipes.RECIPES.values() if r.source != "house"}
    assert described == from_reports


def test_what_a_recipe_leaves_open_is_described():
    page = " ".join(read("docs/recipes.md").split())
    notes = {name: recipe.note for name, recipe in recipes.RECIPES.items() if recipe.note}
    assert notes
    for name, note in notes.items():
        assert f"- `{name}`: {note}" in page


def test_the_parts_in_the_readme_exist():
    section = read("README.md").split("| part |")[1].split("\n\n")[0]
    parts = set()
    for line in section.splitlines()[2:]:
        parts |= set(re.findall(r"`(\w+)`", line.split("|")[1]))
    assert parts
    assert parts <= set(vaekit.__all__)


def test_the_citation_is_complete():
    citation = load("CITATION.cff")
    for key in ("cff-version", "message", "title", "authors", "version", "date-released"):
        assert citation[key], key
    assert citation["title"] == "VAE labs"
    assert citation["type"] == "software"
    assert citation["license"] == "MIT"


@pytest.mark.slow
def test_the_citation_fits_its_schema():
    assert complaints("vendor.citation-file-format", "CITATION.cff") == ""


def test_one_version_everywhere():
    project = re.search(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)[1]
    assert vaekit.__version__ == project
    assert load("CITATION.cff")["version"] == project
    newest = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)[1]
    assert newest == project


@pytest.mark.slow
def test_the_workflow_fits_its_schema():
    assert complaints("vendor.github-workflows", WORKFLOW) == ""


@pytest.mark.slow
def test_the_schema_sees_a_wrong_workflow(tmp_path):
    wrong = read(WORKFLOW).replace("timeout-minutes: 45", "timeout-minutes: soon")
    path = tmp_path / "ci.yml"
    path.write_text(wrong, encoding="utf-8")
    assert "timeout-minutes" in complaints("vendor.github-workflows", path)


def test_every_job_ends_by_itself_and_may_only_read():
    workflow = load(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 60, name


def test_ci_runs_what_developers_run():
    jobs = load(WORKFLOW)["jobs"]
    everything = [step.get("run", "") for step in jobs["test"]["steps"]]
    quick = [step.get("run", "") for step in jobs["quick"]["steps"]]
    assert "bash .ci/run" in everything
    assert "make quick" in quick
    assert re.search(r"^quick:", read("Makefile"), re.MULTILINE)


def test_ci_covers_the_oldest_python_and_quotes_every_version():
    oldest = re.search(r'^requires-python = ">=(.+)"$', read("pyproject.toml"), re.MULTILINE)[1]
    versions = load(WORKFLOW)["jobs"]["quick"]["strategy"]["matrix"]["python"]
    assert oldest in versions
    for version in versions:
        # 3.10 without quotes is the number 3.1
        assert isinstance(version, str)


@pytest.fixture
def strip():
    """docs/make_strip.py as a module, quick to run."""
    spec = importlib.util.spec_from_file_location("make_strip", REPO / "docs" / "make_strip.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.EPOCHS = 1
    module.DRAWS = 50
    return module


@pytest.mark.slow
def test_the_picture_of_the_readme_can_be_made_again(strip, tmp_path):
    strip.main(tmp_path / "strip.png")
    assert (tmp_path / "strip.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_of_the_readme_is_small():
    assert (REPO / "docs" / "strip.png").stat().st_size < 800_000

"""The repository's address stands in pyproject alone; everything else is made from it."""
import importlib.util
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
import yaml
from conftest import REPO

SCRIPT = REPO / "notebooks" / "src" / "links.py"
FILES = ("pyproject.toml", "README.md", "CITATION.cff", "notebooks")

# addresses of others: where libraries, data and weights come from
FOREIGN = re.compile(
    r"github\.com/(toshas/torch-fidelity|zalandoresearch|schemastore|actions|SchemaStore)"
)

spec = importlib.util.spec_from_file_location("links", SCRIPT)
links = importlib.util.module_from_spec(spec)
# a dataclass looks its module up
sys.modules["links"] = links
spec.loader.exec_module(links)


@pytest.fixture
def copy(tmp_path):
    """What the script reads and writes, elsewhere."""
    for name in FILES:
        source = REPO / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def run(folder, *arguments):
    script = folder / "notebooks" / "src" / "links.py"
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


def texts(folder):
    files = [folder / name for name in FILES if (folder / name).is_file()]
    files += (folder / "notebooks").rglob("*.py")
    files += (folder / "notebooks").rglob("*.ipynb")
    # the script itself holds the patterns
    return {
        file.relative_to(folder): file.read_text(encoding="utf-8")
        for file in sorted(files)
        if file.name != "links.py"
    }


def test_everything_is_in_step_with_pyproject():
    address = links.address_of((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    for path, text in links.everything(address):
        assert path.read_text(encoding="utf-8") == text, path


def test_no_other_address_stands_anywhere():
    address = links.address_of((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    tracked = subprocess.check_output(["git", "ls-files"], cwd=REPO, text=True).splitlines()
    for name in tracked:
        path = REPO / name
        if path.suffix in (".md", ".py", ".ipynb", ".toml", ".cff", ".yml", ".sh", ""):
            text = FOREIGN.sub("", path.read_text(encoding="utf-8"))
            found = set(re.findall(r"github\.com/([\w-]+/[\w.-]+)", text))
            if path.name in ("links.py", "test_links.py"):
                continue
            allowed = set() if address is None else {address.name, f"{address.name}.git"}
            assert found <= allowed, name


def test_an_address_reaches_every_place(copy):
    result = run(copy, "someone/labs", "v9")
    assert result.returncode == 0, result.stderr

    after = texts(copy)
    pyproject = after.pop(next(path for path in after if path.name == "pyproject.toml"))
    assert 'Repository = "https://github.com/someone/labs"' in pyproject
    citation = yaml.safe_load((copy / "CITATION.cff").read_text())
    assert citation["repository-code"] == "https://github.com/someone/labs"

    readme = (copy / "README.md").read_text()
    assert "git clone --branch v9 https://github.com/someone/labs\ncd labs\n" in readme
    for lab in sorted((copy / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(lab, 4)
        source = "\n".join(cell.source for cell in notebook.cells)
        assert "git+https://github.com/someone/labs@v9" in source
        if lab.stem == "00_start":
            continue
        colab = f"research.google.com/github/someone/labs/blob/v9/notebooks/{lab.name}"
        binder = f"mybinder.org/v2/gh/someone/labs/v9?urlpath=lab/tree/notebooks/{lab.name}"
        for place in (readme, source):
            assert colab in place
            assert binder in place


def test_twins_and_labs_stay_the_same_cells(copy):
    run(copy, "someone/labs")
    import jupytext

    for lab in sorted((copy / "notebooks").glob("*.ipynb")):
        twin = jupytext.read(copy / "notebooks" / "src" / f"{lab.stem}.py")
        built = nbformat.read(lab, 4)
        assert [cell.source for cell in built.cells] == [cell.source for cell in twin.cells]


def test_to_set_it_twice_or_back_leaves_no_trace(copy):
    before = texts(copy)
    run(copy, "someone/labs", "v9")
    once = texts(copy)
    run(copy)
    assert texts(copy) == once
    run(copy, "other/place")
    run(copy, "someone/labs", "v9")
    assert texts(copy) == once
    run(copy, "--unset")
    assert texts(copy) == before


def test_the_release_is_the_package_version_if_none_is_named(copy):
    run(copy, "someone/labs")
    version = links.version((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    address = links.address_of((copy / "pyproject.toml").read_text(encoding="utf-8"))
    assert address == links.Address("someone/labs", f"v{version}")


@pytest.mark.parametrize(
    "name",
    ["", "labs", "a/b/c", "https://example.org/a/b", "a b/c", "-x/y", "a/b;rm -rf", "a/$(b)"],
)
def test_what_is_no_address_is_refused(copy, name):
    before = texts(copy)
    result = run(copy, "--", name) if name else run(copy, "--", " ")
    assert result.returncode != 0
    assert len(result.stderr.strip().splitlines()) == 1
    assert "owner/name" in result.stderr
    assert texts(copy) == before


def test_a_whole_url_is_understood(copy):
    run(copy, "https://github.com/someone/labs.git")
    address = links.address_of((copy / "pyproject.toml").read_text(encoding="utf-8"))
    assert address.name == "someone/labs"


def test_without_an_address_colab_is_told_what_to_do(copy):
    run(copy, "--unset")
    for twin in (copy / "notebooks" / "src").glob("[0-9]*.py"):
        text = twin.read_text(encoding="utf-8")
        assert "make links REPO=owner/name" in text
        assert "git+https" not in text

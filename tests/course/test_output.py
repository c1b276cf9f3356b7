"""The lab runner's folder: nothing is overwritten that it did not write itself."""
import os
import shutil
import subprocess
import sys

import pytest
from support.labs import write_lab

from vaekit.course import labs
from vaekit.errors import UserError

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path):
    write_lab(tmp_path / "labs", "01_first", "print(n)")
    return tmp_path / "labs"


def run(folder, out):
    return labs.run_all(out=out, notebooks=folder, parameters={"n": 1})


def spellings(folder):
    """The sources' own folder, in other words, and the folder around it."""
    linked = folder.parent / "linked"
    linked.symlink_to(folder, target_is_directory=True)
    return {
        "itself": folder,
        "dots": folder.parent / "." / "labs" / ".." / "labs",
        "a link": linked,
        "a relative path": os.path.relpath(folder),
        "the folder around it": folder.parent,
    }


@pytest.mark.parametrize(
    "spelling", ["itself", "dots", "a link", "a relative path", "the folder around it"]
)
def test_a_folder_that_holds_the_labs_is_refused(folder, spelling):
    before = (folder / "01_first.ipynb").read_bytes()
    with pytest.raises(UserError, match="holds the labs themselves.*choose another"):
        run(folder, spellings(folder)[spelling])
    assert (folder / "01_first.ipynb").read_bytes() == before
    assert sorted(os.listdir(folder)) == ["01_first.ipynb"]


def test_a_folder_that_is_the_same_one_to_the_file_system_is_refused(folder, monkeypatch):
    """Where capitals do not count, LABS is labs; the number of the folder is then the same."""
    shouted = folder.parent / "LABS"
    shouted.mkdir()
    monkeypatch.setattr("genericpath.samestat", lambda a, b: True)
    with pytest.raises(UserError, match="holds the labs themselves"):
        run(folder, shouted)


@pytest.mark.parametrize("name", ["01_first.ipynb", "01_first.html", "01_first.png", "index.html"])
def test_a_file_of_somebody_else_is_not_overwritten(folder, tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("my own work")
    with pytest.raises(UserError, match=f"{name}.*was not written by this command.*another"):
        run(folder, out)
    assert (out / name).read_text() == "my own work"
    assert [path.name for path in out.iterdir()] == [name]


@pytest.mark.parametrize("make", [
    lambda path, other: path.symlink_to(other),
    lambda path, other: path.hardlink_to(other),
    lambda path, other: path.symlink_to(path.parent / "nothing"),
    lambda path, other: path.mkdir(),
])
def test_links_and_folders_in_the_way_are_not_overwritten(folder, tmp_path, make):
    out = tmp_path / "out"
    out.mkdir()
    make(out / "01_first.ipynb", folder / "01_first.ipynb")
    before = (folder / "01_first.ipynb").read_bytes()
    with pytest.raises(UserError, match="01_first.ipynb.*was not written by this command"):
        run(folder, out)
    assert (folder / "01_first.ipynb").read_bytes() == before


def test_what_it_wrote_itself_it_replaces(folder, tmp_path):
    run(folder, tmp_path / "out")
    first = (tmp_path / "out" / "01_first.ipynb").read_text()
    write_lab(folder, "01_first", "print('again')")
    run(folder, tmp_path / "out")
    assert (tmp_path / "out" / "01_first.ipynb").read_text() != first
    assert "again" in (tmp_path / "out" / "01_first.html").read_text()


def test_a_result_that_a_student_worked_on_is_not_overwritten(folder, tmp_path):
    run(folder, tmp_path / "out")
    executed = tmp_path / "out" / "01_first.ipynb"
    write_lab(tmp_path / "out", "01_first", "# my own answer")
    with pytest.raises(UserError, match="01_first.ipynb.*was not written by this command"):
        run(folder, tmp_path / "out")
    assert "my own answer" in executed.read_text()


def test_the_record_of_another_folder_allows_nothing(folder, tmp_path):
    """Copied beside the labs, it does not make them results."""
    run(folder, tmp_path / "out")
    for file in (tmp_path / "out").glob(".vaekit*"):
        shutil.copy(file, folder)
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    with pytest.raises(UserError, match="was not written by this command"):
        run(folder, other)


@pytest.mark.parametrize("text", ["", "[1]", '{"01_first.ipynb": 3}', "{", "[" * 100_000])
def test_a_damaged_record_allows_nothing(folder, tmp_path, text):
    out = tmp_path / "out"
    run(folder, out)
    for file in out.glob(".vaekit*"):
        file.write_text(text)
    with pytest.raises(UserError, match="was not written by this command"):
        run(folder, out)


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.argv = ["vaekit", "labs", "--notebooks", {folder!r}, "--out", {out!r}]
from vaekit.cli import main
main()
"""


@pytest.mark.parametrize("limit", [0, 3_000, 200_000])
def test_a_full_disk_is_one_sentence_and_nothing_is_half_written(folder, tmp_path, limit):
    write_lab(folder, "01_first", "print('x' * 150_000)")
    out = tmp_path / "out"
    code = FULL.format(folder=str(folder), out=str(out), limit=limit)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode in (1, 2)
    assert "Traceback" not in result.stderr
    assert "NotJSONError" not in result.stdout + result.stderr
    words = " ".join((result.stdout + result.stderr).split())
    assert "File too large" in words or "no temporary file can be written" in words

    if (out / "01_first.ipynb").exists():
        from vaekit.course.notebooks import read_notebook

        read_notebook(out / "01_first.ipynb")
    assert list(out.glob(".vaekit-????????-*")) == []

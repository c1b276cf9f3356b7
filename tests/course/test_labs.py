"""The lab runner, on labs made for the purpose; then the real ones with other parameters."""
import re

import nbformat
import pytest
from conftest import REPO
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from vaekit.course import labs
from vaekit.errors import UserError

pytestmark = pytest.mark.slow

FIGURE = "from vaekit import plots; import torch\nplots.sheet(torch.full((n, 1, 4, 4), 0.5))"
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}

# what else makes a lab's work small
SHORTER = {
    "04_beta_vae": {"train_images": 1000, "brief": 100, "seeds": 2},
    "05_ddpm_and_gan": {"n_samples": 100, "steps": 5},
}


@pytest.fixture
def folder(tmp_path):
    """Three labs: one that works, one that fails in its third cell, one that works again."""
    folder = tmp_path / "labs"
    folder.mkdir()

    def write(name, *sources):
        title = new_markdown_cell(f"# {name} · a lab")
        parameters = new_code_cell("n: int = 2  # images", metadata={"tags": ["parameters"]})
        cells = [new_code_cell(source) for source in sources]
        notebook = new_notebook(
            cells=[title, parameters, *cells],
            metadata={"kernelspec": PYTHON},
        )
        nbformat.write(notebook, folder / f"{name}.ipynb")

    write("01_first", FIGURE)
    write("02_second", "x = 1", "raise ValueError('the middle broke <here>')", "print('never')")
    write("03_third", "print(n)")
    return folder


def replace_last_cells(path, source, *, keep):
    """The first `keep` cells of a lab, then one with this source."""
    notebook = nbformat.read(path, 4)
    notebook.cells = [*notebook.cells[:keep], new_code_cell(source)]
    nbformat.write(notebook, path)


def test_a_failing_lab_is_named_with_its_cell_and_the_others_still_run(folder, tmp_path):
    out = tmp_path / "out"
    lines = []
    results = labs.run_all(out=out, notebooks=folder, report=lines.append)
    failure = "cell 3: ValueError: the middle broke <here>"
    assert [result.name for result in results] == ["01_first", "02_second", "03_third"]
    assert [result.error for result in results] == ["", failure, ""]

    assert len(lines) == 6
    assert re.search(r"\[2/3\] 02_second FAILED in \d+ s", lines[3])

    table = labs.summary(results)
    assert re.search(rf"02_second +4 +\d+\.\d  {failure}", table)
    assert re.search(r"03_third .* ok", table)

    page = (out / "index.html").read_text()
    assert "failed at cell 3: ValueError: the middle broke &lt;here&gt;" in page
    assert "01_first · a lab" in page

    assert (out / "01_first.ipynb").stat().st_size > 0
    for name in ("01_first.html", "01_first.png", "02_second.html", "03_third.html"):
        assert (out / name).stat().st_size > 0, name
        assert f'"{name}"' in page

    # the third lab draws nothing
    assert not (out / "03_third.png").exists()
    assert '"03_third.png"' not in page


def test_parameters_reach_the_lab(folder, tmp_path):
    labs.run_all(["03"], out=tmp_path / "out", notebooks=folder, parameters={"n": 7})
    executed = nbformat.read(tmp_path / "out" / "03_third.ipynb", 4)
    assert executed.cells[-1].outputs[0].text == "7\n"


def test_unknown_parameters_are_refused_before_anything_runs(folder, tmp_path):
    with pytest.raises(UserError, match="03_third has no parameter m; it has n"):
        labs.run_all(["03"], out=tmp_path / "none", notebooks=folder, parameters={"m": 7})
    assert not list((tmp_path / "none").glob("*"))


def test_a_relative_data_folder_means_the_callers(folder, tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAEKIT_DATA", "images")
    source = "from vaekit import data; assert data.roots()[0].is_dir()"
    replace_last_cells(folder / "03_third.ipynb", source, keep=2)

    result = labs.run_all(["03"], out=tmp_path / "out", notebooks=folder)[0]
    assert result.error == ""


def test_a_dead_kernel_and_a_hanging_cell_do_not_stop_the_others(folder, tmp_path):
    replace_last_cells(folder / "01_first.ipynb", "import os; os._exit(1)", keep=2)
    replace_last_cells(folder / "02_second.ipynb", "import time; time.sleep(60)", keep=2)

    dead, hanging, good = labs.run_all(out=tmp_path / "out", notebooks=folder, cell_timeout=3)
    assert "DeadKernelError" in dead.error
    assert "CellTimeoutError" in hanging.error
    assert good.error == ""


@pytest.mark.parametrize("names, found", [
    (["02"], ["02_second"]),
    (["03_third", "01_first.ipynb"], ["03_third", "01_first"]),
    (None, ["01_first", "02_second", "03_third"]),
    ([], ["01_first", "02_second", "03_third"]),
])
def test_labs_are_found_by_number_and_by_name(folder, names, found):
    assert [path.stem for path in labs.find(names, folder)] == found


def test_an_unknown_lab_is_named_beside_the_known_ones(folder):
    words = "unknown lab '04'; choose one of 01_first, 02_second, 03_third"
    with pytest.raises(UserError, match=words):
        labs.find(["04"], folder)


def test_a_folder_without_labs_is_named(tmp_path):
    with pytest.raises(UserError, match=f"no labs in {tmp_path}.*give --notebooks FOLDER"):
        labs.find(notebooks=tmp_path)


@pytest.mark.parametrize("pairs, expected", [
    (["epochs=5", "dataset=mnist", "lr=1e-3"], {"epochs": 5, "dataset": "mnist", "lr": 1e-3}),
    (["sizes=[1, 2]", "name='a b'", "url=a=b"], {"sizes": [1, 2], "name": "a b", "url": "a=b"}),
    ([], {}),
])
def test_parse_parameters(pairs, expected):
    assert labs.parse_parameters(pairs) == expected


@pytest.mark.parametrize("name", [path.stem for path in labs.find()])
def test_each_lab_runs_with_other_data_and_one_epoch(name, tmp_path):
    """Another data set, one epoch: the story is then less clear, but nothing may break."""
    parameters = {"dataset": "digits", "epochs": 1, "seed": 3} | SHORTER.get(name, {})
    folder = REPO / "notebooks"
    result = labs.run_all([name], out=tmp_path, notebooks=folder, parameters=parameters)[0]
    assert result.error == ""
    assert (tmp_path / f"{name}.png").stat().st_size > 1000

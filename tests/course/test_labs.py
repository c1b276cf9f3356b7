"""The lab runner on labs made for the purpose, then on the real ones with other parameters than their defaults."""
import re

import nbformat
import pytest
from conftest import REPO
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from vaekit.course import labs
from vaekit.errors import UserError

FIGURE = "from vaekit import plots; import torch\nplots.sheet(torch.full((n, 1, 4, 4), 0.5))"


@pytest.fixture
def folder(tmp_path):
    """Three labs: one that works, one that fails in its third cell, one that works again."""
    def write(name, *cells):
        parameters = new_code_cell("n: int = 2  # images", metadata={"tags": ["parameters"]})
        notebook = new_notebook(cells=[new_markdown_cell(f"# {name} · a lab"), parameters, *map(new_code_cell, cells)],
                                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
        nbformat.write(notebook, tmp_path / "labs" / f"{name}.ipynb")

    (tmp_path / "labs").mkdir()
    write("01_first", FIGURE)
    write("02_second", "x = 1", "raise ValueError('the middle broke <here>')", "print('never')")
    write("03_third", "print(n)")
    return tmp_path / "labs"


def test_a_failing_lab_is_named_with_its_cell_and_the_others_still_run(folder, tmp_path):
    lines = []
    results = labs.run_all(out=tmp_path / "out", notebooks=folder, report=lines.append)
    assert [r.name for r in results] == ["01_first", "02_second", "03_third"]
    assert [r.error for r in results] == ["", "cell 3: ValueError: the middle broke <here>", ""]
    assert len(lines) == 6 and re.search(r"\[2/3\] 02_second FAILED in \d+ s", lines[3])
    table = labs.summary(results)
    assert re.search(r"02_second +4 +\d+\.\d  cell 3: ValueError: the middle broke <here>", table) and re.search(r"03_third .* ok", table)
    page = (tmp_path / "out" / "index.html").read_text()
    assert "failed at cell 3: ValueError: the middle broke &lt;here&gt;" in page and "01_first · a lab" in page
    for name in ("01_first.ipynb", "01_first.html", "01_first.png", "02_second.html", "03_third.html"):
        assert (tmp_path / "out" / name).stat().st_size > 0, name
        assert name.endswith("ipynb") or f'"{name}"' in page
    assert not (tmp_path / "out" / "03_third.png").exists() and '"03_third.png"' not in page


def test_parameters_reach_the_lab_and_unknown_ones_are_refused_first(folder, tmp_path):
    labs.run_all(["03"], out=tmp_path / "out", notebooks=folder, parameters={"n": 7})
    executed = nbformat.read(tmp_path / "out" / "03_third.ipynb", 4)
    assert executed.cells[-1].outputs[0].text == "7\n"
    with pytest.raises(UserError, match="03_third has no parameter m; it has n"):
        labs.run_all(["03"], out=tmp_path / "none", notebooks=folder, parameters={"m": 7})
    assert not list((tmp_path / "none").glob("*"))


def test_a_relative_data_folder_means_the_callers(folder, tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAEKIT_DATA", "images")
    notebook = nbformat.read(folder / "03_third.ipynb", 4)
    notebook.cells[-1].source = "from vaekit import data; data.roots()[0].is_dir()"
    nbformat.write(notebook, folder / "03_third.ipynb")
    assert labs.run_all(["03"], out=tmp_path / "out", notebooks=folder)[0].error == ""


def test_a_dead_kernel_and_a_hanging_cell_do_not_stop_the_others(folder, tmp_path):
    for name, source in (("01_first", "import os; os._exit(1)"), ("02_second", "import time; time.sleep(60)")):
        notebook = nbformat.read(folder / f"{name}.ipynb", 4)
        notebook.cells = [*notebook.cells[:2], new_code_cell(source)]
        nbformat.write(notebook, folder / f"{name}.ipynb")
    results = labs.run_all(out=tmp_path / "out", notebooks=folder, cell_timeout=3)
    assert "DeadKernelError" in results[0].error and "CellTimeoutError" in results[1].error and not results[2].error


@pytest.mark.parametrize("pairs, expected", [
    (["epochs=5", "dataset=mnist", "lr=1e-3"], {"epochs": 5, "dataset": "mnist", "lr": 1e-3}),
    (["sizes=[1, 2]", "name='a b'", "url=a=b"], {"sizes": [1, 2], "name": "a b", "url": "a=b"}),
    ([], {}),
])
def test_parse_parameters(pairs, expected):
    assert labs.parse_parameters(pairs) == expected


SHORTER = {"04_beta_vae": {"train_images": 1000, "brief": 100, "seeds": 2},        # what else makes a lab's work small
           "05_ddpm_and_gan": {"n_samples": 100, "steps": 5}}


@pytest.mark.parametrize("name", [path.stem for path in labs.find()])
def test_each_lab_runs_with_other_data_and_one_epoch(name, tmp_path):
    """Another data set, one epoch: the story is then less clear, but nothing may break."""
    parameters = {"dataset": "digits", "epochs": 1, "seed": 3} | SHORTER.get(name, {})
    result = labs.run_all([name], out=tmp_path, notebooks=REPO / "notebooks", parameters=parameters)[0]
    assert result.error == ""
    assert (tmp_path / f"{name}.png").stat().st_size > 1000

"""The lab runner, on labs made for the purpose."""
import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from support import command
from support.labs import write_lab

from vaekit.course import labs
from vaekit.errors import UserError

pytestmark = pytest.mark.slow

FIGURE = "from vaekit import plots; import torch\nplots.sheet(torch.full((n, 1, 4, 4), 0.5))"


@pytest.fixture
def folder(tmp_path):
    """Three labs: one that works, one that fails in its third cell, one that works again."""
    folder = tmp_path / "labs"
    write_lab(folder, "01_first", FIGURE)
    broken = "raise ValueError('the middle broke <here>')"
    write_lab(folder, "02_second", "x = 1", broken, "print('never')")
    write_lab(folder, "03_third", "print(n)")
    return folder


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

    # what ran before the failure is kept
    executed = nbformat.read(out / "02_second.ipynb", 4)
    assert [cell.execution_count for cell in executed.cells[1:]] == [1, 2, 3, None]
    assert executed.cells[3].outputs[0].ename == "ValueError"

    assert (out / "01_first.ipynb").stat().st_size > 0
    for name in ("01_first.html", "01_first.png", "02_second.html", "03_third.html"):
        assert (out / name).stat().st_size > 0, name
        assert f'"{name}"' in page

    # the third lab draws nothing
    assert not (out / "03_third.png").exists()
    assert '"03_third.png"' not in page


def test_a_page_leads_back_to_the_index_and_on_to_the_next_lab(folder, tmp_path):
    labs.run_all(["02", "03"], out=tmp_path / "out", notebooks=folder)
    second = (tmp_path / "out" / "02_second.html").read_text()
    third = (tmp_path / "out" / "03_third.html").read_text()
    assert "<title>02_second · a lab</title>" in second
    assert 'href="index.html"' in second
    assert 'href="03_third.html"' in second
    assert 'href="index.html"' in third
    assert "Next" not in third
    assert "failed at cell 3: ValueError: the middle broke &lt;here&gt;" in second


def test_parameters_reach_the_lab(folder, tmp_path):
    write_lab(folder, "03_third", "print(n, name, rate, fast)")
    given = {"n": 7, "name": "b's", "rate": 1, "fast": True}
    labs.run_all(["03"], out=tmp_path / "out", notebooks=folder, parameters=given)
    executed = nbformat.read(tmp_path / "out" / "03_third.ipynb", 4)
    assert executed.cells[-1].outputs[0].text == "7 b's 1 True\n"


@pytest.mark.parametrize("parameters, words", [
    ({"m": 7}, "03_third has no parameter m; it has n, name, rate, fast"),
    ({"n": "three"}, "n of 03_third must be int, got 'three'"),
    ({"n": True}, "n of 03_third must be int, got True"),
    ({"n": 2.5}, "n of 03_third must be int, got 2.5"),
    ({"rate": "nan"}, "rate of 03_third must be float, got 'nan'"),
    ({"name": 3}, "name of 03_third must be str, got 3"),
    ({"fast": 1}, "fast of 03_third must be bool, got 1"),
])
def test_wrong_parameters_are_refused_before_anything_runs(folder, tmp_path, parameters, words):
    with pytest.raises(UserError, match=words):
        labs.run_all(["03"], out=tmp_path / "none", notebooks=folder, parameters=parameters)
    assert not list((tmp_path / "none").glob("*"))


@pytest.mark.parametrize("seconds", [0, -1, 10**30])
def test_a_time_limit_is_a_number_of_seconds(folder, tmp_path, seconds):
    with pytest.raises(UserError, match="cell_timeout must be .* 604800|cell_timeout must be ≥ 1"):
        labs.run_all(["03"], out=tmp_path / "none", notebooks=folder, cell_timeout=seconds)
    assert not (tmp_path / "none").exists()


def test_a_relative_data_folder_means_the_callers(folder, tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAEKIT_DATA", "images")
    write_lab(folder, "03_third", "from vaekit import data; assert data.roots()[0].is_dir()")

    result = labs.run_all(["03"], out=tmp_path / "out", notebooks=folder)[0]
    assert result.error == ""
    assert os.environ["VAEKIT_DATA"] == "images"


def test_a_dead_kernel_and_a_hanging_cell_do_not_stop_the_others(folder, tmp_path, capfd):
    # another test of this process may hold a Jupyter server, whose kernels stay
    before = kernels()
    write_lab(folder, "01_first", "import os; os._exit(1)")
    write_lab(folder, "02_second", "import time; print('so far', flush=True); time.sleep(60)")

    dead, hanging, good = labs.run_all(out=tmp_path / "out", notebooks=folder, cell_timeout=3)
    assert "cell 2: the kernel died" in dead.error
    assert "cell 2: it took longer than 3 s" in hanging.error
    assert good.error == ""
    assert "so far" in (tmp_path / "out" / "02_second.html").read_text()

    assert kernels() == before
    # no sockets' errors of kernels that are gone
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(os.name != "posix", reason="Windows knows no such sockets")
def test_kernels_that_run_at_the_same_time_cannot_meet(folder, tmp_path):
    """By ports of the machine they can: two that start together may choose the same."""
    source = (
        "from ipykernel.connect import get_connection_info\n"
        "info = get_connection_info(unpack=True)\n"
        "print(info['transport'], info['ip'])"
    )
    write_lab(folder, "03_third", source)
    addresses = set()
    for out in ("one", "two"):
        assert labs.run_all(["03"], out=tmp_path / out, notebooks=folder)[0].error == ""
        executed = nbformat.read(tmp_path / out / "03_third.ipynb", 4)
        transport, address = executed.cells[-1].outputs[0].text.split()
        assert transport == "ipc"
        assert not os.path.exists(os.path.dirname(address))
        addresses.add(address)
    assert len(addresses) == 2


def kernels(*, of=None):
    """The kernels that run below a process, this one if none is given."""
    below = psutil.Process(of).children(recursive=True)
    return [each for each in below if "ipykernel_launcher" in " ".join(each.cmdline())]


def test_ctrl_c_ends_all_labs_and_leaves_no_kernel_and_no_noise(folder, tmp_path):
    write_lab(folder, "01_first", "import time; time.sleep(60)")
    out = tmp_path / "out"
    process = command.start(["labs", "--notebooks", folder, "--out", out], new_session=True)
    assert process.stdout.readline().startswith("[1/3] 01_first")

    running = wait_for_kernels(process.pid)
    # time to begin the cell
    time.sleep(4)
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "02_second" not in stdout
    assert "Traceback" not in stderr
    assert "ZMQError" not in stderr
    assert len(stderr.splitlines()) <= 2
    gone, alive = psutil.wait_procs(running, timeout=5)
    assert alive == []
    assert list(out.glob("01_first*")) == []


def wait_for_kernels(process):
    for _ in range(100):
        running = kernels(of=process)
        if running:
            return running
        time.sleep(0.1)
    raise AssertionError("no kernel in 10 s")


def test_a_lab_that_runs_no_more_shows_no_old_success(folder, tmp_path):
    out = tmp_path / "out"
    labs.run_all(["01"], out=out, notebooks=folder)
    assert (out / "01_first.png").exists()

    (folder / "01_first.ipynb").write_text("")
    result = labs.run_all(["01"], out=out, notebooks=folder)[0]
    assert "is empty" in result.error
    assert not (out / "01_first.ipynb").exists()
    assert not (out / "01_first.png").exists()
    assert "is empty" in (out / "01_first.html").read_text()
    assert "<img" not in (out / "index.html").read_text()


def test_two_runs_into_one_folder_do_not_mix(folder, tmp_path):
    from vaekit.files import locked

    with locked(tmp_path / "out"), pytest.raises(UserError, match="is writing to the folder"):
        labs.run_all(["03"], out=tmp_path / "out", notebooks=folder)


def test_a_name_given_twice_is_run_once(folder):
    assert [path.stem for path in labs.find(["03", "03_third", "01"], folder)] == [
        "03_third",
        "01_first",
    ]


def test_the_start_page_is_no_lab_but_can_be_run(folder):
    write_lab(folder, "00_start", "1")
    assert [path.stem for path in labs.find(None, folder)] == ["01_first", "02_second", "03_third"]
    assert [path.stem for path in labs.find(["00"], folder)] == ["00_start"]


@pytest.mark.parametrize("names, found", [
    (["02"], ["02_second"]),
    ("02", ["02_second"]),
    (["03_third", "01_first.ipynb"], ["03_third", "01_first"]),
    (None, ["01_first", "02_second", "03_third"]),
    ([], ["01_first", "02_second", "03_third"]),
])
def test_labs_are_found_by_number_and_by_name(folder, names, found):
    assert [path.stem for path in labs.find(names, folder)] == found


def test_an_unknown_lab_is_named_beside_the_known_ones(folder):
    words = "unknown lab '04'; choose one of the names 01_first, 02_second, 03_third"
    with pytest.raises(UserError, match=words):
        labs.find(["04"], folder)


def test_a_folder_without_labs_is_named(tmp_path):
    with pytest.raises(UserError, match=f"no labs in {tmp_path}.*give --notebooks FOLDER"):
        labs.find(notebooks=tmp_path)


def test_a_folder_of_labs_that_is_missing_or_none_is_named(tmp_path):
    file = tmp_path / "labs.txt"
    file.write_text("")
    for path in (file, tmp_path / "nowhere"):
        with pytest.raises(UserError, match=f"{path} is no folder; give --notebooks FOLDER"):
            labs.find(notebooks=path)


def test_an_installed_package_finds_the_labs_of_the_clone_around_it(folder, monkeypatch):
    """A wheel carries no labs; the folder notebooks/ of where one stands may."""
    monkeypatch.setattr(labs, "OWN_NOTEBOOKS", folder / "none")
    folder.rename(folder.parent / "notebooks")
    monkeypatch.chdir(folder.parent)
    assert [path.stem for path in labs.find(["01"])] == ["01_first"]


BLOCKED = """
import sys
sys.modules["{module}"] = None
sys.argv = ["vaekit", "labs", "--notebooks", {folder!r}, "--out", {out!r}]
from vaekit.cli import main
main()
"""


@pytest.mark.parametrize("module", ["nbclient", "nbconvert", "nbformat", "latex2mathml"])
def test_without_the_labs_extra_one_sentence_says_what_to_install(folder, tmp_path, module):
    out = tmp_path / "out"
    code = BLOCKED.format(module=module, folder=str(folder), out=str(out))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert 'pip install "vaekit[labs]"' in " ".join(result.stderr.split())
    assert not out.exists()

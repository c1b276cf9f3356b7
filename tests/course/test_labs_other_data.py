"""The real labs with other parameters than those that they were executed with."""
import pytest
from conftest import REPO

from vaekit.course import labs
from vaekit.course.notebooks import read_notebook
from vaekit.course.parameters import declared

pytestmark = pytest.mark.slow

# other data, another seed, and what makes a lab's work small; each lab is given those that it has
OTHER = {"dataset": "digits", "epochs": 1, "seed": 3}
SHORTER = {
    "04_beta_vae": {"train_images": 1000, "brief": 100, "seeds": 2},
    "06_gan": {"games": 2, "rounds": 200},
    "07_diffusion": {"n_bound": 20},
    "08_fair_fight": {"n_samples": 100, "steps": 5},
    # its other data set, CelebA, is not built in
    "09_faces": {"dataset": "faces", "n": 200},
}


@pytest.mark.parametrize("name", [path.stem for path in labs.find()])
def test_each_lab_runs_with_other_data_and_one_epoch(name, tmp_path):
    """Another data set, one epoch: the story is then less clear, but nothing may break."""
    folder = REPO / "notebooks"
    known = declared(read_notebook(folder / f"{name}.ipynb"), name)
    wanted = OTHER | SHORTER.get(name, {})
    parameters = {key: value for key, value in wanted.items() if key in known}
    assert "seed" in parameters
    result = labs.run_all([name], out=tmp_path, notebooks=folder, parameters=parameters)[0]
    assert result.error == ""
    assert (tmp_path / f"{name}.png").stat().st_size > 1000

"""The house style: figures that a cell shows once, colours that everyone can tell apart."""
import numpy as np
import pytest
import torch

from vaekit import plots
from vaekit.errors import UserError

# how a deuteranope sees red, green and blue: Machado et al. 2009
DEUTERANOPIA = np.array([
    [0.367, 0.861, -0.228],
    [0.280, 0.673, 0.047],
    [-0.012, 0.043, 0.969],
])


def rgb(colour):
    """"#CC6677" → three numbers in [0, 1]."""
    return np.array([int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)])


def test_figures_are_shown_once():
    import matplotlib.pyplot as plt

    plots.sheet(torch.rand(4, 1, 5, 5))
    assert not plt.get_fignums(), "a registered figure is shown again at the end of the cell"


@pytest.mark.parametrize("palette", [plots.LINES, plots.CLASSES])
def test_colours_stay_apart_for_a_deuteranope(palette):
    seen = np.array([DEUTERANOPIA @ rgb(colour) for colour in palette])
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    between_two = distances[~np.eye(len(palette), dtype=bool)]
    assert between_two.min() > 0.06


@pytest.mark.parametrize("dim, name", [(0, "z₁"), (8, "z₉"), (63, "z₆₄")])
def test_latents_are_counted_from_one(dim, name):
    assert plots.latent_name(dim) == name


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf"), 10**30])
def test_a_figure_that_no_picture_can_be_is_refused(size):
    with pytest.raises(UserError, match="width must be > 0 and ≤ 600, got"):
        plots.figure(width=size)
    with pytest.raises(UserError, match="height must be > 0 and ≤ 600, got"):
        plots.figure(height=size)


def test_a_dimension_before_the_first_has_no_name():
    with pytest.raises(UserError, match="dim must be ≥ 0, got -1"):
        plots.latent_name(-1)

"""Names and titles: whatever a student's data is called, the figure is drawn, and says it."""
import pytest
import torch
from support.figures import texts
from support.scores import like_fid

from vaekit import metrics, plots
from vaekit.plots.text import plain, with_formulae

# matplotlib raises at each of the first five when it draws the figure
HOSTILE = [
    "$\\frac",
    "$\\frac$",
    "$$",
    "a\nb $\\x$",
    "$" + "{" * 3000 + "$",
    "$5 or $10",
    "\\$",
    "<script>alert(1)</script>",
    "_hidden",
    "half a character \ud800",
    "",
]
DIFFERENT_WHEN_DRAWN = {
    "_hidden": " _hidden",
    "half a character \ud800": "half a character ?",
}


class History:
    columns = ["epoch", "train_loss"]

    def __getitem__(self, column):
        return [1.0, 2.0]


class Decoder:
    latent_dim = 2

    def decode(self, z, c=None):
        return torch.zeros(len(z), 1, 4, 4)


IMAGES = torch.rand(2, 1, 4, 4)
POINTS = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
LABELS = torch.tensor([0, 1])
TERMS = {"title": "t", "xlabel": "x", "ylabel": "y"}

# every place of every figure in which a name or a title may stand
FIGURES = {
    "sheet": lambda name: plots.sheet(IMAGES, title=name),
    "compare": lambda name: plots.compare(
        {name: IMAGES}, title=name, ticks=[name, name], xlabel=name
    ),
    "curves": lambda name: plots.curves({name: History(), "b": History()}),
    "curves' title": lambda name: plots.curves(History(), title=name, ylabel=name),
    "lines": lambda name: plots.lines([1, 2], {name: [1, 2]}, **TERMS),
    "lines over names": lambda name: plots.lines([name, "b"], {name: [1, 2]}, **TERMS),
    "lines' title": lambda name: plots.lines(
        [1, 2], {"a": [1, 2]}, title=name, xlabel=name, ylabel=name
    ),
    "rate_distortion": lambda name: plots.rate_distortion(
        {name: {name: (1, 2)}, "b": {name: (2, 1)}}, title=name, label=name
    ),
    "latent_map": lambda name: plots.latent_map(
        POINTS, LABELS, [name, name], title=name, xlabel=name, ylabel=name
    ),
    "latent_map's legend": lambda name: plots.latent_map(
        POINTS, LABELS, ["a", "b"], extra=POINTS, extra_name=name
    ),
    "walk": lambda name: plots.walk(Decoder(), n=2, title=name),
    "lattice": lambda name: plots.lattice(Decoder(), n=2, title=name),
    "metrics.table": lambda name: metrics.table(
        {name: [like_fid(metric=name, floor_name=name)]}
    ).figure(title=name),
}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.filterwarnings("ignore:constrained_layout", "ignore:No artists")
def test_a_figure_is_drawn_whatever_its_names_are(figure, name):
    FIGURES[figure](name).draw_without_rendering()


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_shown_as_it_is_written(name):
    shown = plain(name).replace(r"\$", "$")
    assert shown == DIFFERENT_WHEN_DRAWN.get(name, name)


def test_a_run_whose_name_begins_with_an_underscore_is_in_the_legend():
    ax = plots.lines([1, 2], {"_a": [1, 2], "b": [2, 1]}, **TERMS).axes[0]
    assert texts(ax.get_legend().get_texts()) == [" _a", "b"]


def test_a_title_may_hold_a_formula():
    assert with_formulae(r"$\beta$-VAE") == r"$\beta$-VAE"
    assert with_formulae(r"$\frac{1}{2}$ of all") == r"$\frac{1}{2}$ of all"


def test_a_formula_that_cannot_be_drawn_is_shown_as_text():
    assert with_formulae(r"$\frac") == r"\$\frac"
    assert with_formulae("one\n$\\frac$") == "one\n\\$\\frac\\$"

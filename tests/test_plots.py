import numpy as np
import pytest
import torch

from vaekit import plots
from vaekit.errors import UserError


def picture(fig):
    return fig.axes[0].images[0].get_array()


def test_figures_are_shown_once():
    import matplotlib.pyplot as plt

    plots.sheet(torch.rand(4, 1, 5, 5))
    assert not plt.get_fignums(), "a figure registered with pyplot would be shown a second time at the end of the cell"


def test_sheet_puts_images_row_by_row():
    images = torch.arange(6.0).reshape(6, 1, 1, 1).expand(6, 1, 4, 4) / 10
    shown = picture(plots.sheet(images, columns=3, title="six"))
    pitch = 4 + plots.PAD
    centres = [[shown[plots.PAD + 1 + r * pitch, plots.PAD + 1 + c * pitch, 0] for c in range(3)] for r in range(2)]
    np.testing.assert_allclose(centres, [[0, 0.1, 0.2], [0.3, 0.4, 0.5]], atol=1e-6)


def test_compare_labels_its_rows():
    fig = plots.compare({"original": torch.zeros(3, 1, 4, 4), "copy": torch.ones(3, 1, 4, 4)}, title="two", ticks=["a", "b", "c"])
    ax = fig.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["original", "copy"] and [t.get_text() for t in ax.get_xticklabels()] == ["a", "b", "c"]
    for name, y in zip(("original", "copy"), ax.get_yticks()):
        assert picture(fig)[int(y), plots.PAD + 1, 0] == (name == "copy"), "a label stands beside its own row"


def test_curves_show_train_and_test(trained):
    ax = plots.curves(trained.history, term="kl", title="KL").axes[0]
    assert [line.get_label() for line in ax.lines] == ["train", "test"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), trained.history["test_kl"])
    assert ax.get_xlabel() == "epoch" and ax.get_ylabel() == "nats per image"
    both = plots.curves({"a": trained.history, "b": trained.history}).axes[0]
    assert [line.get_label() for line in both.lines] == ["a train", "a test", "b train", "b test"]


def test_latent_map_names_each_class_at_its_median(trained):
    z = trained.model.encode(trained.test.images()).detach()
    fig = plots.latent_map(z, trained.test.y, trained.test.classes, title="map", extra=torch.zeros(3, 2), extra_name="random")
    texts = {t.get_text(): t.xy for t in fig.axes[0].texts}
    assert set(texts) == set("0123456789")
    np.testing.assert_allclose(texts["7"], z[trained.test.y == 7].median(0).values)


def test_lattice_shows_each_image_where_its_latent_lies(trained):
    """The picture under the data point (x, y) is the image decoded from z = (x, y)."""
    n = 5
    fig = plots.lattice(trained.model, x=(-2, 2), y=(-1, 1), n=n, title="grid")
    shown = picture(fig)
    for row, z2 in enumerate(np.linspace(1, -1, n)):                     # the first row of pixels is the top: the largest z₂
        for column, z1 in enumerate(np.linspace(-2, 2, n)):
            tile = shown[row * 28:(row + 1) * 28, column * 28:(column + 1) * 28, 0]
            decoded = trained.model.decode(torch.tensor([[z1, z2]], dtype=torch.float32))[0, 0].detach().numpy()
            np.testing.assert_allclose(tile, decoded, atol=1e-6)
    left, right, bottom, top = fig.axes[0].images[0].get_extent()
    assert (left, right, bottom, top) == pytest.approx((-2.5, 2.5, -1.25, 1.25))


def test_walk_decodes_one_dimension_and_rests_the_others(trained):
    fig = plots.walk(trained.model, low=-2, high=2, n=3, dim=1, start=torch.tensor([0.7, 9.0]))
    tile = picture(fig)[plots.PAD:plots.PAD + 28, plots.PAD:plots.PAD + 28, 0]
    np.testing.assert_allclose(tile, trained.model.decode(torch.tensor([[0.7, -2.0]]))[0, 0].detach().numpy(), atol=1e-6)
    assert [t.get_text() for t in fig.axes[0].get_xticklabels()] == ["−2.0", "0.0", "2.0"] and fig.axes[0].get_xlabel() == "z₂"


S1 = {"z = 1, β = 1": (4.22, 156.82), "z = 2, β = 1": (6.80, 137.70), "z = 64, β = 1": (23.80, 76.23), "z = 64, β = 0.1": (77.68, 59.18),
      "z = 64, β = 0.5": (34.30, 69.50), "z = 64, β = 2": (15.46, 87.29), "z = 64, β = 10": (3.69, 143.37)}


def test_rate_distortion_puts_each_point_and_names_those_of_the_first_series():
    near = {name: (rate * 1.04, distortion * 0.99) for name, (rate, distortion) in S1.items()}
    fig = plots.rate_distortion({"here": near, "report": S1}, title="plane")
    ax = fig.axes[0]
    for line, points in zip(ax.lines, (near, S1)):
        assert sorted(zip(*line.get_data())) == sorted(points.values()) and line.get_linestyle() == "None"
    assert {note.get_text(): tuple(note.xy) for note in ax.texts} == near
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["here", "report"] and ax.get_xlim()[0] == 0
    fig.draw_without_rendering()
    boxes, inside = [note.get_window_extent() for note in ax.texts], ax.get_window_extent()
    assert not [(i, j) for i in range(7) for j in range(i) if boxes[i].overlaps(boxes[j])], "no name covers another"
    dots = [ax.transData.transform(point) for point in [*near.values(), *S1.values()]]
    assert not [dot for dot in dots for box in boxes if box.contains(*dot)], "no name covers a point"
    assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 for box in boxes), "no name is cut off"


def test_rate_distortion_of_one_series_is_a_line_without_a_legend():
    points = {2.0: (15.46, 87.29), 0.1: (77.68, 59.18), 10.0: (3.69, 143.37)}
    ax = plots.rate_distortion({"β-VAE": points}, label="β = ").axes[0]
    assert ax.get_legend() is None and ax.lines[0].get_linestyle() == "-" and list(ax.lines[0].get_xdata()) == [3.69, 15.46, 77.68]
    assert {note.get_text() for note in ax.texts} == {"β = 2.0", "β = 0.1", "β = 10.0"}
    totals = [line.get_xy1()[1] for line in ax.lines[1:]]                               # grey: rate + distortion stays the same
    assert len(totals) >= 3 and min(totals) <= 102.75 and max(totals) >= 147.06 and {line.get_slope() for line in ax.lines[1:]} == {-1}


def test_long_names_of_rows_are_not_cut_off():
    fig = plots.compare({name: torch.rand(10, 1, 28, 28) for name in S1}, title="rows")
    fig.draw_without_rendering()                                                        # as any display or file does, once
    assert min(label.get_window_extent().x0 for label in fig.axes[0].get_yticklabels()) > 0


def test_class_names_stay_in_a_map_of_unequal_sides():
    """t-SNE's map may be ten times as wide as high."""
    generator = torch.Generator().manual_seed(0)
    z, y = torch.randn(300, 2, generator=generator) * torch.tensor([40.0, 1.0]), torch.arange(300) % 10
    fig = plots.latent_map(z, y, "0123456789")
    low, high = fig.axes[0].get_ylim()
    assert all(low < note.xyann[1] < high for note in fig.axes[0].texts)


def luminance_after(colour, matrix):
    rgb = np.array([int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)])
    return matrix @ rgb


@pytest.mark.parametrize("palette", [plots.LINES, plots.CLASSES])
def test_colours_stay_apart_for_a_deuteranope(palette):
    deuteranopia = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])     # Machado et al. 2009
    seen = np.array([luminance_after(colour, deuteranopia) for colour in palette])
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(len(palette))
    assert distances.min() > 0.06


@pytest.mark.parametrize("call, words", [
    (lambda: plots.sheet(torch.full((2, 1, 4, 4), 2.0)), r"images must lie in \[0, 1\]"),
    (lambda: plots.sheet(torch.rand(2, 1, 4, 4), columns=0), "columns must be ≥ 1, got 0"),
    (lambda: plots.compare({"a": torch.rand(2, 1, 4, 4), "b": torch.rand(3, 1, 4, 4)}), "rows of equal length, got {'a': 2, 'b': 3}"),
    (lambda: plots.latent_map(torch.rand(5, 3), torch.zeros(5), "0"), r"needs points \(N, 2\), got \(5, 3\); reduce them"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_a_lattice_needs_two_dimensions():
    from vaekit import recipes

    with pytest.raises(UserError, match="latent_dim 2, this one has 20"):
        plots.lattice(recipes.build("mlp-vae-mnist-small"))

"""t-SNE of codes: neighbours stay neighbours, maps can be compared, and none is computed twice."""
import pytest
import torch
from conftest import read_only

from vaekit.data.sources import cache_folder
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.explore import tsne
from vaekit.explore.tsne import check_perplexities, tsne_maps

CLUSTERS = 4


@pytest.fixture(scope="module")
def codes():
    """Four clusters in five dimensions, 30 codes each, far from one another."""
    noise = torch.randn(30 * CLUSTERS, 5, generator=seeded(0))
    centres = 20 * torch.randn(CLUSTERS, 5, generator=seeded(1))
    return noise + centres.repeat_interleave(30, 0)


@pytest.fixture
def computed(monkeypatch):
    """The perplexities that were computed and not read, and what each map started from."""
    calls = []

    def instead(codes, perplexity, before, seed):
        calls.append((perplexity, before))
        return torch.full((len(codes), 2), float(len(calls)))

    monkeypatch.setattr(tsne, "_computed", instead)
    return calls


def test_clusters_of_codes_are_clusters_of_the_map(codes):
    for places in tsne_maps(codes, (5, 20), cache=False):
        assert places.shape == (120, 2)
        nearest = torch.cdist(places, places).fill_diagonal_(torch.inf).argmin(1)
        same = torch.arange(120) // 30 == nearest // 30
        assert same.float().mean() >= 0.99


def test_a_cluster_stays_where_it_was_from_one_perplexity_to_the_next(codes):
    first, second = tsne_maps(codes, (10, 30), cache=False)

    def centres(places):
        found = places.reshape(CLUSTERS, 30, 2).mean(1)
        return torch.nn.functional.normalize(found - found.mean(0), dim=1)

    agreement = (centres(first) * centres(second)).sum(1)
    assert agreement.min() > 0.8, "cosine of the directions in which each cluster lies"


def test_the_same_codes_give_the_same_maps(codes):
    once = tsne_maps(codes, (5,), cache=False)[0]
    assert torch.equal(once, tsne_maps(codes, (5,), cache=False)[0])


def test_a_map_is_computed_once(codes, computed):
    first = tsne_maps(codes, (5, 10))
    assert [perplexity for perplexity, _ in computed] == [5, 10]
    again = tsne_maps(codes.clone(), (5, 10))
    assert len(computed) == 2
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("change", ["codes", "perplexity", "seed", "start"])
def test_another_map_is_computed_anew(codes, computed, change):
    tsne_maps(codes, (5,))
    tsne_maps(
        codes + 1e-3 if change == "codes" else codes,
        (6,) if change == "perplexity" else (5,),
        seed=1 if change == "seed" else 0,
        start=[torch.ones(120, 2)] if change == "start" else None,
    )
    assert len(computed) == 2


def test_each_map_starts_from_the_one_before(codes, computed):
    maps = tsne_maps(codes, (5, 10, 20))
    assert computed[0][1] is None
    assert torch.equal(computed[1][1], maps[0])
    assert torch.equal(computed[2][1], maps[1])

    tsne_maps(codes + 1, (5, 10, 20), start=maps)
    assert all(torch.equal(before, one) for (_, before), one in zip(computed[3:], maps))


def test_a_damaged_map_is_computed_again(codes, computed):
    tsne_maps(codes, (5,))
    (file,) = (cache_folder() / "tsne").iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    tsne_maps(codes, (5,))
    assert len(computed) == 2


def test_a_cache_that_cannot_be_written_is_no_mistake(codes, computed):
    folder = cache_folder()
    folder.mkdir(parents=True)
    with read_only(folder):
        assert len(tsne_maps(codes, (5,))) == 1


def test_without_a_cache_no_file_is_written(codes, computed):
    tsne_maps(codes, (5,), cache=False)
    assert not (cache_folder() / "tsne").exists()


def test_a_bar_counts_the_maps_only_where_one_is_computed(codes, computed, monkeypatch):
    bars = []

    class Bar:
        def __init__(self, total, initial, **settings):
            bars.append([total, initial])

        def update(self):
            bars[-1].append("map")

        def close(self):
            bars[-1].append("closed")

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    tsne_maps(codes, (5, 10))
    assert bars == [[2, 0, "map", "map", "closed"]]
    tsne_maps(codes, (5, 10))
    tsne_maps(codes, (5, 10, 20), progress=False)
    assert len(bars) == 1
    tsne_maps(codes, (5, 10, 20, 30))
    assert bars[1:] == [[4, 3, "map", "closed"]]


def test_codes_of_one_dimension_have_maps(codes):
    assert tsne_maps(codes[:, :1], (5,), cache=False)[0].isfinite().all()


def test_equal_codes_have_a_map():
    assert tsne_maps(torch.zeros(40, 3), (5,), cache=False)[0].shape == (40, 2)


@pytest.mark.parametrize("n, expected", [
    (16, [5]), (45, [5]), (46, [5, 15]), (301, [5, 15, 30, 50, 100]), (5000, [5, 15, 30, 50, 100]),
])
def test_the_usual_perplexities_are_those_with_enough_points(n, expected):
    assert check_perplexities(None, n) == expected


@pytest.mark.parametrize("perplexities, n, words", [
    ((30,), 50, "perplexity 30 looks at 90 neighbours of each point, got 50 points; pass more "
                "images, or perplexities up to 16"),
    (None, 15, "t-SNE needs 16 images or more for perplexity 5, got 15; pass more images"),
    ((0,), 50, "a perplexity must be > 0, got 0"),
    ((float("nan"),), 50, "a perplexity must be > 0, got nan"),
    ((), 50, "perplexities must hold at least one number, got none"),
])
def test_too_few_points_are_refused(perplexities, n, words):
    with pytest.raises(UserError, match=words):
        tsne_maps(torch.zeros(n, 2), perplexities)


@pytest.mark.parametrize("codes, settings, words", [
    (torch.zeros(40), {}, r"codes must be floats \(N, latent_dim\), got of shape \(40,\)"),
    (torch.zeros(40, 2).long(), {}, r"codes must be floats \(N, latent_dim\)"),
    (torch.full((40, 2), torch.nan), {}, "codes must be finite, got NaN or inf"),
    (torch.zeros(40, 2), {"seed": -1}, "seed must be ≥ 0, got -1"),
    (torch.zeros(40, 2), {"start": [torch.zeros(39, 2)]},
     r"start must be 1 maps \(40, 2\), one for each perplexity"),
])
def test_mistakes_are_named(codes, settings, words):
    with pytest.raises(UserError, match=words):
        tsne_maps(codes, (5,), **settings)

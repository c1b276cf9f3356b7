"""t-SNE of codes, at several perplexities, so that the maps can be compared; each is kept on disk.

t-SNE places points so that neighbours among the codes are neighbours on the map. The perplexity
says how many neighbours count. Distances between clusters, and their sizes, mean little.

Source:
    van der Maaten & Hinton 2008; Kobak & Berens 2019 (the start by PCA).
"""
from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.sources import cache_folder
from ..errors import UserError, at_least, brief, check_seed, finite
from ..files import load_weights, save_weights

# of which those are shown that the points are enough for
USUAL = (5, 15, 30, 50, 100)
# t-SNE looks at this many neighbours per unit of perplexity
NEIGHBOURS = 3
# standard deviation of the first axis at the start: small, so that all can still move
SPREAD = 1e-4
# larger, a computer would take hours for them
MOST_POINTS = 100_000


class Effort(NamedTuple):
    """How a map is computed: iterations, and how far the first ones pull neighbours together."""

    iterations: int
    exaggeration: float


# from another map all is nearly in its place: a stronger pull would mix the clusters anew
FROM_PCA = Effort(1000, 12)
FROM_MAP = Effort(500, 4)


def tsne_maps(
    codes: Tensor,
    perplexities: Sequence[float] | None = None,
    *,
    start: Sequence[Tensor] | None = None,
    seed: int = 0,
    cache: bool = True,
    progress: bool = True,
) -> list[Tensor]:
    """Maps of codes (N, D), one for each perplexity: (N, 2) each.

    The first starts from the codes' principal axes, each further one from the map before, so that
    a cluster stays where it was. A map that was computed before is read from the user's cache.

    Args:
        perplexities: in (0, (N − 1) / 3]; of 5, 15, 30, 50, 100 those that N points are enough for
            if left out.
        start: maps of the same points by another model, one for each perplexity, to start from.
        seed: of t-SNE itself.
        cache: read and write maps in the user's cache folder.
        progress: a bar over the maps that are not in it.
    Raises:
        UserError: codes that are not finite floats (N, D), too few of them for a perplexity, a
            start of other points.
    """
    codes = _codes(codes)
    chosen = check_perplexities(perplexities, len(codes))
    check_seed(seed, "seed")
    seed = at_least("seed", seed, 0, 2**32 - 1)
    starts = _starts(start, len(chosen), len(codes))

    from tqdm.auto import tqdm

    # shown from the first map on that has to be computed
    bar = None
    maps: list[Tensor] = []
    try:
        for k, perplexity in enumerate(chosen):
            before = starts[k] if starts else maps[-1] if maps else None
            path = cache_folder() / "tsne" / f"{_key(codes, perplexity, before, seed)}.safetensors"
            found = _kept(path, len(codes)) if cache else None
            if found is None:
                if bar is None and progress:
                    bar = tqdm(total=len(chosen), initial=k, desc="t-SNE", unit="map", leave=False)
                found = _computed(codes, perplexity, before, seed)
                if cache:
                    _keep(path, found)
            if bar is not None:
                bar.update()
            maps.append(found)
    finally:
        if bar is not None:
            bar.close()
    return maps


def check_perplexities(perplexities: Sequence[float] | None, n: int) -> list[float]:
    """The perplexities, if n points are enough for each; the usual ones if left out.

    Raises:
        UserError: they are not, no perplexity, n < 1.
    """
    most = (at_least("n", n, 1, MOST_POINTS) - 1) / NEIGHBOURS
    if perplexities is None:
        perplexities = [each for each in USUAL if each <= most]
        if not perplexities:
            raise UserError(
                f"t-SNE needs {USUAL[0] * NEIGHBOURS + 1} images or more for perplexity "
                f"{USUAL[0]}, got {n}; pass more images"
            )
    if not perplexities:
        raise UserError("perplexities must hold at least one number, got none")
    for each in perplexities:
        finite("a perplexity", each, above=0)
        if each > most:
            raise UserError(
                f"perplexity {each:g} looks at {NEIGHBOURS * each:g} neighbours of each point, "
                f"got {n} points; pass more images, or perplexities up to {int(most)}"
            )
    return [float(each) for each in perplexities]


def _computed(codes: Tensor, perplexity: float, before: Tensor | None, seed: int) -> Tensor:
    """One map."""
    import sklearn.manifold

    effort = FROM_PCA if before is None else FROM_MAP
    if before is None:
        start = _principal(codes)
        spread = float(start[:, 0].std())
        start = start * (SPREAD / spread) if spread > 0 else start
    else:
        start = before
    tsne = sklearn.manifold.TSNE(
        perplexity=perplexity,
        init=start.numpy(),
        early_exaggeration=effort.exaggeration,
        # scikit-learn's own "auto" at its usual exaggeration
        learning_rate=max(len(codes) / 48, 50),
        random_state=seed,
        # all cores, also for the search of neighbours
        n_jobs=-1,
        **_iterations(effort.iterations),
    )
    return torch.from_numpy(tsne.fit_transform(codes.numpy())).float()


def _iterations(number: int) -> dict[str, int]:
    """The argument of scikit-learn's t-SNE, which got another name in version 1.5."""
    import inspect

    import sklearn.manifold

    known = inspect.signature(sklearn.manifold.TSNE).parameters
    return {"max_iter" if "max_iter" in known else "n_iter": number}


def _principal(codes: Tensor) -> Tensor:
    """The places of codes on their first two principal axes, (N, 2)."""
    centred = (codes - codes.mean(0)).double()
    axes = torch.linalg.svd(centred, full_matrices=False).Vh[:2]
    # the sign of an axis is free: its largest part points upwards
    largest = axes.abs().argmax(1, keepdim=True)
    places = centred @ (axes * axes.gather(1, largest).sign()).T
    # codes of one dimension have one axis
    missing = 2 - places.shape[1]
    return torch.nn.functional.pad(places, (0, missing)).float()


def _key(codes: Tensor, perplexity: float, before: Tensor | None, seed: int) -> str:
    """The sha256 of all that a map depends on."""
    import sklearn

    settings = [list(codes.shape), perplexity, seed, FROM_PCA, FROM_MAP, sklearn.__version__]
    digest = hashlib.sha256(json.dumps(settings).encode())
    digest.update(codes.numpy().tobytes())
    if before is not None:
        digest.update(before.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _kept(path: Path, n: int) -> Tensor | None:
    """A map of n points from the cache, if it is there and whole."""
    try:
        found = load_weights(path)[0].get("map")
    except UserError:
        return None
    return found if found is not None and tuple(found.shape) == (n, 2) else None


def _keep(path: Path, found: Tensor) -> None:
    # without a place to write to, the map is computed again the next time
    with contextlib.suppress(UserError):
        save_weights(path, {"map": found})


def _codes(codes: Tensor) -> Tensor:
    """Codes (N, D) on the CPU, if all are finite."""
    if codes.ndim != 2 or not codes.is_floating_point() or not codes.numel():
        raise UserError(f"codes must be floats (N, latent_dim), got {brief(codes)}")
    at_least("the number of codes", len(codes), 2, MOST_POINTS)
    codes = codes.detach().cpu().float().contiguous()
    if not bool(codes.isfinite().all()):
        raise UserError(
            "codes must be finite, got NaN or inf in them; train the model again, "
            "with a lower learning rate"
        )
    return codes


def _starts(start: Sequence[Tensor] | None, maps: int, n: int) -> list[Tensor]:
    if start is None:
        return []
    if len(start) != maps or any(tuple(each.shape) != (n, 2) for each in start):
        raise UserError(
            f"start must be {maps} maps ({n}, 2), one for each perplexity, got {brief(start)}"
        )
    return [each.detach().cpu().float() for each in start]

"""The two dials of drawn faces: the share of an attribute, the correlation of two."""
from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...errors import UserError, brief, finite, pick
from .factors import ATTRIBUTES, EXCLUSIVE

# of faces that have the attribute, where nothing else is said; the other hair is red
SHARES = {
    "Bald": 0.10,
    "Bangs": 0.25,
    "Black_Hair": 0.25,
    "Blond_Hair": 0.20,
    "Brown_Hair": 0.25,
    "Bushy_Eyebrows": 0.25,
    "Eyeglasses": 0.30,
    "Goatee": 0.20,
    "Gray_Hair": 0.15,
    "Mouth_Slightly_Open": 0.40,
    "Mustache": 0.20,
    "Pale_Skin": 0.20,
    "Rosy_Cheeks": 0.25,
    "Smiling": 0.50,
    "Wearing_Earrings": 0.25,
    "Wearing_Hat": 0.20,
    "Young": 0.60,
}

Groups = tuple[tuple[str, ...], ...]
Pairs = Mapping[tuple[str, str], float]

# attributes that are drawn together: those that exclude each other, and each other one alone
GROUPS: Groups = (
    *EXCLUSIVE,
    *((name,) for name in ATTRIBUTES if not any(name in group for group in EXCLUSIVE)),
)


def all_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """SHARES with some of them replaced.

    Raises:
        UserError: an unknown attribute, a share outside [0, 1], shares of attributes that exclude
            each other that add up to more than 1.
    """
    for name, share in shares.items():
        pick("attribute", name, ATTRIBUTES)
        finite(f"the share of {name}", share, least=0, most=1)
    together = SHARES | dict(shares)
    for group in EXCLUSIVE:
        total = sum(together[name] for name in group)
        # three shares of a third each may add up to a little more than 1
        if total > 1 + 1e-9:
            raise UserError(
                f"a face has at most one of {', '.join(group)}, so their shares add up to at "
                f"most 1, got {total:.3g}; lower one of them"
            )
    return together


def possible_correlations(p: float, q: float) -> tuple[float, float]:
    """The least and the largest correlation of two attributes of these shares, within (0, 1).

    Their common share lies between max(0, p + q − 1) and min(p, q) (Fréchet's bounds).

    >>> possible_correlations(0.5, 0.5)
    (-1.0, 1.0)
    """
    finite("p", p, above=0, below=1)
    finite("q", q, above=0, below=1)
    spread = math.sqrt(p * (1 - p) * q * (1 - q))
    least = (max(0.0, p + q - 1) - p * q) / spread
    largest = (min(p, q) - p * q) / spread
    return least, largest


def draw_attributes(
    uniform: np.ndarray, shares: Mapping[str, float], correlations: Pairs
) -> dict[str, np.ndarray]:
    """Attributes of the given shares and correlations, each pair's other one drawn after the first.

    Args:
        uniform: (n, number of GROUPS) in [0, 1): the chance that decides. The same chance at other
            shares gives faces that differ in the fewest attributes.
        shares: attribute → share; SHARES for the others.
        correlations: (attribute, attribute) → correlation (φ, Pearson's of 0 and 1).
    Returns:
        attribute → (n,) of 0 and 1.
    Raises:
        UserError: chances of another shape, an unknown attribute or one twice, shares or
            correlations that cannot be, attributes that exclude each other, pairs that close a
            ring.
    """
    if uniform.ndim != 2 or uniform.shape[1] != len(GROUPS):
        raise UserError(f"uniform must have shape (n, {len(GROUPS)}), got {brief(uniform)}")
    shares = all_shares(shares)
    parents = _parents(shares, correlations)
    columns = dict(zip(GROUPS, uniform.T))
    drawn: dict[str, np.ndarray] = {}
    for group in _first_to_last(parents):
        base = np.array([shares[name] for name in group])
        chances = np.tile(base, (len(uniform), 1))
        if group in parents:
            cause, effect, correlation = parents[group]
            given = _conditional(drawn[cause], shares[cause], shares[effect], correlation)
            chances = _given_one(chances, group.index(effect), given)
        # the number of the attribute within its group; one more than there are: none of them
        chosen = (columns[group][:, None] >= chances.cumsum(1)).sum(1)
        for number, name in enumerate(group):
            drawn[name] = (chosen == number).astype(np.int64)
    return drawn


def _conditional(cause: np.ndarray, p: float, q: float, correlation: float) -> np.ndarray:
    """The chance of an attribute of share q, given another one of share p, (n,)."""
    both = p * q + correlation * math.sqrt(p * (1 - p) * q * (1 - q))
    with_cause = both / p
    without_cause = (q - both) / (1 - p)
    return np.where(cause == 1, with_cause, without_cause).clip(0, 1)


def _given_one(chances: np.ndarray, position: int, given: np.ndarray) -> np.ndarray:
    """The chances of a group once one of them is known; the others keep their proportions."""
    share = chances[:, position]
    rest = (1 - given) / (1 - share)
    scaled = chances * rest[:, None]
    scaled[:, position] = given
    return scaled


Parents = dict[tuple[str, ...], tuple[str, str, float]]


def _parents(shares: Mapping[str, float], correlations: Pairs) -> Parents:
    """For each group that depends on another one: the cause, the effect, their correlation."""
    parents: Parents = {}
    for pair, correlation in correlations.items():
        first, second = _checked(pair, correlation, shares)
        if _root(_group(first), parents) == _root(_group(second), parents):
            raise UserError(
                f"the correlation of {first} and {second} follows from the other pairs, or from "
                "attributes of which a face has at most one; leave one pair out"
            )
        _turn_to_root(_group(second), parents)
        parents[_group(second)] = (first, second, correlation)
    return parents


def _checked(
    pair: tuple[str, str], correlation: float, shares: Mapping[str, float]
) -> tuple[str, str]:
    first, second = (pick("attribute", name, ATTRIBUTES) for name in pair)
    what = f"the correlation of {first} and {second}"
    finite(what, correlation, least=-1, most=1)
    if first == second:
        raise UserError(f"a correlation needs two attributes, got {first} twice; name another one")
    if _group(first) == _group(second):
        raise UserError(
            f"{what} follows from their shares, for a face has at most one of "
            f"{', '.join(_group(first))}; name two others"
        )
    for name in pair:
        if not 0 < shares[name] < 1:
            raise UserError(
                f"{what} needs shares between 0 and 1, but that of {name} is {shares[name]:g}"
            )
    least, largest = possible_correlations(shares[first], shares[second])
    if not least - 1e-9 <= correlation <= largest + 1e-9:
        raise UserError(
            f"{what} must lie in {least:.2f} … {largest:.2f} at shares of {shares[first]:g} and "
            f"{shares[second]:g}, got {correlation:g}; bring the shares closer, or lower it"
        )
    return first, second


def _group(name: str) -> tuple[str, ...]:
    return next(group for group in GROUPS if name in group)


def _root(group: tuple[str, ...], parents: Parents) -> tuple[str, ...]:
    """The group that all those above this one follow from."""
    while group in parents:
        group = _group(parents[group][0])
    return group


def _turn_to_root(group: tuple[str, ...], parents: Parents) -> None:
    """Turn the arrows above a group round, so that it follows from none."""
    if group not in parents:
        return
    cause, effect, correlation = parents.pop(group)
    _turn_to_root(_group(cause), parents)
    parents[_group(cause)] = (effect, cause, correlation)


def _first_to_last(parents: Parents) -> list[tuple[str, ...]]:
    """All groups, each after the one that it follows from."""

    def depth(group: tuple[str, ...]) -> int:
        return 0 if group not in parents else 1 + depth(_group(parents[group][0]))

    return sorted(GROUPS, key=depth)

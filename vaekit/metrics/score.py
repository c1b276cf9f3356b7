"""A score never travels alone: with it go its 95 % interval, n, the feature network, its floor."""
from __future__ import annotations

from dataclasses import dataclass

from ..errors import UserError, at_least, pick


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class Score:
    """One measured number with what is needed to read it.

    Attributes:
        metric: what was measured: "FID", "KID", "SSIM", …
        value, low, high: the score and its 95 % interval; the metric says how it is made.
        n: number of images the score was computed from.
        floor: the same metric, real against real, at the same n: what a perfect model would get.
            None if it has no such meaning.
        floor_name: what the floor is, where it is not real against real.
        reference: the images that it was measured against: how many, and a fingerprint of them
            (see `reference_of`). Empty if there are none.
        features, weights: name of the feature network and the first digits of its weights'
            sha256, where one is used.
        unit: "nats per image", "bits per dimension", … ; empty if there is none.
        better: "lower" or "higher": the direction in which two scores are compared. It does not
            say that a score beyond its floor is better than the floor. "neither" where the value
            of real images is the one to come close to: such scores do not beat one another.
        note: what a reader must know before comparing.
    """

    metric: str
    value: float
    low: float
    high: float
    n: int
    floor: float | None = None
    floor_name: str = "real against real"
    reference: str = ""
    features: str = ""
    weights: str = ""
    unit: str = ""
    better: str = "lower"
    note: str = ""

    def __post_init__(self) -> None:
        pick("direction", self.better, ("lower", "higher", "neither"))
        at_least("n", self.n, 0)

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)

    def __repr__(self) -> str:
        facts = [f"n = {self.n:,}"]
        if self.floor is not None:
            facts.append(f"floor {short(self.floor)}")
        if self.reference:
            facts.append(f"reference {self.reference}")
        if self.features:
            facts.append(f"features {self.features} {self.weights}".rstrip())
        if self.note:
            facts.append(self.note)

        interval = f"[{short(self.low)}, {short(self.high)}]"
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.metric} {short(self.value)} {interval}{unit} ({'; '.join(facts)})"

    def __lt__(self, other: Score) -> bool:
        self._check_comparable(other)
        return self.value < other.value

    def __gt__(self, other: Score) -> bool:
        self._check_comparable(other)
        return self.value > other.value

    def beats(self, other: Score) -> bool:
        """True only if this score is better and the two intervals do not overlap.

        Raises:
            UserError: the scores cannot be compared: other metrics, other features, other reference
                images, or other n (FID's bias depends on it); or their metric has no better
                direction.
        """
        self._check_comparable(other)
        if self.better == "neither":
            raise UserError(
                f"of {self.metric}, neither more nor less is better, so no score beats another; "
                f"compare each with its floor ({self.floor_name})"
            )
        if self.better == "lower":
            return self.high < other.low
        return self.low > other.high

    def _check_comparable(self, other: Score) -> None:
        for what in ("metric", "features", "weights", "n", "unit", "reference", "better"):
            mine = getattr(self, what)
            theirs = getattr(other, what)
            if mine != theirs:
                raise UserError(
                    f"these scores do not compare: "
                    f"{what} is {mine!r} for one and {theirs!r} for the other"
                )


def short(value: float) -> str:
    """A number for reading: three digits, or all whole ones of a thousand and more."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"

"""Two models on the same texts: how much better one is, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 20  # texts; on fewer nothing is claimed
DRAWS = 2_000
SEED = 20_261_123
BETTER, SAME, WORSE, TOO_FEW = "better", "same", "worse", "too_few"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PerClass:
    """One kind: how many texts are of it, and the F1 before and after."""

    n: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`before` and `after` (more is better) on the same `n` texts; the gain lies from `low` to `high`, 95 in 100 times.

    `verdict`: better where even `low` is a gain, worse where even `high` is a loss, too_few under `LEAST` texts.
    """

    n: int
    before: float
    after: float
    low: float
    high: float
    verdict: str
    per_class: Mapping[str, PerClass] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them, rounded to four places."""
        found = asdict(self)
        rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}
        rounded["per_class"] = {
            name: {"n": one["n"], "before": round(one["before"], 4), "after": round(one["after"], 4)}
            for name, one in found["per_class"].items()
        }
        return rounded


def compare_labels(truth: Sequence[str], before: Sequence[str], after: Sequence[str]) -> Comparison:
    """Return the macro-F1 of two models' labels over the kinds that occur in `truth`.

    Noise is what a paired bootstrap over the texts makes of the difference (Efron, 1979; `DRAWS` draws, seeded).
    """
    names = sorted(set(truth))
    known, guesses = _one_hot(truth, names), [_one_hot(one, names) for one in (before, after)]
    whole = np.ones((1, len(truth)))
    each = [_f1(whole, known, guess)[0] for guess in guesses]
    drawn = _drawn(len(truth))
    gains = _mean(_f1(drawn, known, guesses[1])) - _mean(_f1(drawn, known, guesses[0]))
    counts = known.sum(axis=0)
    per_class = {
        name: PerClass(int(counts[at]), float(each[0][at]), float(each[1][at])) for at, name in enumerate(names)
    }
    means = [float(one.mean()) if names else 0.0 for one in each]
    return _judged(len(truth), (means[0], means[1]), gains, per_class)


def told_apart(compared: Comparison, truth: Sequence[str], guesses: tuple[Sequence[str], Sequence[str]]) -> Comparison:
    """Return `compared` with the F1 of each class by what was guessed `before` and `after`."""
    return replace(compared, per_class=compare_labels(truth, *guesses).per_class)


def compare_costs(before: Floats, after: Floats) -> Comparison:
    """Return the mean costs (as losses: negative) of two models on the same texts, with the same bootstrap."""
    drawn, n = _drawn(len(before)), max(len(before), 1)
    gains = drawn @ (before - after) / n
    costs = float(before.sum()) / n, float(after.sum()) / n
    return _judged(len(before), (0.0 - costs[0], 0.0 - costs[1]), gains, {})  # and not “-0.0”


def _judged(n: int, means: tuple[float, float], gains: Floats, per_class: Mapping[str, PerClass]) -> Comparison:
    low, high = (float(one) for one in np.quantile(gains, [0.025, 0.975]))
    verdict = BETTER if low > 0 else WORSE if high < 0 else SAME
    return Comparison(n, *means, low, high, verdict if n >= LEAST else TOO_FEW, per_class)


def _drawn(n: int) -> Floats:
    """Return how often each of `n` texts is drawn in each of the bootstrap's samples (draws, n)."""
    if not n:
        return np.zeros((DRAWS, 0))
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    return np.asarray(drawn, np.float64)


def _one_hot(labels: Sequence[str], names: Sequence[str]) -> Floats:
    return np.array([[float(label == name) for name in names] for label in labels]).reshape(len(labels), len(names))


def _f1(weights: Floats, truth: Floats, guess: Floats) -> Floats:
    """Return the F1 of each label in each sample (samples, labels), NaN where the label occurs in neither."""
    both, either = weights @ (truth * guess), weights @ truth + weights @ guess
    return np.asarray(np.divide(2 * both, either, out=np.full_like(either, np.nan), where=either > 0))


def _mean(scores: Floats) -> Floats:
    filled = np.isfinite(scores)
    return np.asarray(np.where(filled, scores, 0.0).sum(axis=1) / np.maximum(filled.sum(axis=1), 1))


def wilson(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the interval in which a share of `right` of `n` truly lies, 95 in 100 times (Wilson, 1927)."""
    if not n:
        return 0.0, 1.0
    share, square = right / n, z * z / n
    middle, half = share + square / 2, z * sqrt(share * (1 - share) / n + square / (4 * n))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


@dataclass(frozen=True, slots=True)
class Step:
    """What would be right of all suggestions that score at least `threshold`: `precision` of `n`, between the two."""

    threshold: float
    n: int
    precision: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON takes it, rounded to four places."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def precision_table(chances: Sequence[float], same: Sequence[bool]) -> list[Step]:
    """Return the precision at each threshold from .1 to .95 that at least one decision reaches."""
    steps = []
    for threshold in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        over = [one for chance, one in zip(chances, same, strict=True) if chance >= threshold]
        if over:
            steps.append(Step(threshold, len(over), sum(over) / len(over), *wilson(sum(over), len(over))))
    return steps

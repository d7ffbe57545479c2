"""Whether two sentences mean the same, learned from judged pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from triage.domain.text import normalise
from triage.ml.duplicates import Cutter
from triage.ml.meaning import bags, learned, rarity, unit

Floats = NDArray[np.float64]

FOLDS = 3
SEED = 20_26
SHARED_WEIGHT = 0.3  # of a token in both sentences, against 1 for one in only one: what differs decides
_NEGATIONS = frozenset("不没未无别非")
_DIGITS = frozenset("0123456789")

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sides:
    """The sentences of n pairs: their texts, and their bags (n, buckets) weighted by rarity."""

    texts: tuple[list[str], list[str]]
    left: Any
    right: Any


class PairModel:
    """Trained by `fit` on judged pairs; nothing is kept on disk, since it serves evaluation and comparison only."""

    def __init__(self, cutter: Cutter) -> None:
        self.cutter = cutter
        self.rarity: Any = None
        self.table: Any = None
        self._words: Any = None
        self._judge: Any = None

    def fit(self, pairs: Sequence[Pair], same: Sequence[bool]) -> PairModel:
        """Learn from `pairs`; what the later stages see of the earlier ones is always from pairs held out."""
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import cross_val_predict

        answers = np.asarray(same, bool)
        texts = [text for pair in pairs for text in pair]
        self.rarity = rarity(bags(texts, self.cutter))
        sides = self.sides(pairs)
        words = LogisticRegression(C=0.15, max_iter=150)
        spread = _spread(sides)
        told = cross_val_predict(words, spread, answers, cv=FOLDS, method="decision_function")
        values = np.column_stack([self._held_out(sides, answers), told])
        self._words = words.fit(spread, answers)
        self._judge = HistGradientBoostingClassifier(
            max_iter=150, learning_rate=0.06, max_leaf_nodes=12, min_samples_leaf=40, random_state=SEED
        ).fit(values, answers)
        self.table = learned(sides.left[answers], sides.right[answers])
        return self

    def sides(self, pairs: Sequence[Pair]) -> Sides:
        """Return `pairs` as they are compared."""
        left, right = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        weights = sparse.diags(self.rarity)
        return Sides(
            ([bare(text) for text in left], [bare(text) for text in right]),
            (bags(left, self.cutter) @ weights).tocsr(),
            (bags(right, self.cutter) @ weights).tocsr(),
        )

    def probabilities(self, sides: Sides) -> Floats:
        """Return how probably each pair means the same."""
        told = self._words.decision_function(_spread(sides))
        values = np.column_stack([measures(sides, self.table), told])
        return np.asarray(self._judge.predict_proba(values)[:, 1], np.float64)

    def _held_out(self, sides: Sides, answers: NDArray[np.bool_]) -> Floats:
        """Return the measures of each pair by a projection that has not seen it."""
        fold = np.random.default_rng(SEED).integers(0, FOLDS, len(answers))
        values = np.zeros((len(answers), len(MEASURES)))
        for one in range(FOLDS):
            known, held = (fold != one) & answers, np.flatnonzero(fold == one)
            table = learned(sides.left[known], sides.right[known])
            values[held] = measures(_part(sides, held), table)
        return values


MEASURES = (
    "cosine", "meaning", "covered", "covering", "apart", "apart_small", "apart_large", "order", "order_short",
    "longer", "shortest", "signs", "negated", "digits", "rarest_left", "rarest_right", "start", "end", "differing",
)  # fmt: skip


def measures(sides: Sides, table: Any) -> Floats:
    """Return (n, `MEASURES`): how alike the two sentences of each pair are, and what only one of them says."""
    left, right = sides.left, sides.right
    shared = left.minimum(right)
    only = left - shared, right - shared
    apart = [np.asarray(one @ table) for one in only]
    far = [np.linalg.norm(one, axis=1) for one in apart]
    sums = [np.maximum(_total(one), 1e-6) for one in (left, right)]
    columns = [
        _total(left.multiply(right))
        / np.maximum(np.sqrt(_total(left.multiply(left)) * _total(right.multiply(right))), 1e-6),
        (unit(left @ table) * unit(right @ table)).sum(axis=1),
        _total(shared) / sums[0],
        _total(shared) / sums[1],
        (unit(apart[0]) * unit(apart[1])).sum(axis=1),
        np.minimum(*far),
        np.maximum(*far),
        *_spelling(sides.texts),
        np.maximum(only[0].max(axis=1).toarray().ravel(), 0),
        np.maximum(only[1].max(axis=1).toarray().ravel(), 0),
        *_ends(sides.texts),
        _total(only[0] > 0) + _total(only[1] > 0),
    ]
    return np.column_stack(columns).astype(np.float64)


def _total(matrix: Any) -> Floats:
    return np.asarray(matrix.sum(axis=1), np.float64).ravel()


def bare(text: str) -> str:
    """Return the letters and digits of normalised `text` in one piece."""
    return "".join(sign for sign in normalise(text) if sign.isalnum())


def _part(sides: Sides, rows: NDArray[np.intp]) -> Sides:
    texts = [sides.texts[0][row] for row in rows], [sides.texts[1][row] for row in rows]
    return Sides(texts, sides.left[rows], sides.right[rows])


def _spread(sides: Sides) -> Any:
    """Return which tokens both sentences hold and which only one does: (n, 2 × buckets)."""
    left, right = (sides.left > 0).astype(np.float32), (sides.right > 0).astype(np.float32)
    both = left.multiply(right)
    return sparse.hstack([both * SHARED_WEIGHT, left + right - 2 * both]).tocsr()


def _spelling(texts: tuple[list[str], list[str]]) -> list[list[float]]:
    rows = [_spelled(left, right) for left, right in zip(*texts, strict=True)]
    return [list(column) for column in zip(*rows, strict=True)]


def _spelled(left: str, right: str) -> tuple[float, ...]:
    common, sizes = common_signs(left, right), (len(left), len(right))
    ours, theirs = set(left), set(right)
    return (
        common / max(*sizes, 1),
        common / max(min(sizes), 1),
        abs(sizes[0] - sizes[1]) / max(*sizes, 1),
        float(min(sizes)),
        len(ours & theirs) / max(1, len(ours | theirs)),
        float(bool(_NEGATIONS & ours) != bool(_NEGATIONS & theirs)),
        float(len((ours ^ theirs) & _DIGITS)),
    )


def _ends(texts: tuple[list[str], list[str]]) -> list[list[float]]:
    together = list(zip(*texts, strict=True))
    return [[float(a[:2] == b[:2]) for a, b in together], [float(a[-2:] == b[-2:]) for a, b in together]]


def common_signs(left: str, right: str) -> int:
    """Return the length of the longest common subsequence, by bit-parallel rows (Hyyrö, 2004): n·m/word steps."""
    places: dict[str, int] = {}
    for at, sign in enumerate(left):
        places[sign] = places.get(sign, 0) | (1 << at)
    full = row = (1 << len(left)) - 1
    for sign in right:
        kept = row & places.get(sign, 0)
        row = ((row + kept) | (row - kept)) & full
    return len(left) - row.bit_count()

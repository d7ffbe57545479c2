"""Training the ranker of duplicates from replayed trackers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.ml.duplicates import Cutter
from triage.ml.frequencies import Frequencies, Shares
from triage.ml.overlap import grams, hashed
from triage.ml.ranker import Ranker
from triage.ml.replay import Asked, Report, cut_report, queries, replayed
from triage.ml.rerank import FEATURES
from triage.ml.rows import half_untitled
from triage.ml.trees import Floats, Trees, exported, mean_of
from triage.ml.weights import Bundle, save

TRACKERS = ("eclipse", "hadoop")
BAGS = 4  # sets of trees, each of other four fifths of the queries: how well one set alone does is half luck
BAG = 0.8
TREES = 60  # of each set
FRESH = 300
SEED = 20_26


def fit(asked: Sequence[Asked], prior: Shares | None = None) -> Ranker:
    """Return the ranker that tells right from wrong candidates best: logistic regression and boosted trees, averaged.

    Raises ValueError where nothing right, or nothing wrong, was ever found.
    """
    from sklearn.linear_model import LogisticRegression

    rows = np.vstack([one.features for one in asked]).astype(float)
    right = np.concatenate([one.right for one in asked])
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale < 1e-9] = 1.0  # noqa: PLR2004 - a feature that never varies
    line = LogisticRegression(C=0.1, max_iter=3_000).fit((rows - mean) / scale, right)
    trees = mean_of([_grown(rows[kept], right[kept]) for kept in _bags([one.right for one in asked])])
    return Ranker(mean, scale, line.coef_[0], float(line.intercept_[0]), trees, prior)


def _bags(right: Sequence[NDArray[np.bool_]]) -> Iterator[NDArray[np.bool_]]:
    """Yield which rows each set of trees is grown on: those of some queries, of all where else all were alike."""
    everything = np.concatenate(right)
    random = np.random.default_rng(SEED)
    for _ in range(BAGS):
        chosen = np.zeros(len(right), bool)
        chosen[random.permutation(len(right))[: round(BAG * len(right))]] = True
        kept = np.repeat(chosen, [len(one) for one in right])
        yield kept if len(set(everything[kept])) > 1 else np.ones(len(everything), bool)


def _grown(rows: Floats, right: NDArray[np.bool_]) -> Trees:
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        max_iter=TREES, learning_rate=0.1, max_depth=4, min_samples_leaf=40, l2_regularization=5.0, random_state=SEED
    )
    return exported(trees.fit(rows, right))


def asked_of(
    rows: Sequence[Report], cutter: Cutter, places: Sequence[int] | None = None, prior: Shares | None = None
) -> list[Asked]:
    """Return what is asked in a tracker's `rows`, at all of its duplicates or at `places`."""
    wanted = set(queries(rows) if places is None else places)
    return list(replayed(rows, cutter, wanted, prior))


def with_fresh(rows: Sequence[Report]) -> list[int]:
    """Return the places of the duplicates and of at most as many again (and `FRESH`) that are none.

    Only with reports that are about nothing known does a ranker learn how alike is alike enough.
    """
    asked = queries(rows)
    others = sorted(set(range(len(rows))) - set(asked))
    chosen = np.random.default_rng(SEED).permutation(others)[: len(asked) + FRESH]
    return sorted([*asked, *map(int, chosen)])


def prior_of(rows: Iterable[Report], cutter: Cutter) -> Shares:
    """Return how common words and n-grams are in `rows`; what occurs but once is left out: it would only cost space."""
    seen = Frequencies()
    for row in rows:
        cut = cut_report(row, cutter)
        words = (*cut.title, *cut.body)
        seen.add(np.concatenate([hashed(words), grams([" ".join(words)]).ids]))
    seen.counts[seen.counts < 2] = 0  # noqa: PLR2004
    return seen.shares()


def train_from(data: Path | None, cutter: Cutter, out: Path, *, models: Path) -> dict[str, Any] | None:
    """Train on the public trackers in `data` and return the card's facts; None where they are missing: see `TRACKERS`.

    Then the weights that are shipped stay as they are. The real feedback of `feedback/zh.jsonl` is never read.
    """
    files = {name: data / "duplicates" / f"{name}.jsonl" for name in TRACKERS} if data else {}
    trackers = {name: _rows(file) for name, file in files.items() if file.is_file()}
    if data is None or not trackers:
        return None
    common = [*_rows(data / "feedback" / "vscode_zh.jsonl"), *_rows(data / "kinds" / "nlbse24_train.jsonl")[::5]]
    return train_duplicates(trackers, [*common, *_rows(models / "seeds" / "feedback.jsonl")], cutter, out)


def _rows(file: Path) -> list[Report]:
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def train_duplicates(
    trackers: Mapping[str, Sequence[Report]], common: Sequence[Report], cutter: Cutter, out: Path
) -> dict[str, Any]:
    """Train on `trackers` (name → rows in order of time), write `out`/duplicates.* and return the card's facts.

    Half of the reports are told without a title. `common` are rows ({title, body}) that only tell which words are
    common. About two minutes for 5,000 reports.
    """
    prior = prior_of(common, cutter)
    asked = {
        name: asked_of(half_untitled(rows, SEED), cutter, with_fresh(rows), prior) for name, rows in trackers.items()
    }
    ranker = fit([one for each in asked.values() for one in each], prior)
    facts = {
        "features": list(FEATURES),
        "common_words_of": len(common),
        "trained_on": {name: {"rows": len(trackers[name]), "queries": len(each)} for name, each in asked.items()},
    }
    save(out, "duplicates", Bundle(ranker.arrays(), facts))
    return facts

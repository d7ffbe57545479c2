"""How well pairs of sentences are judged, and how well one is found by the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from triage.errors import InvalidError
from triage.ml.duplicates import Cutter
from triage.ml.meaning import bags, rarity, unit
from triage.ml.outcomes import Outcome, Report, recalls
from triage.ml.pairs import PairModel, Sides, bare

Row = Mapping[str, Any]
Floats = NDArray[np.float64]

RERANKED = 100
SHOWN = 10
BLOCK = 64  # queries at a time: 6,400 pairs, about 60 MB
LEXICAL = 0.5  # of the lexical cosine beside the learned one
COSINE = 0.45  # from which two sentences are said to mean the same when nothing was trained on


@dataclass(frozen=True, slots=True)
class Pool:
    """The distinct sentences of a file, their ids, the group of each (joined by same pairs), and what is asked.

    The id of a sentence says where it first stands: “12b” is the b of row 12, counted from 0.
    """

    sentences: tuple[str, ...]
    ids: tuple[str, ...]
    group: NDArray[np.intp]
    asked: tuple[int, ...]


def pooled(rows: Sequence[Row]) -> Pool:
    """Return the pool of `rows` ({a, b, same}): asked is each distinct `a` that means the same as another sentence."""
    place = {text: at for at, text in enumerate(dict.fromkeys(text for row in rows for text in (row["a"], row["b"])))}
    parent = list(range(len(place)))
    for row in rows:
        if row["same"]:
            parent[_root(parent, place[row["a"]])] = _root(parent, place[row["b"]])
    group = np.array([_root(parent, at) for at in range(len(parent))], np.intp)
    asked = dict.fromkeys(place[row["a"]] for row in rows if row["same"] and row["a"] != row["b"])
    ids: dict[str, str] = {}
    for at, row in enumerate(rows):
        for side in "ab":
            ids.setdefault(row[side], f"{at}{side}")
    return Pool(tuple(place), tuple(ids.values()), group, tuple(asked))


def _root(parent: list[int], at: int) -> int:
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = parent[at]
    return at


def pairs(rows: Sequence[Row], train: Sequence[Row], cutter: Cutter) -> Report:
    """Return accuracy over `rows` (at .5 of a model trained on `train`) and recall_at_1/5/10 and mrr of retrieval.

    Retrieval: each sentence `a` of a same pair asks all distinct sentences; right is any that the same pairs connect
    with it. Without `train` it is `plain_pairs` with a fixed threshold. Raises InvalidError for pairs of one kind.
    """
    if not train:
        return plain_pairs(rows, cutter, COSINE)
    answers = [bool(row["same"]) for row in train]
    if not 0 < sum(answers) < len(answers):
        raise InvalidError("pairs of both kinds are needed to train on", field="train")
    model = PairModel(cutter).fit([(row["a"], row["b"]) for row in train], answers)
    scores = model.probabilities(model.sides([(row["a"], row["b"]) for row in rows]))
    right = (scores >= 0.5) == np.array([bool(row["same"]) for row in rows])  # noqa: PLR2004
    found, ranks = _retrieved(pooled(rows), model)
    numbers = {"pairs": len(rows), "accuracy": float(right.mean()), **recalls(ranks)}
    return Report(numbers, tuple(_lines(rows, scores, found)))


def _retrieved(pool: Pool, model: PairModel) -> tuple[dict[str, tuple[str, ...]], list[int | None]]:
    """Return the ids ranked for each sentence asked, and the rank of the first right one."""
    weighted = (bags(pool.sentences, model.cutter) @ sparse.diags(model.rarity)).tocsr()
    meanings, lexical = unit(weighted @ model.table), _normed(weighted)
    texts = [bare(text) for text in pool.sentences]
    found: dict[str, tuple[str, ...]] = {}
    ranks: list[int | None] = []
    for start in range(0, len(pool.asked), BLOCK):
        block = np.array(pool.asked[start : start + BLOCK])
        alike = meanings[block] @ meanings.T + LEXICAL * (lexical[block] @ lexical.T).toarray()
        alike[np.arange(len(block)), block] = -np.inf
        near = np.argsort(-alike, axis=1, kind="stable")[:, :RERANKED]
        asked, other = np.repeat(block, near.shape[1]), near.ravel()
        sides = Sides(([texts[at] for at in asked], [texts[at] for at in other]), weighted[asked], weighted[other])
        odds = _logit(model.probabilities(sides)).reshape(near.shape)
        order = np.argsort(-(JUDGED * odds + np.take_along_axis(alike, near, 1)), axis=1, kind="stable")
        for query, row in zip(block, np.take_along_axis(near, order, 1), strict=True):
            found[pool.sentences[query]] = tuple(pool.ids[at] for at in row[:SHOWN])
            ranks.append(_first(pool, int(query), [int(at) for at in row]))
    return found, ranks


JUDGED = 0.1  # of the judge's log-odds beside the likeness that chose the hundred


def _logit(values: Floats) -> Floats:
    safe = np.clip(values, 1e-4, 1 - 1e-4)
    return np.log(safe / (1 - safe))


def _first(pool: Pool, query: int, order: Sequence[int]) -> int | None:
    return next((rank for rank, at in enumerate(order) if pool.group[at] == pool.group[query]), None)


def _lines(
    rows: Sequence[Row], scores: Floats, found: Mapping[str, tuple[str, ...]], least: float = 0.5
) -> list[Outcome]:
    return [
        Outcome(at, int(score >= least), float(score), found.get(row["a"], ()))
        for at, (row, score) in enumerate(zip(rows, scores, strict=True))
    ]


def plain_pairs(rows: Sequence[Row], cutter: Cutter, threshold: float | None = None) -> Report:
    """Return the same numbers of the baseline: tf-idf cosine of words and n-grams; its threshold is the median."""
    pool = pooled(rows)
    counted = bags(pool.sentences, cutter)
    weighted = _normed((counted @ sparse.diags(rarity(counted))).tocsr())
    place = {text: at for at, text in enumerate(pool.sentences)}
    left, right = weighted[[place[row["a"]] for row in rows]], weighted[[place[row["b"]] for row in rows]]
    scores = np.asarray(left.multiply(right).sum(axis=1), np.float64).ravel()
    least = float(np.median(scores)) if threshold is None else threshold
    correct = (scores >= least) == np.array([bool(row["same"]) for row in rows])
    ranks: list[int | None] = []
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(pool.asked), BLOCK):
        block = np.array(pool.asked[start : start + BLOCK])
        for query, row in zip(block, (weighted[block] @ weighted.T).toarray(), strict=True):
            row[query] = -np.inf
            order = [int(at) for at in np.argsort(-row, kind="stable")[:RERANKED]]
            found[pool.sentences[query]] = tuple(pool.ids[at] for at in order[:SHOWN])
            ranks.append(_first(pool, int(query), order))
    numbers = {"pairs": len(rows), "accuracy": float(correct.mean()), **recalls(ranks)}
    return Report(numbers, tuple(_lines(rows, scores, found, least)))


def _normed(matrix: Any) -> Any:
    sizes = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sparse.diags(1 / np.maximum(sizes, 1e-6)) @ matrix).tocsr()

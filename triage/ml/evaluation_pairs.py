"""How well pairs of sentences are judged, and how well one is found by the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
SAME_SHARE = 0.3  # of a file's pairs are taken for the same where nothing was trained on: the model card says why
TELLING = 50  # pairs from which a file's own scores are believed
ALIKE = 0.45  # from which two sentences are said to mean the same in a smaller one


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
    with it. Without `train` it is `untaught_pairs`. Raises InvalidError for pairs of one kind.
    """
    if not train:
        return untaught_pairs(rows, cutter)
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


def untaught_pairs(rows: Sequence[Row], cutter: Cutter) -> Report:
    """Return the same numbers where nothing is known of such pairs: words, n-grams and signs that both have in common.

    How alike is alike enough differs more from file to file than between the pairs of one, so the file says it itself:
    the most alike three in ten of its pairs are taken for the same. No answer is looked at.
    """
    pool = pooled(rows)
    weighted, signs = _weighted(pool, cutter), [set(bare(text)) for text in pool.sentences]
    left, right = _places(rows, pool)
    jaccard = [shared_signs(signs[a], signs[b]) for a, b in zip(left, right, strict=True)]
    scores = (_cosines(weighted, left, right) + np.array(jaccard)) / 2
    least = float(np.quantile(scores, 1 - SAME_SHARE)) if len(rows) >= TELLING else ALIKE

    def alike(query: int, near: NDArray[np.intp], cosines: Floats) -> Floats:
        return np.asarray(cosines + [shared_signs(signs[query], signs[at]) for at in near], np.float64)

    return _untrained(rows, pool, (scores, least), _looked_up(pool, weighted, alike))


def plain_pairs(rows: Sequence[Row], cutter: Cutter) -> Report:
    """Return the same numbers of the baseline: tf-idf cosine of words and n-grams; its threshold is the median."""
    pool = pooled(rows)
    weighted = _weighted(pool, cutter)
    scores = _cosines(weighted, *_places(rows, pool))
    found = _looked_up(pool, weighted, lambda _query, _near, cosines: cosines)
    return _untrained(rows, pool, (scores, float(np.median(scores))), found)


def shared_signs(left: set[str], right: set[str]) -> float:
    """Return the share of their signs that two sentences have in common."""
    return len(left & right) / max(1, len(left | right))


def _weighted(pool: Pool, cutter: Cutter) -> Any:
    counted = bags(pool.sentences, cutter)
    return _normed((counted @ sparse.diags(rarity(counted))).tocsr())


def _places(rows: Sequence[Row], pool: Pool) -> tuple[list[int], list[int]]:
    place = {text: at for at, text in enumerate(pool.sentences)}
    return [place[row["a"]] for row in rows], [place[row["b"]] for row in rows]


def _cosines(weighted: Any, left: list[int], right: list[int]) -> Floats:
    return np.asarray(weighted[left].multiply(weighted[right]).sum(axis=1), np.float64).ravel()


def _looked_up(pool: Pool, weighted: Any, alike: Callable[[int, NDArray[np.intp], Floats], Floats]) -> list[list[int]]:
    """Return the places found for each sentence asked: the hundred of the highest cosine, the most `alike` first."""
    found = []
    for start in range(0, len(pool.asked), BLOCK):
        block = list(pool.asked[start : start + BLOCK])
        for query, row in zip(block, (weighted[block] @ weighted.T).toarray(), strict=True):
            row[query] = -np.inf
            near = np.argsort(-row, kind="stable")[:RERANKED]
            order = np.argsort(-alike(query, near, row[near]), kind="stable")
            found.append([int(at) for at in near[order]])
    return found


def _untrained(rows: Sequence[Row], pool: Pool, judged: tuple[Floats, float], found: Sequence[Sequence[int]]) -> Report:
    scores, least = judged
    correct = (scores >= least) == np.array([bool(row["same"]) for row in rows])
    ranks = [_first(pool, query, order) for query, order in zip(pool.asked, found, strict=True)]
    asked = (pool.sentences[query] for query in pool.asked)
    told = {text: tuple(pool.ids[at] for at in order[:SHOWN]) for text, order in zip(asked, found, strict=True)}
    numbers = {"pairs": len(rows), "accuracy": float(correct.mean()), **recalls(ranks)}
    return Report(numbers, tuple(_lines(rows, scores, told, least)))


def _normed(matrix: Any) -> Any:
    sizes = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sparse.diags(1 / np.maximum(sizes, 1e-6)) @ matrix).tocsr()

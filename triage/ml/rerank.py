"""What a query and its candidates have in common, as numbers: the features by which candidates are put in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from triage.domain.facts import Facts, contradictions
from triage.ml import overlap
from triage.ml.frequencies import Frequencies, Ids

Floats = NDArray[np.float64]

TITLE_LIMIT = 40  # words
WORD_LIMIT = 400  # words of a text that are compared: the rest of a long log would drown what was said
LEAD = 40  # words: people say what it is about first
MOMENT = 60.0  # seconds: what lies less apart came at once
ROW = 60.0  # seconds that a row of an import without dates stands for: files are in order of time, either way round
NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text as it is compared: its words (the title's first) and their hashes, what it states, and what is around.

    `place` is its number in the order of arrival, by which texts of the very same time are told apart.
    """

    title: tuple[str, ...]
    words: tuple[str, ...]
    hashes: Ids
    facts: Facts = NO_FACTS
    component: str = ""
    created: datetime | None = None
    cluster_size: int = 1
    place: int | None = None


PARTS = ("title", "words", "lead", "order", "title_grams", "grams")
_EACH = ("cosine", "covered", "covering")
_FACTS = ("code", "version", "device")
_OWN = (
    *(f"{name}_{part}" for name in PARTS for part in _EACH),
    "title_in_words",
    "words_in_title",
    "rarest",
    "rare_shared",
    "shared_share",
    "length",
    "bm25",
    "bm25_per_word",
    *(f"{name}_{verdict}" for name in _FACTS for verdict in ("same", "other")),
    "component_same",
    "component_other",
    "recency",
    "age",
    "between",
    "people",
)
_RANKED = ("title_cosine", "words_cosine", "grams_cosine", "title_grams_cosine", "order_cosine", "rare_shared", "bm25")
FEATURES = (*_OWN, *(f"{name}_of_best" for name in _RANKED), *(f"{name}_rank" for name in _RANKED))


def counted(one: Prepared) -> Ids:
    """Return the hashes of what `Frequencies` counts of a text: words and n-grams."""
    return np.concatenate([one.hashes, overlap.grams([" ".join(one.words)]).ids])


def features(query: Prepared, candidates: Sequence[Prepared], scores: Sequence[float], seen: Frequencies) -> Floats:
    """Return a row of `FEATURES` for each candidate; `scores` are the candidate index's, in the same order.

    The last ones compare a candidate with the best of its list, so the order of the rows means nothing.
    """
    if not candidates:
        return np.zeros((0, len(FEATURES)))
    columns = {
        **_shared(query, candidates, seen),
        **_agreements(query, candidates),
        **_around(query, candidates, seen.texts),
    }
    bm25 = np.asarray(scores, float)
    columns["bm25"] = np.log1p(bm25)
    columns["bm25_per_word"] = bm25 / (1 + len(set(query.words[: len(query.title) + LEAD])))
    for name in _RANKED:
        values = columns[name]
        columns[f"{name}_of_best"] = values / max(float(values.max()), 1e-6)
        columns[f"{name}_rank"] = 1 / (1 + (values[None, :] > values[:, None] + 1e-9).sum(axis=1))
    return np.column_stack([columns[name] for name in FEATURES])


def _shared(query: Prepared, candidates: Sequence[Prepared], seen: Frequencies) -> dict[str, Floats]:
    both = [query, *candidates]
    titles = [one.hashes[: len(one.title)] for one in both]
    texts = [one.hashes for one in both]
    lead = overlap.together([one.hashes[: len(one.title) + LEAD] for one in both])
    whole = overlap.Overlap(overlap.together(texts), seen)
    compared = {
        "title": overlap.Overlap(overlap.together(titles), seen),
        "words": whole,
        "lead": overlap.Overlap(lead, seen),
        "order": overlap.Overlap(overlap.order(lead)),
        "title_grams": overlap.Overlap(overlap.grams([" ".join(one.title) for one in both]), seen),
        "grams": overlap.Overlap(overlap.grams([" ".join(one.words) for one in both]), seen),
    }
    columns = {f"{name}_{part}": getattr(one, part)() for name, one in compared.items() for part in _EACH}
    columns["title_in_words"] = _across(titles[0], texts[1:], seen).covered()
    columns["words_in_title"] = _across(texts[0], titles[1:], seen).covering()
    columns["rarest"], columns["rare_shared"] = whole.rarest(seen.total)
    columns["shared_share"] = whole.count()
    lengths = np.array([len(one.words) for one in candidates], float)
    columns["length"] = np.abs(np.log((lengths + 5) / (len(query.words) + 5)))
    return columns


def _across(query: Ids, candidates: Sequence[Ids], seen: Frequencies) -> overlap.Overlap:
    return overlap.Overlap(overlap.together([query, *candidates]), seen)


def _agreements(query: Prepared, candidates: Sequence[Prepared]) -> dict[str, Floats]:
    """Return for codes, versions and devices whether each candidate names the same or another."""
    columns = {f"{name}_{verdict}": np.zeros(len(candidates)) for name in _FACTS for verdict in ("same", "other")}
    if query.facts == NO_FACTS:
        return columns
    for row, one in enumerate(candidates):
        for name in _FACTS:
            columns[f"{name}_same"][row] = float(
                bool(getattr(query.facts, name + "s") & getattr(one.facts, name + "s"))
            )
        for other in contradictions(query.facts, one.facts):
            columns[f"{other.what}_other"][row] = 1.0
    return columns


def _around(query: Prepared, candidates: Sequence[Prepared], texts: int) -> dict[str, Floats]:
    known = [bool(one.component and query.component) for one in candidates]
    same = [one.component == query.component for one in candidates]
    gaps = _gaps(query, candidates)
    recency, age = _recency(gaps)
    return {
        "component_same": np.array([both and equal for both, equal in zip(known, same, strict=True)], float),
        "component_other": np.array([both and not equal for both, equal in zip(known, same, strict=True)], float),
        "recency": recency,
        "age": age,
        "between": _between(gaps, texts),
        "people": np.log([max(1, one.cluster_size) for one in candidates]),
    }


def _gaps(query: Prepared, candidates: Sequence[Prepared]) -> Floats:
    """Return the seconds between the query and each candidate; `ROW` for each place between those of the same time."""
    gaps = np.abs(np.array([_seconds(one) for one in candidates]) - _seconds(query))
    if query.place is None:
        return gaps
    rows = [0 if one.place is None else abs(one.place - query.place) for one in candidates]
    return np.asarray(np.where(gaps == 0, ROW * np.array(rows), gaps), np.float64)


def _recency(gaps: Floats) -> tuple[Floats, Floats]:
    """Return 1 for the candidate nearest in time down to 0, and how its distance compares with the list's middle one.

    Relative, for a busy tracker's week is a quiet one's year; .5 and 0 where times are not known.
    """
    known = np.isfinite(gaps)
    if known.sum() < 2:  # noqa: PLR2004 - one alone can't be compared
        return np.full(len(gaps), 0.5), np.zeros(len(gaps))
    middle = np.log1p(float(np.median(gaps[known])))
    nearer = (gaps[None, :] < gaps[:, None]).sum(axis=1) / max(1, int(known.sum()) - 1)
    return np.where(known, 1 - nearer, 0.5), np.where(known, np.log1p(np.where(known, gaps, 0)) - middle, 0.0)


def _between(gaps: Floats, texts: int) -> Floats:
    """Return ln(1 + n), n being how many of the site's `texts` came between, were they spread evenly over its time.

    That time is reckoned from the farthest candidate. What came in one moment has no order: its others all count as
    between. The middle of the list where a time is not known.
    """
    known = np.isfinite(gaps)
    if not known.any():
        return np.full(len(gaps), np.log1p(texts / 2))
    safe = np.where(known, gaps, 0.0)
    span = max(float(gaps[known].max()), 1.0)
    near = np.abs(safe[:, None] - safe[None, :]) < MOMENT
    at_once = (near & known[None, :]).sum(axis=1) - known
    passed = np.log1p(safe * texts / span + at_once * texts / len(gaps))
    return np.asarray(np.where(known, passed, np.median(passed[known])), np.float64)


def _seconds(one: Prepared) -> float:
    return one.created.timestamp() if one.created else float("nan")

"""A tracker's reports once more in order of time: what a ranker would have been asked, and what was right."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.ml.candidates import GRAM_TEXT, Candidates
from triage.ml.duplicates import Cut, Cutter, cut, prepared
from triage.ml.frequencies import Frequencies, Shares
from triage.ml.rerank import Prepared, counted, features
from triage.ml.segment import grams

CANDIDATES = 200  # that are put in order: the hundred after the first hundred hold 2 % of the duplicates
_START = datetime(2000, 1, 1, tzinfo=UTC)
_FORMATS = ("%d/%b/%y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: its place among the rows, the places found (best of BM25 first), their features, and which are right."""

    place: int
    found: tuple[int, ...]
    features: NDArray[np.float32]
    right: NDArray[np.bool_]


def queries(rows: Sequence[Report]) -> list[int]:
    """Return the places of the rows whose cluster appeared before them."""
    seen: set[str] = set()
    found = []
    for place, row in enumerate(rows):
        cluster = row.get("cluster")
        if cluster is None:
            continue
        if cluster in seen:
            found.append(place)
        seen.add(cluster)
    return found


def created(row: Report, place: int) -> datetime:
    """Return when a row was written; where it doesn't say, its place stands for it, an hour a row."""
    stated = str(row.get("created") or "")
    try:
        return _aware(datetime.fromisoformat(stated))
    except ValueError:
        pass
    for form in _FORMATS:
        try:
            return datetime.strptime(stated, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return _START + timedelta(hours=place)


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def cut_report(row: Report, cutter: Cutter) -> Cut:
    """Return the words and facts of a row."""
    return cut(cutter, str(row.get("title") or ""), str(row.get("body") or ""))


def replayed(
    rows: Sequence[Report], cutter: Cutter, wanted: Container[int], prior: Shares | None = None
) -> Iterator[Asked]:
    """Yield what is asked at each of the places `wanted`: only earlier rows are known, words are counted up to there.

    Nothing of the rows' clusters is told to the features: topics have the size of one.
    """
    known, seen, texts = Candidates(), Frequencies(prior=prior), list[Prepared]()
    for place, row in enumerate(rows):
        own = cut_report(row, cutter).headed()
        pieces = grams(f"{row.get('title') or ''}\n{row.get('body') or ''}"[:GRAM_TEXT])
        text = prepared(own, str(row.get("component") or ""), created(row, place), place=place)
        if place in wanted:
            yield _asked(rows, (place, text), known.find(own, pieces, CANDIDATES), texts, seen)
        known.add(own, pieces)
        seen.add(counted(text))
        texts.append(text)


def _asked(
    rows: Sequence[Report],
    query: tuple[int, Prepared],
    found: list[tuple[int, float]],
    texts: Sequence[Prepared],
    seen: Frequencies,
) -> Asked:
    places = tuple(place for place, _ in found)
    values = features(query[1], [texts[place] for place in places], [score for _, score in found], seen)
    cluster = rows[query[0]].get("cluster")
    right = np.array([cluster is not None and rows[place].get("cluster") == cluster for place in places], bool)
    return Asked(query[0], places, values.astype(np.float32), right)

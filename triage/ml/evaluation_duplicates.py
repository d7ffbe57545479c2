"""How well duplicates are found in a tracker's reports, asked in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from triage.errors import InvalidError
from triage.ml.candidates import Bm25, best
from triage.ml.duplicate_training import asked_of, fit
from triage.ml.duplicates import Cutter, meant
from triage.ml.encoder import LOOKED_AT, Encoder, raised
from triage.ml.outcomes import Id, Outcome, Report, recalls
from triage.ml.ranker import Ranker
from triage.ml.replay import Asked, cut_report, queries
from triage.ml.replay import Report as Row

Floats = NDArray[np.float64]
Which = Literal["last20", "all"]
SHOWN = 20
LAST = 5  # the last fifth


@dataclass(frozen=True, slots=True)
class Known:
    """What there is before any row is read: a ranker, and an encoder that takes part as in service, 30 ms a text."""

    ranker: Ranker | None = None
    encoder: Encoder | None = None


def chosen(rows: Sequence[Row], which: Which) -> tuple[list[int], list[int]]:
    """Return the places that are asked, and those of the earlier queries that may be trained on.

    `last20` asks the last fifth of the queries and trains on all before the first of them; `all` asks them all.
    """
    places = queries(rows)
    if which == "all":
        return places, []
    first = len(places) - len(places) // LAST
    return places[first:], places[:first]


def duplicates(
    rows: Sequence[Row],
    cutter: Cutter,
    *,
    which: Which = "last20",
    train: Sequence[Sequence[Row]] = (),
    known: Known = Known(),
) -> Report:
    """Return n, recall_at_1/5/10 and mrr of the ranker over `rows` (in order of time), with a line for each query.

    Trained on the `train` trackers and, for last20, the queries before; where there is nothing to train on, the ranker
    `known` is asked. Raises InvalidError where there is neither, or nothing to ask.
    """
    asked, before = chosen(rows, which)
    if not asked:
        raise InvalidError("no row's cluster appeared before it: nothing to ask", field="file")
    prior = known.ranker.prior if known.ranker else None
    replayed = {one.place: one for one in asked_of(rows, cutter, [*before, *asked], prior)}
    examples = [replayed[place] for place in before]
    examples += [one for other in train for one in asked_of(other, cutter, prior=prior)]
    told = [one.right for one in examples if len(one.right)]
    ranker = fit(examples) if any(one.any() for one in told) and any(not one.all() for one in told) else known.ranker
    if ranker is None:
        raise InvalidError("nothing to train on and no shipped model", field="train")
    return _report(rows, [(replayed[place], log_odds(ranker, rows, replayed[place], known.encoder)) for place in asked])


def log_odds(ranker: Ranker, rows: Sequence[Row], one: Asked, encoder: Encoder | None = None) -> Floats:
    """Return the log-odds of each candidate that was found: by the ranker and, where there is one, by the encoder."""
    odds = ranker.decide(one.features.astype(float))
    if encoder is None:
        return odds
    looked_at = set(np.argsort(-odds, kind="stable")[:LOOKED_AT].tolist())
    texts = [meant(str(rows[at].get("title") or ""), str(rows[at].get("body") or "")) for at in (one.place, *one.found)]
    said = [(text, encoder.remembered(text, look=at in looked_at)) for at, text in enumerate(texts[1:])]
    changed = raised(encoder, (texts[0], None), said, odds)
    odds[list(changed)] += list(changed.values())
    return odds


def plain_duplicates(rows: Sequence[Row], cutter: Cutter, *, which: Which = "last20") -> Report:
    """Return the same numbers for plain BM25 of all words against all words: the baseline."""
    asked, _ = chosen(rows, which)
    wanted, known, ranks, lines = set(asked), Bm25(), [], []
    for place, row in enumerate(rows):
        cut = cut_report(row, cutter)
        words = (*cut.title, *cut.body)
        if place in wanted:
            found = best(known.scores(dict.fromkeys(words, 1.0)), 1_000)
            right = [rows[other].get("cluster") == row.get("cluster") for other, _ in found]
            ranks.append(right.index(True) if True in right else None)
            lines.append(_line(rows, place, found))
        known.add(words)
    return Report(recalls(ranks), tuple(lines))


def _report(rows: Sequence[Row], scored: Sequence[tuple[Asked, Floats]]) -> Report:
    ranks: list[int | None] = []
    lines = []
    for one, odds in scored:
        order = np.argsort(-odds, kind="stable")
        hits = np.flatnonzero(one.right[order])
        ranks.append(int(hits[0]) if len(hits) else None)
        found = [(one.found[at], float(1 / (1 + np.exp(-odds[at])))) for at in order]
        lines.append(_line(rows, one.place, found))
    return Report(recalls(ranks), tuple(lines))


def _id(rows: Sequence[Row], place: int) -> Id:
    own = rows[place].get("id")
    return own if isinstance(own, str | int) else place


def _line(rows: Sequence[Row], place: int, found: Sequence[tuple[int, float]]) -> Outcome:
    ids = tuple(_id(rows, other) for other, _ in found[:SHOWN])
    return Outcome(place, ids[0] if ids else None, found[0][1] if found else 0.0, ids)

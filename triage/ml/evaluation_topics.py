"""How well topics come out when feedback arrives one by one and nobody corrects them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from triage.ml.clusters import Policy, assign, grouped
from triage.ml.duplicates import Cutter, Match, sigmoid
from triage.ml.encoder import Encoder
from triage.ml.evaluation_duplicates import Floats, Known, duplicates, log_odds
from triage.ml.outcomes import Outcome, Report, recalls
from triage.ml.ranker import Ranker
from triage.ml.replay import Asked, queries, replayed
from triage.ml.replay import Report as Row
from triage.ml.rerank import FEATURES

SHOWN = 20
Scored = list[tuple[int, float, bool]]  # earlier row, score, contradicted


def b_cubed(truth: Sequence[str], found: Sequence[str]) -> tuple[float, float, float]:
    """Return B³ precision, recall and F1 of the groups `found` against `truth` (Bagga and Baldwin, 1998)."""
    if not truth:
        return 0.0, 0.0, 0.0
    pairs = Counter(zip(truth, found, strict=True))
    sizes, made = Counter(truth), Counter(found)
    precision = sum(count * count / made[group] for (_, group), count in pairs.items()) / len(truth)
    recall = sum(count * count / sizes[cluster] for (cluster, _), count in pairs.items()) / len(truth)
    return precision, recall, 2 * precision * recall / (precision + recall)


def scored(rows: Sequence[Row], cutter: Cutter, ranker: Ranker, encoder: Encoder | None = None) -> list[Scored]:
    """Return for each row the earlier rows that resemble it, best first."""
    asked = replayed(rows, cutter, range(len(rows)), ranker.prior)
    return [_ranked(one, log_odds(ranker, rows, one, encoder)) for one in asked]


def _ranked(one: Asked, odds: Floats) -> Scored:
    columns = [FEATURES.index(f"{name}_other") for name in ("code", "version", "device")]
    order = np.argsort(-odds, kind="stable")[:SHOWN]
    against = one.features[:, columns].sum(axis=1) > 0
    return [(one.found[at], sigmoid(float(odds[at])), bool(against[at])) for at in order]


def placed(found: Iterable[Scored], policy: Policy) -> list[int]:
    """Return the topic of each row when each goes where `assign` puts it; a topic's number is its first row's."""
    topics: dict[tuple[str, int], int] = {}
    for place, resembling in enumerate(found):
        matches = [Match(other, score, None, (), ()) for other, score, _ in resembling]
        topic = assign(grouped(matches, topics), policy).topic
        topics["feedback", place] = place if topic is None else topic
    return list(topics.values())


def truth_of(rows: Sequence[Row]) -> list[str]:
    """Return each row's cluster; a row without one is alone."""
    return [
        str(row["cluster"]) if row.get("cluster") is not None else f"alone {place}" for place, row in enumerate(rows)
    ]


def feedback_topics(
    rows: Sequence[Row], cutter: Cutter, ranker: Ranker, *, encoder: Encoder | None = None, policy: Policy | None = None
) -> Report:
    """Return recall_at_1/5/10 and mrr of duplicates among `rows`, and b3_f1 of the topics made by adding them in order.

    Nothing is trained on `rows`; all projects share one pool, since clusters reach across them.
    """
    known = Known(ranker, encoder)
    asked = duplicates(rows, cutter, which="all", known=known).numbers if queries(rows) else recalls([])
    found = scored(rows, cutter, ranker, encoder)
    topics = placed(found, policy or Policy())
    precision, recall, f1 = b_cubed(truth_of(rows), [str(topic) for topic in topics])
    lines = [_line(place, topic, one) for place, (topic, one) in enumerate(zip(topics, found, strict=True))]
    numbers = {**asked, "b3_precision": precision, "b3_recall": recall, "b3_f1": f1, "topics": len(set(topics))}
    return Report(numbers, tuple(lines))


def _line(place: int, topic: int, one: Scored) -> Outcome:
    return Outcome(place, topic, one[0][1] if one else 0.0, tuple(other for other, _, _ in one))


def plain_topics(rows: Sequence[Row], cutter: Cutter, threshold: float = 0.3) -> Report:
    """Return b3_f1 of the baseline: each row joins its nearest earlier row by tf-idf cosine, from `threshold` on."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [f"{row.get('title') or ''} {row.get('body') or ''}" for row in rows]
    vectors = TfidfVectorizer(analyzer=cutter.tokens).fit_transform(texts)
    alike = (vectors @ vectors.T).toarray()
    topics: list[int] = []
    for place in range(len(rows)):
        near = int(np.argmax(alike[place, :place])) if place else 0
        topics.append(topics[near] if place and alike[place, near] >= threshold else place)
    precision, recall, f1 = b_cubed(truth_of(rows), [str(topic) for topic in topics])
    return Report({"b3_precision": precision, "b3_recall": recall, "b3_f1": f1, "topics": len(set(topics))})

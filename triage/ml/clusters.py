"""Topics: which one a feedback joins, which feedback stand for it, and which topics people should look at again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.ml.duplicates import Match

Floats = NDArray[np.float64]
MEMBERS_COMPARED = 4  # the best matches of a topic that speak for it
FURTHER = 0.6  # what each but the best counts: they are alike among themselves, too


@dataclass(frozen=True, slots=True)
class Policy:
    """From which score (0..1) a feedback joins a topic, a topic is suggested, two are to be merged, one to be split.

    `margin` is the lead that the best topic needs over the next one. `join` is the lowest that came within .02 of the
    best B³ on the second half of the Eclipse reports for a ranker of the first half; the others stand in proportion.
    """

    join: float = 0.30
    suggest: float = 0.05
    margin: float = 0.02
    merge: float = 0.50
    split: float = 0.04


@dataclass(frozen=True, slots=True)
class TopicMatch:
    """A topic that holds candidates: its score, the best of them, and whether facts of that one contradict."""

    topic: int
    score: float
    best: Match
    contradicted: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a feedback goes: `topic` is None for a new one; `suggested` are topics for a person to look at.

    `why` is one of must-link, alike, contradicted, close-call, unsure, nothing-alike.
    """

    topic: int | None
    why: str
    score: float
    suggested: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A merge of two topics, or a split of one into `groups` of members; `pairs` are the feedback that show it."""

    kind: str
    topics: tuple[int, ...]
    score: float
    pairs: tuple[tuple[int, int, float], ...]
    groups: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic to be looked at: the ids of its feedback in order of time, and how alike they are (n × n, 0..1)."""

    id: int
    members: tuple[int, ...]


def grouped(matches: Sequence[Match], topic_of: Mapping[tuple[str, int], int]) -> list[TopicMatch]:
    """Return the topics that hold `matches` (by kind and id), best first.

    A topic's score is that of its best match, raised by the next few (a discounted noisy-or): several feedback alike
    say more than one does, and no match lowers another, since a large topic need not be alike throughout.
    """
    held: dict[int, list[Match]] = {}
    for match in matches:
        topic = topic_of.get((match.kind, match.id))
        if topic is not None:
            held.setdefault(topic, []).append(match)
    found = [_topic_match(topic, members) for topic, members in held.items()]
    return sorted(found, key=lambda one: (-one.score, one.topic))


def _topic_match(topic: int, members: list[Match]) -> TopicMatch:
    best = sorted(members, key=lambda match: -match.score)[:MEMBERS_COMPARED]
    doubt = 1 - best[0].score
    for match in best[1:]:
        doubt *= 1 - FURTHER * match.score
    return TopicMatch(topic, 1 - doubt, best[0], contradicted=bool(best[0].differing))


def assign(
    matches: Sequence[TopicMatch], policy: Policy, *, must: int | None = None, cannot: Collection[int] = ()
) -> Placement:
    """Return where a feedback goes, given the topics that it resembles (best first).

    `must` is the topic that a person put it into, `cannot` those that a person took it out of. A contradicting fact or
    a rival close behind makes a suggestion of what would have been a placement.
    """
    if must is not None:
        return Placement(must, "must-link", 1.0)
    allowed = [one for one in matches if one.topic not in cannot]
    if not allowed or allowed[0].score < policy.suggest:
        return Placement(None, "nothing-alike", allowed[0].score if allowed else 0.0)
    best, rivals = allowed[0], allowed[1:]
    suggested = tuple(one.topic for one in allowed if one.score >= policy.suggest)[:3]
    if best.score < policy.join:
        return Placement(None, "unsure", best.score, suggested)
    if best.contradicted:
        return Placement(None, "contradicted", best.score, suggested)
    if rivals and best.score - rivals[0].score < policy.margin:
        return Placement(None, "close-call", best.score, suggested)
    return Placement(best.topic, "alike", best.score, suggested[1:])


def representatives(alike: Floats, count: int = 3) -> list[int]:
    """Return the places of the `count` feedback that stand best for all, the medoid first.

    `alike` is (n, n), 0..1. Each next one is the one that best covers what those before it do not (facility location).
    """
    covered = np.zeros(len(alike))
    chosen: list[int] = []
    for _ in range(min(count, len(alike))):
        gains = np.maximum(alike, covered[None, :]).sum(axis=1)
        gains[chosen] = -1.0
        chosen.append(int(np.argmax(gains)))
        covered = np.maximum(covered, alike[chosen[-1]])
    return chosen


def title_of(titles: Sequence[str], alike: Floats) -> str:
    """Return the title of the feedback that stands best for a topic; the first one that has a title at all."""
    order = representatives(alike, len(titles))
    return next((titles[place].strip() for place in order if titles[place].strip()), "")


def merges(topics: Sequence[Topic], alike: Mapping[tuple[int, int], float], policy: Policy) -> list[Proposal]:
    """Return the pairs of `topics` that look like one, surest first.

    `alike` holds the scores of pairs of feedback that were compared, smaller id first; what is missing counts as 0, so
    compare each topic's representatives.
    """
    owner = {member: topic.id for topic in topics for member in topic.members}
    between: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
    for (left, right), score in alike.items():
        pair = sorted((owner.get(left, -1), owner.get(right, -1)))
        if pair[0] >= 0 and pair[0] != pair[1]:
            between.setdefault((pair[0], pair[1]), []).append((left, right, score))
    found = [_merge(pair, sorted(scored, key=lambda one: -one[2])) for pair, scored in between.items()]
    return sorted((one for one in found if one.score >= policy.merge), key=lambda one: -one.score)


def _merge(pair: tuple[int, int], scored: list[tuple[int, int, float]]) -> Proposal:
    best = [score for _, _, score in scored[:MEMBERS_COMPARED]]
    return Proposal("merge", pair, (best[0] + sum(best) / len(best)) / 2, tuple(scored[:3]))


def split(topic: Topic, alike: Floats, policy: Policy) -> Proposal | None:
    """Return how `topic` falls apart when only pairs that score `policy.split` hold together, None where it does not.

    `alike` is (n, n) in the order of its members. The proposal's score is the best that still links two of the parts,
    low when the split is sure; its pairs are the likest feedback that would be parted.
    """
    labels = _components(alike >= policy.split)
    parts = [tuple(np.flatnonzero(labels == label)) for label in range(int(labels.max()) + 1)] if len(alike) else []
    if len(parts) < 2:  # noqa: PLR2004
        return None
    apart = labels[:, None] != labels[None, :]
    rows, columns = np.nonzero(np.triu(apart))
    order = np.argsort(-alike[rows, columns])[:3]
    ids = topic.members
    pairs = tuple((ids[rows[at]], ids[columns[at]], float(alike[rows[at], columns[at]])) for at in order)
    groups = tuple(tuple(ids[place] for place in part) for part in sorted(parts, key=lambda part: (-len(part), part)))
    return Proposal("split", (topic.id,), pairs[0][2], pairs, groups)


def _components(linked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return for each node of the graph `linked` the number of its connected part, in order of appearance."""
    labels = np.full(len(linked), -1)
    for start in range(len(linked)):
        if labels[start] >= 0:
            continue
        label, reached = int(labels.max(initial=-1)) + 1, [start]
        while reached:
            node = reached.pop()
            labels[node] = label
            reached += [int(other) for other in np.flatnonzero(linked[node] | linked[:, node]) if labels[other] < 0]
    return labels

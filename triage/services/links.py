"""What people said belongs together or apart, and from which score on a feedback may join a topic by itself.

Before there are enough decisions of this project to make a probability of a score, a feedback joins only topics that
still wait for a person, who sees it there; what is on the host already it joins only with the very same words.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.tables import Decision, Feedback, Issue, Proposal, Topic
from triage.domain.topics import OPEN, TopicState, Verb
from triage.ml.calibration import Calibration
from triage.ml.clusters import Policy, TopicMatch
from triage.ml.duplicates import sigmoid

WANTED = 0.9  # probability, by the project's own decisions, from which a feedback joins a topic by itself
JOINABLE = OPEN | {TopicState.ACCEPTED, TopicState.FILED}

Apart = frozenset[frozenset[int]]
Key = tuple[str, int]  # which table, and which row


def policy(line: Calibration | None) -> Policy:
    """Return the thresholds: joining needs the score that `line`, where there is one, makes `WANTED` of."""
    if line is None:
        return Policy()
    score = sigmoid((math.log(WANTED / (1 - WANTED)) - line.offset) / line.slope)
    return replace(Policy(), join=max(score, Policy().suggest))


def joinable(
    matches: Sequence[TopicMatch], topics: Mapping[int, Topic], line: Calibration | None, same: Collection[int]
) -> list[TopicMatch]:
    """Return the matches that a feedback may join; `same` are the topics that hold the very same words."""
    allowed = JOINABLE if line else OPEN
    return [
        one
        for one in matches
        if topics[one.topic].state in allowed or (one.topic in same and topics[one.topic].state in JOINABLE)
    ]


def twins(row: Feedback, others: Mapping[Key, Feedback | Issue]) -> list[Key]:
    """Return those of `others` that say the same in the same words and order; a title may be missing on one side."""
    return [key for key, one in others.items() if _same(row.cut, one.cut)]


def _same(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    titles = left.get("title"), right.get("title")
    return bool(left.get("body")) and left["body"] == right.get("body") and (titles[0] == titles[1] or not all(titles))


def put_by_people(session: Session, project_id: int, feedback: Collection[int]) -> set[int]:
    """Return those of `feedback` that a person moved to where they are, by a merge or a split."""
    if not feedback:
        return set()
    moves = select(Decision.detail).where(
        Decision.project_id == project_id,
        Decision.verb.in_((Verb.MERGE, Verb.SPLIT)),
        Decision.undone_at.is_(None),
        Decision.user_id.is_not(None),
    )
    moved = {row for detail in session.scalars(moves) for row in detail["feedback"]}
    return moved & set(feedback)


def apart(session: Session, topics: Collection[int]) -> Apart:
    """Return the pairs of `topics` that a person parted: split one off the other, or said no to merging them."""
    homes = lineage(session, topics)
    splits = select(Decision.topic_id, Decision.detail).where(
        Decision.verb == Verb.SPLIT, Decision.undone_at.is_(None), Decision.topic_id.in_(homes)
    )
    parted = [(homes[topic], detail["into"]) for topic, detail in session.execute(splits)]
    keys = select(Topic).where(Topic.key.in_([key for _, key in parted]))
    ids = {topic.key: topic.id for topic in session.scalars(keys)}
    pairs = {frozenset((topic, homes[ids[key]])) for topic, key in parted if ids.get(key) in homes}
    refused = (
        select(Proposal.topic_id, Proposal.other_id)
        .join(Decision, Decision.id == Proposal.decision_id)
        .where(Decision.verb == Verb.DISMISS, Decision.undone_at.is_(None))
        .where(Proposal.topic_id.in_(homes), Proposal.other_id.in_(homes))
    )
    pairs |= {frozenset((homes[one], homes[other or 0])) for one, other in session.execute(refused)}
    return frozenset(pair for pair in pairs if len(pair) == 2)  # noqa: PLR2004 - what was merged again is one


def lineage(session: Session, topics: Collection[int]) -> dict[int, int]:
    """Return each of `topics`, and every topic that was merged into it however long ago, with where it lives on."""
    homes = {topic: topic for topic in topics}
    fresh = set(homes)
    while fresh:
        rows = select(Topic.id, Topic.merged_into_id).where(Topic.merged_into_id.in_(fresh))
        found = {one: homes[into] for one, into in session.execute(rows) if into is not None and one not in homes}
        homes |= found
        fresh = set(found)
    return homes

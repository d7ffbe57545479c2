"""The periodic pass over the topics: what stands for each, which look like one, which fall apart.

Nothing is merged or split here: what is found is a proposal with its evidence. What people said already holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.queries import ALONE
from triage.db.tables import Feedback, Project, Proposal, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.topics import OPEN, TopicState, Verb
from triage.ml import clusters
from triage.ml.clusters import Policy, representatives, title_of
from triage.services import links, proposals
from triage.services.indexing import comparable, cut_of, query, understand
from triage.services.proposals import MERGE, SPLIT
from triage.services.site import Site

LOOKED_AT = OPEN | {TopicState.ACCEPTED, TopicState.FILED}
TOPICS = 500  # of a project, the most recent: one pass is a few minutes at most
MEMBERS = 12  # of a topic, the most recent, that are compared
COMPARED = 100  # texts that each of them is compared with
STANDING = 3  # feedback that stand for a topic
TITLED = 3  # members from which a topic's title is chosen anew, while nobody has decided on it

Floats = NDArray[np.float64]


@dataclass
class Alike:
    """How alike pairs of feedback are (smaller id first), and the words that each pair shares, weighed."""

    scores: dict[tuple[int, int], float] = field(default_factory=dict)
    words: dict[tuple[int, int], list[list[Any]]] = field(default_factory=dict)

    def matrix(self, members: Sequence[int]) -> Floats:
        """Return the scores among `members` (n, n); each is like itself, what was not compared is not alike."""
        found = np.eye(len(members))
        for row, left in enumerate(members):
            for column in range(row):
                score = self.scores.get(_pair(left, members[column]), 0.0)
                found[row, column] = found[column, row] = score
        return found


@dataclass(frozen=True, slots=True)
class Tidied:
    """What a pass found: topics looked at, and proposals now open."""

    topics: int
    merges: int
    splits: int

    def as_dict(self) -> dict[str, int]:
        """Return it as JSON takes it."""
        return {"topics": self.topics, "merges": self.merges, "splits": self.splits}


def tidy(site: Site, project_id: int) -> Tidied:
    """Go over a project's topics once and store what is proposed; proposals that no longer hold are closed."""
    if site.models.encoder:
        understand(site.db, site.models.encoder, project_id)
    with site.db.read() as session:
        site.follower.catch_up(session)
        topics = _topics(session, project_id)
        members = _members(session, topics)
        alike = _compared(site, [row for rows in members.values() for row in rows])
        found = [*_merges(session, topics, members, alike), *_splits(session, topics, members, alike)]
    with site.db.write() as session:
        session.get_one(Project, project_id, with_for_update=ALONE)
        for number, rows in sorted(members.items()):  # in the order in which others lock topics
            _stand(session.get_one(Topic, number), rows, alike)
        _store(session, project_id, found, set(topics), site.now())
    kinds = [one["kind"] for one in found]
    return Tidied(len(topics), kinds.count(MERGE), kinds.count(SPLIT))


def _topics(session: Session, project_id: int) -> dict[int, Topic]:
    rows = select(Topic).where(Topic.project_id == project_id, Topic.state.in_(LOOKED_AT))
    return {row.id: row for row in session.scalars(rows.order_by(Topic.last_seen.desc(), Topic.id).limit(TOPICS))}


def _members(session: Session, topics: dict[int, Topic]) -> dict[int, list[Feedback]]:
    """Return the latest few feedback of each topic, in order of time."""
    found: dict[int, list[Feedback]] = {}
    for number in topics:
        rows = select(Feedback).where(Feedback.topic_id == number, Feedback.state == FeedbackState.ANALYSED)
        latest = session.scalars(rows.order_by(Feedback.said_at.desc(), Feedback.id.desc()).limit(MEMBERS))
        found[number] = list(reversed(list(latest)))
    return found


def _compared(site: Site, rows: Sequence[Feedback]) -> Alike:
    """Compare each feedback with what the index finds for it, just as when it came in."""
    alike = Alike()
    known = {row.id: row for row in rows}
    for row in rows:
        asked = query(row.project_id, row.title, row.body, cut_of(row.cut))
        hits = {hit.id: hit.score for hit in site.index.find(asked, COMPARED, exclude=[("feedback", row.id)])}
        others = [(comparable(known[number]), score) for number, score in hits.items() if number in known]
        for match in site.models.duplicates.rank(comparable(row), others, shown=COMPARED):
            pair = _pair(row.id, match.id)
            if match.score > alike.scores.get(pair, -1.0):
                alike.scores[pair] = match.score
                alike.words[pair] = [[word, weight] for word, weight in match.shared]
    return alike


def _pair(left: int, right: int) -> tuple[int, int]:
    return min(left, right), max(left, right)


def _stand(topic: Topic, rows: Sequence[Feedback], alike: Alike) -> None:
    """Choose who stands for a topic, and its title while nobody has decided on it."""
    if not rows:
        return
    matrix = alike.matrix([row.id for row in rows])
    topic.representatives = [rows[place].id for place in representatives(matrix, STANDING)]
    if len(rows) >= TITLED and topic.state == TopicState.NEW:
        topic.title = title_of([row.title for row in rows], matrix) or topic.title


def _merges(
    session: Session, topics: dict[int, Topic], members: dict[int, list[Feedback]], alike: Alike
) -> list[dict[str, Any]]:
    looked = [clusters.Topic(number, tuple(row.id for row in rows)) for number, rows in members.items() if rows]
    found = clusters.merges(looked, alike.scores, Policy())
    apart = links.apart(session, {number for one in found for number in one.topics})
    made = []
    for one in found:
        into, leaving = sorted(
            (topics[number] for number in one.topics), key=lambda topic: (topic.first_seen, topic.id)
        )
        if not proposals.mergeable(leaving):
            leaving, into = into, leaving
        if proposals.mergeable(leaving) and frozenset(one.topics) not in apart:
            made.append(_described(one, alike, MERGE, (leaving.id, into.id)))
    return made


def _splits(
    session: Session, topics: dict[int, Topic], members: dict[int, list[Feedback]], alike: Alike
) -> list[dict[str, Any]]:
    made = []
    for number, rows in members.items():
        ids = tuple(row.id for row in rows)
        one = clusters.split(clusters.Topic(number, ids), alike.matrix(ids), Policy()) if len(ids) > 1 else None
        if one is not None and not _held_together(session, topics[number], one.groups):
            made.append(_described(one, alike, SPLIT, (number, None)))
    return made


def _held_together(session: Session, topic: Topic, groups: Sequence[Sequence[int]]) -> bool:
    """Return whether a person said that some of the parts belong together."""
    everybody = {row for group in groups for row in group}
    put = links.put_by_people(session, topic.project_id, everybody)
    if any(put.issuperset(group) for group in groups):
        return True
    whole = _kept_whole(session, topic)
    return any(sum(bool(kept & set(group)) for group in groups) > 1 for kept in whole)


def _kept_whole(session: Session, topic: Topic) -> list[set[int]]:
    rows = select(Proposal).where(Proposal.topic_id == topic.id, Proposal.kind == SPLIT)
    refused = [row for row in session.scalars(rows) if row.decision and not row.decision.undone_at]
    return [
        {one for group in row.groups for one in group}
        for row in refused
        if row.decision and row.decision.verb == Verb.DISMISS
    ]


def _described(one: clusters.Proposal, alike: Alike, kind: str, topics: tuple[int, int | None]) -> dict[str, Any]:
    pairs = [
        [left, right, round(score, 4), alike.words.get(_pair(left, right), [])[:6]] for left, right, score in one.pairs
    ]
    groups = [list(map(int, group)) for group in one.groups]
    return {
        "kind": kind,
        "topic_id": topics[0],
        "other_id": topics[1],
        "score": round(one.score, 4),
        "groups": groups,
        "pairs": pairs,
    }


def _store(session: Session, project_id: int, found: Sequence[dict[str, Any]], looked: set[int], now: datetime) -> None:
    """Bring the open proposals in line with what was found; those about topics that were not looked at stay."""
    project = session.get_one(Project, project_id)
    known = {_key(row.kind, row.topic_id, row.other_id): row for row in proposals.waiting(session, project)}
    fresh = {_key(one["kind"], one["topic_id"], one["other_id"]): one for one in found}
    for key, row in known.items():
        if key in fresh:
            row.score, row.groups, row.pairs = (fresh[key][name] for name in ("score", "groups", "pairs"))
        elif row.topic_id in looked or row.topic.state not in LOOKED_AT:
            row.outdated = True
    for key, one in fresh.items():
        if key not in known:
            session.add(Proposal(project_id=project_id, created_at=now, **one))


def _key(kind: str, topic: int, other: int | None) -> tuple[str, frozenset[int | None]]:
    return kind, frozenset((topic, other))

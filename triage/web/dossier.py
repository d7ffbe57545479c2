"""What a topic's page shows: everything that was said, what it may be the same as, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from triage.db.queries import survivor
from triage.db.tables import Candidate, Decision, Feedback, Refusal, Reply, Topic
from triage.domain.topics import ALLOWED, TopicState, Verb
from triage.services import gates, replies
from triage.services.likeness import Resemblance, resemblances
from triage.services.review import latest

SHOWN = 50  # feedback on the page: those that stand for the others, then newest last; more are counted only
CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Match:
    """Another topic that may be the same: the feedback here that resembles it, its own first one, and the row why."""

    topic: Topic
    here: Feedback
    there: Feedback | None
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one topic; `last` is the decision that can be undone, `survivor` where it lives on if merged.

    `decisions` are also those about other topics by which feedback came here: merges into it, and its splitting off.
    """

    topic: Topic
    feedback: list[Feedback]
    more: int
    matches: list[Match]
    issues: list[Resemblance]
    refusals: list[Refusal]
    replies: list[Reply]
    decisions: list[Decision]
    last: Decision | None
    survivor: Topic | None
    allowed: frozenset[Verb]


def dossier(session: Session, topic: Topic) -> Dossier:
    """Return what there is to know about `topic`."""
    feedback, total = _feedback(session, topic)
    came = and_(
        Decision.project_id == topic.project_id,
        Decision.verb.in_((Verb.MERGE, Verb.SPLIT)),
        Decision.detail["into"].as_string() == topic.key,
    )
    told = joinedload(Decision.user), joinedload(Decision.topic)
    decisions = select(Decision).options(*told).where(or_(Decision.topic_id == topic.id, came))
    return Dossier(
        topic=topic,
        feedback=feedback,
        more=total - len(feedback),
        matches=_matches(session, topic),
        issues=resemblances(session, topic) if TopicState(topic.state) in ALLOWED[Verb.LINK] else [],
        refusals=gates.refusals(session, topic),
        replies=replies.of_topic(session, topic.id),
        decisions=list(session.scalars(decisions.order_by(Decision.id.desc()))),
        last=latest(session, topic),
        survivor=survivor(session, topic) if topic.merged_into_id else None,
        allowed=frozenset(verb for verb, states in ALLOWED.items() if TopicState(topic.state) in states),
    )


def _feedback(session: Session, topic: Topic) -> tuple[list[Feedback], int]:
    mine = Feedback.topic_id == topic.id
    rows = select(Feedback).options(selectinload(Feedback.attachments), joinedload(Feedback.reporter)).where(mine)
    first = case((Feedback.id.in_(topic.representatives), 0), else_=1)
    total = session.scalar(select(func.count(Feedback.id)).where(mine)) or 0
    order = [first] if total > len(topic.representatives) else []  # in a small topic the order of time says more
    return list(session.scalars(rows.order_by(*order, Feedback.said_at, Feedback.id).limit(SHOWN))), total


def _matches(session: Session, topic: Topic) -> list[Match]:
    rows = (
        select(Candidate)
        .join(Feedback, Feedback.id == Candidate.feedback_id)
        .where(Feedback.topic_id == topic.id, Candidate.topic_id != topic.id)
        .order_by(Candidate.score.desc(), Candidate.id)
        .limit(CANDIDATES * 20)
    )
    found: dict[int, Match] = {}
    for candidate in session.scalars(rows):
        other = survivor(session, candidate.topic)
        if other.id not in found and other.id != topic.id and other.state != TopicState.SPAM:
            found[other.id] = _match(session, candidate, other)
    return list(found.values())[:CANDIDATES]


def _match(session: Session, candidate: Candidate, other: Topic) -> Match:
    first = session.scalar(
        select(Feedback).where(Feedback.topic_id == other.id).order_by(Feedback.said_at, Feedback.id).limit(1)
    )
    return Match(other, session.get_one(Feedback, candidate.feedback_id), first, candidate)

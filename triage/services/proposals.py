"""Proposals to merge or split topics: made by the periodic pass, followed or dismissed by a person's decision."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from triage.db.queries import members
from triage.db.tables import Decision, Feedback, Project, Proposal, Topic
from triage.domain.topics import ALLOWED, Verb
from triage.errors import ConflictError, NotFoundError
from triage.services import review
from triage.services.review import Actor

MERGE, SPLIT = "merge", "split"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things that a topic would be split into: a feedback of it, and how many there are."""

    feedback: Feedback
    count: int


def waiting(session: Session, project: Project) -> list[Proposal]:
    """Return the project's open proposals, surest first: the likest to be merged, the least alike to be split."""
    rows = _open(session, Proposal.project_id == project.id)
    return sorted(rows, key=lambda row: (row.kind, -row.score if row.kind == MERGE else row.score, row.id))


def about(session: Session, topic: Topic) -> list[Proposal]:
    """Return the open proposals that `topic` is part of."""
    return _open(session, or_(Proposal.topic_id == topic.id, Proposal.other_id == topic.id))


def parts(session: Session, row: Proposal) -> list[Part]:
    """Return what a split would make of the topic: what stays first, then each part that would leave."""
    rows = {one.id: one for one in members(session, row.topic)}
    held = [[rows[number] for number in group if number in rows] for group in row.groups]
    leaving = [Part(group[0], len(group)) for group in held[1:] if group]
    stays = len(rows) - sum(part.count for part in leaving)
    return [Part(group[0], stays) for group in held[:1] if group] + leaving


def one(session: Session, number: int) -> Proposal:
    """Return an open proposal. Raises NotFoundError for one that is not there, or answered."""
    rows = _open(session, Proposal.id == number)
    if not rows:
        raise NotFoundError("there is no such proposal, or it has been answered")
    return rows[0]


def _open(session: Session, which: ColumnElement[bool]) -> list[Proposal]:
    rows = select(Proposal).outerjoin(Decision, Decision.id == Proposal.decision_id)
    unanswered = or_(Proposal.decision_id.is_(None), Decision.undone_at.is_not(None))
    return list(session.scalars(rows.where(~Proposal.outdated, unanswered, which).order_by(Proposal.id)))


def follow(session: Session, row: Proposal, actor: Actor) -> Decision:
    """Do what is proposed. Raises ConflictError where the topics have moved on meanwhile."""
    made = [_merged(session, row, actor)] if row.kind == MERGE else _split(session, row, actor)
    for decision in made:
        decision.detail = {**decision.detail, "proposal": row.id}
    row.decision_id = made[-1].id
    session.flush()
    return made[-1]


def dismiss(session: Session, row: Proposal, actor: Actor) -> Decision:
    """Say no: two topics stay two things, or one stays one, until this is undone."""
    detail = {"proposal": row.id, "kind": row.kind}
    if row.other is not None:
        detail |= {"other": row.other.id, "into": row.other.key}
    decision = review.dismiss(session, row.topic, actor, detail)
    row.decision_id = decision.id
    session.flush()
    return decision


def _merged(session: Session, row: Proposal, actor: Actor) -> Decision:
    if row.other is None:
        raise ConflictError("the proposal names no other topic")
    leaving, into = (row.topic, row.other) if mergeable(row.topic) else (row.other, row.topic)
    return review.merge(session, leaving, actor, into)


def mergeable(topic: Topic) -> bool:
    """Return whether a topic may be merged into another one."""
    return topic.state in ALLOWED[Verb.MERGE]


def _split(session: Session, row: Proposal, actor: Actor) -> list[Decision]:
    """Split off each part but the largest; undoing the last decision undoes them all."""
    made = [review.split(session, row.topic, actor, part) for part in row.groups[1:]]
    if not made:
        raise ConflictError("the proposal names no parts")
    return made

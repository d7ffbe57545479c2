"""Reads that more than one service or page needs; what to look for may come from anybody, PostgreSQL refuses NUL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from triage.db.tables import Feedback, Issue, Project, Table, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.text import cleanse
from triage.errors import NotFoundError


def project_by_slug(session: Session, slug: str) -> Project:
    """Return the project, or raise NotFoundError."""
    project = session.scalar(select(Project).where(Project.slug == cleanse(slug)))
    if project is None:
        raise NotFoundError(f"there is no project “{cleanse(slug)[:60]}”")
    return project


def topic_by_key(session: Session, key: str) -> Topic:
    """Return the topic, or raise NotFoundError."""
    topic = session.scalar(select(Topic).where(Topic.key == cleanse(key).upper()))
    if topic is None:
        raise NotFoundError(f"there is no topic “{cleanse(key)[:16]}”")
    return topic


def feedback_by_receipt(session: Session, receipt: str) -> Feedback:
    """Return the feedback of a tidy receipt, or raise NotFoundError."""
    feedback = session.scalar(select(Feedback).where(Feedback.receipt == cleanse(receipt)))
    if feedback is None:
        raise NotFoundError("there is no feedback with this receipt")
    return feedback


def survivor(session: Session, topic: Topic) -> Topic:
    """Return the topic that `topic` lives on in: itself, or what it was merged into, however often; never a circle."""
    while topic.merged_into_id is not None:
        topic = session.get_one(Topic, topic.merged_into_id)
    return topic


def canonical(session: Session, issue: Issue) -> Issue:
    """Return the issue in which `issue` goes on, however often it was closed as a duplicate; of a circle, any one."""
    seen = {issue.id}
    while issue.duplicate_of and not issue.open:
        same = Issue.project_id == issue.project_id, Issue.repo == issue.repo
        further = session.scalar(select(Issue).where(*same, Issue.number == issue.duplicate_of))
        if further is None or further.id in seen:
            return issue
        seen.add(further.id)
        issue = further
    return issue


def members(session: Session, topic: Topic) -> list[Feedback]:
    """Return the topic's feedback, oldest first, quarantined ones included."""
    rows = select(Feedback).where(Feedback.topic_id == topic.id).order_by(Feedback.said_at, Feedback.id)
    return list(session.scalars(rows))


def recount(session: Session, topic: Topic) -> None:
    """Bring the topic's counts and times in line with its feedback; what is in quarantine counts for nothing."""
    counted = and_(Feedback.topic_id == topic.id, Feedback.state != FeedbackState.QUARANTINED)
    reports, people, first, last = session.execute(
        select(
            func.count(Feedback.id),
            func.count(func.distinct(Feedback.reporter_id)),
            func.min(Feedback.said_at),
            func.max(Feedback.said_at),
        ).where(counted)
    ).one()
    topic.reports, topic.people = reports, people
    if first is not None:
        topic.first_seen, topic.last_seen = first, last


# Of two that lock a row one waits, but nobody waits who only writes what points to it (FOR NO KEY UPDATE): else a
# decision on a topic and who has locked its project, and comes to write about the topic, wait for each other.
ALONE: dict[str, Any] = {"key_share": True}


def lock(session: Session, *rows: Table) -> None:
    """Lock rows in the order given and read them anew; what is pending is written first, for reading would drop it.

    The order is the same everywhere: project, topic (of several the older first), filing or issue, feedback.
    """
    session.flush()
    for row in rows:
        session.refresh(row, with_for_update=ALONE)

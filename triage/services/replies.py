"""What a reporter writes on their status page after the first time: more about it, or that it still happens."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage.db.tables import Feedback, Reply
from triage.domain.feedback import FeedbackState
from triage.domain.text import cleanse
from triage.errors import ConflictError, InvalidError

LIMIT = 5_000  # characters
A_DAY = 5  # replies to one feedback
TWICE = timedelta(minutes=1)  # the same words again within it are a button pressed twice
ENOUGH = "that is enough for one day; the team has what you wrote"
QUARANTINE = "this feedback is in quarantine"


def reply(session: Session, feedback: Feedback, text: str, *, objection: bool, now: datetime) -> Reply:
    """Keep what a reporter wrote; the sweep makes a comment of it once their topic has an issue.

    Raises InvalidError for what is empty (an objection may be wordless) or overlong, ConflictError for too much a day
    and for feedback in quarantine.
    """
    words = cleanse(text)
    if not words and not objection:
        raise InvalidError("write something", field="words", code="empty")
    if len(words) > LIMIT:
        raise InvalidError(f"at most {LIMIT:,} characters", field="words", code="reply_too_long")
    if feedback.state == FeedbackState.QUARANTINED:
        raise ConflictError(QUARANTINE)
    same = select(Reply).where(Reply.feedback_id == feedback.id, Reply.text == words, Reply.objection == objection)
    if twice := session.scalar(same.where(Reply.created_at > now - TWICE)):
        return twice
    today = Reply.created_at > now - timedelta(days=1)
    mine = select(func.count(Reply.id)).where(Reply.feedback_id == feedback.id, today)
    if (session.scalar(mine) or 0) >= A_DAY:
        raise ConflictError(ENOUGH)
    row = Reply(feedback_id=feedback.id, text=words, objection=objection, created_at=now)
    session.add(row)
    session.flush()
    return row


def of_feedback(session: Session, feedback_id: int) -> list[Reply]:
    """Return what the reporter of a feedback wrote later, oldest first."""
    return list(session.scalars(select(Reply).where(Reply.feedback_id == feedback_id).order_by(Reply.id)))


def of_topic(session: Session, topic_id: int) -> list[Reply]:
    """Return what reporters of a topic wrote later, oldest first."""
    rows = select(Reply).join(Feedback, Feedback.id == Reply.feedback_id).where(Feedback.topic_id == topic_id)
    return list(session.scalars(rows.order_by(Reply.id)))

"""Undoing a decision: what it changed is as it was before, and what was started outside is taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from triage.db.queries import lock, members, recount, survivor, topic_by_key
from triage.db.tables import Decision, Feedback, Issue, Notice, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.notices import Event
from triage.domain.topics import TopicState, Verb
from triage.errors import ConflictError
from triage.services import filing
from triage.services.review import Actor, latest, lock_both

MOVING = (Verb.MERGE, Verb.SPLIT)
LINKING = (Verb.LINK, Verb.FOLLOW)
# The others leave the topic's state alone, and the host may have moved it since.
_STATEFUL = frozenset({Verb.ACCEPT, *LINKING, Verb.MERGE, Verb.DECLINE, Verb.SNOOZE, Verb.SPAM, Verb.NOT_SPAM})


def undo(session: Session, decision: Decision, actor: Actor) -> Topic:
    """Undo a topic's latest decision and return the topic; ConflictError for one that is undone or not the latest.

    Feedback that was merged or split off comes back only if no later decision moved it on: that one is undone first.
    A topic that was split into several by one proposal is whole again.
    """
    topic = session.get_one(Topic, decision.topic_id)
    steps = _one_step(session, decision)
    for one in (step for step in steps if step.verb in MOVING):
        lock_both(session, topic, topic_by_key(session, one.detail["into"]))
    lock(session, topic, decision)
    if decision.undone_at is not None:
        raise ConflictError("this decision is undone already")
    last = latest(session, topic)
    if last is None or last.id != decision.id:
        raise ConflictError("something was decided after it: undo that first")
    for one in reversed(steps):
        _undone(session, one, topic, actor)
    return topic


def _one_step(session: Session, decision: Decision) -> list[Decision]:
    """Return what was made by the same press of a button, first to last: one proposal may split off several parts."""
    step = decision.detail.get("proposal")
    if step is None or decision.verb != Verb.SPLIT:
        return [decision]
    rows = select(Decision).where(
        Decision.topic_id == decision.topic_id, Decision.verb == Verb.SPLIT, Decision.undone_at.is_(None)
    )
    return [one for one in session.scalars(rows.order_by(Decision.id)) if one.detail.get("proposal") == step]


def _undone(session: Session, decision: Decision, topic: Topic, actor: Actor) -> None:
    if decision.verb in MOVING:
        _bring_back(session, decision, topic)
    _put_back(session, topic, decision)
    _take_back(session, decision, topic, actor.at)
    decision.undone_at, decision.undone_by_id = actor.at, actor.user_id
    session.flush()


def _bring_back(session: Session, decision: Decision, topic: Topic) -> None:
    """Move the feedback back that the decision moved away; neither topic may be left in a state that nobody chose."""
    moved = set(decision.detail["feedback"])
    _not_moved_on(session, decision, moved)
    named = topic_by_key(session, decision.detail["into"])
    other = survivor(session, named)
    others = {row.id for row in members(session, other)} - moved
    if decision.verb == Verb.SPLIT:
        _bury(session, named, topic, others)
    elif not others:
        raise ConflictError(f"nothing would be left in {other.key}: undo what was decided on it first")
    for row in session.scalars(select(Feedback).where(Feedback.id.in_(moved))):
        row.topic_id = topic.id
    session.flush()
    recount(session, other)


def _bury(session: Session, other: Topic, topic: Topic, others: set[int]) -> None:
    """Point the topic that was split off back to `topic`: it stays, for its link may have been passed on."""
    if latest(session, other) is not None:
        raise ConflictError(f"the topic split off ({other.key}) was decided on since: undo that first")
    if others:
        raise ConflictError(f"other feedback joined the topic split off ({other.key}): merge it instead")
    other.state, other.merged_into_id = TopicState.MERGED, topic.id


def _not_moved_on(session: Session, decision: Decision, moved: set[int]) -> None:
    later = select(Decision).where(
        Decision.project_id == decision.project_id,
        Decision.id > decision.id,
        Decision.undone_at.is_(None),
        Decision.verb.in_(MOVING),
    )
    if any(moved & set(one.detail["feedback"]) for one in session.scalars(later)):
        raise ConflictError("its feedback was moved on since: undo that first")


def _put_back(session: Session, topic: Topic, decision: Decision) -> None:
    before: dict[str, Any] = decision.before
    if decision.verb in _STATEFUL:
        topic.state, topic.reason = TopicState(before["state"]), before["reason"]
        topic.merged_into_id = before["merged_into_id"]
        topic.snoozed_until = datetime.fromisoformat(before["snoozed_until"]) if before["snoozed_until"] else None
    if decision.verb == Verb.CHANGE_KIND:
        topic.kind = before["kind"]
    if decision.verb == Verb.CHANGE_COMPONENT:
        topic.component = before["component"]
    was = {number: (state, kind) for number, state, kind in before["feedback"]}
    parts = before.get("components", {})  # decisions made before components could be changed kept none
    for row in members(session, topic):
        joined = FeedbackState.QUARANTINED if topic.state == TopicState.SPAM else row.state
        row.state, row.kind = was.get(row.id, (joined, row.kind))
        row.component = parts.get(str(row.id), row.component)
    session.flush()
    recount(session, topic)


def _take_back(session: Session, decision: Decision, topic: Topic, now: datetime) -> None:
    if decision.verb == Verb.ACCEPT and topic.filing is not None:
        filing.withdraw(session, topic.filing, now=now)
    if decision.verb in LINKING:
        _part(session, decision, topic, now)
    if decision.verb == Verb.MERGE:  # what it told those who came: that the other topic is on the host already
        came = Notice.feedback_id.in_(decision.detail["feedback"]), Notice.happened_at == decision.made_at
        session.execute(delete(Notice).where(*came, Notice.event == Event.FILED))
    session.execute(delete(Notice).where(Notice.about == f"decision:{decision.id}"))


def _part(session: Session, decision: Decision, topic: Topic, now: datetime) -> None:
    """Let the topic go by what it went by before it was linked: its own issue, an intent to file, or nothing."""
    left = session.get(Issue, decision.detail["left"]) if decision.detail["left"] else None
    if left is not None and left.topic is not None and left.topic is not topic:
        raise ConflictError(f"issue {left.number} belongs to topic {left.topic.key} already: merge into that one")
    filing.attach(session, topic, left)
    if decision.detail["refile"]:
        filing.intend(session, topic, now=now)
    mine = select(Feedback.id).where(Feedback.topic_id == topic.id)
    told = Notice.event == Event.FILED, Notice.about == decision.detail["issue"]
    session.execute(delete(Notice).where(Notice.feedback_id.in_(mine), *told))

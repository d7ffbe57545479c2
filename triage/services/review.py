"""The queue's verbs. Each is one decision: checked, stored with what undoing it needs, and undone by `undo`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.queries import canonical, lock, members, recount, survivor
from triage.db.tables import Decision, Feedback, Issue, Topic
from triage.domain.codes import topic_key
from triage.domain.feedback import FeedbackState, Kind, suggested_title
from triage.domain.notices import Event
from triage.domain.text import cleanse
from triage.domain.topics import ON_HOST, TopicState, Verb, allow, ending
from triage.domain.verdicts import Policy, Standing, standing
from triage.errors import ConflictError, InvalidError
from triage.services import filing
from triage.services.components import choices
from triage.services.mirror import known
from triage.services.notices import News, tell

_KEPT = ("state", "kind", "component", "reason", "merged_into_id")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decides (`user_id` None: a policy), and when."""

    user_id: int | None
    at: datetime


def accept(session: Session, topic: Topic, actor: Actor) -> Decision:
    """Accept the topic: it is to be filed."""
    decision = _decide(session, Verb.ACCEPT, topic, actor)
    topic.state, topic.snoozed_until = TopicState.ACCEPTED, None
    filing.intend(session, topic, now=actor.at)
    return decision


def link(session: Session, topic: Topic, actor: Actor, issue: Issue) -> Decision:
    """Say that `issue` is about this topic already: the topic goes by it, or by the one that it is a duplicate of.

    Raises ConflictError for an issue closed as done (what comes back is no duplicate), of another topic, or gone.
    """
    issue = canonical(session, issue)
    _linkable(session, topic, issue)
    return go_by(session, topic, issue, _decide(session, Verb.LINK, topic, actor))


def follow(session: Session, topic: Topic, actor: Actor, issue: Issue) -> Decision:
    """Let a topic whose issue was closed as a duplicate go by the issue in which it goes on."""
    return go_by(session, topic, issue, _decide(session, Verb.FOLLOW, topic, actor))


def _linkable(session: Session, topic: Topic, issue: Issue) -> None:
    lock(session, topic, issue)
    meant = standing(known(issue), Policy.of(topic.project.policy).refusal_labels)
    if issue.project_id != topic.project_id:
        raise ConflictError("the issue belongs to another project")
    if issue.topic is not None:
        raise ConflictError(f"issue {issue.number} belongs to topic {issue.topic.key} already: merge into that one")
    if issue.error:
        raise ConflictError(f"issue {issue.number} can't be read: {issue.error}")
    if meant == Standing.REGRESSION:
        raise ConflictError(f"issue {issue.number} was closed as done: what comes back is filed anew, not linked")


def go_by(session: Session, topic: Topic, issue: Issue, decision: Decision) -> Decision:
    """Let `topic` go by `issue` as `decision` says, take back what was to be filed, and tell the reporters."""
    row = topic.filing
    waits = row is not None and row.state in {"waiting", "held", "blocked"}
    decision.detail = {"issue": issue.number, "left": topic.issue.id if topic.issue else None, "refile": waits}
    if row is not None and waits:
        filing.withdraw(session, row, now=decision.made_at)
    filing.attach(session, topic, issue)
    topic.snoozed_until = None
    if issue.open:
        topic.state, news = TopicState.FILED, News(Event.FILED, decision.made_at, issue.number)
    else:
        topic.state, event = ending(
            issue.reason, map(str, issue.labels), Policy.of(topic.project.policy).refusal_labels
        )
        news = News(event, decision.made_at, f"decision:{decision.id}")
    tell(session, topic, news)
    return decision


def decline(session: Session, topic: Topic, actor: Actor, reason: str) -> Decision:
    """Decline the topic; the reason is required, for every reporter reads it."""
    reason = cleanse(reason)
    if not reason:
        raise InvalidError("say why: every reporter reads it", field="reason", code="reason")
    decision = _decide(session, Verb.DECLINE, topic, actor, {"reason": reason})
    decision.reason = reason
    topic.state, topic.reason, topic.snoozed_until = TopicState.DECLINED, reason, None
    tell(session, topic, News(Event.DECLINED, actor.at, f"decision:{decision.id}", reason))
    return decision


def snooze(session: Session, topic: Topic, actor: Actor, until: datetime) -> Decision:
    """Put the topic away until a time to come."""
    if until <= actor.at:
        raise InvalidError("choose a day to come", field="until", code="until")
    decision = _decide(session, Verb.SNOOZE, topic, actor, {"until": until.isoformat()})
    topic.state, topic.snoozed_until = TopicState.SNOOZED, until
    return decision


def wake(topic: Topic) -> None:
    """Bring a snoozed topic back into the queue."""
    topic.state, topic.snoozed_until = TopicState.NEW, None


def merge(session: Session, topic: Topic, actor: Actor, into: Topic) -> Decision:
    """Move all feedback of `topic` into `into`; the emptied topic stays and points there. Never a circle."""
    target = lock_both(session, topic, into)
    if target.id == topic.id:
        raise ConflictError("a topic can't be merged into itself")
    if target.project_id != topic.project_id:
        raise ConflictError("the two topics belong to different projects")
    if target.state == TopicState.SPAM:
        raise ConflictError("the other topic is in quarantine")
    rows = members(session, topic)
    decision = _decide(session, Verb.MERGE, topic, actor, {"into": target.key, "feedback": [row.id for row in rows]})
    _move(session, rows, topic, target)
    topic.state, topic.merged_into_id, topic.snoozed_until = TopicState.MERGED, target.id, None
    told_where_it_stands(session, target, now=actor.at)
    return decision


def lock_both(session: Session, topic: Topic, into: Topic) -> Topic:
    """Return what `into` lives on in, with both topics locked.

    Everybody locks in the same order: of two merges at once, each into the other's topic, one waits and is refused.
    """
    target = survivor(session, into)
    lock(session, *sorted({topic, target}, key=lambda row: row.id))
    return target if target.merged_into_id is None else lock_both(session, topic, target)


def split(session: Session, topic: Topic, actor: Actor, feedback_ids: Iterable[int]) -> Decision:
    """Move the chosen feedback into a new topic of its own; at least one must go and one must stay.

    What is in quarantine stays there until somebody takes it out.
    """
    lock(session, topic)  # whoever moves feedback out of it now is waited for
    rows, wanted = members(session, topic), set(feedback_ids)
    leaving = [row for row in rows if row.id in wanted]
    if not leaving or len(leaving) == len(rows):
        raise InvalidError("choose some of the feedback, not all", field="feedback", code="split")
    decision = _decide(session, Verb.SPLIT, topic, actor)
    fresh = new_topic(session, leaving[0], now=actor.at)
    _move(session, leaving, topic, fresh)
    fresh.state = TopicState.SPAM if topic.state == TopicState.SPAM else fresh.state
    decision.detail = {"into": fresh.key, "feedback": [row.id for row in leaving]}
    return decision


def spam(session: Session, topic: Topic, actor: Actor) -> Decision:
    """Put the topic and all its feedback into quarantine."""
    decision = _decide(session, Verb.SPAM, topic, actor)
    _set_states(session, topic, FeedbackState.QUARANTINED)
    topic.state, topic.snoozed_until = TopicState.SPAM, None
    return decision


def not_spam(session: Session, topic: Topic, actor: Actor) -> Decision:
    """Take the topic and all its feedback out of quarantine, back into the queue."""
    decision = _decide(session, Verb.NOT_SPAM, topic, actor)
    _set_states(session, topic, FeedbackState.ANALYSED)
    topic.state = TopicState.NEW
    return decision


def change_kind(session: Session, topic: Topic, actor: Actor, kind: str) -> Decision:
    """Say what the topic is; its feedback follow."""
    if kind not in set(Kind):
        raise InvalidError(f"there is no kind “{kind}”", field="kind", code="kind")
    return _relabel(session, Verb.CHANGE_KIND, topic, actor, {"kind": kind})


def change_component(session: Session, topic: Topic, actor: Actor, component: str) -> Decision:
    """Say which component the topic is about, "" for none; its feedback follow."""
    if component and component not in choices(topic.project):
        raise InvalidError(f"there is no component “{component}”", field="component", code="component")
    return _relabel(session, Verb.CHANGE_COMPONENT, topic, actor, {"component": component})


def _relabel(session: Session, verb: Verb, topic: Topic, actor: Actor, labels: dict[str, str]) -> Decision:
    decision = _decide(session, verb, topic, actor, dict(labels))
    for row in (topic, *members(session, topic)):
        for name, value in labels.items():
            setattr(row, name, value)
    return decision


def answer(session: Session, topic: Topic, actor: Actor, words: str) -> Decision:
    """Write to every reporter of the topic. Undoing takes it off the pages; a mail that went out stays sent."""
    words = cleanse(words)
    if not words:
        raise InvalidError("write something", field="words", code="empty")
    decision = _decide(session, Verb.ANSWER, topic, actor, {"words": words})
    tell(session, topic, News(Event.ANSWERED, actor.at, f"decision:{decision.id}", words))
    return decision


def dismiss(session: Session, topic: Topic, actor: Actor, detail: dict[str, Any]) -> Decision:
    """Say no to a proposal about the topic; `detail` says to which (see triage.services.proposals)."""
    return _decide(session, Verb.DISMISS, topic, actor, detail)


def new_topic(session: Session, first: Feedback, *, now: datetime) -> Topic:
    """Make a topic for `first` (and move it there)."""
    topic = Topic(
        project_id=first.project_id,
        key=topic_key(secrets.choice),
        title=first.title or suggested_title(first.body),
        kind=first.kind,
        component=first.component,
        state=TopicState.NEW,
        first_seen=first.said_at,
        last_seen=first.said_at,
        created_at=now,
    )
    session.add(topic)
    session.flush()
    first.topic_id = topic.id
    session.flush()
    recount(session, topic)
    return topic


def told_where_it_stands(session: Session, topic: Topic, *, now: datetime) -> None:
    """Tell those who joined a topic that is on the host already what the others were told."""
    if topic.state in ON_HOST and topic.issue is not None:
        tell(session, topic, News(Event.FILED, now, topic.issue.number))


def _decide(session: Session, verb: Verb, topic: Topic, actor: Actor, detail: dict[str, Any] | None = None) -> Decision:
    """Lock the topic, check that the verb is allowed, and store the decision with the topic as it was."""
    lock(session, topic)
    allow(verb, TopicState(topic.state))
    decision = Decision(
        project_id=topic.project_id,
        topic_id=topic.id,
        user_id=actor.user_id,
        verb=verb,
        detail=detail or {},
        before=snapshot(session, topic),
        made_at=actor.at,
    )
    session.add(decision)
    session.flush()
    return decision


def snapshot(session: Session, topic: Topic) -> dict[str, Any]:
    """Return what `undo` needs to put a topic back: its own fields, and each feedback's place and labels."""
    kept: dict[str, Any] = {name: getattr(topic, name) for name in _KEPT}
    kept["snoozed_until"] = topic.snoozed_until.isoformat() if topic.snoozed_until else None
    rows = members(session, topic)
    kept["feedback"] = [[row.id, row.state, row.kind] for row in rows]
    kept["components"] = {str(row.id): row.component for row in rows}
    return kept


def _move(session: Session, rows: Sequence[Feedback], source: Topic, target: Topic) -> None:
    for row in rows:
        row.topic_id = target.id
    session.flush()
    recount(session, source)
    recount(session, target)


def _set_states(session: Session, topic: Topic, state: FeedbackState) -> None:
    for row in members(session, topic):
        row.state = state
    session.flush()
    recount(session, topic)


def latest(session: Session, topic: Topic) -> Decision | None:
    """Return the decision on `topic` that would be undone first."""
    rows = select(Decision).where(Decision.topic_id == topic.id, Decision.undone_at.is_(None))
    return session.scalar(rows.order_by(Decision.id.desc()).limit(1))

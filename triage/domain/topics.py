"""A topic's states, the verbs of the queue and which verb is allowed where."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from triage.domain.notices import Event
from triage.errors import ConflictError


class TopicState(StrEnum):
    """Where a topic stands between its first feedback and its end."""

    NEW = "new"  # waits for a person's decision
    SNOOZED = "snoozed"  # comes back at a date
    ACCEPTED = "accepted"  # to be filed; the intent row says how far
    FILED = "filed"  # has its issue on the host
    RESOLVED = "resolved"  # the issue was closed as completed
    CLOSED = "closed"  # the issue was closed and the host doesn't say why
    DECLINED = "declined"  # said no, with a reason: by a maintainer here or on the host
    MERGED = "merged"  # lives on in another topic
    SPAM = "spam"  # all of its feedback is in quarantine


class Verb(StrEnum):
    """What a person (or later a policy) does to a topic or a feedback."""

    ACCEPT = "accept"
    MERGE = "merge"
    SPLIT = "split"
    DECLINE = "decline"
    SNOOZE = "snooze"
    SPAM = "spam"
    NOT_SPAM = "not_spam"
    CHANGE_KIND = "change_kind"
    CHANGE_COMPONENT = "change_component"
    LINK = "link"
    FOLLOW = "follow"  # the host closed the topic's issue as a duplicate: it goes on in the other one
    ANSWER = "answer"
    DISMISS = "dismiss"  # a proposal to merge or split it


OPEN = frozenset({TopicState.NEW, TopicState.SNOOZED})
ON_HOST = frozenset({TopicState.ACCEPTED, TopicState.FILED, TopicState.RESOLVED, TopicState.CLOSED})
ALIVE = frozenset(TopicState) - {TopicState.MERGED}

# who does one of these has read the topic, and leaves its labels in place
AGREEING = frozenset({Verb.ACCEPT, Verb.DECLINE, Verb.ANSWER, Verb.LINK})

ALLOWED: dict[Verb, frozenset[TopicState]] = {
    Verb.ACCEPT: OPEN | {TopicState.DECLINED},
    Verb.LINK: OPEN | {TopicState.DECLINED, TopicState.ACCEPTED},
    Verb.FOLLOW: ON_HOST | {TopicState.DECLINED},
    Verb.MERGE: OPEN | {TopicState.DECLINED},
    Verb.SPLIT: ALIVE,
    Verb.DECLINE: OPEN,
    Verb.SNOOZE: OPEN,
    Verb.SPAM: OPEN | {TopicState.DECLINED},
    Verb.NOT_SPAM: frozenset({TopicState.SPAM}),
    Verb.CHANGE_KIND: ALIVE,
    Verb.CHANGE_COMPONENT: ALIVE,
    Verb.ANSWER: ALIVE - {TopicState.SPAM},
    Verb.DISMISS: ALIVE,
}


def allow(verb: Verb, state: TopicState) -> None:
    """Raise ConflictError unless `verb` may be done to a topic in `state`."""
    if state not in ALLOWED[verb]:
        raise ConflictError(f"a topic that is {state} can't take “{verb}”")


def ending(reason: str, labels: Iterable[str], refusals: Iterable[str]) -> tuple[TopicState, Event]:
    """Return what a closed issue means for its topic and its reporters.

    `reason` is the host's word ("completed", "not_planned", "duplicate" or "" where it has none); then a label that the
    project uses for refusals (`refusals`, any case) speaks. Closed without a word is never called resolved.
    """
    known = {
        "completed": (TopicState.RESOLVED, Event.RESOLVED),
        "not_planned": (TopicState.DECLINED, Event.DECLINED),
        "duplicate": (TopicState.DECLINED, Event.DUPLICATE),
    }
    if reason in known:
        return known[reason]
    if {label.casefold() for label in labels} & {label.casefold() for label in refusals}:
        return TopicState.DECLINED, Event.DECLINED
    return TopicState.CLOSED, Event.CLOSED

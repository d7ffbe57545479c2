"""Filing a topic on its Git host: exactly one issue, however often and by however many workers it is tried.

The intent is a committed row, one a topic for ever. Each attempt claims it, looks on the host for an issue that carries
the topic's marker (the answer to an earlier attempt may have been lost), creates one only where there is none, looks
again, and stores it. Where two workers were at it all the same (a clock was wrong, a machine slept), the oldest issue
counts and the others are closed as its duplicates; one that turns up later is seen to by the mirror (`stray`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from triage.db.engine import Database
from triage.db.queries import ALONE, lock
from triage.db.tables import Filing, Issue, Topic
from triage.domain.drafts import Draft, marked_key, marker
from triage.domain.notices import Event
from triage.domain.retry import next_try
from triage.domain.topics import TopicState
from triage.errors import OutsideError
from triage.hosts import Host, HostIssue
from triage.services import mirror, places
from triage.services.notices import News, tell

GRACE = timedelta(seconds=10)  # between "accept" and the first attempt, so that an undo in time leaves no trace outside
CLAIM = timedelta(minutes=5)  # longer than all calls of one attempt together may take
UNASKED = ("withdrawing", "checking")  # what needs nothing that may be public
GONE = frozenset({301, 404, 410})  # an issue that moved, or was deleted
SLACK = timedelta(hours=1)  # by how much the host's clock may differ from ours


def intend(session: Session, topic: Topic, *, now: datetime, grace: timedelta = GRACE) -> Filing:
    """Write down that `topic` is to be filed; one that was withdrawn takes up its old row, and so its old issue."""
    row = topic.filing
    if row is None:
        row = Filing(topic_id=topic.id, created_at=now, next_try_at=now + grace, attempts=0)
        session.add(row)
        topic.filing = row
    row.state, row.error, row.next_try_at, row.attempts, row.done_at = "waiting", "", now + grace, 0, None
    row.gate, row.passed_at, row.overrides = "", None, []
    return row


def withdraw(session: Session, row: Filing, *, now: datetime) -> None:
    """Take the intent back: before anything left the house it is cancelled, afterwards the issue is to be closed."""
    lock(session, row)
    # claimed_by stays for ever: attempts begin anew when a topic is accepted again, and its old issue may be open still
    row.state = "withdrawing" if row.claimed_by else "cancelled"
    row.next_try_at, row.error = now, ""


def retry(row: Filing, *, now: datetime) -> None:
    """Try a filing that waits or was given up again at once."""
    if row.state in {"waiting", "blocked", "held"}:
        row.state, row.next_try_at = "waiting", now


def due(session: Session, *, now: datetime, limit: int = 500) -> list[int]:
    """Return the filings to be worked on now."""
    rows = select(Filing.id).where(
        Filing.state.in_(("waiting", "held", "withdrawing", "checking")),
        Filing.next_try_at <= now,
        or_(Filing.claimed_until.is_(None), Filing.claimed_until <= now),
    )
    return list(session.scalars(rows.order_by(Filing.next_try_at, Filing.id).limit(limit)))


def block(db: Database, filing_id: int, problem: str) -> None:
    """Write down why a filing can't even be tried; it waits for a person."""
    with db.write() as session:
        row = session.get_one(Filing, filing_id, with_for_update=ALONE)
        row.error = problem
        row.state = "blocked" if row.state == "waiting" else row.state


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one attempt is to do: `by` is its own random name, `state` what it found, `since` when to look from.

    `number` is the issue that we know of already, "" for none.
    """

    filing_id: int
    topic_id: int
    by: str
    state: str
    key: str
    since: datetime
    number: str


def work(db: Database, filing_id: int, *, host: Host, draft: Draft | None, now: datetime) -> None:
    """Make one attempt and store how it went; leaves alone what is not due or what another worker has claimed.

    Without a draft (nothing of the topic may be public any more) only what is to be withdrawn is worked on.
    """
    claim = _claim(db, filing_id, now, ("waiting", *UNASKED) if draft else UNASKED)
    if claim is None:
        return
    try:
        issue = _filed(db, claim, host, draft) if draft and claim.state == "waiting" else _seen_to(db, claim, host)
    except OutsideError as error:
        with db.write() as session:
            _failed(_mine(session, claim), error, now)
        return
    with db.write() as session:
        _store(session, claim, issue, now)


def _claim(db: Database, filing_id: int, now: datetime, states: Sequence[str]) -> _Claim | None:
    """Claim the row in one statement and look at the number of rows: a second worker finds none."""
    by = secrets.token_hex(8)
    with db.write() as session:
        claimed = session.execute(
            update(Filing)
            .where(
                Filing.id == filing_id,
                Filing.state.in_(states),
                Filing.next_try_at <= now,
                or_(Filing.claimed_until.is_(None), Filing.claimed_until <= now),
            )
            .values(claimed_by=by, claimed_until=now + CLAIM, attempts=Filing.attempts + 1)
        )
        if not claimed.rowcount:  # type: ignore[attr-defined]
            return None
        row = session.get_one(Filing, filing_id)
        topic = session.get_one(Topic, row.topic_id)
        known = places.here(topic)
        number = known.number if known else ""
        return _Claim(filing_id, topic.id, by, row.state, topic.key, topic.created_at - SLACK, number)


def _mine(session: Session, claim: _Claim) -> Filing | None:
    """Return the row, locked, or None where the claim ran out and another worker took over."""
    row = session.get_one(Filing, claim.filing_id, with_for_update=ALONE)
    return row if row.claimed_by == claim.by else None


def marked(host: Host, key: str, since: datetime) -> list[HostIssue]:
    """Return our issues that carry the marker of topic `key`, oldest first; more than one where a fault made several.

    Where the host doesn't say who we are, only those by the author of the oldest: people copy what they read.
    """
    found = [issue for issue in host.created_since(since) if marked_key(issue.body) == key]
    found.sort(key=lambda issue: (issue.created_at, len(issue.number), issue.number))
    return [issue for issue in found if issue.author == found[0].author]


def _filed(db: Database, claim: _Claim, host: Host, draft: Draft) -> HostIssue | None:
    found = marked(host, claim.key, claim.since)
    if not _still(db, claim):  # listing may take long: another worker, or an undo, may have been faster
        return None
    made = None if found else host.create(draft)
    issue = _settled(db, claim, host, marked(host, claim.key, claim.since) if made else found) or made
    return issue if issue is None or issue.open else host.edit(issue.number, open=True)


def _seen_to(db: Database, claim: _Claim, host: Host) -> HostIssue | None:
    """Close the issue of a topic that was withdrawn; leave that of one that is only checked as it is."""
    issue = _settled(db, claim, host, marked(host, claim.key, claim.since))
    if issue is None and claim.number:
        issue = _known(host, claim.number)  # the list doesn't show it yet, or not any more
    if claim.state == "withdrawing" and issue is not None and issue.open:
        return host.edit(issue.number, open=False)
    return issue


def _known(host: Host, number: str) -> HostIssue | None:
    try:
        return host.get(number)
    except OutsideError as error:
        if error.status in GONE:
            return None
        raise


def _settled(db: Database, claim: _Claim, host: Host, found: Sequence[HostIssue]) -> HostIssue | None:
    """Return the oldest of our issues, and close the others as its duplicates; who was overtaken leaves them alone."""
    for issue in found[1:]:
        if issue.open and _still(db, claim):
            host.edit(issue.number, open=False)
            host.comment(issue.number, f"{marker(claim.key)}\nDuplicate of #{found[0].number}: it was filed twice.")
    return found[0] if found else None


def _still(db: Database, claim: _Claim) -> bool:
    with db.read() as session:
        row = session.get_one(Filing, claim.filing_id)
        return (row.claimed_by, row.state) == (claim.by, claim.state)


def _failed(row: Filing | None, error: OutsideError, now: datetime) -> None:
    """Wait and try again; what can't be filed as things are waits for a person, with a new token, say."""
    if row is None:
        return
    row.claimed_until, row.error = None, str(error)
    row.attempts -= error.retry_after is not None  # who was asked to wait has not failed
    if error.permanent:
        row.next_try_at = now + timedelta(days=1)
        row.state = "blocked" if row.state == "waiting" else row.state
    else:
        row.next_try_at = next_try(now, row.attempts, error.retry_after)


def _store(session: Session, claim: _Claim, issue: HostIssue | None, now: datetime) -> None:
    """Keep the issue; where a person turned round meanwhile (undid, or accepted again) the next attempt sees to it."""
    topic = session.get_one(Topic, claim.topic_id, with_for_update=ALONE)  # before the filing, as decisions do
    row = _mine(session, claim)
    if row is None:
        return
    row.claimed_until, row.error = None, ""
    if issue is not None:
        known = places.here(topic)
        other = known is not None and known.number != issue.number
        if other and claim.state != "withdrawing":
            attach(session, topic, None)  # the old one was deleted there, or was one too many
        if claim.state != "checking" or other:  # what else is new of it the follow-up is to see
            save_issue(session, topic, issue, now=now)
    if row.state == claim.state:
        _done(session, topic, row, issue, now)


def _done(session: Session, topic: Topic, row: Filing, issue: HostIssue | None, now: datetime) -> None:
    if row.state == "withdrawing":
        row.state, row.done_at = "withdrawn", now
    elif row.state == "checking":
        row.state = "filed"
    elif issue is not None:
        row.state, row.done_at = "filed", now
        topic.state = TopicState.FILED
        tell(session, topic, News(Event.FILED, now, issue.number))


def save_issue(session: Session, topic: Topic, found: HostIssue, *, now: datetime) -> Issue:
    """Store what the host says of the topic's issue; one that the topic doesn't go by (any more) is only mirrored."""
    known = places.here(topic)
    if known is not None and known.number == found.number:
        mirror.write(known, found, now=now)
        return known
    row = mirror.row_of(session, topic.project, found.number)
    row = row or mirror.fresh(session, topic.project, found.number, now=now)
    mirror.write(row, found, now=now)
    if known is None and row.topic_id is None:
        attach(session, topic, row)
    return row


def attach(session: Session, topic: Topic, issue: Issue | None) -> None:
    """Let `topic` go by `issue` from now on; in two steps, for each issue has one topic and each topic one issue."""
    topic.issue = None
    session.flush()
    topic.issue = issue
    session.flush()

"""Comments that we owe the issues of our topics: each an intent row, delivered once, found again by its marker."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from babel.support import NullTranslations
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from triage.db.engine import Database
from triage.db.queries import ALONE, members
from triage.db.tables import Remark, Reply, Topic
from triage.domain.drafts import remark, remark_key
from triage.domain.feedback import FeedbackState
from triage.domain.retry import next_try
from triage.domain.verdicts import Policy
from triage.errors import OutsideError
from triage.hosts import Host, HostComment
from triage.render import catalogue, quoted
from triage.services import places
from triage.services.evidence import hidden, public

CLAIM = timedelta(minutes=5)


def owe(session: Session, row: Remark) -> Remark | None:
    """Write down a comment that a topic's issue is to get; return None where it is owed, or was given, already."""
    if session.scalar(select(Remark.id).where(Remark.key == row.key)):
        return None
    session.add(row)
    session.flush()
    return row


def crowd(session: Session, topic: Topic, *, now: datetime) -> Remark | None:
    """Owe a word where so many people have said the same by now; of several round numbers the greatest, each once."""
    rows = [row for row in members(session, topic) if row.state != FeedbackState.QUARANTINED]
    people = len({row.reporter_id for row in rows if not hidden(topic, row)})
    reached = max((number for number in Policy.of(topic.project.policy).comment_at if number <= people), default=0)
    if reached <= _said_before(session, topic):
        return None
    words = _words(topic).gettext("%(people)s people have reported this by now.") % {"people": people}
    key = f"{topic.key}-people-{reached}"
    return owe(session, Remark(topic_id=topic.id, key=key, body=words, next_try_at=now, created_at=now))


def _said_before(session: Session, topic: Topic) -> int:
    keys = select(Remark.key).where(Remark.topic_id == topic.id, Remark.key.like(f"{topic.key}-people-%"))
    return max((int(key.rpartition("-")[2]) for key in session.scalars(keys)), default=0)


def _words(topic: Topic) -> NullTranslations:
    return catalogue(topic.project.language)


def gather(session: Session, *, now: datetime) -> None:
    """Turn what reporters wrote later into comments, once their topic has an issue; what is private stays inside."""
    rows = select(Reply).where(Reply.remark_id.is_(None)).order_by(Reply.id).limit(500)
    for reply in session.scalars(rows):
        topic = reply.feedback.topic
        issue = places.here(topic) if topic else None
        if topic is None or issue is None or (hidden(topic, reply.feedback) and not issue.confidential):
            continue
        made = Remark(topic_id=topic.id, key=f"{topic.key}-reply-{secrets.token_hex(6)}", body=_said(topic, reply))
        made.next_try_at, made.created_at = now, now
        made.reopen = reply.objection and Policy.of(topic.project.policy).reopen_on_objection
        reply.remark = owe(session, made)


def _said(topic: Topic, reply: Reply) -> str:
    words = _words(topic)
    if not reply.text:
        return words.gettext("A reporter says that it still happens.")
    still, more = words.gettext("A reporter says that it still happens:"), words.gettext("A reporter adds:")
    return f"{still if reply.objection else more}\n\n{quoted(public(reply.text))}"


def due(session: Session, *, now: datetime, limit: int = 200) -> list[int]:
    """Return the comments to be delivered now."""
    rows = select(Remark.id).where(Remark.state == "waiting", Remark.next_try_at <= now)
    free = or_(Remark.claimed_until.is_(None), Remark.claimed_until <= now)
    return list(session.scalars(rows.where(free).order_by(Remark.id).limit(limit)))


@dataclass(frozen=True, slots=True)
class _Claim:
    remark_id: int
    by: str
    number: str
    key: str
    body: str
    reopen: bool


def work(db: Database, remark_id: int, *, host: Host, now: datetime) -> None:
    """Deliver one comment and store how it went; one that another worker has claimed is left to it."""
    claim = _claim(db, remark_id, now)
    if claim is None:
        return
    try:
        given = _given(db, claim, host)
    except OutsideError as error:
        with db.write() as session:
            _failed(_mine(session, claim), error, now)
        return
    with db.write() as session:
        row = _mine(session, claim)
        if row is not None and given is not None:
            row.state, row.remote_id, row.done_at, row.error, row.claimed_until = "done", given.id, now, "", None


def _claim(db: Database, remark_id: int, now: datetime) -> _Claim | None:
    by = secrets.token_hex(8)
    free = or_(Remark.claimed_until.is_(None), Remark.claimed_until <= now)
    mine = update(Remark).where(Remark.id == remark_id, Remark.state == "waiting", Remark.next_try_at <= now, free)
    values = {"claimed_by": by, "claimed_until": now + CLAIM, "attempts": Remark.attempts + 1}
    with db.write() as session:
        if not session.execute(mine.values(values)).rowcount:  # type: ignore[attr-defined]
            return None
        row = session.get_one(Remark, remark_id)
        issue = places.here(row.topic)
        if issue is None:  # undone or left behind meanwhile; linked or filed again, it is delivered there
            row.claimed_until, row.next_try_at = None, now + timedelta(hours=1)
            return None
        return _Claim(row.id, by, issue.number, row.key, row.body, row.reopen)


def _mine(session: Session, claim: _Claim) -> Remark | None:
    row = session.get_one(Remark, claim.remark_id, with_for_update=ALONE)
    return row if row.claimed_by == claim.by else None


def _given(db: Database, claim: _Claim, host: Host) -> HostComment | None:
    """Return our comment, made now or found: the answer to an earlier attempt may have been lost."""
    if claim.reopen and not host.get(claim.number).open:
        host.edit(claim.number, open=True)
    for comment in host.comments(claim.number):
        if remark_key(comment.body) == claim.key:
            return comment
    with db.read() as session:  # listing may take long: another worker may have been faster
        if session.get_one(Remark, claim.remark_id).claimed_by != claim.by:
            return None
    return host.comment(claim.number, remark(claim.key, claim.body))


def _failed(row: Remark | None, error: OutsideError, now: datetime) -> None:
    if row is None:
        return
    row.claimed_until, row.error = None, str(error)
    row.attempts -= error.retry_after is not None  # who was asked to wait has not failed
    row.state = "failed" if error.permanent else "waiting"
    row.next_try_at = next_try(now, row.attempts, error.retry_after)


def retry(row: Remark, *, now: datetime) -> None:
    """Try a comment that waits or was given up again at once."""
    if row.state in {"waiting", "failed"}:
        row.state, row.next_try_at = "waiting", now

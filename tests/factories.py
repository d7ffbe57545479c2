"""Rows with sensible defaults; every field can be given, and each function flushes what it made."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from tests.fakes.clock import START
from triage.db.queries import recount
from triage.db.seal import seal
from triage.db.tables import (
    Candidate,
    Delivery,
    Feedback,
    Filing,
    Issue,
    ModelVersion,
    Notice,
    Project,
    Proposal,
    Reporter,
    Table,
    Topic,
    User,
)
from triage.domain.codes import receipt, topic_key
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState
from triage.services.indexing import READING
from triage.services.people import _hasher
from triage.services.review import Actor

KEY = "a key for tests"  # the secret key of the fixture `settings`
PASSWORD = "correct horse battery"
_numbers = count(1)
_hash = _hasher.hash(PASSWORD)  # once: each costs 50 ms on purpose
Row = TypeVar("Row", bound=Table)


def project(session: Session, **fields: Any) -> Project:
    number = next(_numbers)
    words = {"slug": f"p{number}", "name": f"Project {number}", "language": "en", "host_repo": "team/product"}
    secret = {"sealed_host_secret": seal("host secret", KEY), "sealed_hook_secret": seal("whsec_aG9vaw==", KEY)}
    return _added(session, Project(**(words | secret | {"created_at": START} | fields)))


def reporter(session: Session, project: Project, **fields: Any) -> Reporter:
    made = {"project_id": project.id, "key": f"anonymous:{next(_numbers)}", "mute_code": secrets.token_urlsafe(24)}
    return _added(session, Reporter(**(made | {"created_at": START} | fields)))


def feedback(session: Session, project: Project, body: str = "The job hangs at 99 %", **fields: Any) -> Feedback:
    """A feedback, by a reporter of its own; `email` (and `muted_at`) are the reporter's. It is in no topic."""
    about = {name: fields.pop(name) for name in ("email", "muted_at") if name in fields}
    number = next(_numbers)
    if "reporter" not in fields:
        fields["reporter"] = reporter(session, project, **about)
    made = {"project": project, "identity": f"form:{number}", "receipt": receipt(secrets.choice), "channel": "form"}
    made |= {"body": body, "state": FeedbackState.ANALYSED, "kind": "bug", "language": "en"}
    made |= {"said_at": START + timedelta(seconds=number), "created_at": START, "recipe": READING}
    return _added(session, Feedback(**(made | fields)))


def topic(
    session: Session,
    project: Project | None = None,
    feedback: Iterable[Feedback | str] = ("The job hangs at 99 %",),
    **fields: Any,
) -> Topic:
    """A topic of these feedback (rows, or bodies of new ones), counted."""
    owner = project or _product(session)
    rows = [_spoken(session, owner, one) for one in feedback]
    title = rows[0].title or rows[0].body[:80] if rows else "Nothing"
    made = {"project": owner, "key": topic_key(secrets.choice), "title": title, "kind": "bug"}
    made |= {"state": TopicState.NEW, "first_seen": START, "last_seen": START, "created_at": START}
    row = _added(session, Topic(**(made | fields)))
    for one in rows:
        one.topic = row
    session.flush()
    recount(session, row)
    session.flush()
    return row


def _product(session: Session) -> Project:
    return project(session)


def _spoken(session: Session, owner: Project, one: Feedback | str) -> Feedback:
    return feedback(session, owner, one) if isinstance(one, str) else one


def filed(session: Session, project: Project | None = None, number: str = "1", **fields: Any) -> Topic:
    """A topic with its filing done and its open issue."""
    row = topic(session, project, **({"state": TopicState.FILED} | fields))
    filing(session, row, state="filed", attempts=1, done_at=START)
    issue(session, row, number=number)
    return row


def filing(session: Session, topic: Topic, **fields: Any) -> Filing:
    made = {"topic": topic, "state": "waiting", "attempts": 0, "next_try_at": START, "created_at": START}
    return _added(session, Filing(**(made | fields)))


def issue(session: Session, topic: Topic, number: str = "1", **fields: Any) -> Issue:
    made = {"project_id": topic.project_id, "topic": topic, "repo": topic.project.host_repo, "number": number}
    made |= {"url": f"http://git.test/team/product/issues/{number}", "title": topic.title, "labels": []}
    made |= {"host_updated_at": START, "read_at": START, "created_at": START, "recipe": READING}
    return _added(session, Issue(**(made | fields)))


def notice(session: Session, feedback: Feedback, event: str = "filed", **fields: Any) -> Notice:
    made = {"feedback": feedback, "event": event, "mail_state": "waiting", "next_try_at": START}
    return _added(session, Notice(**(made | {"happened_at": START, "created_at": START} | fields)))


def delivery(session: Session, project: Project, number: str = "1", **fields: Any) -> Delivery:
    made = {"project_id": project.id, "source": "gitea", "remote_id": f"delivery-{next(_numbers)}", "number": number}
    return _added(session, Delivery(**(made | {"next_try_at": START, "created_at": START} | fields)))


def candidate(session: Session, feedback: Feedback, topic: Topic, **fields: Any) -> Candidate:
    made = {"feedback_id": feedback.id, "topic": topic, "score": 0.9, "shared": [["hangs", 1.0]], "differing": []}
    return _added(session, Candidate(**(made | {"created_at": START} | fields)))


def version(session: Session, project: Project, **fields: Any) -> ModelVersion:
    """The next version of the project's models: a candidate of no parts, whose folder is empty."""
    known = session.query(ModelVersion).filter_by(project_id=project.id).count()
    made = {"project_id": project.id, "version": known + 1, "folder": "", "trained_until": START, "created_at": START}
    return _added(session, ModelVersion(**(made | {"parts": {}, "metrics": {}} | fields)))


def proposal(session: Session, topic: Topic, other: Topic | None = None, **fields: Any) -> Proposal:
    """A proposal to merge `topic` into `other`, or to split it where there is no other."""
    made = {"project_id": topic.project_id, "kind": "merge" if other else "split", "topic": topic, "other": other}
    return _added(session, Proposal(**(made | {"score": 0.9, "created_at": START} | fields)))


def user(session: Session, name: str = "", **fields: Any) -> User:
    """A maintainer whose password is PASSWORD."""
    made = {"name": name or f"user{next(_numbers)}", "password_hash": _hash, "created_at": START}
    return _added(session, User(**(made | fields)))


def actor(user: User | None = None, *, hours: float = 0) -> Actor:
    """Who decides (None: a policy), so many hours after the fake clock's start."""
    return Actor(user.id if user else None, START + timedelta(hours=hours))


def _added(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row

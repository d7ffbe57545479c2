"""A picture of a feedback on its topic's issue: added because a maintainer says so, never by itself, and once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from triage.db.engine import Database
from triage.db.queries import ALONE
from triage.db.tables import Attachment, Remark, Topic
from triage.errors import ConflictError, NotFoundError
from triage.hosts import Host
from triage.render import catalogue
from triage.services import pictures, places, remarks
from triage.services.evidence import hidden

CLAIM = timedelta(minutes=5)  # longer than all calls to the host together may take
NO_ISSUE = "the topic has no issue"
PRIVATE = "this feedback is private and the issue is not"
BUSY = "this picture is being added already"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be added, and to which issue; `url` where it is there already."""

    topic_id: int
    number: str
    name: str
    media_type: str
    content: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Uploads:
    """The folder of the uploads, and where a maintainer sees the picture that is meant."""

    folder: Path
    link: str


def attach(db: Database, attachment_id: int, *, host: Host, uploads: Uploads, now: datetime) -> str | None:
    """Add a picture to its topic's issue, for all to see, and return its address.

    None where the host takes none: then a comment links to it here, where maintainers see it. An attempt whose answer
    was lost is made up for by the next: hosts that show what is attached are asked for it by its name, on the others it
    is seen only by our comment, and that is written once.
    Raises NotFoundError, OutsideError, and ConflictError: no issue, private, or somebody else is at it.
    """
    wanted = _wanted(db, attachment_id, uploads.folder, now)
    if wanted.url:
        return wanted.url
    url, answered = None, False
    try:
        url = host.attach(wanted.number, wanted.name, wanted.media_type, wanted.content)
        answered = True
    finally:
        with db.write() as session:
            row = session.get_one(Attachment, attachment_id, with_for_update=ALONE)
            row.attaching_until = None
            row.issue_url = row.issue_url or url or ""
            if answered and (url is None or host.unshown):
                _show(session, session.get_one(Topic, wanted.topic_id), row, uploads.link, now)
    return url


def _wanted(db: Database, attachment_id: int, folder: Path, now: datetime) -> _Wanted:
    with db.write() as session:
        row = session.get(Attachment, attachment_id)
        path = pictures.path(folder, row) if row else None
        if row is None or path is None or not path.is_file():
            raise NotFoundError("there is no such picture")
        topic, number = _issue(row)
        if not row.issue_url:
            _claim(session, row, now)
        return _Wanted(topic.id, number, row.name, row.media_type, path.read_bytes(), row.issue_url)


def _issue(row: Attachment) -> tuple[Topic, str]:
    topic = row.feedback.topic
    if topic is None or topic.issue is None:
        raise ConflictError(NO_ISSUE)
    if places.here(topic) is None:
        raise ConflictError(f"issue {topic.issue.number} can't be read: {places.LEFT}")
    if hidden(topic, row.feedback) and not topic.issue.confidential:
        raise ConflictError(PRIVATE)
    return topic, topic.issue.number


def _claim(session: Session, row: Attachment, now: datetime) -> None:
    """Claim the row in one statement and look at the number of rows: who presses the button twice finds none."""
    free = or_(Attachment.attaching_until.is_(None), Attachment.attaching_until <= now)
    mine = update(Attachment).where(Attachment.id == row.id, free).values(attaching_until=now + CLAIM)
    if not session.execute(mine).rowcount:  # type: ignore[attr-defined]
        raise ConflictError(BUSY)


def _show(session: Session, topic: Topic, row: Attachment, link: str, now: datetime) -> None:
    words = catalogue(topic.project.language).gettext("A picture that came with a report")
    key, body = f"{topic.key}-picture-{row.id}", f"{'!' * bool(row.issue_url)}[{words}]({row.issue_url or link})"
    remarks.owe(session, Remark(topic_id=topic.id, key=key, body=body, next_try_at=now, created_at=now))

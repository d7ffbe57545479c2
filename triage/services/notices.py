"""Telling reporters: one row a reporter and event, shown on the status page and mailed where there is an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage.channels.mail import Letter, Mailer
from triage.db.engine import Database
from triage.db.queries import ALONE, members
from triage.db.tables import Feedback, Notice, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.notices import Event
from triage.domain.retry import next_try
from triage.errors import OutsideError
from triage.render import Renderer

ATTEMPTS = 8
HOLD = timedelta(minutes=10)  # a mail that is being sent is left alone for this long; then its sender is taken for dead


@dataclass(frozen=True, slots=True)
class News:
    """Something to be told: `about` tells two events of one sort apart, `text` and `author` are the human answer."""

    event: Event
    at: datetime
    about: str = ""
    text: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Postman:
    """What sending a mail needs besides the notice."""

    mail: Mailer
    renderer: Renderer
    base_url: str


def tell(session: Session, topic: Topic, news: News) -> int:
    """Tell every reporter of `topic`, on the page of each feedback; return how many, without who was told before.

    Who said it several times gets one mail.
    """
    feedback = [row for row in members(session, topic) if row.state != FeedbackState.QUARANTINED]
    ids = [row.id for row in feedback]
    told = set(
        session.scalars(
            select(Notice.feedback_id).where(
                Notice.feedback_id.in_(ids), Notice.event == news.event, Notice.about == news.about
            )
        )
    )
    new = [row for row in feedback if row.id not in told]
    mailed: set[int] = set()
    for row in new:
        tell_one(session, row, news, by_mail=row.reporter_id not in mailed)
        mailed.add(row.reporter_id)
    return len(new)


def tell_one(session: Session, feedback: Feedback, news: News, *, by_mail: bool = True) -> Notice:
    """Tell the reporter of one feedback. The caller knows that it was not told before."""
    mailed = by_mail and bool(feedback.reporter.email) and feedback.reporter.muted_at is None
    notice = Notice(
        feedback_id=feedback.id,
        event=news.event,
        about=news.about,
        text=news.text,
        author=news.author,
        mail_state="waiting" if mailed else "none",
        next_try_at=news.at if mailed else None,
        happened_at=news.at,
        created_at=news.at,
    )
    session.add(notice)
    return notice


def language_of(feedback: Feedback) -> str:
    """Return the language in which this reporter is written to."""
    for language in (feedback.reporter.language, feedback.language, feedback.project.language):
        if language in {"zh", "en"}:
            return language
    return "zh"


def due(session: Session, *, now: datetime, limit: int = 500) -> list[int]:
    """Return the notices whose mail is to be sent now."""
    rows = select(Notice.id).where(Notice.mail_state.in_(("waiting", "sending")), Notice.next_try_at <= now)
    return list(session.scalars(rows.order_by(Notice.id).limit(limit)))


def deliver(db: Database, notice_id: int, postman: Postman, *, now: datetime) -> None:
    """Send one notice's mail and store how it went. A notice that somebody else is sending is left to them."""
    with db.write() as session:
        if not _claim(session, notice_id, now):
            return
        notice = session.get_one(Notice, notice_id)
        if notice.feedback.reporter.muted_at is not None:  # since it was written
            notice.mail_state, notice.next_try_at = "none", None
            return
        letter = _letter(notice, postman)
    error = _sent(postman.mail, letter)
    with db.write() as session:
        found = session.get(Notice, notice_id, with_for_update=ALONE)  # an undo that comes now waits
        if found is not None:  # else its decision was undone meanwhile
            _store(found, error, now)


def _claim(session: Session, notice_id: int, now: datetime) -> bool:
    claimed = session.execute(
        update(Notice)
        .where(Notice.id == notice_id, Notice.mail_state.in_(("waiting", "sending")), Notice.next_try_at <= now)
        .values(mail_state="sending", next_try_at=now + HOLD, mail_attempts=Notice.mail_attempts + 1)
    )
    return bool(claimed.rowcount)  # type: ignore[attr-defined]


def _sent(mail: Mailer, letter: Letter) -> OutsideError | None:
    try:
        mail.send(letter)
    except OutsideError as error:
        return error
    return None


def _store(notice: Notice, error: OutsideError | None, now: datetime) -> None:
    if error is None:
        notice.mail_state, notice.mail_error, notice.next_try_at = "sent", "", None
        return
    notice.mail_error = str(error)
    over = error.permanent or notice.mail_attempts >= ATTEMPTS
    notice.mail_state = "failed" if over else "waiting"
    notice.next_try_at = None if over else next_try(now, notice.mail_attempts, error.retry_after)


def _letter(notice: Notice, postman: Postman) -> Letter:
    feedback = notice.feedback
    mute = f"{postman.base_url}/mute/{feedback.reporter.mute_code}"
    values = {
        "notice": notice,
        "feedback": feedback,
        "project": feedback.project,
        "issue": feedback.topic.issue if feedback.topic else None,
        "link": f"{postman.base_url}/s/{feedback.receipt}",
        "mute": mute,
    }
    subject, text, html = postman.renderer.letter(notice.event, language_of(feedback), values)
    return Letter(
        to=feedback.reporter.email,
        subject=subject,
        text=text,
        html=html,
        id=f"triage-notice-{notice.id}",
        unsubscribe=mute,
    )

"""Taking feedback in: checked, stored whole and once, answered with a receipt."""

from __future__ import annotations

import hashlib
import json
import secrets
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from triage.db.tables import Feedback, Project, Reporter
from triage.domain import text
from triage.domain.codes import Choose, receipt
from triage.domain.feedback import BODY_LIMIT, TITLE_LIMIT, Submission
from triage.errors import InvalidError

CONTEXT_LIMIT = 8_000  # characters of JSON


@dataclass(frozen=True, slots=True)
class Received:
    """The answer to a submission; `added` is False where the same identity was there before."""

    feedback_id: int
    receipt: str
    added: bool


def receive(
    session: Session,
    project: Project,
    submission: Submission,
    *,
    now: datetime,
    choose: Choose = secrets.choice,
) -> Received:
    """Store one feedback and return its receipt; the same identity again returns the first receipt and stores nothing.

    Raises InvalidError for an empty or overlong text, a wrong mail address, or context that is no small JSON object.
    """
    clean = checked(submission)
    clean = replace(clean, identity=clean.identity or f"{clean.channel}:{secrets.token_hex(12)}")
    try:
        return _received(session, project, clean, now, choose)
    except IntegrityError:  # the same feedback or person came in on another connection between the look and the insert
        return _received(session, project, clean, now, choose)


def _received(session: Session, project: Project, clean: Submission, now: datetime, choose: Choose) -> Received:
    before = session.scalar(
        select(Feedback).where(Feedback.project_id == project.id, Feedback.identity == clean.identity)
    )
    if before is not None:
        return Received(before.id, before.receipt, added=False)
    with session.begin_nested():
        row = _stored(session, project, clean, now, choose)
    return Received(row.id, row.receipt, added=True)


def _stored(session: Session, project: Project, clean: Submission, now: datetime, choose: Choose) -> Feedback:
    reporter = _reporter(session, project, clean, now)
    row = Feedback(
        project_id=project.id,
        reporter_id=reporter.id,
        identity=clean.identity,
        receipt=receipt(choose),
        channel=clean.channel,
        title=clean.title,
        body=clean.body,
        private=clean.private,
        context=clean.context,
        language=clean.language,
        said_at=min(clean.said_at or now, now),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def checked(submission: Submission) -> Submission:
    """Return the submission with every text cleansed, or raise InvalidError naming the field."""
    body, title = text.cleanse(submission.body), " ".join(text.cleanse(submission.title).split())
    if not body and title:
        body = title
    if not _visible(body):
        raise InvalidError("the text is empty", field="body", code="empty")
    if len(body) > BODY_LIMIT:
        raise InvalidError(f"the text is longer than {BODY_LIMIT:,} characters", field="body", code="too_long")
    if submission.said_at is not None and not _sensible(submission.said_at):
        raise InvalidError("the time has no zone, or is before 1990", field="created_at", code="date")
    if len(title) > TITLE_LIMIT:
        raise InvalidError(f"the title is longer than {TITLE_LIMIT} characters", field="title", code="title_too_long")
    return replace(
        submission,
        body=body,
        title=title,
        email=_email(submission.email),
        identity=_identity(submission.identity),
        reporter=text.cleanse(submission.reporter)[:200],
        language=submission.language if submission.language in {"zh", "en"} else "",
        context=_context(submission.context),
    )


def _visible(body: str) -> bool:
    """Return whether anything of it can be seen: an emoji is an answer, blanks and joiners are not."""
    return any(unicodedata.category(sign)[0] not in "ZC" for sign in body)


def _sensible(moment: datetime) -> bool:
    return moment.tzinfo is not None and moment.year >= 1990  # noqa: PLR2004


def _identity(identity: str) -> str:
    clean = text.cleanse(identity)
    if len(clean) <= 180:  # noqa: PLR2004
        return clean
    return clean[:100] + hashlib.sha256(clean.encode()).hexdigest()


def _email(address: str) -> str:
    if not address.strip():
        return ""
    try:
        return validate_email(address.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise InvalidError("this is not a mail address", field="email", code="email") from error


def _context(context: dict[str, Any]) -> dict[str, Any]:
    """Return context that any database can store: PostgreSQL refuses NUL and NaN, and lone surrogates are no UTF-8."""
    try:
        written = json.dumps(_cleansed(context), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidError("the context is no JSON object", field="context", code="context") from error
    if len(written) > CONTEXT_LIMIT:
        raise InvalidError(f"the context is longer than {CONTEXT_LIMIT:,} characters", field="context", code="context")
    loaded: dict[str, Any] = json.loads(written)
    return loaded


def _cleansed(value: Any) -> Any:
    if isinstance(value, str):
        return text.cleanse(value)
    if isinstance(value, dict):
        return {text.cleanse(str(key)): _cleansed(item) for key, item in value.items()}
    return [_cleansed(item) for item in value] if isinstance(value, list | tuple) else value


def _reporter(session: Session, project: Project, submission: Submission, now: datetime) -> Reporter:
    """Return the person: the same mail address or channel id within a project is the same one, nothing is a new one."""
    known = submission.email.lower() or (submission.reporter and f"{submission.channel}:{submission.reporter}")
    key = hashlib.sha256(known.encode()).hexdigest() if known else f"anonymous:{secrets.token_hex(12)}"
    found = session.scalar(select(Reporter).where(Reporter.project_id == project.id, Reporter.key == key))
    if found:
        found.language = submission.language or found.language
        return found
    reporter = Reporter(
        project_id=project.id,
        key=key,
        email=submission.email,
        language=submission.language,
        mute_code=secrets.token_urlsafe(24),
        created_at=now,
    )
    session.add(reporter)
    session.flush()
    return reporter

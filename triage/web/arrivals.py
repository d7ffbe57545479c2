"""What the API and the webhooks do alike: a bounded body in, one feedback stored, and the analysis asked for."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, request
from sqlalchemy.orm import Session

from triage.db.queries import project_by_slug
from triage.db.tables import Project
from triage.domain.feedback import Submission
from triage.services import intake
from triage.services.intake import Received
from triage.web.context import site

OFTEN = "600 per minute"  # from one address; these are machines, which may speak for many people

Check = Callable[[Session, Project], None]


def body(limit: int) -> bytes:
    """Return the raw body, or answer 413 where it is more than `limit` bytes: where its header says so, unread."""
    request.max_content_length = limit + 1  # a body that comes in chunks is cut off there without a word
    raw = request.get_data(cache=False)
    if len(raw) > limit:
        abort(413)
    return raw


def keep(slug: str, submission: Submission, check: Check | None = None) -> Received:
    """Store one feedback where `check` lets it, commit, and only then ask for its analysis."""
    with site().db.write() as session:
        project = project_by_slug(session, slug)
        if check:
            check(session, project)
        received = intake.receive(session, project, submission, now=site().now())
    if received.added:
        site().jobs.put("analyse", received.feedback_id)
    return received

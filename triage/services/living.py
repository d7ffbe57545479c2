"""Living evidence: the block of the issue that we keep up to date as feedback joins, and a word at round numbers.

An update is a due time on the issue's row: at most one in so many minutes. What people wrote around the block stays as
it is; where its markers are gone nothing is written any more, and the topic says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from triage.db.engine import Database
from triage.db.queries import ALONE
from triage.db.tables import Issue, Project, Topic
from triage.domain.drafts import Draft, same_evidence, splice
from triage.domain.topics import TopicState
from triage.domain.verdicts import Policy
from triage.errors import OutsideError
from triage.hosts import Host, HostIssue
from triage.services import mirror, places, remarks

HOLD = timedelta(minutes=5)  # an update under way is left alone for this long
LATER = timedelta(hours=1)  # when one that failed is tried again
OPENED = "everybody can read the issue now, and what it is about is private: it is not kept up to date any more"
TORN = "the markers of the evidence are gone from the issue, so it is not kept up to date any more"


@dataclass(frozen=True, slots=True)
class Shown:
    """How many people and reports the block speaks of, and how it went: the issue where it was written, or why not."""

    people: int
    reports: int
    found: HostIssue | None = None
    error: str = ""


def mark(session: Session, *, now: datetime) -> None:
    """Write down which issues' evidence is behind its topic, and when it is to be written."""
    behind = or_(Issue.shown_people != Topic.people, Issue.shown_reports != Topic.reports)
    quiet = Issue.evidence_due_at.is_(None), Issue.evidence_error == "", Topic.state == TopicState.FILED
    rows = select(Issue, Topic).join(Topic, Topic.id == Issue.topic_id).join(Project, Project.id == Topic.project_id)
    here = Issue.repo == Project.host_repo
    for issue, topic in session.execute(rows.where(*quiet, here, behind).limit(500)):
        if topic.filing is None or topic.filing.state != "filed":  # linked: the words there are somebody else's
            issue.shown_people, issue.shown_reports = topic.people, topic.reports
            remarks.crowd(session, topic, now=now)
            continue
        rest = timedelta(minutes=Policy.of(topic.project.policy).evidence_minutes)
        issue.evidence_due_at = max(now, issue.evidence_at + rest) if issue.evidence_at else now


def due(session: Session, *, now: datetime, limit: int = 200) -> list[int]:
    """Return the issues whose evidence is to be written now."""
    rows = select(Issue.id).where(Issue.evidence_due_at <= now).order_by(Issue.evidence_due_at, Issue.id)
    return list(session.scalars(rows.limit(limit)))


def work(db: Database, issue_id: int, *, host: Host, draft: Draft, now: datetime) -> None:
    """Bring one issue's evidence up to date and store how it went; one that somebody else is at is left to them."""
    shown = _claim(db, issue_id, now)
    if shown is None:
        return
    with db.read() as session:
        number = session.get_one(Issue, issue_id).number
    try:
        found, error = _written(host, number, draft)
    except OutsideError as failure:
        with db.write() as session:
            issue = session.get_one(Issue, issue_id)
            issue.error = str(failure) if failure.permanent else issue.error
            issue.evidence_due_at = now + max(LATER, timedelta(seconds=failure.retry_after or 0))
        return
    with db.write() as session:
        issue = session.get_one(Issue, issue_id, with_for_update=ALONE)
        _store(session, issue, replace(shown, found=found, error=error), now)


def _claim(db: Database, issue_id: int, now: datetime) -> Shown | None:
    with db.write() as session:
        mine = update(Issue).where(Issue.id == issue_id, Issue.evidence_due_at <= now)
        if not session.execute(mine.values(evidence_due_at=now + HOLD)).rowcount:  # type: ignore[attr-defined]
            return None
        topic = session.get_one(Issue, issue_id).topic
        return Shown(topic.people, topic.reports) if topic is not None and places.here(topic) else None


def _written(host: Host, number: str, draft: Draft) -> tuple[HostIssue | None, str]:
    """Read the issue and write it back at once, for the host can't tell us that somebody wrote in between."""
    found = host.get(number)
    if draft.confidential and not found.confidential:
        return None, OPENED
    body = splice(found.body, draft.body)
    if body is None:
        return None, TORN
    return (None if same_evidence(found.body, draft.body) else host.edit(number, body=body)), ""


def _store(session: Session, issue: Issue, shown: Shown, now: datetime) -> None:
    issue.evidence_at, issue.evidence_due_at, issue.evidence_error = now, None, shown.error
    issue.shown_people, issue.shown_reports = shown.people, shown.reports
    if shown.found is not None and issue.open == shown.found.open:  # a closing is for the follow-up to tell
        mirror.write(issue, shown.found, now=now)
    if issue.topic is not None:
        remarks.crowd(session, issue.topic, now=now)


def skip(session: Session, issue_id: int) -> None:
    """Leave the evidence as it is: nothing of the topic may be public any more."""
    issue = session.get_one(Issue, issue_id)
    issue.evidence_due_at = None
    if issue.topic is not None:
        issue.shown_people, issue.shown_reports = issue.topic.people, issue.topic.reports

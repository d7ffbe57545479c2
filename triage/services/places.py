"""Where a project's issues stand: what to do with them when it is pointed at another host, server or repository.

Numbers mean something at one place only. What stands where the project was before is left alone, and says so; what is
found at the new place with its number and moment came along (a rename, a server that moved) and goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from triage.db.tables import Filing, Issue, Project, Remark, Topic
from triage.hosts import HostIssue

LEFT = "it stands where the project was before, and is not followed there any more"
UNHELD = ("waiting", "withdrawing", "checking")  # what nothing but its time keeps from being tried
Place: TypeAlias = tuple[str, str, str]


def place(project: Project) -> Place:
    """Return where a project's issues are: the kind of host, its address, the repository."""
    return project.host, project.host_url, project.host_repo


def here(topic: Topic) -> Issue | None:
    """Return the topic's issue, if it stands where its project is today."""
    issue = topic.issue
    return issue if issue is not None and issue.repo == topic.project.host_repo else None


def leave(session: Session, project: Project, before: Place) -> None:
    """Part a project that is at another place now from the issues at `before`; the new place is all unread."""
    _, url, repo = before
    project.host_public = False  # until it is asked
    project.polled_at, project.poll_error = None, ""
    name = repo
    if repo == project.host_repo:  # on another server: its numbers are other issues
        name = _unused(session, project, f"{url or before[0]}/{repo}")
    mine = update(Issue).where(Issue.project_id == project.id, Issue.repo == repo)
    session.execute(mine.values(repo=name, error=LEFT, evidence_due_at=None))


def try_again(session: Session, project: Project) -> None:
    """Let what the host refused for good be tried anew: a person has seen to the connection."""
    mine = select(Topic.id).where(Topic.project_id == project.id)
    refused = update(Filing).where(Filing.topic_id.in_(mine), Filing.error != "")
    session.execute(refused.where(Filing.state == "blocked").values(state="waiting"))
    session.execute(refused.where(Filing.state.in_(UNHELD)).values(next_try_at=Filing.created_at))
    given_up = update(Remark).where(Remark.topic_id.in_(mine), Remark.state == "failed")
    session.execute(given_up.values(state="waiting", next_try_at=Remark.created_at))


def _unused(session: Session, project: Project, name: str) -> str:
    while session.scalar(select(Issue.id).where(Issue.project_id == project.id, Issue.repo == name).limit(1)):
        name += "'"
    return name


def carried(session: Session, project: Project, found: Sequence[HostIssue]) -> dict[str, Issue]:
    """Bring our rows of those of `found` that came along from another place here; return them by number."""
    made = {(one.number, one.created_at) for one in found}
    elsewhere = select(Issue).where(Issue.project_id == project.id, Issue.repo != project.host_repo)
    rows = session.scalars(elsewhere.where(Issue.number.in_({number for number, _ in made})).order_by(Issue.id.desc()))
    came = {row.number: row for row in rows if (row.number, row.opened_at) in made}
    for row in came.values():
        row.repo = project.host_repo
    return came

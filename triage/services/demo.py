"""The first start: a maintainer with a one-time password, and a demo project that shows what the queue is for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from triage.db.tables import Project
from triage.domain.feedback import Submission
from triage.services import intake, people, projects

MAINTAINER = "admin"
SLUG = "demo"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What was made: the password ("" where there were maintainers before) and the feedback to be analysed."""

    password: str
    feedback_ids: tuple[int, ...]


def first_start(session: Session, examples: Path, *, key: str, now: datetime) -> FirstStart:
    """Make a maintainer if there is none and the demo project if there is no project; nothing is ever overwritten."""
    password = people.add(session, MAINTAINER, now=now) if people.count(session) == 0 else ""
    if projects.listing(session):
        return FirstStart(password, ())
    project = projects.add(session, SLUG, "启智示例 · Demo", key=key, now=now)
    rows = [json.loads(line) for line in examples.read_text(encoding="utf-8").splitlines() if line.strip()]
    return FirstStart(password, tuple(_receive(session, project, row, at, now) for at, row in enumerate(rows)))


def _receive(session: Session, project: Project, row: dict[str, Any], at: int, now: datetime) -> int:
    submission = Submission(
        title=row["title"],
        body=row["body"],
        language=row["language"],
        channel="form",
        identity=f"demo:{at}",
        reporter=row["reporter"],
        said_at=now - timedelta(days=row["said_days_ago"]),
    )
    return intake.receive(session, project, submission, now=now).feedback_id

"""The gates before filing: what a project's policy, the site's switch and issues that are there already say against it.

Each refusal is written down with its reason; a maintainer may open most gates for one topic.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage.db.queries import lock
from triage.db.tables import Filing, Project, Refusal, Topic
from triage.domain.drafts import Draft
from triage.domain.verdicts import DAY, OPENABLE, Facts, Gate, Policy, Stop, stop
from triage.errors import ConflictError
from triage.services import likeness
from triage.services.review import Actor
from triage.services.site import Site

WAITING = ("waiting", "held")


def passes(site: Site, filing_id: int, draft: Draft) -> Stop | None:
    """Return what holds a filing back, written down with it, or None: then it may go, and counts for today.

    What went through once in this intent goes through again: an attempt whose answer was lost must not get stuck here.
    """
    now = site.now()
    with site.db.write() as session:
        row = session.get_one(Filing, filing_id)
        topic = session.get_one(Topic, row.topic_id)
        lock(session, topic.project, topic, row)  # two filings at once must not both be the last of the day
        if row.state not in WAITING or row.next_try_at > now or (row.passed_at and not _switched(site, topic.project)):
            return None
        likeness.look(site, session, topic)
        found = stop(Policy.of(topic.project.policy), _facts(site, session, topic, row), now=now)
        _write(session, row, found, draft, now)
        return found


def _switched(site: Site, project: Project) -> bool:
    return site.settings.filing != "on" or Policy.of(project.policy).filing != "on"


def _facts(site: Site, session: Session, topic: Topic, row: Filing) -> Facts:
    since = site.now() - DAY
    today = (
        select(func.count(Filing.id), func.min(Filing.passed_at))
        .join(Topic, Topic.id == Filing.topic_id)
        .where(Topic.project_id == topic.project_id, Filing.passed_at > since, Filing.id != row.id)
    )
    filed, oldest = session.execute(today).one()
    matches = likeness.equal(likeness.resemblances(session, topic))
    opened = OPENABLE if row.passed_at else row.overrides
    return Facts(site.settings.filing, filed, oldest, matches, frozenset(map(str, opened)))


def _write(session: Session, row: Filing, found: Stop | None, draft: Draft, now: datetime) -> None:
    if found is None:
        row.error = "" if row.gate else row.error
        row.confidential = row.confidential if row.passed_at else draft.confidential
        row.state, row.gate, row.passed_at = "waiting", "", row.passed_at or now
        return
    known = row.gate == found.gate and row.error == found.reason
    row.state, row.gate, row.error, row.next_try_at = "held", found.gate.value, found.reason, found.until
    if not known:
        detail = {"issue": found.number} if found.number else {}
        session.add(
            Refusal(
                topic_id=row.topic_id,
                gate=found.gate.value,
                reason=found.reason,
                detail=detail | _would(found, draft),
                made_at=now,
            )
        )


def _would(found: Stop, draft: Draft) -> dict[str, Any]:
    """Return what a dry run would have filed."""
    return {"title": draft.title, "body": draft.body, "labels": list(draft.labels)} if found.gate == Gate.DRY else {}


def override(session: Session, topic: Topic, actor: Actor) -> Filing:
    """Open for this topic the gate that holds it back, and let it be filed at once. The refusal says who did."""
    row = topic.filing
    if row is None or row.state != "held":
        raise ConflictError("nothing holds it back")
    lock(session, row)
    if row.gate not in OPENABLE:
        raise ConflictError("this gate is opened for the whole project or site, not for one topic")
    row.overrides = sorted({*map(str, row.overrides), row.gate})
    last = select(Refusal).where(Refusal.topic_id == topic.id, Refusal.gate == row.gate).order_by(Refusal.id.desc())
    refusal = session.scalars(last.limit(1)).one()
    refusal.overridden_at, refusal.overridden_by_id = actor.at, actor.user_id
    row.state, row.gate, row.error, row.next_try_at = "waiting", "", "", actor.at
    return row


def refusals(session: Session, topic: Topic) -> list[Refusal]:
    """Return why `topic` was not filed, newest first."""
    return list(session.scalars(select(Refusal).where(Refusal.topic_id == topic.id).order_by(Refusal.id.desc())))

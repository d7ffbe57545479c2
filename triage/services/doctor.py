"""What is well and what is not: each part of the installation looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from triage.db.tables import Feedback, Filing, ModelVersion, Notice, Project
from triage.domain.feedback import FeedbackState
from triage.errors import TriageError
from triage.hosts import Check
from triage.jobs import failures
from triage.services.library import ACTIVE
from triage.services.site import Site


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, whether it is well, and what there is to say."""

    part: str
    ok: bool
    detail: str


def examine(site: Site) -> Iterator[Finding]:
    """Yield a finding for each part; a part that fails hides no other."""
    for part, look in {
        "database": _database,
        "queue": _queue,
        "index": _index,
        "models": _models,
        "mail": _mail,
        "work": _work,
    }.items():
        yield _found(part, look, site)
    try:
        yield from _hosts(site)
    except SQLAlchemyError as error:
        yield Finding("hosts", ok=False, detail=_line(error))


def _found(part: str, look: Callable[[Site], Finding], site: Site) -> Finding:
    try:
        return look(site)
    except (TriageError, SQLAlchemyError) as error:
        return Finding(part, ok=False, detail=_line(error))
    except failures() as error:
        return Finding(part, ok=False, detail=_line(error))


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _database(site: Site) -> Finding:
    current, newest = site.db.revision()
    name = site.db.engine.dialect.name
    if current != newest:
        return Finding(
            "database", ok=False, detail=f"{name} at {current}, should be at {newest}: run “triage db upgrade”"
        )
    return Finding("database", ok=True, detail=f"{name}, at its newest version, “{current}”")


def _queue(site: Site) -> Finding:
    where = "Redis" if site.settings.redis_url else "SQLite"
    return Finding("queue", ok=True, detail=f"{where}, {site.jobs.pending()} jobs wait")


def _index(site: Site) -> Finding:
    if not site.settings.path("index").exists():
        return Finding("index", ok=True, detail="none yet: the worker makes it")
    fault = site.index.needs_rebuild
    return Finding("index", ok=not fault, detail=fault or f"{site.index.count} texts can be found")


def _models(site: Site) -> Finding:
    with site.db.read() as session:
        projects = session.scalars(select(Project).order_by(Project.slug))
        faults = [*site.models.faults, *(fault for one in projects for fault in site.library.of(session, one).faults)]
        own = session.scalar(select(func.count(ModelVersion.id)).where(ModelVersion.state == ACTIVE)) or 0
    about = f"{site.models.about}, own ones in force in {own} projects" if own else site.models.about
    return Finding("models", ok=not faults, detail="; ".join(dict.fromkeys(faults)) or about)


def _mail(site: Site) -> Finding:
    return Finding("mail", ok=True, detail="SMTP" if site.settings.smtp_url else "printed (TRIAGE_SMTP_URL is not set)")


def _work(site: Site) -> Finding:
    """Count what waits or failed: the numbers that should be near zero."""
    with site.db.read() as session:
        raw = session.scalar(select(func.count(Feedback.id)).where(Feedback.state == FeedbackState.RECEIVED)) or 0
        stuck = session.scalar(select(func.count(Filing.id)).where(Filing.state == "blocked")) or 0
        mails = session.scalar(select(func.count(Notice.id)).where(Notice.mail_state == "failed")) or 0
    detail = f"{raw} feedback wait for analysis, {stuck} filings wait for a person, {mails} mails failed for good"
    return Finding("work", ok=not stuck, detail=detail)


def _hosts(site: Site) -> Iterator[Finding]:
    with site.db.read() as session:
        for project in session.scalars(select(Project).order_by(Project.slug)):
            yield connected(project, _check(site, project))


def _check(site: Site, project: Project) -> Check:
    try:
        return site.host(project).check()
    except TriageError as error:
        return Check.unanswered(error)


def connected(project: Project, check: Check) -> Finding:
    """Return in one line what the host of `project` said; one that gave no answer has no version to name."""
    part, missing = f"host of {project.slug}", "; ".join(check.missing)
    if missing and not check.version:
        return Finding(part, ok=False, detail=missing)
    who = f"{project.host} {check.version}".strip() + (f" as {check.account}" if check.account else "")
    return Finding(part, ok=check.ok, detail=f"{who}: {missing}" if missing else who)

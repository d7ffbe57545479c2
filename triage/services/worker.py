"""What the worker runs: thin handlers by job name, and the sweep that finds every row that waits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.tables import Delivery, Filing, Issue, Project, Remark, Topic
from triage.domain.drafts import Draft
from triage.domain.topics import TopicState
from triage.errors import ConflictError, OutsideError, SettingError, TriageError
from triage.hosts import Host
from triage.services import (
    analysis,
    dictionary,
    evidence,
    filing,
    followup,
    gates,
    living,
    mirror,
    notices,
    remarks,
    review,
    tidying,
    training,
)
from triage.services.site import Site

log = structlog.get_logger()


def handlers(site: Site) -> dict[str, Callable[[int], None]]:
    """Return every job by its name; each takes the id of its row (0 for those that go over all rows)."""
    jobs = (analyse, comment, file, hear, learn, mail, poll, poll_all, read_issues, refresh, resegment, sweep, tidy)
    return {job.__name__: partial(_logged, job, site) for job in jobs}


def _logged(job: Callable[[Site, int], None], site: Site, row: int) -> None:
    """Run one job; the worker lives on whatever happens, and the row's own state brings the job back."""
    try:
        job(site, row)
    except TriageError as error:  # an operator's to see to, and each sweep tries again: a line, no traceback
        log.warning("job could not be done", job=job.__name__, row=row, error=str(error))
    except Exception:
        log.exception("job failed", job=job.__name__, row=row)
    if job in TELLING:
        _post(site)


def _post(site: Site) -> None:
    """Send the mails that are due now rather than at the next sweep."""
    with site.db.read() as session:
        rows = notices.due(session, now=site.now())
    for row in rows:
        site.jobs.put("mail", row)


def analyse(site: Site, feedback_id: int) -> None:
    """Analyse one feedback; whatever goes wrong is written down with it, so that it is never lost in a log."""
    try:
        analysis.analyse(site, feedback_id)
    except Exception as error:
        analysis.failed(site.db, feedback_id, f"{type(error).__name__}: {error}", now=site.now())
        raise


def file(site: Site, filing_id: int) -> None:
    """Make one attempt to file a topic, or to withdraw it: for that nothing of it needs to be public any more."""
    host: Host | None = None
    draft: Draft | None = None
    problem = ""
    with site.db.read() as session:
        row = session.get(Filing, filing_id)
        if row is None:
            return
        topic = session.get_one(Topic, row.topic_id)
        try:
            host = site.host(topic.project)
            where = site.settings.base_url
            draft = evidence.draft(session, topic, site.renderer, where, closed=host.confidential)
        except (ConflictError, SettingError) as error:
            problem = str(error)
    if problem:
        filing.block(site.db, filing_id, problem)
    if draft is not None and gates.passes(site, filing_id, draft):
        draft = None
    if host is not None:
        filing.work(site.db, filing_id, host=host, draft=draft, now=site.now())


def refresh(site: Site, issue_id: int) -> None:
    """Bring the evidence of one issue up to date."""
    with site.db.read() as session:
        issue = session.get(Issue, issue_id)
        if issue is None or issue.topic is None:
            return
        host, topic = site.host(issue.topic.project), issue.topic
        try:
            where = site.settings.base_url
            draft: Draft | None = evidence.draft(session, topic, site.renderer, where, closed=host.confidential)
        except ConflictError:
            draft = None
    if draft is not None:
        living.work(site.db, issue_id, host=host, draft=draft, now=site.now())
        return
    with site.db.write() as session:
        living.skip(session, issue_id)


def comment(site: Site, remark_id: int) -> None:
    """Deliver one comment that we owe an issue."""
    with site.db.read() as session:
        row = session.get(Remark, remark_id)
        host = site.host(row.topic.project) if row else None
    if host is not None:
        remarks.work(site.db, remark_id, host=host, now=site.now())


def hear(site: Site, delivery_id: int) -> None:
    """Act on one webhook delivery of a Git host."""
    with site.db.read() as session:
        row = session.get(Delivery, delivery_id)
        host = site.host(session.get_one(Project, row.project_id)) if row else None
    if host is not None:
        followup.work(site.db, delivery_id, host=host, now=site.now())


def mail(site: Site, notice_id: int) -> None:
    """Send one notice by mail."""
    postman = notices.Postman(site.mail, site.renderer, site.settings.base_url)
    notices.deliver(site.db, notice_id, postman, now=site.now())


def poll(site: Site, project_id: int) -> None:
    """Ask one project's host what changed."""
    with site.db.read() as session:
        host = site.host(session.get_one(Project, project_id))
    followup.poll(site.db, project_id, host=host, now=site.now())


def read_issues(site: Site, _: int = 0) -> None:
    """Cut the words of mirrored issues that wait for it, and put them into the index, a batch at a time."""

    def index(_: int) -> None:
        with site.db.read() as session:
            site.follower.catch_up(session)

    mirror.read(site.db, site.comparing.duplicates, now=site.now, progress=index)
    site.follower.save()


def poll_all(site: Site, _: int = 0) -> None:
    """Ask every project's host what changed; one that fails keeps no other from being asked."""
    with site.db.read() as session:
        projects = list(session.scalars(select(Project.id)))
    for project_id in projects:
        try:
            poll(site, project_id)
        except (OutsideError, SettingError) as error:
            log.warning("poll failed", project=project_id, error=str(error))


def learn(site: Site, _: int = 0) -> None:
    """Train the models of each project that has enough new decisions; one that fails keeps no other from learning."""
    with site.db.read() as session:
        slugs = list(session.scalars(select(Project.slug).order_by(Project.slug)))
    for slug in slugs:
        try:
            made = training.train(site, slug, fresh=training.FRESH)
        except TriageError as error:
            log.warning("training failed", project=slug, error=str(error))
            continue
        if made is not None:
            log.info("trained", project=slug, version=made.version, promoted=made.promoted)


def resegment(site: Site, project_id: int) -> None:
    """Cut the texts of a project again whose dictionary has changed."""
    dictionary.resegment(site, project_id)
    site.follower.save()


def tidy(site: Site, _: int = 0) -> None:
    """Look over the topics of each project for what should be merged or split."""
    with site.db.read() as session:
        projects = list(session.scalars(select(Project.id)))
    for project_id in projects:
        tidying.tidy(site, project_id)


def sweep(site: Site, _: int = 0) -> None:
    """Put every row that waits into the queue again: what a crash or a lost queue left behind goes on from here."""
    now = site.now()
    with site.db.write() as session:
        _wake(session, site)
        living.mark(session, now=now)
        remarks.gather(session, now=now)
        followup.forget(session, now=now)
    with site.db.read() as session:
        site.follower.catch_up(session)
    site.follower.save()
    with site.db.read() as session:
        waiting = {
            "analyse": analysis.due(session, now=now),
            "file": filing.due(session, now=now),
            "hear": followup.due(session, now=now),
            "refresh": living.due(session, now=now),
            "comment": remarks.due(session, now=now),
            "mail": notices.due(session, now=now),
            "resegment": dictionary.waiting(session),
            "read_issues": [0] if mirror.unread(session, 1) else [],
        }
    for name, rows in waiting.items():
        for row in rows:
            site.jobs.put(name, row)


def _wake(session: Session, site: Site) -> None:
    """Bring topics back whose snooze is over."""
    over = select(Topic).where(Topic.state == TopicState.SNOOZED, Topic.snoozed_until <= site.now())
    for topic in session.scalars(over):
        review.wake(topic)


TELLING = frozenset({analyse, file, hear, poll, poll_all})

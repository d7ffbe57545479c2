"""A project's Git host: the connection, what was read when, what came and went, and each error in words."""

from __future__ import annotations

from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage.db.queries import project_by_slug, topic_by_key
from triage.db.tables import Delivery, Filing, Issue, Project, Refusal, Remark, Topic
from triage.domain.verdicts import Comments, Policy
from triage.errors import NotFoundError
from triage.hosts import Check
from triage.services import connection, filing, gates, remarks, replay
from triage.web import maintainers
from triage.web.context import actor, site

blueprint = APIBlueprint("hosts", __name__, url_prefix="/hosts", enable_openapi=False)
blueprint.before_request(maintainers.only)
SHOWN = 50
STATES = {
    "waiting": lazy_gettext("waiting"),
    "done": lazy_gettext("done"),
    "failed": lazy_gettext("given up"),
    "blocked": lazy_gettext("waits for a person"),
    "held": lazy_gettext("held back"),
    "withdrawing": lazy_gettext("being taken back"),
    "checking": lazy_gettext("being counted"),
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything about one project's host: how many issues are mirrored, what came in, what is stuck on its way out."""

    project: Project
    mirrored: int
    deliveries: list[Delivery]
    filings: list[Filing]
    remarks: list[Remark]
    refusals: list[Refusal]
    topics: dict[int, Topic]


@blueprint.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """Show one project's host."""
    with site().db.read() as session:
        return _page(_ledger(session, project_by_slug(session, slug)))


def _page(ledger: Ledger, found: Check | None = None) -> str:
    hook, policy = _hook(ledger.project.slug), Policy.of(ledger.project.policy)
    marks = () if policy.comments == Comments.NONE else policy.public_marks
    more = {"told": policy.told(public=ledger.project.host_public), "marks": marks, "STATES": STATES}
    return render_template("hosts/show.html", ledger=ledger, hook=hook, found=found, **more)


def _hook(slug: str) -> str:
    """Return where the host is to send what happens there; its secret is shown by `triage project hooks` only."""
    return site().settings.base_url + url_for("hooks.host", slug=slug)


def _ledger(session: Session, project: Project) -> Ledger:
    mine = select(Topic.id).where(Topic.project_id == project.id)
    came = select(Delivery).where(Delivery.project_id == project.id).order_by(Delivery.id.desc()).limit(SHOWN)
    open_filings = Filing.topic_id.in_(mine), Filing.state.in_([*STATES]), Filing.state != "done"
    stuck = select(Filing).where(*open_filings).order_by(Filing.next_try_at, Filing.id).limit(SHOWN)
    owed = select(Remark).where(Remark.topic_id.in_(mine), Remark.state != "done").order_by(Remark.id).limit(SHOWN)
    refused = select(Refusal).where(Refusal.topic_id.in_(mine)).order_by(Refusal.id.desc()).limit(SHOWN)
    held = list(session.scalars(refused))
    topics = session.scalars(select(Topic).where(Topic.id.in_({row.topic_id for row in held})))
    return Ledger(
        project=project,
        mirrored=session.scalar(select(func.count(Issue.id)).where(Issue.project_id == project.id)) or 0,
        deliveries=list(session.scalars(came)),
        filings=list(session.scalars(stuck)),
        remarks=list(session.scalars(owed)),
        refusals=held,
        topics={topic.id: topic for topic in topics},
    )


@blueprint.post("/<slug>/check")
def check(slug: str) -> ResponseReturnValue:
    """Ask the host who we are, which permission is missing and who can read it, and say so."""
    with site().db.read() as session:
        project = project_by_slug(session, slug)
    found = connection.look(site(), project).check
    with site().db.read() as session:
        return _page(_ledger(session, project_by_slug(session, slug)), found)


@blueprint.post("/<slug>/sync")
def sync(slug: str) -> ResponseReturnValue:
    """Have the worker ask the host what changed."""
    with site().db.read() as session:
        project_id = project_by_slug(session, slug).id
    site().jobs.put("poll", project_id)
    flash(gettext("The host is being asked what changed."), "")
    return redirect(url_for(".show", slug=slug), 303)


@blueprint.post("/<slug>/<any(deliveries, filings, remarks):what>/<int(max=2147483647):number>")
def again(slug: str, what: str, number: int) -> ResponseReturnValue:
    """Try again at once what waits or was given up."""
    with site().db.write() as session:
        project = project_by_slug(session, slug)
        job = _again(session, project, what, number)
    site().jobs.put(job, number)
    flash(gettext("Trying again now."), "")
    return redirect(url_for(".show", slug=slug), 303)


def _again(session: Session, project: Project, what: str, number: int) -> str:
    row = session.get({"deliveries": Delivery, "filings": Filing, "remarks": Remark}[what], number)
    if isinstance(row, Delivery) and row.project_id == project.id:
        replay.again(row, now=site().now())
        return "hear"
    if isinstance(row, Filing) and row.topic.project_id == project.id:
        filing.retry(row, now=site().now())
        return "file"
    if isinstance(row, Remark) and row.topic.project_id == project.id:
        remarks.retry(row, now=site().now())
        return "comment"
    raise NotFoundError("there is no such row in this project")


@blueprint.post("/<slug>/override/<key>")
def override(slug: str, key: str) -> ResponseReturnValue:
    """Open for one topic the gate that holds it back."""
    with site().db.write() as session:
        topic = topic_by_key(session, key)
        if topic.project.slug != slug:
            raise NotFoundError("there is no such topic in this project")
        row = gates.override(session, topic, actor())
    site().jobs.put("file", row.id)
    flash(gettext("It is filed all the same."), "")
    return redirect(url_for(".show", slug=slug), 303)

"""What a project has learned: before and after, versions to put in force, both spam errors, proposals to answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import object_session
from werkzeug.wrappers import Response

from triage.db.queries import project_by_slug
from triage.db.tables import Decision, ModelVersion, Proposal, Topic
from triage.domain.topics import Verb
from triage.errors import NotFoundError
from triage.services import comparing, projects, proposals, versions
from triage.services.library import active
from triage.services.report import report
from triage.web import maintainers
from triage.web.context import actor, safe_next, site
from triage.web.words import KINDS, component, said

blueprint = APIBlueprint("learning", __name__, url_prefix="/learning", enable_openapi=False)
blueprint.before_request(maintainers.only)

ASKED = 120  # decisions of a sort that a page waits for: two seconds where there are thousands, on a busy machine
PARTS = {
    "kinds": lazy_gettext("Kinds"),
    "spam": lazy_gettext("Spam"),
    "duplicates": lazy_gettext("Probability of duplicates"),
    "components": lazy_gettext("Components"),
}
CLASSES = {
    "spam": lazy_gettext("Spam"),
    "ham": lazy_gettext("No spam"),
    "same": lazy_gettext("The same"),
    "different": lazy_gettext("Something else"),
    "": lazy_gettext("None"),
}
VERDICTS = {
    "better": lazy_gettext("Better, by more than chance"),
    "same": lazy_gettext("No difference beyond chance"),
    "worse": lazy_gettext("Worse, by more than chance"),
    "too_few": lazy_gettext("Too few new decisions to tell"),
    "": lazy_gettext("Too few decisions to train on"),
}
VERSION_STATES = {
    "active": lazy_gettext("in force"),
    "candidate": lazy_gettext("waits"),
    "retired": lazy_gettext("was in force"),
}


@blueprint.app_context_processor
def _about_topics() -> dict[str, object]:
    return {"proposals_about": proposals_about, "came_from": came_from, "split_into": split_into}


@blueprint.context_processor
def _words() -> dict[str, object]:
    return {
        "PARTS": PARTS,
        "class_of": class_of,
        "VERDICTS": VERDICTS,
        "VERSION_STATES": VERSION_STATES,
        "iso": datetime.fromisoformat,
    }


def class_of(part: str, name: str) -> str:
    """Return what the pages call one class of a part: a kind, a component, spam or none, the same or not."""
    if part == "components":
        return component(name) or said(name, CLASSES)
    return said(name, KINDS if part == "kinds" and name else CLASSES)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show the projects."""
    with site().db.read() as session:
        return render_template("learning/index.html", projects=projects.listing(session))


@blueprint.get("/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """Show what one project has learned."""
    with site().db.read() as session:
        project = project_by_slug(session, slug)
        found = report(site(), session, project)
        waiting = proposals.waiting(session, project)
        return render_template("learning/show.html", project=project, report=found, proposals=waiting)


@blueprint.get("/<slug>.json")
def as_json(slug: str) -> Response:
    """Give the same to a machine."""
    with site().db.read() as session:
        return jsonify(report(site(), session, project_by_slug(session, slug)))


@blueprint.get("/<slug>/compare")
def compare(slug: str) -> ResponseReturnValue:
    """Show what two versions make of the same decisions; where none are named, those that one would choose from."""
    with site().db.read() as session:
        project = project_by_slug(session, slug)
        rows, force = versions.history(session, project), active(session, project)
    chosen = _chosen(rows, force.version if force else 0)
    known, asked = {0, *(row.version for row in rows)}, {"left", "right"} & request.args.keys()
    gone = [number for number in chosen if number not in known]
    apart = asked and not gone and chosen[0] != chosen[1]
    found = comparing.compare(site(), slug, *chosen, most=ASKED) if apart else None
    page = render_template(
        "learning/compare.html", project=project, versions=rows, chosen=chosen, asked=asked, gone=gone, found=found
    )
    return page, 404 if gone else 200


def _chosen(rows: list[ModelVersion], force: int) -> tuple[int, int]:
    """Return the versions asked for; without a word, what is in force and the newest beside it."""
    newest = next((row.version for row in rows if row.version != force), 0)
    left, right = (request.args.get(name, default, type=int) for name, default in (("left", force), ("right", newest)))
    return left, right


@blueprint.post("/<slug>/<int(max=2147483647):version>/promote")
def promote(slug: str, version: int) -> ResponseReturnValue:
    """Put a version in force."""
    with site().db.write() as session:
        versions.promote(session, versions.one(session, project_by_slug(session, slug), version), actor())
    flash(gettext("Version %(version)s is in force.", version=version), ":")
    return redirect(url_for(".show", slug=slug), 303)


@blueprint.post("/<slug>/rollback")
def rollback(slug: str) -> ResponseReturnValue:
    """Put what was in force before back in force."""
    with site().db.write() as session:
        row = versions.roll_back(session, project_by_slug(session, slug))
    back = gettext("Version %(version)s is in force again.", version=row.version) if row else None
    flash(back or gettext("The shipped models are in force again."), ":")
    return redirect(url_for(".show", slug=slug), 303)


@blueprint.post("/proposals/<int(max=2147483647):number>/<answer>")
def answer(number: int, answer: str) -> ResponseReturnValue:
    """Follow a proposal or dismiss it."""
    act = {"follow": proposals.follow, "dismiss": proposals.dismiss}.get(answer)
    if act is None:
        raise NotFoundError("there is no such answer")
    with site().db.write() as session:
        row = proposals.one(session, number)
        decision = act(session, row, actor())
        key, slug = decision.topic.key, project_slug(row)
    told = gettext("Done, as proposed.") if answer == "follow" else gettext("Dismissed: it won't be proposed again.")
    flash(told, f"{key}:{decision.id}")
    return redirect(safe_next(request.form.get("back", ""), url_for(".show", slug=slug)), 303)


def project_slug(row: Proposal) -> str:
    """Return the slug of the proposal's project."""
    return row.topic.project.slug


def proposals_about(topic: Topic) -> list[Proposal]:
    """Return the open proposals about a topic that is being shown."""
    session = object_session(topic)
    return proposals.about(session, topic) if session else []


def split_into(row: Proposal) -> list[proposals.Part]:
    """Return what a proposal that is being shown would make of its topic."""
    session = object_session(row)
    return proposals.parts(session, row) if session else []


def came_from(topic: Topic) -> list[dict[str, Any]]:
    """Return the decisions that brought feedback into a topic that is being shown, newest first."""
    session = object_session(topic)
    if session is None:
        return []
    rows = select(Decision).where(
        Decision.project_id == topic.project_id,
        Decision.verb.in_((Verb.MERGE, Verb.SPLIT)),
        Decision.detail["into"].as_string() == topic.key,
    )
    told = {"merge": gettext("Merged into this one"), "split": gettext("Split off from")}
    return [
        {"decision": row, "words": told[row.verb], "count": len(row.detail["feedback"])}
        for row in session.scalars(rows.order_by(Decision.id.desc()))
    ]

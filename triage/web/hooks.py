"""Webhooks in: signed feedback from anywhere, and what a Git host tells of its issues."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from triage.channels.fields import LIMIT
from triage.channels.webhook import Webhook
from triage.db.queries import project_by_slug
from triage.db.tables import Project
from triage.errors import ForbiddenError, InvalidError
from triage.hosts import HostEvent
from triage.hosts.deliveries import LIMIT as HOST_LIMIT
from triage.services import followup, projects
from triage.web import arrivals, problems
from triage.web.context import site
from triage.web.guards import limiter

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
problems.attach(blueprint)


@blueprint.post("/feedback/<slug>")
@limiter.limit(arrivals.OFTEN)
def feedback(slug: str) -> ResponseReturnValue:
    """Take one feedback signed by Standard Webhooks; 202 says that it is stored."""
    raw, headers = arrivals.body(LIMIT), dict(request.headers)
    with site().db.read() as session:
        channel = Webhook(projects.hook_secret(project_by_slug(session, slug), key=site().key))
    channel.verify(headers, raw, now=site().now())
    received = arrivals.keep(slug, channel.parse(headers, raw))
    return jsonify(receipt=received.receipt, added=received.added), 202


@blueprint.post("/host/<slug>")
@limiter.limit(arrivals.OFTEN)
def host(slug: str) -> ResponseReturnValue:
    """Remember that an issue changed; 202 says that it is stored and will be read again from the host itself."""
    raw, headers = arrivals.body(HOST_LIMIT), dict(request.headers)
    with site().db.read() as session:
        project = project_by_slug(session, slug)
        git = site().host(project)
    if not git.verify(headers, raw):
        raise ForbiddenError("the signature is wrong")
    event = git.parse(headers, raw)
    if event is None:
        return "", 204
    if event.repo.casefold() != project.host_repo.casefold():
        raise InvalidError("the delivery is about another repository", field="repository", code="other_repository")
    return _remember(project.id, event, len(raw))


def _remember(project_id: int, event: HostEvent, size: int) -> ResponseReturnValue:
    with site().db.write() as session:
        row = followup.take(session, session.get_one(Project, project_id), event, now=site().now(), size=size)
    if row is None:
        return jsonify(repeated=True), 200
    site().jobs.put("hear", row.id)
    return jsonify(repeated=False), 202

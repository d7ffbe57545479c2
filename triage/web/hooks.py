"""Webhooks in: signed feedback from anywhere, and what a Git host tells of its issues."""

from __future__ import annotations

import structlog
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from triage.channels.fields import LIMIT
from triage.channels.webhook import Webhook
from triage.db.queries import project_by_slug
from triage.db.tables import Project
from triage.errors import ForbiddenError, InvalidError, TriageError
from triage.hosts import Host, HostEvent
from triage.hosts.deliveries import LIMIT as HOST_LIMIT
from triage.hosts.deliveries import shown
from triage.services import followup, projects
from triage.web import arrivals, problems
from triage.web.context import site
from triage.web.guards import limiter

log = structlog.get_logger()
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
    with site().db.read() as session:
        project = project_by_slug(session, slug)
        git = site().host(project)
    try:
        raw, headers = arrivals.body(HOST_LIMIT), dict(request.headers)
        event = _verified(project, git, headers, raw)
        return _remember(project.id, event, (shown(headers, raw), len(raw))) if event else ("", 204)
    except (TriageError, HTTPException) as error:
        log.warning("a delivery was refused", project=slug, why=str(error), bytes=request.content_length)
        raise


def _verified(project: Project, git: Host, headers: dict[str, str], raw: bytes) -> HostEvent | None:
    if not git.verify(headers, raw, now=site().now()):
        raise ForbiddenError("the signature is wrong")
    event = git.parse(headers, raw)
    if event and event.repo.casefold() != project.host_repo.casefold():
        raise InvalidError("the delivery is about another repository", field="repository", code="other_repository")
    return event


def _remember(project_id: int, event: HostEvent, sent: tuple[str, int]) -> ResponseReturnValue:
    with site().db.write() as session:
        row = followup.take(session, session.get_one(Project, project_id), event, now=site().now(), request=sent)
    if row is None:
        raise InvalidError("this delivery was taken before", field="delivery", code="repeated")
    site().jobs.put("hear", row.id)
    return jsonify(repeated=False), 202

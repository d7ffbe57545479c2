"""The HTTP API, version 1: send feedback with a token, and ask with a receipt what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import Response, abort, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.channels.fields import LIMIT, loads, submission
from triage.db.queries import feedback_by_receipt, project_by_slug
from triage.db.tables import Feedback, Notice, Project
from triage.domain.codes import tidy_receipt
from triage.domain.feedback import Submission
from triage.domain.notices import Event
from triage.services import projects
from triage.web import arrivals, problems
from triage.web.context import site
from triage.web.guards import limiter
from triage.web.schemas import KNOWN, FeedbackIn, ReceiptOut, SendHeaders, StandingOut, errors
from triage.web.status import GUESSES, stage

blueprint = APIBlueprint("api", __name__, url_prefix="/api/v1", tag="Feedback")
problems.attach(blueprint)


def _whole(document: Any) -> Any:
    """Say in the document that a body is needed where one is taken: the framework leaves that out."""
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "requestBody" in operation:
                operation["requestBody"]["required"] = True
    return document


@blueprint.record
def _describe(state: BlueprintSetupState) -> None:
    """Set what the document says of the whole API; the framework's own error shapes are not ours."""
    state.app.security_schemes = {"token": {"type": "http", "scheme": "bearer"}}  # type: ignore[attr-defined]
    state.app.spec_processor(_whole)  # type: ignore[attr-defined]
    for name in ("AUTO_404_RESPONSE", "AUTO_VALIDATION_ERROR_RESPONSE", "AUTO_AUTH_ERROR_RESPONSE"):
        state.app.config[name] = False


@blueprint.after_request
def _unstored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _taking(schema: type[Any], location: str = "json") -> Callable[[Any], Any]:
    """Document what a view takes and leave the reading to it: the framework's would let hostile JSON through."""

    def describe(view: Any) -> Any:
        return blueprint.input(schema, location=location, validation=False)(view).__wrapped__

    return describe


@blueprint.post("/projects/<slug>/feedback")
@limiter.limit(arrivals.OFTEN)
@_taking(FeedbackIn)
@_taking(SendHeaders, "headers")
@blueprint.output(ReceiptOut, status_code=201, description="Stored; the receipt is for the person who said it")
@blueprint.doc(
    summary="Send one feedback",
    description="The same `source_url`, `id` or header `Idempotency-Key` again stores nothing and answers 200 with the "
    "first receipt. `text` and `content` may stand for `body`; unknown fields are kept as context.",
    security="token",
    responses={200: KNOWN} | errors(400, 401, 403, 404, 413, 415, 422, 429, 503),
)
def send(slug: str) -> tuple[dict[str, Any], int]:
    """Store what a program sends on behalf of a person."""
    token = _token()
    if not (request.mimetype == "application/json" or request.mimetype.endswith("+json")):
        abort(415)
    raw = arrivals.body(LIMIT)

    def check(session: Session, project: Project) -> None:
        projects.check_token(session, project, token, now=site().now())

    with site().db.read() as session:  # so that nobody without a token makes us parse, or wait for the write lock
        check(session, project_by_slug(session, slug))
    received = arrivals.keep(slug, _submission(raw), check)
    link = f"{site().settings.base_url}/s/{received.receipt}"
    answer = {"receipt": received.receipt, "status_url": link, "added": received.added}
    return answer, 201 if received.added else 200


def _token() -> str:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        answer = problems.problem(401, "unauthorized")
        answer.headers["WWW-Authenticate"] = "Bearer"
        abort(answer)
    return sent.token


def _submission(raw: bytes) -> Submission:
    found = submission(loads(raw), "api")
    key = request.headers.get("Idempotency-Key", "").strip()
    return replace(found, identity=found.identity or (key and f"key:{key}"))


@blueprint.get("/feedback/<receipt>")
@limiter.limit(arrivals.OFTEN)
@limiter.limit(GUESSES, deduct_when=lambda response: response.status_code == 404)  # noqa: PLR2004
@blueprint.output(StandingOut)
@blueprint.doc(
    summary="Ask what became of a feedback",
    description="Needs no sign-in: whoever has the receipt may know.",
    responses=errors(404, 429, 503),
)
def standing(receipt: str) -> dict[str, Any]:
    """Return where a feedback stands and what its reporter was told."""
    with site().db.read() as session:
        row = feedback_by_receipt(session, tidy_receipt(receipt))
        return {
            "receipt": row.receipt,
            "project": row.project.slug,
            "status": stage(row),
            "received_at": row.created_at,
            "timeline": _timeline(session, row),
            "issue": _issue(row),
        }


def _timeline(session: Session, row: Feedback) -> list[dict[str, Any]]:
    told = select(Notice).where(Notice.feedback_id == row.id)
    later = session.scalars(told.order_by(Notice.happened_at, Notice.id))
    first = {"event": Event.RECEIVED.value, "at": row.created_at, "text": "", "author": ""}
    return [first, *({"event": n.event, "at": n.happened_at, "text": n.text, "author": n.author} for n in later)]


def _issue(row: Feedback) -> dict[str, Any] | None:
    """Return the issue where it can be visited: the console host's is a file of this machine."""
    issue = row.topic.issue if row.topic else None
    if issue is None or not issue.url.startswith(("http://", "https://")):
        return None
    return {"number": issue.number, "url": issue.url, "open": issue.open}

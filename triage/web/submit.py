"""The front page and the form: taking feedback from anyone, without an account."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from itsdangerous import BadSignature, Signer

from triage.db.queries import project_by_slug
from triage.db.tables import Feedback, Project
from triage.detectors import FINDERS
from triage.domain.feedback import BODY_LIMIT, TITLE_LIMIT, Submission
from triage.domain.redaction import rules_found
from triage.errors import InvalidError
from triage.services import intake, pictures, projects
from triage.services.pictures import Picture
from triage.web import language
from triage.web.context import site
from triage.web.errors import sentence
from triage.web.guards import csrf, limiter, valid_csrf

blueprint = Blueprint("submit", __name__)
QUICKEST = 2  # seconds: nobody reads the page and writes a sentence faster
SAME = (
    3_600  # seconds: words sent again within them are the press of “Back”, later ones may be news of the same trouble
)
TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form, and what is to be said about it before it can be sent."""

    body: str = ""
    title: str = ""
    email: str = ""
    ticket: str = ""
    problem: str = ""
    field: str = ""
    warned: tuple[str, ...] = ()
    picture_lost: bool = False


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Say what this is, list the projects, and take a receipt code."""
    with site().db.read() as db:
        return render_template("submit/home.html", projects=projects.listing(db))


@blueprint.get("/p/<slug>")
def project(slug: str) -> ResponseReturnValue:
    """Lead a shortened address to the form."""
    return redirect(url_for(".new", slug=slug))


@blueprint.get("/p/<slug>/new")
def new(slug: str) -> ResponseReturnValue:
    """Show the empty form."""
    return _page(_project(slug), Draft(ticket=_ticket()))


@blueprint.post("/p/<slug>/new")
@csrf.exempt  # type: ignore[untyped-decorator]  # checked below, so that what was written is still on the page when the check fails
@limiter.limit(lambda: site().settings.submit_limit)
def send(slug: str) -> ResponseReturnValue:
    """Take the feedback, or show the form again with what was written and one thing to do."""
    product, draft = _project(slug), _draft()
    problem = _unready(draft)
    if problem:
        return _page(product, replace(draft, problem=problem, ticket=draft.ticket or _ticket())), 422
    try:
        submission, picture = _submission(draft), _picture()
    except InvalidError as error:
        return _page(product, replace(draft, problem=sentence(error), field=error.field)), 422
    warned = rules_found(f"{submission.title}\n{submission.body}", FINDERS)
    if warned and "anyway" not in request.form:
        return _page(product, replace(draft, warned=warned))
    receipt = _keep(product, submission, picture)
    return redirect(url_for("status.show", code=receipt, received=slug), 303)


def _project(slug: str) -> Project:
    with site().db.read() as db:
        return project_by_slug(db, slug)


def _page(product: Project, draft: Draft) -> str:
    return render_template(
        "submit/new.html",
        project=product,
        draft=draft,
        body_limit=BODY_LIMIT,
        title_limit=TITLE_LIMIT,
        megabytes=site().settings.upload_megabytes,
    )


def _draft() -> Draft:
    form = request.form
    return Draft(
        body=form.get("body", "").replace("\r\n", "\n"),
        title=form.get("title", ""),
        email=form.get("email", ""),
        ticket=form.get("ticket", ""),
        picture_lost=bool(request.files.get("picture")),
    )


def _unready(draft: Draft) -> str:
    """Return why it can't be taken yet, in a friendly sentence: sending once more is all that a person has to do."""
    started = _started(draft.ticket)
    if not valid_csrf():
        return str(gettext("Your text is still here, but the page had expired. Please press “Send” once more."))
    if started is None or request.form.get("website"):
        return str(gettext("Your text is still here. So that we know that you are no robot, press “Send” once more."))
    if site().now().timestamp() - started < QUICKEST:
        return str(gettext("That was very quick! So that we know that you are no robot, press “Send” once more."))
    return ""


def _signer() -> Signer:
    return Signer(site().key, salt="triage form")


def _ticket() -> str:
    """Return what a form carries: when it was opened, and a number of its own.

    Within an hour a browser gets the same one again: who goes back and sends once more is not two people.
    """
    ticket: str = session.get(TICKET, "")
    started = _started(ticket)
    if started is None or not 0 <= site().now().timestamp() - started < SAME:
        ticket = _signer().sign(f"{int(site().now().timestamp())}.{secrets.token_hex(8)}").decode()
        session[TICKET] = ticket
    return ticket


def _started(ticket: str) -> int | None:
    try:
        return int(_signer().unsign(ticket).decode().partition(".")[0])
    except (BadSignature, ValueError):
        return None


def _submission(draft: Draft) -> Submission:
    """Return the checked submission. Identity: form, words and address; a double click is one, a second thought two."""
    said = hashlib.sha256(f"{draft.title}\n{draft.body}\n{draft.email}".encode("utf-8", "replace")).hexdigest()[:16]
    ticket = hashlib.sha256(draft.ticket.encode("utf-8", "replace")).hexdigest()[:32]
    return intake.checked(
        Submission(
            body=draft.body,
            title=draft.title,
            email=draft.email,
            language=language.chosen(),
            channel="form",
            identity=f"form:{ticket}:{said}",
        )
    )


def _picture() -> Picture | None:
    sent = request.files.get("picture")
    if not sent or not sent.filename:
        return None
    return pictures.read(sent.stream, limit=site().settings.upload_megabytes * 1024 * 1024)


def _keep(product: Project, submission: Submission, picture: Picture | None) -> str:
    now = site().now()
    with site().db.write() as db:
        received = intake.receive(db, project_by_slug(db, product.slug), submission, now=now)
        row = db.get_one(Feedback, received.feedback_id)
        if picture and not row.attachments:  # also the one that was thought of afterwards
            pictures.store(db, row, picture, folder=site().settings.path("uploads"), now=now)
    if received.added:
        site().jobs.put("analyse", received.feedback_id)
    return received.receipt

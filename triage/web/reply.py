"""What a reporter adds on their status page: the receipt is the proof, and nobody signs in."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from triage.db.queries import feedback_by_receipt
from triage.domain.codes import tidy_receipt
from triage.errors import ConflictError, InvalidError
from triage.services import replies
from triage.web import status
from triage.web.context import site
from triage.web.errors import sentence
from triage.web.guards import csrf, limiter, valid_csrf

blueprint = APIBlueprint("reply", __name__, enable_openapi=False)


@blueprint.post("/s/<code>/reply")
@csrf.exempt  # type: ignore[untyped-decorator]  # checked below: the words stay on the page
@limiter.limit("20 per hour")
def send(code: str) -> ResponseReturnValue:
    """Keep what was written, and let the worker pass it on."""
    tidy = tidy_receipt(code)
    if not valid_csrf():
        words = gettext("Your text is still here, but the page had expired. Please press “Send” once more.")
        return _again(tidy, words), 422
    try:
        with site().db.write() as session:
            feedback = feedback_by_receipt(session, tidy)
            objection = "still" in request.form
            replies.reply(session, feedback, request.form.get("words", ""), objection=objection, now=site().now())
    except (InvalidError, ConflictError) as error:
        return _again(tidy, sentence(error)), 422 if isinstance(error, InvalidError) else 409
    site().jobs.put("sweep")
    flash(gettext("Thank you: the team gets it."), "")
    return redirect(url_for("status.show", code=tidy), 303)


def _again(code: str, problem: str) -> str:
    with site().db.read() as session:
        feedback = feedback_by_receipt(session, code)
        return status.page(session, feedback, words=request.form.get("words", ""), problem=problem)

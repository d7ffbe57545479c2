"""What became of it: a reporter's own page, found by the receipt alone, and the way to stop mails."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.queries import feedback_by_receipt
from triage.db.tables import Feedback, Notice, Reply, Reporter
from triage.domain.codes import tidy_receipt
from triage.domain.feedback import FeedbackState
from triage.domain.notices import Event
from triage.errors import NotFoundError
from triage.services import replies
from triage.web.context import site
from triage.web.guards import csrf, limiter

blueprint = Blueprint("status", __name__)
GUESSES = "30 per hour"  # wrong codes from one address


@dataclass(frozen=True, slots=True)
class Story:
    """What the page tells: the feedback, how many others say the same, notices and additions in order, and the stage.

    `first` is true where nothing like it was here before, be it open or closed.
    `moved` is true where the issue was closed as a duplicate: to the host it is over, to its reporter it goes on.
    """

    feedback: Feedback
    others: int
    first: bool
    grouped: bool
    notices: list[Notice]
    added: list[Reply]
    stage: str
    moved: bool


def _wrong(response: Response) -> bool:
    return response.status_code == 404  # noqa: PLR2004


@blueprint.get("/s/")
def look() -> ResponseReturnValue:
    """Take a receipt from the box on the front page."""
    code = tidy_receipt(request.args.get("code", ""))
    return redirect(url_for(".show", code=code) if code else url_for("submit.home"))


@blueprint.get("/s/<code>")
@limiter.limit(GUESSES, deduct_when=_wrong)
def show(code: str) -> ResponseReturnValue:
    """Show what became of one feedback."""
    tidy = tidy_receipt(code)
    if tidy and tidy != code:
        return redirect(url_for(".show", code=tidy, received=request.args.get("received")))
    with site().db.read() as session:
        try:
            feedback = feedback_by_receipt(session, tidy)
        except NotFoundError:
            return render_template("status/unknown.html", code=tidy), 404
        return page(session, feedback, received=request.args.get("received", ""))


def page(session: Session, feedback: Feedback, *, received: str = "", words: str = "", problem: str = "") -> str:
    """Return the page of one feedback: after a reply that can't be taken, with its words and the problem."""
    story = _story(session, feedback)
    return render_template("status/show.html", story=story, received=received, words=words, problem=problem)


def _story(session: Session, feedback: Feedback) -> Story:
    topic = feedback.topic
    grouped = topic is not None and feedback.state == FeedbackState.ANALYSED
    told = select(Notice).where(Notice.feedback_id == feedback.id)
    notices = list(session.scalars(told.order_by(Notice.happened_at, Notice.id)))
    turns = [notice.event for notice in notices if notice.event not in {Event.ANSWERED, Event.COMMENTED}]
    return Story(
        feedback=feedback,
        first=feedback.labels.get("placement", {}).get("why") == "nothing-alike",
        others=max(topic.reports - 1, 0) if topic is not None and grouped else 0,
        grouped=grouped,
        notices=notices,
        added=replies.of_feedback(session, feedback.id),
        stage=stage(feedback),
        moved=stage(feedback) == "declined" and turns[-1:] == [Event.DUPLICATE],
    )


def stage(feedback: Feedback) -> str:
    """Return where it stands in the reporter's terms: what is still inside the house is “received” or “sorted”."""
    if feedback.topic is None or feedback.state in {FeedbackState.RECEIVED, FeedbackState.QUARANTINED}:
        return "received"
    inside = {"new": "sorted", "snoozed": "sorted", "spam": "received", "accepted": "filed", "merged": "sorted"}
    return inside.get(feedback.topic.state, str(feedback.topic.state))


@blueprint.get("/mute/<code>")
@limiter.limit(GUESSES, deduct_when=_wrong)
def mute(code: str) -> ResponseReturnValue:
    """Ask whether mails are to stop: mail programs follow links by themselves, so looking changes nothing."""
    with site().db.read() as session:
        return render_template("status/mute.html", reporter=_reporter(session, code), code=code)


@blueprint.post("/mute/<code>")
@csrf.exempt  # type: ignore[untyped-decorator]  # the code is the proof, and mail programs post here themselves (RFC 8058)
@limiter.limit(GUESSES, deduct_when=_wrong)
def stop(code: str) -> ResponseReturnValue:
    """Stop the mails, or let them come again."""
    with site().db.write() as session:
        reporter = _reporter(session, code)
        reporter.muted_at = None if "again" in request.form else reporter.muted_at or site().now()
    return redirect(url_for(".mute", code=code), 303)


def _reporter(session: Session, code: str) -> Reporter:
    reporter = session.scalar(select(Reporter).where(Reporter.mute_code == code))
    if reporter is None:
        raise NotFoundError("there is no such code")
    return reporter

"""The queue: what waits for a person's decision, one topic's page, and the decisions themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from triage.db.queries import topic_by_key
from triage.db.tables import Attachment, Decision, Topic
from triage.domain.text import cleanse
from triage.domain.topics import Verb
from triage.errors import ConflictError, InvalidError, NotFoundError, OutsideError
from triage.hosts import Host
from triage.services import attaching, filing, mirror, pictures, review, undo
from triage.services.components import choices
from triage.services.evidence import hidden
from triage.web import reasons, refusals
from triage.web.context import actor, safe_next, site
from triage.web.dossier import dossier
from triage.web.errors import STATUS, sentence
from triage.web.guards import login
from triage.web.shelf import Wanted, shelf

# APIFlask looks for its own kind of blueprint wherever there is a before_request
blueprint = APIBlueprint("queue", __name__, url_prefix="/queue", enable_openapi=False)
blueprint.add_app_template_filter(reasons.words, "weighed")  # for the pages next door that tell reasons, too
HERE = ZoneInfo("Asia/Shanghai")
MORNING = time(9)  # when what was put away comes back

DONE = {
    Verb.ACCEPT: lazy_gettext("Accepted. It will be filed in a few seconds."),
    Verb.LINK: lazy_gettext("Linked: the reporters follow that issue."),
    Verb.MERGE: lazy_gettext("Merged."),
    Verb.SPLIT: lazy_gettext("Split off into a topic of its own."),
    Verb.DECLINE: lazy_gettext("Declined. The reporters are told why."),
    Verb.SNOOZE: lazy_gettext("Put away until then."),
    Verb.SPAM: lazy_gettext("Put into quarantine."),
    Verb.NOT_SPAM: lazy_gettext("Taken out of quarantine."),
    Verb.CHANGE_KIND: lazy_gettext("The kind is changed."),
    Verb.CHANGE_COMPONENT: lazy_gettext("The component is changed."),
    Verb.ANSWER: lazy_gettext("Your answer is on its way to the reporters."),
}
STAYS = frozenset({Verb.SPLIT, Verb.CHANGE_KIND, Verb.CHANGE_COMPONENT, Verb.ANSWER, Verb.NOT_SPAM})


@blueprint.before_request
def _maintainers_only() -> ResponseReturnValue | None:
    """Let nobody in who is not signed in, nor anyone with a one-time password."""
    if not current_user.is_authenticated:
        return login.unauthorized()  # type: ignore[no-any-return]
    return redirect(url_for("auth.password")) if current_user.must_change_password else None


@blueprint.context_processor
def _reasons() -> dict[str, object]:
    return {"reasons": reasons, "now": site().now(), "hidden": hidden}


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show one page of the queue."""
    with site().db.read() as session:
        return render_template("queue/index.html", shelf=shelf(session, Wanted.of(request.args)))


@blueprint.get("/<key>")
def topic(key: str) -> ResponseReturnValue:
    """Show one topic."""
    with site().db.read() as session:
        return _page(session, topic_by_key(session, key))


@blueprint.get("/pictures/<int(max=2147483647):number>")
def picture(number: int) -> Response:
    """Show a picture that came with a feedback."""
    with site().db.read() as session:
        row = session.get(Attachment, number)
    path = pictures.path(site().settings.path("uploads"), row) if row else None
    if row is None or path is None or not path.is_file():
        raise NotFoundError("there is no such picture")
    return send_file(path, mimetype=row.media_type, max_age=3600)


@blueprint.post("/pictures/<int(max=2147483647):number>/attach")
def attach(number: int) -> ResponseReturnValue:
    """Add a picture to its topic's issue, and say how it went: the host is asked at once."""
    with site().db.read() as session:
        row = session.get(Attachment, number)
        topic = row.feedback.topic if row else None
        if topic is None:
            raise NotFoundError("there is no such picture")
        key, host = topic.key, site().host(topic.project)
    flash(_attached(number, host), f"{key}:")
    return _onward(key, stays=True)


def _attached(number: int, host: Host) -> str:
    link = site().settings.base_url + url_for(".picture", number=number)
    uploads = attaching.Uploads(site().settings.path("uploads"), link)
    words = gettext("The picture is on the issue now, for everyone who can read it.")
    try:
        if not attaching.attach(site().db, number, host=host, uploads=uploads, now=site().now()):
            words = gettext("This Git host takes no pictures from programs: a comment there will link to it here.")
    except OutsideError as error:
        words = gettext("The picture was not added: %(error)s", error=refusals.words(str(error)))
    return str(words)


@blueprint.post("/<key>/<verb>")
def decide(key: str, verb: str) -> ResponseReturnValue:
    """Make a decision on a topic, and say so with a way back."""
    act = ACTS.get(verb)
    if act is None:
        raise NotFoundError("there is no such verb")
    try:
        with site().db.write() as session:
            decision = act(session, topic_by_key(session, key))
            session.flush()
            filing_id = _filing_id(decision)
    except (InvalidError, ConflictError) as error:
        with site().db.read() as session:
            return _page(session, topic_by_key(session, key), error), STATUS[type(error)]
    _pass_on(filing_id, delay=filing.GRACE.total_seconds() + 1)  # before that, an undo leaves no trace outside
    led_to = decision.detail.get("into", key)  # of a merge and a split: the other topic
    flash(str(DONE[Verb(decision.verb)]), f"{led_to}:{decision.id}")  # the page makes links of the category
    return _onward(key, stays=Verb(decision.verb) in STAYS)


@blueprint.post("/decisions/<int(max=2147483647):number>/undo")
def take_back(number: int) -> ResponseReturnValue:
    """Undo a decision."""
    with site().db.write() as session:
        decision = session.get(Decision, number)
        if decision is None:
            raise NotFoundError("there is no such decision")
        found = undo.undo(session, decision, actor())
        filing_id, key = _filing_id(decision), found.key
    _pass_on(filing_id)
    flash(gettext("Undone: everything is as it was."), f"{key}:")
    return _onward(key, stays=False)


@blueprint.post("/<key>/retry")
def retry(key: str) -> ResponseReturnValue:
    """Try at once to file a topic whose filing failed."""
    with site().db.write() as session:
        row = topic_by_key(session, key).filing
        if row is None:
            raise ConflictError("it isn't to be filed")
        filing.retry(row, now=site().now())
    _pass_on(row.id)
    flash(gettext("Trying again now."), f"{key}:")
    return _onward(key, stays=True)


def _page(session: Session, found: Topic, error: InvalidError | ConflictError | None = None) -> str:
    return render_template(
        "queue/topic.html",
        dossier=dossier(session, found),
        problem=sentence(error) if error else "",
        typed=request.form,
        components=choices(found.project),
        back=safe_next(request.values.get("back", ""), url_for(".index")),
        here=url_for(".topic", key=found.key),
    )


def _filing_id(decision: Decision) -> int | None:
    row = decision.topic.filing if decision.verb == Verb.ACCEPT else None
    return row.id if row else None


def _pass_on(filing_id: int | None, *, delay: float = 0) -> None:
    """Ask the worker to go on with a filing, in `delay` seconds."""
    if filing_id is not None:
        site().jobs.put("file", filing_id, delay=delay)


def _onward(key: str, *, stays: bool) -> Response:
    """Go back to the list that the topic was opened from, or stay on its page."""
    back = safe_next(request.form.get("back", ""), url_for(".index"))
    return redirect(url_for(".topic", key=key, back=back) if stays else back, 303)


def _said(name: str) -> str:
    """Return what was written, in signs that every database and mail program takes."""
    return cleanse(request.form.get(name, ""))


def _merge(session: Session, found: Topic) -> Decision:
    try:
        into = topic_by_key(session, request.form.get("into", "").strip())
    except NotFoundError as error:
        raise InvalidError(str(error), field="into", code="merge_key") from error
    return review.merge(session, found, actor(), into)


def _split(session: Session, found: Topic) -> Decision:
    chosen = [int(number) for number in request.form.getlist("feedback") if number.isdecimal()]
    return review.split(session, found, actor(), chosen)


def _snooze(session: Session, found: Topic) -> Decision:
    return review.snooze(session, found, actor(), _until(request.form.get("until", ""), site().now()))


def _until(wish: str, now: datetime) -> datetime:
    """Return the morning that is meant by “tomorrow”, “week” or a date."""
    today = now.astimezone(HERE).date()
    days = {"tomorrow": 1, "week": 7}
    try:
        chosen = today + timedelta(days[wish]) if wish in days else date.fromisoformat(wish)
        return datetime.combine(chosen, MORNING, HERE)
    except (ValueError, OverflowError) as error:
        raise InvalidError("choose a day to come", field="until", code="until") from error


def _link(session: Session, found: Topic) -> Decision:
    issue = mirror.row_of(session, found.project, request.form.get("issue", "").strip().lstrip("#"))
    if issue is None:
        raise InvalidError("there is no such issue", field="issue", code="issue")
    return review.link(session, found, actor(), issue)


ACTS: dict[str, Callable[[Session, Topic], Decision]] = {
    "accept": lambda session, found: review.accept(session, found, actor()),
    "link": _link,
    "merge": _merge,
    "split": _split,
    "decline": lambda session, found: review.decline(session, found, actor(), _said("reason")),
    "snooze": _snooze,
    "spam": lambda session, found: review.spam(session, found, actor()),
    "not-spam": lambda session, found: review.not_spam(session, found, actor()),
    "kind": lambda session, found: review.change_kind(session, found, actor(), request.form.get("kind", "")),
    "component": lambda session, found: review.change_component(session, found, actor(), _said("component")),
    "answer": lambda session, found: review.answer(session, found, actor(), _said("words")),
}

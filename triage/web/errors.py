"""Every error as an answer: a calm page in the visitor's language, or JSON for machines; never a trace."""

from __future__ import annotations

import secrets
from http import HTTPStatus

import structlog
from apiflask.exceptions import HTTPError
from flask import Flask, Response, current_app, g, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from triage.domain.feedback import BODY_LIMIT, TITLE_LIMIT
from triage.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    OutsideError,
    SettingError,
    TriageError,
)
from triage.services import replies
from triage.services.people import SHORTEST
from triage.web import conflicts
from triage.web.context import safe_next

log = structlog.get_logger()

WAIT = 60  # seconds after which it is worth trying again
CODES = frozenset({"code", "receipt"})  # what such parts of an address are called
MACHINES = ("/api/", "/hooks/")
ROWS = frozenset({"decisions", "pictures", "proposals"})  # there are buttons below these, and no page of their own
STATUS: dict[type[TriageError], int] = {
    NotFoundError: 404,
    InvalidError: 422,
    ConflictError: 409,
    ForbiddenError: 403,
    OutsideError: 502,
}
FIELDS = {
    "empty": lazy_gettext("Please write something first."),
    "too_long": lazy_gettext("The text is too long: at most %(limit)s characters.", limit=f"{BODY_LIMIT:,}"),
    "title_too_long": lazy_gettext("The title is too long: at most %(limit)s characters.", limit=TITLE_LIMIT),
    "reply_too_long": lazy_gettext("That is too long: at most %(limit)s characters.", limit=f"{replies.LIMIT:,}"),
    "email": lazy_gettext("This doesn't look like a mail address. Correct it, or leave it empty."),
    "context": lazy_gettext("The context is no small JSON object."),
    "picture_empty": lazy_gettext("The picture is empty. Choose another one, or send without."),
    "picture_too_big": lazy_gettext("The picture is too large. Choose a smaller one, or send without."),
    "picture_type": lazy_gettext("This file is no picture that we can read: PNG, JPEG, WebP or GIF."),
    "picture_pixels": lazy_gettext("The picture has too many pixels. Crop it, or send without."),
    "reason": lazy_gettext("Say why: every reporter reads it."),
    "until": lazy_gettext("Choose a day to come."),
    "split": lazy_gettext("Choose some of the feedback, but not all of it."),
    "kind": lazy_gettext("There is no such kind."),
    "component": lazy_gettext("This project has no such component."),
    "issue": lazy_gettext("There is no such issue in the mirror."),
    "merge_key": lazy_gettext("There is no topic with this key in this project."),
    "password_short": lazy_gettext("A password has at least %(count)s characters.", count=SHORTEST),
    "password_repeat": lazy_gettext("The two passwords are not the same."),
    "password_wrong": lazy_gettext("Your present password is not right."),
    "password_same": lazy_gettext("Choose another password than the one you have."),
}
EXPIRED = lazy_gettext("The page had expired")
PAGES = {
    400: (
        lazy_gettext("That can't be read"),
        lazy_gettext("What was sent is incomplete. Go back and try again."),
    ),
    403: (lazy_gettext("That is not allowed"), lazy_gettext("You don't have the right to do this.")),
    404: (lazy_gettext("Nothing here"), lazy_gettext("The address is mistyped, or what it led to is gone.")),
    405: (lazy_gettext("Not like this"), lazy_gettext("This address can't be called in this way.")),
    409: (
        lazy_gettext("It has changed meanwhile"),
        lazy_gettext("Somebody was quicker. Look again, then decide."),
    ),
    413: (
        lazy_gettext("Too large"),
        lazy_gettext("Choose a smaller picture, or write a shorter text."),
    ),
    415: (lazy_gettext("That can't be read"), lazy_gettext("This kind of content is not taken here.")),
    422: (
        lazy_gettext("Something is missing"),
        lazy_gettext("Go back and look at what you entered."),
    ),
    429: (
        lazy_gettext("A little slower, please"),
        lazy_gettext(
            "There were too many tries from your address. Wait some minutes, then try again. "
            "Nothing that was confirmed before is lost."
        ),
    ),
    502: (lazy_gettext("The Git host doesn't answer"), lazy_gettext("Nothing is lost. Try again in a while.")),
    503: (
        lazy_gettext("Not just now"),
        lazy_gettext(
            "Nothing can be read or stored at the moment. What you sent just now was not taken: keep it, and send it "
            "again in some minutes. Nothing that was confirmed before is lost."
        ),
    ),
    500: (
        lazy_gettext("That was our mistake"),
        lazy_gettext("It is written down and will be looked at. Nothing that was confirmed before is lost."),
    ),
}


def attach(app: Flask) -> None:
    """Answer every error of `app`."""
    if hasattr(app, "error_processor"):
        app.error_processor(_of_apiflask)  # before ours: it takes every HTTPException, too, and drops its headers
    app.register_error_handler(TriageError, _of_ours)
    app.register_error_handler(SettingError, _of_settings)
    app.register_error_handler(CSRFError, _of_csrf)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(OperationalError, _of_database)
    app.register_error_handler(Exception, _of_last_resort)


def sentence(error: TriageError) -> str:
    """Return what went wrong, in the visitor's language."""
    if isinstance(error, InvalidError):
        return str(FIELDS.get(error.code) or gettext(str(error)))
    if isinstance(error, ConflictError):
        return conflicts.words(str(error)) or str(PAGES[409][1])
    return str(PAGES[_status(error)][1])


def _status(error: TriageError) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def _of_ours(error: TriageError) -> ResponseReturnValue:
    status = _status(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _of_last_resort(error)
    code = error.code if isinstance(error, InvalidError) else HTTPStatus(status).phrase.lower().replace(" ", "_")
    field = error.field if isinstance(error, InvalidError) else ""
    return _answer(status, sentence(error), code=code, field=field)


def _of_csrf(_: CSRFError) -> ResponseReturnValue:
    words = gettext("The page was open for too long, or cookies are off. Go back, load it again, and send once more.")
    return _answer(400, words, code="csrf")


def _of_http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET" and not _by_machine():
        return redirect(_page_of(request.path))  # reloaded, or come back to after signing in: a 405 would be a dead end
    answer, status = _answer(error.code, _words(error.code), code=error.name.lower().replace(" ", "_"))
    return answer, status, [item for item in error.get_headers() if item[0] in {"Allow", "Retry-After"}]


def _of_apiflask(error: HTTPError) -> ResponseReturnValue:
    words = _words(error.status_code) if error.status_code in PAGES else str(error.message)
    return _answer(error.status_code, words, code=HTTPStatus(error.status_code).phrase.lower().replace(" ", "_"))


def _of_database(error: OperationalError) -> ResponseReturnValue:
    """Ask for patience while the database is away, full or busy: that passes, and who sent something sends it again."""
    why = str(error.orig).partition("\n")[0]
    log.error("the database failed", path=_place(), method=request.method, why=why)
    g.database_away = True  # the page is not to ask it who looks at it
    return _unavailable()


def _of_settings(error: SettingError) -> ResponseReturnValue:
    """Ask for patience until an operator has mended a setting, a changed key say: what was sent is sent again."""
    log.error("a setting is wrong", path=_place(), method=request.method, why=str(error))
    return _unavailable()


def _unavailable() -> ResponseReturnValue:
    answer, status = _answer(503, _words(503), code="unavailable")
    return answer, status, {"Retry-After": str(WAIT)}


def _of_last_resort(error: Exception) -> ResponseReturnValue:
    """Log what nobody foresaw, and show nothing of it but a number by which it is found in the log."""
    number = secrets.token_hex(4)
    log.error("request failed", id=number, path=_place(), method=request.method, exc_info=error)
    return _answer(500, _words(500), code="internal", number=number)


def _place() -> str:
    """Return the address that was called, for the log: without a code that opens a person's page."""
    rule = request.url_rule
    return rule.rule if rule is not None and rule.arguments & CODES else request.path


def _words(status: int) -> str:
    return str(PAGES.get(status, PAGES[_class_of(status)])[1])


def _class_of(status: int) -> int:
    return 500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400


def _by_machine() -> bool:
    return request.path.startswith(MACHINES)


def _page_of(path: str) -> str:
    """Return the nearest page at or above `path`, for an address that takes only what forms send."""
    parts, urls = path.strip("/").split("/"), current_app.create_url_adapter(request)
    for length in range(len(parts), 0, -1):
        page = "/" + "/".join(parts[:length])
        if urls and parts[length - 1] not in ROWS and urls.test(page, "GET"):
            return safe_next(page)
    return "/"


def _way_back() -> str:
    """Return where a form that went wrong was, as far as it says; nothing where no form was sent."""
    if request.method != "POST":
        return ""
    try:
        said = request.form.get("back", "")
    except HTTPException:  # too large to be read, or broken off
        said = ""
    return safe_next(said, _page_of(request.path))


def _answer(status: int, words: str, *, code: str, field: str = "", number: str = "") -> tuple[str | Response, int]:
    if _by_machine():
        about = {"code": code, "field": field, "message": words}
        return jsonify(error=about | ({"id": number} if number else {})), status
    title = EXPIRED if code == "csrf" else PAGES.get(status, PAGES[_class_of(status)])[0]
    return render_template("errors/error.html", title=title, words=words, number=number, back=_way_back()), status

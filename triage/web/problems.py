"""Errors as machines read them: one shape, a stable code, a sentence in the caller's language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify
from flask_babel import lazy_gettext
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES

from triage.errors import ForbiddenError, InvalidError, NotFoundError
from triage.web.errors import FIELDS

STATUS = {
    "not_json": 400,
    "not_object": 400,
    "too_large": 413,
    "repeated": 409,
}  # of an InvalidError; all others are 422
SENTENCES = {
    "invalid": lazy_gettext("This can't be taken."),
    "not_json": lazy_gettext("This is not JSON in UTF-8."),
    "not_object": lazy_gettext("A JSON object is needed."),
    "not_form": lazy_gettext("This form can't be read."),
    "missing": lazy_gettext("This field is missing."),
    "too_deep": lazy_gettext("The JSON is nested too deeply."),
    "too_large": lazy_gettext("What was sent is too large."),
    "wrong_type": lazy_gettext("This field has the wrong type."),
    "number": lazy_gettext("A number in it is too large, or none."),
    "date": lazy_gettext("This is no time that can be read. Write it like 2026-03-02T09:00:00Z."),
    "other_repository": lazy_gettext("The delivery is about another repository than this project's."),
    "repeated": lazy_gettext("This delivery was taken before; nothing was changed by it now."),
    "unknown_event": lazy_gettext("This host has no such event. Let it send issues and comments."),
    "bad_request": lazy_gettext("The request can't be read."),
    "unauthorized": lazy_gettext("A token is needed, sent as “Authorization: Bearer …”."),
    "forbidden": lazy_gettext("This is not allowed."),
    "not_found": lazy_gettext("There is nothing here."),
    "unsupported_media_type": lazy_gettext("Send JSON, with “Content-Type: application/json”."),
    "too_many_requests": lazy_gettext("Too many requests. Wait a while, then try again."),
}
REFUSALS = {
    "the token is wrong, or not this project's": lazy_gettext("The token is wrong, or not this project's."),
    "the signature is wrong": lazy_gettext("The signature is wrong."),
    "the delivery's time is more than five minutes off": lazy_gettext(
        "The delivery is more than five minutes old, or one of the clocks is wrong."
    ),
    "the headers webhook-id, webhook-timestamp and webhook-signature are needed": lazy_gettext(
        "The headers webhook-id, webhook-timestamp and webhook-signature are needed."
    ),
    "this project has no secret for webhooks": lazy_gettext("This project has no secret for webhooks."),
}


def attach(blueprint: Blueprint) -> None:
    """Answer every error below `blueprint` in this shape."""
    blueprint.register_error_handler(InvalidError, _invalid)
    blueprint.register_error_handler(ForbiddenError, _forbidden)
    blueprint.register_error_handler(NotFoundError, _not_found)
    for status in default_exceptions:  # by number: a handler of the whole application for one number comes before
        blueprint.register_error_handler(status, _http)


def problem(status: int, code: str, *, message: Any = "", field: str = "") -> Response:
    """Return the answer {error: {code, field, message}}; `message` stands in for the sentence of the code."""
    words = message or SENTENCES.get(code) or HTTP_STATUS_CODES[status]
    answer = jsonify(error={"code": code, "field": field, "message": str(words)})
    answer.status_code = status
    return answer


def _invalid(error: InvalidError) -> Response:
    words = SENTENCES.get(error.code) or FIELDS.get(error.code) or str(error)
    return problem(STATUS.get(error.code, 422), error.code, message=words, field=error.field)


def _forbidden(error: ForbiddenError) -> Response:
    return problem(403, "forbidden", message=REFUSALS.get(str(error), ""))


def _not_found(_: NotFoundError) -> Response:
    return problem(404, "not_found")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code = "too_large" if status == 413 else HTTP_STATUS_CODES[status].lower().replace(" ", "_")  # noqa: PLR2004
    return problem(status, code)

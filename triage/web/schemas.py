"""The shapes of the API, as its OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

from apiflask import Schema, fields
from apiflask.validators import Length, OneOf
from marshmallow import INCLUDE
from werkzeug.http import HTTP_STATUS_CODES

from triage.domain.feedback import BODY_LIMIT, TITLE_LIMIT
from triage.domain.notices import Event

STAGES = ("received", "sorted", "filed", "resolved", "closed", "declined")
KNOWN = {
    "description": "It was there before: this is its receipt",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ReceiptOut"}}},
}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "field", "message"],
            "properties": {
                "code": {"type": "string", "description": "A stable word for programs"},
                "field": {"type": "string", "description": "The part at fault, or nothing"},
                "message": {"type": "string", "description": "A sentence in the language of Accept-Language"},
            },
        }
    },
}


def errors(*statuses: int) -> dict[int, Any]:
    """Return the documentation of error answers: one shape for all."""
    content = {"application/json": {"schema": ERROR}}
    return {status: {"description": HTTP_STATUS_CODES[status], "content": content} for status in statuses}


class SendHeaders(Schema):
    """Headers of a submission beside the token's."""

    key = fields.String(
        data_key="Idempotency-Key",
        metadata={"description": "The same key again is the same feedback; `source_url` and `id` come before it"},
    )


class FeedbackIn(Schema):
    """What one person says."""

    class Meta:  # noqa: D106
        unknown = INCLUDE

    body = fields.String(
        required=True, validate=Length(1, BODY_LIMIT), metadata={"description": "What the person says, in their words"}
    )
    title = fields.String(validate=Length(max=TITLE_LIMIT))
    email = fields.Email(metadata={"description": "Where the person wants to hear what became of it"})
    language = fields.String(metadata={"description": "zh or en, where it is known"})
    id = fields.Raw(
        metadata={"type": ["string", "integer"], "description": "Your id of it: the same id again is the same feedback"}
    )
    source_url = fields.String(metadata={"description": "Where it was said; the same address is the same feedback"})
    created_at = fields.DateTime(metadata={"description": "When it was said, where that was not just now"})
    reporter = fields.Raw(
        metadata={
            "type": ["string", "integer"],
            "description": "Your id of the person: several feedback of one count as one",
        }
    )
    private = fields.Boolean(metadata={"description": "Never quoted in public"})
    context = fields.Dict(metadata={"description": "Version, page, device: what helps to understand it"})


class ReceiptOut(Schema):
    """The answer to a feedback."""

    receipt = fields.String(required=True, metadata={"example": "K7QM-3XTA-9WPD"})
    status_url = fields.URL(required=True, metadata={"description": "The person's own page"})
    added = fields.Boolean(required=True, metadata={"description": "False where it was there before"})


class EventOut(Schema):
    """Something that the person was told."""

    event = fields.String(required=True, validate=OneOf([event.value for event in Event]))
    at = fields.DateTime(required=True)
    text = fields.String(required=True)
    author = fields.String(required=True)


class IssueOut(Schema):
    """The issue on the Git host."""

    number = fields.String(required=True)
    url = fields.URL(required=True)
    open = fields.Boolean(required=True)


class StandingOut(Schema):
    """What became of a feedback."""

    receipt = fields.String(required=True)
    project = fields.String(required=True)
    status = fields.String(required=True, validate=OneOf(STAGES))
    received_at = fields.DateTime(required=True)
    timeline = fields.List(fields.Nested(EventOut), required=True)
    issue = fields.Nested(IssueOut, required=True, allow_none=True)

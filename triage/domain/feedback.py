"""What one person sent: its kinds, its states and the bounds of what is taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

BODY_LIMIT = 20_000
TITLE_LIMIT = 200


class Kind(StrEnum):
    """What a feedback is, in the words of the queue."""

    BUG = "bug"
    FEATURE = "feature"
    QUESTION = "question"
    PRAISE = "praise"
    COMPLAINT = "complaint"
    OTHER = "other"


class FeedbackState(StrEnum):
    """How far a feedback has come inside the service."""

    RECEIVED = "received"  # stored, analysis waits
    ANALYSED = "analysed"  # in the queue with its labels
    UNANALYSED = "unanalysed"  # analysis failed; in the queue, marked
    QUARANTINED = "quarantined"  # taken for spam by the model or a person; kept, undoable


@dataclass(frozen=True, slots=True)
class Submission:
    """One feedback as a channel hands it over, before anything of it is trusted.

    `identity` makes it unique within its project: the same identity twice is the same feedback.
    """

    body: str
    title: str = ""
    email: str = ""
    language: str = ""
    channel: str = "form"
    identity: str = ""
    reporter: str = ""
    said_at: datetime | None = None
    private: bool = False
    context: dict[str, Any] = field(default_factory=dict)


def suggested_title(body: str, limit: int = 80) -> str:
    """Return the first line of `body` that says something: at most `limit` characters, cut at a word if it has any."""
    line = next((part.strip() for part in body.splitlines() if part.strip()), "")
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,，。;；") + "…"

"""The tables about Git hosts: what is to be done there, what was read there, and what came from there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from triage.db.columns import Table

if TYPE_CHECKING:
    from triage.db.tables import Feedback, Topic


class Filing(Table):
    """The intent to file a topic: one row a topic for ever, so that there can be one issue only.

    `gate` is what holds it back ("" for nothing), `overrides` the gates that a maintainer opened for this topic,
    `passed_at` when it last got through them; `confidential` is decided once and stays.
    """

    __tablename__ = "filings"
    __table_args__ = (Index("ix_filings_due", "state", "next_try_at"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), unique=True)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    gate: Mapped[str] = mapped_column(String(20), default="")
    overrides: Mapped[list[Any]] = mapped_column(default=list)
    confidential: Mapped[bool] = mapped_column(default=False)
    claimed_by: Mapped[str] = mapped_column(String(40), default="")
    claimed_until: Mapped[datetime | None]
    next_try_at: Mapped[datetime]
    passed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    topic: Mapped[Topic] = relationship(back_populates="filing")


class Refusal(Table):
    """Why a topic was not filed although it was to be: one row for each new reason, kept for ever."""

    __tablename__ = "refusals"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    gate: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    made_at: Mapped[datetime]
    overridden_at: Mapped[datetime | None]
    overridden_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Issue(Table):
    """An issue of the host as it was last read; `topic_id` where it is one of our topics'.

    `release` is the host's release that its milestone became, if it did. `text_at` is when its words were last read
    anew, by our clock: what the candidate index follows; `recipe` names the dictionary that they were cut with.
    `shown_*` is what the evidence block says, `evidence_due_at` when it is to be written again.
    """

    __tablename__ = "issues"
    __table_args__ = (
        UniqueConstraint("project_id", "repo", "number"),
        Index("ix_issues_recipe", "project_id", "recipe"),
        Index("ix_issues_evidence_due", "evidence_due_at"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"), unique=True)
    repo: Mapped[str]
    number: Mapped[str] = mapped_column(String(40))
    url: Mapped[str]
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    author: Mapped[str] = mapped_column(default="")
    open: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str] = mapped_column(String(20), default="")
    labels: Mapped[list[Any]] = mapped_column(default=list)
    milestone: Mapped[str] = mapped_column(default="")
    release: Mapped[str] = mapped_column(default="")
    release_url: Mapped[str] = mapped_column(default="")
    assignees: Mapped[list[Any]] = mapped_column(default=list)
    duplicate_of: Mapped[str] = mapped_column(String(40), default="")
    confidential: Mapped[bool] = mapped_column(default=False)
    cut: Mapped[dict[str, Any]] = mapped_column(default=dict)
    recipe: Mapped[str] = mapped_column(String(16), default="")
    text_at: Mapped[datetime | None] = mapped_column(index=True)
    error: Mapped[str] = mapped_column(default="")
    shown_people: Mapped[int] = mapped_column(default=0)
    shown_reports: Mapped[int] = mapped_column(default=0)
    evidence_at: Mapped[datetime | None]
    evidence_due_at: Mapped[datetime | None]
    evidence_error: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    host_updated_at: Mapped[datetime]
    read_at: Mapped[datetime]
    created_at: Mapped[datetime]

    topic: Mapped[Topic | None] = relationship(back_populates="issue")
    comments: Mapped[list[HostNote]] = relationship(back_populates="issue", order_by="HostNote.said_at")


class IssueCandidate(Table):
    """An issue of the host that a feedback may be about already, and why."""

    __tablename__ = "issue_candidates"
    __table_args__ = (UniqueConstraint("feedback_id", "issue_id"),)

    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id"), index=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    score: Mapped[float]
    shared: Mapped[list[Any]] = mapped_column(default=list)
    differing: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]

    issue: Mapped[Issue] = relationship()


class HostNote(Table):
    """A comment on a topic's issue, as it was last read; `internal` is one that only members see on the host."""

    __tablename__ = "host_notes"
    __table_args__ = (UniqueConstraint("issue_id", "remote_id"),)

    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    remote_id: Mapped[str] = mapped_column(String(40))
    author: Mapped[str]
    body: Mapped[str]
    member: Mapped[bool] = mapped_column(default=False)
    internal: Mapped[bool] = mapped_column(default=False)
    url: Mapped[str] = mapped_column(default="")
    said_at: Mapped[datetime]
    created_at: Mapped[datetime]

    issue: Mapped[Issue] = relationship(back_populates="comments")


class Remark(Table):
    """A comment that we owe a topic's issue: an intent like a filing. `key` is what it is found again by on the host.

    Where `key` follows from the cause ("K7Q2M-people-10"), even a database put back from a backup owes it once.
    """

    __tablename__ = "remarks"
    __table_args__ = (Index("ix_remarks_due", "state", "next_try_at"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    body: Mapped[str]
    reopen: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    claimed_by: Mapped[str] = mapped_column(String(40), default="")
    claimed_until: Mapped[datetime | None]
    next_try_at: Mapped[datetime]
    remote_id: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    topic: Mapped[Topic] = relationship()


class Reply(Table):
    """What a reporter wrote on their status page later; `objection` where they say that it still happens."""

    __tablename__ = "replies"

    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id"), index=True)
    text: Mapped[str]
    objection: Mapped[bool] = mapped_column(default=False)
    remark_id: Mapped[int | None] = mapped_column(ForeignKey("remarks.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)

    feedback: Mapped[Feedback] = relationship()
    remark: Mapped[Remark | None] = relationship()


class HostPause(Table):
    """Until when a host wants no request with a token; `key` is a digest of both, `seconds` how long that was."""

    __tablename__ = "host_pauses"

    key: Mapped[str] = mapped_column(String(64), unique=True)
    until: Mapped[datetime]
    seconds: Mapped[float] = mapped_column(default=0.0)


class Delivery(Table):
    """One webhook that came in: remembered by its id, answered at once, acted on later.

    `request` is what was sent, cut and without secrets, until nobody wants to look at it any more; `size` is its whole
    length in bytes, `answer` what came of it, in words.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("project_id", "source", "remote_id"),
        Index("ix_deliveries_due", "state", "created_at"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))
    remote_id: Mapped[str] = mapped_column(String(100))
    event: Mapped[str] = mapped_column(default="")
    number: Mapped[str] = mapped_column(String(40), default="")
    size: Mapped[int] = mapped_column(default=0)
    request: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    next_try_at: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

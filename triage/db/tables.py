"""The tables. Times are aware UTC; text states are the enums of the domain; JSON holds what is only ever read whole.

Those about the Git hosts and about learning live next door, in `hosted` and `learned`, and can be had from here too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from triage.db.columns import Moment, Table
from triage.db.hosted import Delivery, Filing, HostNote, HostPause, Issue, IssueCandidate, Refusal, Remark, Reply
from triage.db.learned import Example, ModelVersion, Proposal
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState

__all__ = [
    "ApiToken",
    "Attachment",
    "Candidate",
    "Decision",
    "Delivery",
    "Example",
    "Feedback",
    "Filing",
    "HostNote",
    "HostPause",
    "Issue",
    "IssueCandidate",
    "ModelVersion",
    "Moment",
    "Notice",
    "Project",
    "Proposal",
    "Refusal",
    "Remark",
    "Reply",
    "Reporter",
    "Table",
    "Topic",
    "User",
]


class User(Table):
    """A maintainer."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(8), default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Project(Table):
    """A product: its host repository, its words, its policy. Secrets are stored sealed (see triage.db.seal).

    `host_public` says that everybody can read the repository, as far as the host told when it was last asked.
    `words` are its components with their words, `dictionary` the words that are never cut apart.
    """

    __tablename__ = "projects"

    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(String(8), default="zh")
    host: Mapped[str] = mapped_column(String(20), default="console")
    host_url: Mapped[str] = mapped_column(default="")
    host_repo: Mapped[str] = mapped_column(default="")
    host_account: Mapped[str] = mapped_column(default="")
    host_public: Mapped[bool] = mapped_column(default=False)
    sealed_host_token: Mapped[str] = mapped_column(default="")
    sealed_host_secret: Mapped[str] = mapped_column(default="")
    sealed_hook_secret: Mapped[str] = mapped_column(default="")
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    words: Mapped[dict[str, Any]] = mapped_column(default=dict)
    dictionary: Mapped[list[Any]] = mapped_column(default=list)
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    polled_at: Mapped[datetime | None]
    poll_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class ApiToken(Table):
    """A token of the submit API; only its SHA-256 is stored, for it is long and random."""

    __tablename__ = "api_tokens"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Reporter(Table):
    """One person within a project, known by a mail address or the id that a channel gave; else one per feedback."""

    __tablename__ = "reporters"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    key: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(String(8), default="")
    mute_code: Mapped[str] = mapped_column(String(40), unique=True)
    muted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Topic(Table):
    """The feedback about one thing: what is decided on. `representatives` are the ids of those that stand for it."""

    __tablename__ = "topics"
    __table_args__ = (Index("ix_topics_queue", "project_id", "state", "last_seen"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    key: Mapped[str] = mapped_column(String(16), unique=True)
    title: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20), default="")
    component: Mapped[str] = mapped_column(default="")
    state: Mapped[TopicState] = mapped_column(String(20), default=TopicState.NEW)
    reason: Mapped[str] = mapped_column(default="")
    snoozed_until: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"), index=True)
    reports: Mapped[int] = mapped_column(default=0)
    people: Mapped[int] = mapped_column(default=0)
    representatives: Mapped[list[Any]] = mapped_column(default=list)
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    created_at: Mapped[datetime]

    project: Mapped[Project] = relationship()
    issue: Mapped[Issue | None] = relationship(back_populates="topic", uselist=False)
    filing: Mapped[Filing | None] = relationship(back_populates="topic", uselist=False)


class Feedback(Table):
    """What one person sent, as they sent it; labels beside it, each with its reasons.

    `recipe` names the dictionary that `cut` was made with.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("project_id", "identity"),
        Index("ix_feedback_state", "state", "created_at"),
        Index("ix_feedback_recipe", "project_id", "recipe"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"), index=True)
    reporter_id: Mapped[int] = mapped_column(ForeignKey("reporters.id"), index=True)
    identity: Mapped[str] = mapped_column(String(200))
    receipt: Mapped[str] = mapped_column(String(40), unique=True)
    channel: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(default="")
    body: Mapped[str]
    private: Mapped[bool] = mapped_column(default=False)
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    language: Mapped[str] = mapped_column(String(8), default="")
    state: Mapped[FeedbackState] = mapped_column(String(20), default=FeedbackState.RECEIVED)
    kind: Mapped[str] = mapped_column(String(20), default="")
    component: Mapped[str] = mapped_column(default="")
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cut: Mapped[dict[str, Any]] = mapped_column(default=dict)
    recipe: Mapped[str] = mapped_column(String(16), default="")
    analysed_at: Mapped[datetime | None] = mapped_column(index=True)
    analysis_error: Mapped[str] = mapped_column(default="")
    analysis_attempts: Mapped[int] = mapped_column(default=0)
    said_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)

    project: Mapped[Project] = relationship()
    topic: Mapped[Topic | None] = relationship(foreign_keys=[topic_id])
    reporter: Mapped[Reporter] = relationship()
    attachments: Mapped[list[Attachment]] = relationship(back_populates="feedback")


class Attachment(Table):
    """A picture that came with a feedback: verified, without EXIF, named by its content in the uploads folder.

    `issue_url` is where a maintainer had it put on the host, `attaching_until` until when somebody is at that.
    """

    __tablename__ = "attachments"

    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
    issue_url: Mapped[str] = mapped_column(default="")
    attaching_until: Mapped[datetime | None]
    created_at: Mapped[datetime]

    feedback: Mapped[Feedback] = relationship(back_populates="attachments")


class Candidate(Table):
    """A topic that a feedback may belong to, and why; kept also where it was not followed.

    `probability` is there only where the project's own decisions gave one.
    """

    __tablename__ = "candidates"
    __table_args__ = (UniqueConstraint("feedback_id", "topic_id"),)

    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id"), index=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    score: Mapped[float]
    probability: Mapped[float | None]
    shared: Mapped[list[Any]] = mapped_column(default=list)
    differing: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]

    topic: Mapped[Topic] = relationship()


class Decision(Table):
    """Who did what, when, why; `before` holds what undoing needs. `user_id` is None for a policy's decision."""

    __tablename__ = "decisions"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    feedback_id: Mapped[int | None] = mapped_column(ForeignKey("feedback.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    verb: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    made_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    topic: Mapped[Topic] = relationship()
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])


class Notice(Table):
    """What goes back to one reporter about one event: on the status page and, where there is an address, by mail.

    `event` and `about` make it unique: the same event is told once, however often it is seen.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("feedback_id", "event", "about"),
        Index("ix_notices_due", "mail_state", "next_try_at"),
    )

    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id"), index=True)
    event: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(80), default="")
    text: Mapped[str] = mapped_column(default="")
    author: Mapped[str] = mapped_column(default="")
    mail_state: Mapped[str] = mapped_column(String(20), default="none")
    mail_attempts: Mapped[int] = mapped_column(default=0)
    mail_error: Mapped[str] = mapped_column(default="")
    next_try_at: Mapped[datetime | None]
    happened_at: Mapped[datetime]
    created_at: Mapped[datetime]

    feedback: Mapped[Feedback] = relationship()

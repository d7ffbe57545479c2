"""The tables of what a project's own decisions taught: versions of its models, proposals, examples from elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from triage.db.columns import Table

if TYPE_CHECKING:
    from triage.db.tables import Decision, Topic


class ModelVersion(Table):
    """One training of a project's models: its weights lie in `folder` of the instance, `metrics` are before and after.

    `parts` says from which version each part (kinds, spam, duplicates) comes when this one is active; 0: as shipped.
    `trained_until` is the newest decision that it has seen: it may be measured on later ones only.
    """

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("project_id", "version"), Index("ix_models_active", "project_id", "state"))

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(20), default="candidate")
    folder: Mapped[str]
    n: Mapped[int] = mapped_column(default=0)
    parts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    trained_until: Mapped[datetime]
    promoted_at: Mapped[datetime | None]
    promoted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class Proposal(Table):
    """A merge or a split that the periodic pass proposes; open until a decision that holds answers it.

    `groups` are the feedback of each part of a split, `pairs` the evidence: two feedback, how alike, words shared.
    """

    __tablename__ = "proposals"
    __table_args__ = (Index("ix_proposals_topics", "topic_id", "other_id"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"))
    other_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"), index=True)
    score: Mapped[float]
    groups: Mapped[list[Any]] = mapped_column(default=list)
    pairs: Mapped[list[Any]] = mapped_column(default=list)
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))
    outdated: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    topic: Mapped[Topic] = relationship(foreign_keys=[topic_id])
    other: Mapped[Topic | None] = relationship(foreign_keys=[other_id])
    decision: Mapped[Decision | None] = relationship()


class Example(Table):
    """A text whose kind is known from outside the queue: an issue that the host's people labelled."""

    __tablename__ = "examples"
    __table_args__ = (UniqueConstraint("project_id", "source"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    source: Mapped[str] = mapped_column(String(200))
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(String(20))
    said_at: Mapped[datetime]
    created_at: Mapped[datetime]

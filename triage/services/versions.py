"""The versions of a project's models: stored as candidates, promoted, rolled back; the weights lie beside them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage.db.queries import lock
from triage.db.tables import ModelVersion, Project
from triage.errors import ConflictError, NotFoundError
from triage.services.library import ACTIVE, PARTS, active
from triage.services.review import Actor

CANDIDATE, RETIRED = "candidate", "retired"
KEPT = 10  # newest versions whose weights stay; older ones stay only while they are in force


def history(session: Session, project: Project) -> list[ModelVersion]:
    """Return the versions, newest first."""
    rows = select(ModelVersion).where(ModelVersion.project_id == project.id)
    return list(session.scalars(rows.order_by(ModelVersion.version.desc())))


def one(session: Session, project: Project, version: int) -> ModelVersion:
    """Return a version. Raises NotFoundError."""
    row = session.scalar(
        select(ModelVersion).where(ModelVersion.project_id == project.id, ModelVersion.version == version)
    )
    if row is None:
        raise NotFoundError(f"{project.slug} has no version {version} of its models")
    return row


def next_number(session: Session, project: Project) -> int:
    """Return the number of the next version, with the project locked so that nobody else takes it."""
    lock(session, project)
    newest = session.scalar(select(func.max(ModelVersion.version)).where(ModelVersion.project_id == project.id))
    return (newest or 0) + 1


def parts_in_force(row: ModelVersion | None) -> dict[str, int]:
    """Return from which version each part comes while `row` is active; 0 is the shipped one."""
    return {part: int(row.parts.get(part, 0)) if row else 0 for part in PARTS}


def promote(session: Session, row: ModelVersion, actor: Actor, parts: Sequence[str] | None = None) -> None:
    """Put a version in force: `parts` of it, the others staying as they are; None means all that it has."""
    project = session.get_one(Project, row.project_id)
    lock(session, project, row)
    if row.state == ACTIVE:
        raise ConflictError("this version is in force already")
    if parts is None and row.parts:
        chosen = row.parts  # it was in force before, and comes back as it was
    else:
        own = trained(row) if parts is None else parts
        if not own:
            raise ConflictError("there is nothing in this version: there were too few decisions to train on")
        chosen = parts_in_force(active(session, project)) | dict.fromkeys(own, row.version)
    _retire(session, project)
    row.parts, row.state, row.promoted_at, row.promoted_by_id = dict(chosen), ACTIVE, actor.at, actor.user_id


def roll_back(session: Session, project: Project) -> ModelVersion | None:
    """Put what was in force before back in force and return it, None for the shipped models."""
    lock(session, project)
    row = active(session, project)
    if row is None:
        raise ConflictError("the shipped models are in force: there is nothing to roll back")
    earlier = select(ModelVersion).where(
        ModelVersion.project_id == project.id, ModelVersion.promoted_at < row.promoted_at
    )
    before = session.scalar(earlier.order_by(ModelVersion.promoted_at.desc()).limit(1))
    _retire(session, project)
    if before is not None:
        before.state = ACTIVE
    return before


def trained(row: ModelVersion) -> list[str]:
    """Return the parts that a version has weights for."""
    return [part for part in PARTS if row.metrics.get(part, {}).get("trained")]


def seen_until(session: Session, project: Project, part: str) -> datetime | None:
    """Return the newest decision that the part in force was trained on, None for the shipped one."""
    version = parts_in_force(active(session, project))[part]
    return one(session, project, version).trained_until if version else None


def prune(session: Session, project: Project, folder: Path) -> None:
    """Forget old versions that nothing in force rests on."""
    rows = history(session, project)
    needed = {number for row in rows if row.state == ACTIVE for number in row.parts.values()}
    kept = {row.version for row in rows[:KEPT]}
    kept |= {number for row in rows[:KEPT] for number in row.parts.values()} | needed
    for row in rows:
        if row.version not in kept and row.state != ACTIVE:
            session.delete(row)
            shutil.rmtree(folder / str(row.version), ignore_errors=True)


def _retire(session: Session, project: Project) -> None:
    row = active(session, project)
    if row is not None:
        row.state = RETIRED
        session.flush()

"""Importing a file of feedback: in batches, each row once however often, and no row stopped by another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.channels import files
from triage.channels.fields import names_of_text, submission
from triage.channels.files import Rows
from triage.channels.rows import Item, Refused
from triage.db.engine import Database
from triage.db.queries import project_by_slug
from triage.db.tables import Feedback, Project
from triage.domain.feedback import Submission
from triage.errors import InvalidError
from triage.services import intake

BATCH = 200  # rows a transaction: others write in between, and a crash costs no more than these
VALUE = 1_000  # characters of an unknown column that are kept

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the rows; in a dry run, what would. `feedback_ids` are those to be analysed."""

    dry_run: bool
    added: int = 0
    skipped: int = 0
    refusals: tuple[Refusal, ...] = ()
    feedback_ids: tuple[int, ...] = field(default=(), repr=False)

    @property
    def refused(self) -> int:
        """How many rows were refused."""
        return len(self.refusals)

    @property
    def total(self) -> int:
        """How many rows the file has."""
        return self.added + self.skipped + self.refused

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        counts = {name: getattr(self, name) for name in ("added", "skipped", "refused", "total")}
        return counts | {
            "refusals": [{"line": one.line, "reason": one.reason} for one in self.refusals],
            "dry_run": self.dry_run,
        }


def import_file(  # noqa: PLR0913
    db: Database,
    project_slug: str,
    path: Path,
    *,
    now: datetime,
    dry_run: bool = False,
    progress: Progress = lambda _: None,
) -> Report:
    """Store the file's feedback; `progress` is told how many more bytes were read. The caller asks for the analyses.

    A row's identity is its `source_url` or `id`, else a hash of what it says, who said it and when, so the same file
    twice adds nothing. Raises NotFoundError for the project, InvalidError for a file that can't be read at all.
    """
    with db.read() as session:
        project_id = project_by_slug(session, project_slug).id
    keep = _Rehearsal(db, project_id) if dry_run else _Keeping(db, project_id, now)
    refusals: list[Refusal] = []
    with files.opened(path) as rows:
        _check_names(rows)
        for batch in _batches(_reported(rows, progress)):
            refusals += keep.batch(batch)
    return Report(dry_run, keep.added, keep.skipped, tuple(refusals), tuple(keep.ids))


def _check_names(rows: Rows) -> None:
    if rows.header is not None and not names_of_text(rows.header):
        raise InvalidError("no column is called body, text, content or 内容", field="file", code="file_header")


def _reported(rows: Rows, progress: Progress) -> Iterator[Item]:
    before = 0
    for item in rows.items:
        yield item
        now = min(rows.done(), rows.size)
        progress(now - before)
        before = now
    progress(rows.size - before)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    running = iter(items)
    while batch := list(islice(running, BATCH)):
        yield batch


class _Keeping:
    """Stores batches, one transaction each."""

    def __init__(self, db: Database, project_id: int, now: datetime) -> None:
        self._db, self._project_id, self._now = db, project_id, now
        self.added, self.skipped = 0, 0
        self.ids: list[int] = []

    def batch(self, items: list[Item]) -> list[Refusal]:
        """Store what can be stored, and return what can't."""
        with self._db.write() as session:
            project = session.get_one(Project, self._project_id)
            found = [self._kept(session, project, item) for item in items]
        return [one for one in found if one]

    def _kept(self, session: Session, project: Project, item: Item) -> Refusal | None:
        try:
            received = intake.receive(session, project, _submission(item), now=self._now)
        except InvalidError as error:
            return _refusal(item, error)
        self.added += received.added
        self.skipped += not received.added
        self.ids += [received.feedback_id] if received.added else []
        return None


class _Rehearsal:
    """Counts what would be stored, and stores nothing."""

    def __init__(self, db: Database, project_id: int) -> None:
        self._db, self._project_id = db, project_id
        self._seen: set[str] = set()
        self.added, self.skipped = 0, 0
        self.ids: list[int] = []

    def batch(self, items: list[Item]) -> list[Refusal]:
        """Look at each row as if it were stored, and return what couldn't be."""
        with self._db.read() as session:
            found = [self._looked_at(session, item) for item in items]
        return [one for one in found if one]

    def _looked_at(self, session: Session, item: Item) -> Refusal | None:
        try:
            identity = intake.checked(_submission(item)).identity
        except InvalidError as error:
            return _refusal(item, error)
        there = select(Feedback.id).where(Feedback.project_id == self._project_id, Feedback.identity == identity)
        known = identity in self._seen or session.scalar(there) is not None
        self._seen.add(identity)
        self.added += not known
        self.skipped += known
        return None


def _submission(item: Item) -> Submission:
    if isinstance(item, Refused):
        raise InvalidError(item.reason)
    found = submission(item.fields, "import")
    context = {name: _clipped(value) for name, value in found.context.items()}
    return replace(found, identity=found.identity or _identity(found), context=context)


def _identity(found: Submission) -> str:
    """Return what stands for a row without an id: two people who say the same at the same time are two."""
    said = found.said_at.isoformat() if found.said_at else ""
    told = "\x1f".join((found.title, found.body, said, found.reporter, found.email.lower()))
    return f"import:{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()}"


def _clipped(value: Any) -> Any:
    return f"{value[: VALUE - 1]}…" if isinstance(value, str) and len(value) > VALUE else value


def _refusal(item: Item, error: InvalidError) -> Refusal:
    return Refusal(item.line, f"{error.field}: {error}" if error.field else str(error))

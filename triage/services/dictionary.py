"""A project's own words: which are never cut apart, what they would change, and reading anew what is stored.

Index and query must be cut alike, so a changed dictionary is followed by a pass over all texts of the project: those
whose `recipe` is not the one in force are cut again, a batch at a time, and the index follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from triage.db.tables import Feedback, Issue, Project
from triage.domain.text import cleanse
from triage.errors import InvalidError
from triage.ml.duplicates import Cut, DuplicateModel
from triage.services.indexing import cut_of, stored, turn
from triage.services.library import recipe
from triage.services.site import Site

MOST = 2_000  # words
LONGEST = 40  # characters of a word
SAMPLE = 300  # latest feedback that a preview looks at
SHOWN = 20  # of them that a preview shows
BATCH = 200  # texts cut in one go
READ = 20_000  # characters of an issue

Row: TypeAlias = Feedback | Issue


@dataclass(frozen=True, slots=True)
class Change:
    """A feedback that would be cut otherwise: the words that go and those that come."""

    feedback: Feedback
    gone: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a dictionary would change: `changed` of the `looked_at` latest feedback, the first few of them in full."""

    looked_at: int
    changed: int
    changes: tuple[Change, ...]


def parse(written: str) -> list[str]:
    """Return the words of a list, one a line or between commas, each once. Raises InvalidError naming a wrong one."""
    parts = (" ".join(cleanse(part).split()) for part in re.split(r"[\n,，、;；]", written))
    words = list(dict.fromkeys(part for part in parts if part))
    for word in words:
        if not 2 <= len(word) <= LONGEST or not any(sign.isalnum() for sign in word):  # noqa: PLR2004
            raise InvalidError(
                f"“{word[:LONGEST]}” is no word of 2 to {LONGEST} characters", field="words", code="word"
            )
    if len(words) > MOST:
        raise InvalidError(f"these are more than {MOST:,} words", field="words", code="words")
    return words


def preview(site: Site, session: Session, project: Project, words: Sequence[str]) -> Preview:
    """Return what `words` would change in the latest feedback, compared with the dictionary in force."""
    now = site.library.of(session, project).duplicates
    then = site.library.cutting(list(words))
    rows = select(Feedback).where(Feedback.project_id == project.id).order_by(Feedback.id.desc()).limit(SAMPLE)
    looked = list(session.scalars(rows))
    changes = [_change(row, now.cut(row.title, row.body), then.cut(row.title, row.body)) for row in looked]
    found = [one for one in changes if one.gone or one.new]
    return Preview(len(looked), len(found), tuple(found[:SHOWN]))


def _change(row: Feedback, before: Cut, after: Cut) -> Change:
    old, new = (dict.fromkeys((*cut.title, *cut.body)) for cut in (before, after))
    return Change(row, tuple(word for word in old if word not in new), tuple(word for word in new if word not in old))


def save(session: Session, project: Project, words: Sequence[str]) -> None:
    """Put a dictionary in force; what is stored is cut anew by `resegment`."""
    project.dictionary = list(words)
    session.flush()


def waiting(session: Session) -> list[int]:
    """Return the projects that have texts cut with another dictionary than theirs."""
    return [
        row.id for row in session.scalars(select(Project).order_by(Project.id)) if next(_stale(session, row, 1), None)
    ]


def resegment(site: Site, project_id: int) -> int:
    """Cut again what was cut with another dictionary, batch by batch, and return how many texts that were."""
    total = 0
    while True:
        with site.db.read() as session:
            project = session.get_one(Project, project_id)
            name, model = recipe(project), site.library.of(session, project).duplicates
            rows = list(_stale(session, project, BATCH))
        if not rows:
            return total
        cuts = [(row, _anew(model, row)) for row in rows]
        with site.db.write() as session:
            _store(session, cuts, name, site)
        with site.db.read() as session:
            site.follower.catch_up(session)
        total += len(rows)


def _anew(model: DuplicateModel, row: Row) -> Cut:
    """Return a text cut again; what it means to an encoder doesn't hang on words."""
    return replace(model.cut(row.title, row.body[:READ]), meaning=cut_of(row.cut).meaning)


def _store(session: Session, cuts: Iterable[tuple[Row, Cut]], name: str, site: Site) -> None:
    now = turn(session, site.now())
    for row, cut in cuts:
        moment = {"text_at" if isinstance(row, Issue) else "analysed_at": now}
        table = type(row)
        unchanged = table.id == row.id, table.recipe == row.recipe  # else somebody was quicker
        session.execute(update(table).where(*unchanged).values(cut=stored(cut), recipe=name, **moment))


def _stale(session: Session, project: Project, limit: int) -> Iterator[Row]:
    """Yield texts of another recipe that are in the index."""
    said = select(Feedback).where(*_of_another(Feedback, project), Feedback.analysed_at.is_not(None))
    yield from session.scalars(said.limit(limit))
    there = select(Issue).where(*_of_another(Issue, project), Issue.text_at.is_not(None))
    yield from session.scalars(there.limit(limit))


def _of_another(table: type[Row], project: Project) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    name = recipe(project)  # two ranges, for no index can look for “not this”
    return table.project_id == project.id, or_(table.recipe < name, table.recipe > name)

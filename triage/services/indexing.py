"""Keeping this node's candidate index in step with the database, and turning feedback into what it holds and compares.

The index follows `Feedback.analysed_at` and `Issue.text_at` as one stream. Connections commit out of order, so a
stretch before the newest time seen is read again each time; what was added from it is remembered and skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, defer

from triage.db.engine import Database
from triage.db.tables import Feedback, Issue
from triage.domain.facts import Facts
from triage.errors import ModelError
from triage.ml.candidates import GRAM_TEXT
from triage.ml.duplicates import Cut, DuplicateModel, Text, meant
from triage.ml.encoder import Encoder, Meaning
from triage.ml.frequencies import Frequencies
from triage.ml.segment import grams
from triage.search import Entry, Index, Query

# how texts are cut; another whenever the same text gives other words or facts, so that what is stored is cut anew
READING = "3-"
OVERLAP = timedelta(seconds=5)  # the longest that a transaction is open between its reading of the clock and its commit
STEP = timedelta(milliseconds=10)  # between two texts, at least, where the clock doesn't tell them apart
BATCH = 1000  # texts between two commits
AT_ONCE = 250  # texts that are held whole at one time
SAVE_EVERY = 500  # texts
MEANT = 10_000  # texts of a project, of feedback and of issues, whose meaning one pass finds out: some 5 minutes each
Row: TypeAlias = Feedback | Issue
Place: TypeAlias = tuple[datetime, str, int]  # when, which kind, which row: the stream is in this order


@dataclass
class Follower:
    """One process's place behind the database: `recent` are the places of the last stretch that are in the index.

    `file` keeps the word counts beside the index; without it both are made anew: counts that miss most texts mislead.
    """

    index: Index
    model: DuplicateModel
    file: Path
    recent: set[Place] = field(default_factory=set)
    unsaved: int = 0
    ready: bool = False

    def get_ready(self) -> None:
        """Load the word counts; where either they or the index can't be had, begin again with both."""
        self.model.seen = Frequencies()
        if self.index.count:
            try:
                self.model.seen = Frequencies.read(self.file)
            except ModelError:
                self.index.clear()
        self.ready = True

    def save(self) -> None:
        """Keep the word counts for the next start."""
        if self.unsaved:
            self.model.seen.write(self.file)
            self.unsaved = 0

    def catch_up(self, session: Session) -> int:
        """Add what was analysed since, where this process writes the index, and return how many."""
        if not self.index.claim():
            return 0
        if not self.ready:
            self.get_ready()
        added, seen = 0, _moment(self.index.watermark)
        while places := self._missing(session, seen):
            for start in range(0, len(places), AT_ONCE):
                added += self._add(session, places[start : start + AT_ONCE])
            self.recent.update(places)
            seen = max(seen, places[-1][0])
            self.index.commit(int(seen.timestamp() * 1e6))
        self.recent = {place for place in self.recent if place[0] >= seen - OVERLAP}
        self.unsaved += added
        if self.unsaved >= SAVE_EVERY:
            self.save()
        self.index.needs_rebuild = ""
        return added

    def _missing(self, session: Session, seen: datetime) -> list[Place]:
        """Return the next places of the stream that are not in the index."""
        return sorted([*self._places(session, Feedback, seen), *self._places(session, Issue, seen)])[:BATCH]

    def _add(self, session: Session, places: Sequence[Place]) -> int:
        """Add the rows at `places`, and return how many are there still; n-grams of many at once would fill memory."""
        found = self._rows(session, places)
        self.index.add(entry(row) for row in found)
        for row in found:
            self.model.learn(comparable(row))
        return len(found)

    def _rows(self, session: Session, places: Sequence[Place]) -> list[Row]:
        ids = {kind: [row for _, one, row in places if one == kind] for kind in ("feedback", "issue")}
        said = select(Feedback).where(Feedback.id.in_(ids["feedback"])).options(defer(Feedback.context))
        there = select(Issue).where(Issue.id.in_(ids["issue"]))
        rows: dict[tuple[str, int], Row] = {("feedback", row.id): row for row in session.scalars(said)}
        rows |= {("issue", row.id): row for row in session.scalars(there)}
        return [rows[place[1:]] for place in places if place[1:] in rows]

    def _places(self, session: Session, table: type[Row], seen: datetime) -> Iterator[Place]:
        at = Feedback.analysed_at if table is Feedback else Issue.text_at
        since = select(at, table.id).where(at >= seen - OVERLAP).order_by(at, table.id)
        for when, row in session.execute(since.limit(BATCH + len(self.recent))):
            if when and (when, _kind(table), row) not in self.recent:
                yield when, _kind(table), row


def _kind(table: type[Row]) -> Any:
    return "issue" if table is Issue else "feedback"


def turn(session: Session, now: datetime) -> datetime:
    """Return the place in the stream of what is read `now`: behind all that is there, even where a clock was put back.

    What stood before the index's place would never be found. Each is a step further, so that few share a stretch.
    """
    latest = [session.scalar(select(func.max(at))) for at in (Feedback.analysed_at, Issue.text_at)]
    behind: list[datetime] = [one + STEP for one in latest if one]
    return max([now, *behind])


def _moment(watermark: int) -> datetime:
    return datetime.fromtimestamp(watermark / 1e6, UTC) + (OVERLAP if not watermark else timedelta())


def understand(db: Database, encoder: Encoder, project_id: int) -> int:
    """Find out what a project's texts mean to `encoder` where that isn't known yet, the newest first; return how many.

    Takes some 30 ms a text, outside of any transaction; what it can't read takes next to nothing. Those beyond `MEANT`
    wait for the next pass, or are looked up when they are compared.
    """
    return sum(_understand(db, encoder, table, project_id) for table in (Feedback, Issue))


def _understand(db: Database, encoder: Encoder, table: type[Row], project_id: int) -> int:
    found, below = 0, None
    while encoder.name and found < MEANT:
        with db.read() as session:
            rows = _lacking(session, table, project_id, encoder.name, below)
        if not rows:
            break
        meanings = [(row, encoder.meaning(meant(row.title, row.body))) for row in rows if row.cut]
        known = [(row, meaning) for row, meaning in meanings if meaning]
        with db.write() as session:
            for row, meaning in known:
                same = table.id == row.id, table.recipe == row.recipe  # else it was cut anew meanwhile
                session.execute(update(table).where(*same).values(cut={**row.cut, "meaning": meaning.as_dict()}))
        found, below = found + len(known), rows[-1].id
    return found


def _lacking(session: Session, table: type[Row], project_id: int, by: str, below: int | None) -> list[Row]:
    """Return some texts, newest first, of which `by` has not said what they mean, with ids `below` the last ones."""
    at = Feedback.analysed_at if table is Feedback else Issue.text_at
    other = func.coalesce(table.cut["meaning"]["by"].as_string(), "") != by
    rows = select(table).where(table.project_id == project_id, at.is_not(None), other).order_by(table.id.desc())
    earlier = rows if below is None else rows.where(table.id < below)
    return list(session.scalars(earlier.limit(AT_ONCE)))


def entry(row: Row) -> Entry:
    """Return `row` as the index holds it."""
    cut, chars = cut_of(row.cut).headed(), grams(f"{row.title}\n{row.body}"[:GRAM_TEXT])
    return Entry(row.id, row.project_id, cut.title, cut.body, chars, kind=_kind(type(row)))


def query(project_id: int, title: str, body: str, cut: Cut) -> Query:
    """Return a text as the index is asked for it: cut just as entries are."""
    cut = cut.headed()
    return Query(project_id, cut.title, cut.body, grams(f"{title}\n{body}"[:GRAM_TEXT]))


def comparable(row: Row, size: int = 1) -> Text:
    """Return `row` as candidates are compared; `size` is the number of feedback in its topic."""
    if isinstance(row, Issue):
        return Text(row.id, row.title, row.body, row.opened_at, "", size, kind="issue", cut=cut_of(row.cut))
    return Text(row.id, row.title, row.body, row.said_at, row.component, size, cut=cut_of(row.cut))


def stored(cut: Cut) -> dict[str, Any]:
    """Return `cut` as JSON."""
    facts = cut.facts
    meaning = {"meaning": cut.meaning.as_dict()} if cut.meaning else {}
    return {
        **meaning,
        "title": list(cut.title),
        "body": list(cut.body),
        "versions": sorted(map(list, facts.versions)),
        "codes": sorted(facts.codes),
        "devices": sorted(map(list, facts.devices)),
    }


def cut_of(stored: dict[str, Any] | None) -> Cut:
    """Return what `stored` wrote down."""
    if not stored:
        return Cut((), ())
    facts = Facts(_pairs(stored["versions"]), frozenset(stored["codes"]), _pairs(stored["devices"]))
    return Cut(tuple(stored["title"]), tuple(stored["body"]), facts, Meaning.of(stored.get("meaning")))


def _pairs(lists: Sequence[Sequence[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((left, right) for left, right in lists)

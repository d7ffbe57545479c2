"""What people decided, read as examples: kinds, components, spam, and (next door, in `pairs`) what is the same as what.

Only what a person did counts, and nothing that was undone. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.tables import Decision, Example, Feedback, Project
from triage.domain.feedback import FeedbackState
from triage.domain.topics import AGREEING, Verb
from triage.ml.encoder import Meaning
from triage.services import components
from triage.services.components import ComponentExample
from triage.services.pairs import PairExample, pairs

CHUNK = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class KindExample:
    """A text and its kind; `confirmed` where nobody changed what the model said, `host` where the label came from.

    `meaning` where somebody asked an encoder: see `meanings`.
    """

    title: str
    body: str
    kind: str
    at: datetime
    confirmed: bool = False
    feedback_id: int | None = None
    host: str = ""
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class SpamExample:
    """A text and whether it is spam; `error` where the model had judged otherwise, `confirmed` where it was left."""

    feedback_id: int
    text: str
    spam: bool
    at: datetime
    error: bool = False
    confirmed: bool = False


One = TypeVar("One", KindExample, SpamExample, ComponentExample)


@dataclass(frozen=True, slots=True)
class Examples:
    """All that a project's people taught, each part oldest first."""

    kinds: tuple[KindExample, ...]
    spam: tuple[SpamExample, ...]
    pairs: tuple[PairExample, ...]
    components: tuple[ComponentExample, ...]

    @property
    def everything(self) -> list[KindExample | SpamExample | PairExample | ComponentExample]:
        """The examples of every sort."""
        return [*self.kinds, *self.spam, *self.pairs, *self.components]

    @property
    def count(self) -> int:
        """How many examples there are of every sort."""
        return len(self.everything)

    @property
    def newest(self) -> datetime | None:
        """When the last of them was decided."""
        return max((one.at for one in self.everything), default=None)


@dataclass(frozen=True, slots=True)
class SpamWeek:
    """A week that begins on `monday`: feedback taken for spam and given back by a person, and spam let through."""

    monday: datetime
    wrongly_held: int
    let_through: int


@dataclass(slots=True)
class _Known:
    """What is known of one feedback so far; `held` is what the model had done with it: that is what can be wrong."""

    held: bool
    kind: str = ""
    kind_at: datetime | None = None
    changed: bool = False
    spam: bool | None = None
    spam_at: datetime | None = None
    confirmed: bool = False

    @property
    def error(self) -> bool:
        """Whether the model's verdict was not what people say."""
        return self.spam is not None and self.held != self.spam


def examples(session: Session, project: Project) -> Examples:
    """Return every example that the people of `project` gave by deciding."""
    decided = decisions(session, project)
    known, parts = _known(decided), components.said(decided)
    texts = _texts(session, {*known, *parts})
    kinds = [
        KindExample(*texts[row], one.kind, one.kind_at, not one.changed, row)
        for row, one in known.items()
        if one.kind and one.kind_at and row in texts
    ]
    kinds += [
        KindExample(row.title, row.body, row.kind, row.said_at, host=row.source)
        for row in session.scalars(select(Example).where(Example.project_id == project.id))
    ]
    spam = [
        SpamExample(row, "\n".join(texts[row]).strip(), one.spam, one.spam_at, one.error, one.confirmed)
        for row, one in known.items()
        if one.spam is not None and one.spam_at and row in texts
    ]
    named = [
        ComponentExample(row, "\n".join(texts[row]).strip(), one.component, one.at, one.confirmed)
        for row, one in parts.items()
        if row in texts
    ]
    return Examples(_in_time(kinds), _in_time(spam), tuple(pairs(session, project, decided)), _in_time(named))


def decisions(session: Session, project: Project) -> list[Decision]:
    """Return what people decided in `project` and let stand, oldest first."""
    rows = select(Decision).where(
        Decision.project_id == project.id, Decision.undone_at.is_(None), Decision.user_id.is_not(None)
    )
    return list(session.scalars(rows.order_by(Decision.made_at, Decision.id)))


def spam_weeks(session: Session, project: Project, *, now: datetime, weeks: int = 8) -> list[SpamWeek]:
    """Return both errors of the spam model as people put them right, week by week, the newest first; times are UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    this = midnight - timedelta(days=midnight.weekday())
    mondays = [this - timedelta(weeks=back) for back in range(weeks)]
    wrong = [one for one in _known(decisions(session, project)).values() if one.error and one.spam_at]
    return [SpamWeek(monday, *_between(wrong, monday, monday + timedelta(weeks=1))) for monday in mondays]


def _between(wrong: Iterable[_Known], start: datetime, end: datetime) -> tuple[int, int]:
    inside = [one.spam for one in wrong if one.spam_at and start <= one.spam_at < end]
    return inside.count(False), inside.count(True)


def _known(decided: Iterable[Decision]) -> dict[int, _Known]:
    known: dict[int, _Known] = {}
    for decision in decided:
        note = _NOTES.get(Verb(decision.verb))
        for row, state, kind in decision.before["feedback"] if note else ():
            one = known.setdefault(row, _Known(held=state == FeedbackState.QUARANTINED))
            note(one, decision, kind)  # type: ignore[misc]
    return known


def _changed(one: _Known, decision: Decision, _kind: str) -> None:
    one.kind, one.kind_at, one.changed = decision.detail["kind"], decision.made_at, True


def _agreed(one: _Known, decision: Decision, kind: str) -> None:
    """Take the topic's kind as confirmed for a feedback that bears it too, and the feedback as no spam."""
    if kind and kind == decision.before["kind"] and one.kind != kind:
        one.kind, one.kind_at, one.changed = kind, decision.made_at, False
    if one.spam is None:
        one.spam, one.spam_at, one.confirmed = False, decision.made_at, True


def _spam(one: _Known, decision: Decision, _kind: str) -> None:
    one.spam, one.spam_at, one.confirmed, one.kind = True, decision.made_at, False, ""


def _not_spam(one: _Known, decision: Decision, _kind: str) -> None:
    one.spam, one.spam_at, one.confirmed = False, decision.made_at, False


_NOTES: dict[Verb, Callable[[_Known, Decision, str], None]] = {
    **dict.fromkeys(AGREEING, _agreed),
    Verb.CHANGE_KIND: _changed,
    Verb.SPAM: _spam,
    Verb.NOT_SPAM: _not_spam,
}


def _texts(session: Session, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    wanted, found = sorted(ids), {}
    for start in range(0, len(wanted), CHUNK):
        rows = select(Feedback.id, Feedback.title, Feedback.body).where(Feedback.id.in_(wanted[start : start + CHUNK]))
        found.update({row: (title, body) for row, title, body in session.execute(rows)})
    return found


def _in_time(found: Sequence[One]) -> tuple[One, ...]:
    return tuple(sorted(found, key=lambda one: (one.at, one.feedback_id or 0)))

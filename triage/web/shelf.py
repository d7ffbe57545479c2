"""What the queue's list shows: a page of topics, each with its first words, people, and what it may be the same as."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload

from triage.db.queries import survivor
from triage.db.tables import Candidate, Feedback, Project, Topic
from triage.domain.codes import tidy_receipt
from triage.domain.feedback import FeedbackState, Kind
from triage.domain.topics import OPEN, TopicState

PER_PAGE = 20
LOOKED_AT = 10  # candidates a topic: a large one has thousands, and the first that still stands is shown
TABS: dict[str, tuple[TopicState, ...]] = {
    "new": (TopicState.NEW,),
    "snoozed": (TopicState.SNOOZED,),
    "accepted": (TopicState.ACCEPTED, TopicState.FILED),
    "done": (TopicState.RESOLVED, TopicState.CLOSED, TopicState.DECLINED),
    "spam": (TopicState.SPAM,),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which topics are wanted; anything that makes no sense counts as not said."""

    tab: str = "new"
    project: str = ""
    kind: str = ""
    words: str = ""
    page: int = 1
    order: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Wanted:
        """Read the address's arguments."""
        tab, kind, page = given.get("state", ""), given.get("kind", ""), given.get("page", "")
        return cls(
            tab=tab if tab in TABS else "new",
            project=given.get("project", ""),
            kind=kind if kind in set(Kind) else "",
            words=given.get("words", "").replace("\0", "").strip()[:100],
            page=max(int(page), 1) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,  # noqa: PLR2004
            order="people" if given.get("order") == "people" else "",
        )

    def address(self, **changed: object) -> dict[str, object]:
        """Return the arguments of the address that shows this, some of them changed; what is as usual is left out."""
        given: dict[str, object] = asdict(self)
        given["state"] = given.pop("tab")
        usual = {"state": "new", "page": 1}
        return {name: value for name, value in (given | changed).items() if value and value != usual.get(name)}


@dataclass(frozen=True, slots=True)
class Card:
    """One topic in the list: its first feedback, how it came; while open, its strongest candidate and that topic."""

    topic: Topic
    first: Feedback | None
    channels: tuple[str, ...]
    unanalysed: int
    nearest: tuple[Candidate, Topic] | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """One page of the queue; `counts` by tab under the same filters; `pending` feedback still being analysed."""

    wanted: Wanted
    cards: list[Card]
    counts: dict[str, int]
    pages: int
    pending: int
    projects: list[Project] = field(default_factory=list)

    @property
    def narrowed(self) -> bool:
        """True where a filter leaves something out."""
        return bool(self.wanted.project or self.wanted.kind or self.wanted.words)


def shelf(session: Session, wanted: Wanted) -> Shelf:
    """Return the page of the queue that is wanted."""
    counts = _counts(session, wanted)
    pages = max(-(-counts[wanted.tab] // PER_PAGE), 1)
    page = min(wanted.page, pages)
    rows = select(Topic).options(joinedload(Topic.project), joinedload(Topic.issue), joinedload(Topic.filing))
    rows = rows.where(Topic.state.in_(TABS[wanted.tab]), *_filters(wanted))
    found = session.scalars(rows.order_by(*_order(wanted)).offset((page - 1) * PER_PAGE).limit(PER_PAGE))
    return Shelf(
        wanted=replace(wanted, page=page),
        cards=_cards(session, list(found)),
        counts=counts,
        pages=pages,
        pending=_pending(session),
        projects=list(session.scalars(select(Project).order_by(Project.name))),
    )


def _order(wanted: Wanted) -> tuple[Any, ...]:
    if wanted.order == "people":
        return Topic.people.desc(), Topic.last_seen.desc(), Topic.id.desc()
    return (Topic.snoozed_until, Topic.id) if wanted.tab == "snoozed" else (Topic.last_seen.desc(), Topic.id.desc())


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if wanted.project:
        filters.append(Topic.project_id.in_(select(Project.id).where(Project.slug == wanted.project)))
    if wanted.kind:
        filters.append(Topic.kind == wanted.kind)
    if wanted.words:
        key = Topic.key == wanted.words.upper()
        received = select(Feedback.topic_id).where(Feedback.receipt == tidy_receipt(wanted.words))
        filters.append(or_(Topic.title.icontains(wanted.words, autoescape=True), key, Topic.id.in_(received)))
    return filters


def _counts(session: Session, wanted: Wanted) -> dict[str, int]:
    rows = select(Topic.state, func.count(Topic.id)).where(*_filters(wanted)).group_by(Topic.state)
    by_state: dict[str, int] = {row[0]: row[1] for row in session.execute(rows)}
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in TABS.items()}


def _pending(session: Session) -> int:
    waiting = select(func.count(Feedback.id)).where(
        Feedback.state == FeedbackState.RECEIVED, Feedback.topic_id.is_(None)
    )
    return session.scalar(waiting) or 0


def _cards(session: Session, topics: Sequence[Topic]) -> list[Card]:
    ids = [topic.id for topic in topics]
    firsts, channels, unanalysed = _firsts(session, ids), _channels(session, ids), _unanalysed(session, ids)
    nearest = _nearest(session, [topic.id for topic in topics if topic.state in OPEN])
    return [
        Card(
            topic=topic,
            first=firsts.get(topic.id),
            channels=tuple(channels[topic.id]),
            unanalysed=unanalysed.get(topic.id, 0),
            nearest=nearest.get(topic.id),
        )
        for topic in topics
    ]


def _firsts(session: Session, ids: Sequence[int]) -> dict[int | None, Feedback]:
    first = select(func.min(Feedback.id)).where(Feedback.topic_id.in_(ids)).group_by(Feedback.topic_id)
    return {row.topic_id: row for row in session.scalars(select(Feedback).where(Feedback.id.in_(first)))}


def _channels(session: Session, ids: Sequence[int]) -> dict[int | None, list[str]]:
    rows = select(Feedback.topic_id, Feedback.channel).where(Feedback.topic_id.in_(ids))
    found: dict[int | None, list[str]] = defaultdict(list)
    for topic_id, channel in session.execute(rows.distinct().order_by(Feedback.channel)):
        found[topic_id].append(channel)
    return found


def _unanalysed(session: Session, ids: Sequence[int]) -> dict[int | None, int]:
    rows = select(Feedback.topic_id, func.count(Feedback.id)).where(
        Feedback.topic_id.in_(ids), Feedback.state == FeedbackState.UNANALYSED
    )
    return {row[0]: row[1] for row in session.execute(rows.group_by(Feedback.topic_id))}


def _nearest(session: Session, ids: Sequence[int]) -> dict[int | None, tuple[Candidate, Topic]]:
    """Return each topic's strongest candidate and the topic that it stands for today; what was merged is followed."""
    place = func.row_number().over(partition_by=Feedback.topic_id, order_by=(Candidate.score.desc(), Candidate.id))
    ranked = (
        select(Candidate.id, Feedback.topic_id, place.label("place"))
        .join(Feedback, Feedback.id == Candidate.feedback_id)
        .where(Feedback.topic_id.in_(ids), Candidate.topic_id != Feedback.topic_id)
        .subquery()
    )
    rows = select(Candidate, ranked.c.topic_id).join(ranked, ranked.c.id == Candidate.id)
    found: dict[int | None, tuple[Candidate, Topic]] = {}
    nearest = rows.where(ranked.c.place <= LOOKED_AT).order_by(ranked.c.place, Candidate.id)
    for candidate, topic_id in session.execute(nearest):
        if topic_id not in found:
            into = survivor(session, candidate.topic)
            if into.id != topic_id and into.state != TopicState.SPAM:
                found[topic_id] = (candidate, into)
    return found

"""The feedback that two models judge differently, so that a person can look at them: a figure convinces less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.tables import Feedback, Topic
from triage.domain.feedback import suggested_title
from triage.services.components import ComponentExample
from triage.services.learning import KindExample, SpamExample
from triage.services.pairs import PairExample

SHOWN = 6
Known = KindExample | SpamExample | ComponentExample | PairExample


def differing(rows: Sequence[Known], truth: Sequence[str], guesses: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return how many `rows` (oldest first) the two `guesses` name differently, and the newest `SHOWN` of them."""
    apart = [
        {**_about(row), "said": said, "before": before, "after": after}
        for row, said, before, after in zip(rows, truth, *guesses, strict=True)
        if before != after
    ]
    return {"n": len(apart), "items": apart[::-1][:SHOWN]}


def _about(row: Known) -> dict[str, Any]:
    """Return what tells where a text stands: its feedback, and the topic that was suggested for it; or its issue."""
    found: dict[str, Any] = {"feedback": row.feedback_id, "title": "", "key": None}
    if isinstance(row, PairExample):
        return {**found, "suggested": row.topic_id}
    if isinstance(row, KindExample) and row.feedback_id is None:
        return {**found, "title": row.title or suggested_title(row.body), "source": row.host}
    return found


def locate(session: Session, parts: Iterable[Mapping[str, Any]]) -> None:
    """Write into the items of `parts` what they are called and the keys of their topics, as far as they are in one."""
    items = [one for part in parts if part for one in part["differing"]["items"]]
    wanted = {one["feedback"] for one in items}
    rows = select(Feedback, Topic.key).outerjoin(Topic, Topic.id == Feedback.topic_id).where(Feedback.id.in_(wanted))
    found = {row.id: (row.title or suggested_title(row.body), key) for row, key in session.execute(rows)}
    suggested = {one["suggested"] for one in items if "suggested" in one}
    topics = {row.id: row for row in session.scalars(select(Topic).where(Topic.id.in_(suggested)))}
    for one in items:
        if one["feedback"] in found:
            one["title"], one["key"] = found[one["feedback"]]
        if "suggested" in one:
            other = topics[one.pop("suggested")]
            one["other"] = {"title": other.title, "key": other.key}

"""Analysing one feedback: read by the models, placed into a topic, every label with its reason.

It never blocks: a feedback whose analysis fails again and again stands in the queue unlabelled, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from triage.db.engine import Database
from triage.db.queries import ALONE, lock, recount, survivor
from triage.db.tables import Candidate, Feedback, Issue, Project, Topic
from triage.domain.feedback import FeedbackState, suggested_title
from triage.domain.retry import next_try
from triage.domain.topics import TopicState
from triage.ml.calibration import Calibration
from triage.ml.clusters import Placement, Policy, TopicMatch, assign, grouped
from triage.ml.kinds import log_odds
from triage.services import likeness, links
from triage.services.indexing import comparable, query, stored, turn
from triage.services.library import recipe
from triage.services.models import Reading
from triage.services.review import new_topic, told_where_it_stands
from triage.services.site import Site

ATTEMPTS = 3
CANDIDATES = 100  # texts that are compared with one feedback
SHOWN = 5  # candidate topics that are kept with a feedback
HIDDEN = frozenset({TopicState.SPAM})


def due(session: Session, *, now: datetime, limit: int = 2000) -> list[int]:
    """Return the feedback that wait for analysis and are not just being analysed."""
    rows = select(Feedback.id, Feedback.analysis_attempts, Feedback.created_at).where(
        Feedback.state == FeedbackState.RECEIVED, Feedback.created_at <= now - timedelta(seconds=10)
    )
    found = session.execute(rows.order_by(Feedback.id).limit(limit))
    return [row for row, attempts, at in found if not attempts or next_try(at, attempts) <= now]


def analyse(site: Site, feedback_id: int) -> None:
    """Analyse a feedback that waits for it; one that is gone or done is left alone."""
    with site.db.read() as session:
        row = session.get(Feedback, feedback_id)
        if row is None or row.state != FeedbackState.RECEIVED:
            return
        project = session.get_one(Project, row.project_id)
        models = site.library.of(session, project)
        reading = models.read(row.title, row.body, project=project.slug, words=project.words)
    with site.db.write() as session:
        # one at a time within a project: two reports of one thing must not each open a topic
        session.get_one(Project, row.project_id, with_for_update=ALONE)
        row = session.get_one(Feedback, feedback_id, options=[joinedload(Feedback.reporter)])
        if row.state == FeedbackState.RECEIVED:
            _label(row, reading)
            row.recipe = recipe(project)
            _place(site, session, row, reading)


def failed(db: Database, feedback_id: int, error: str, *, now: datetime) -> None:
    """Write down that an analysis failed; after the last attempt the feedback gets a topic of its own, unlabelled."""
    with db.write() as session:
        row = session.get(Feedback, feedback_id)
        if row is None or row.state != FeedbackState.RECEIVED:
            return
        row.analysis_attempts += 1
        row.analysis_error = error[:500]
        if row.analysis_attempts >= ATTEMPTS:
            row.state = FeedbackState.UNANALYSED
            new_topic(session, row, now=now)


def _label(row: Feedback, reading: Reading) -> None:
    row.language = reading.language or row.language
    row.component = reading.component.name or ""
    row.cut = stored(reading.cut)
    part = reading.component
    labels: dict[str, Any] = {
        "component": {"guess": part.name or "", "why": _pairs(part.why), "against": _pairs(part.against)}
    }
    if reading.kind is not None:
        kind = reading.kind
        row.kind = kind.label or kind.guess or ""
        labels["kind"] = {
            "guess": row.kind,
            "sure": kind.label is not None,
            "likely": kind.sure,
            "score": round(kind.score, 4),
            "why": _pairs(kind.why),
            "against": _pairs(kind.against),
        }
        labels["kind"]["ranked"] = _pairs(kind.ranked)
    if reading.spam is not None:
        spam = reading.spam
        labels["spam"] = {"score": round(spam.score, 4), "why": _pairs(spam.why), "against": _pairs(spam.against)}
    row.labels = labels


def _pairs(pairs: Sequence[tuple[str, float]]) -> list[list[Any]]:
    return [[word, round(weight, 4)] for word, weight in pairs]


def _place(site: Site, session: Session, row: Feedback, reading: Reading) -> None:
    now = site.now()
    spam = reading.spam is not None and reading.spam.spam
    line = site.library.of(session, row.project).line
    found = _found(site, session, row, reading)
    placement = Placement(None, "nothing-alike", 0.0) if spam else _honest(_placement(session, row, found, line), found)
    topics = found.topics
    topic = _held(session, topics[placement.topic]) if placement.topic is not None else new_topic(session, row, now=now)
    row.topic_id, row.analysed_at, row.analysis_error = topic.id, turn(session, now), ""
    row.state = FeedbackState.QUARANTINED if spam else FeedbackState.ANALYSED
    if spam:
        topic.state = TopicState.SPAM
    row.labels = {**row.labels, "placement": {"why": placement.why, "score": round(placement.score, 4)}}
    _keep_candidates(session, row, found.matches, line, now)
    session.flush()
    _joined(session, topic, row, placement, now)


def _held(session: Session, topic: Topic) -> Topic:
    """Lock the topic to be joined, or the one that it was merged into since it was found: no feedback falls between."""
    lock(session, topic)
    return topic if topic.merged_into_id is None else _held(session, survivor(session, topic))


def _joined(session: Session, topic: Topic, row: Feedback, placement: Placement, now: datetime) -> None:
    recount(session, topic)
    if placement.topic is None:
        topic.title = row.title or suggested_title(row.body)
    else:
        told_where_it_stands(session, topic, now=now)


def _placement(session: Session, row: Feedback, found: Found, line: Calibration | None) -> Placement:
    """Return where `row` goes: where a person put the very same words, else where it resembles most, if it may."""
    same = {key: found.homes[key].id for key in links.twins(row, found.rows)}
    allowed = links.joinable(found.matches, found.topics, line, set(same.values()))
    if not allowed:
        return assign([], Policy())
    put = links.put_by_people(session, row.project_id, [one for kind, one in same if kind == "feedback"])
    must = {same["feedback", one] for one in put} & {one.topic for one in allowed}
    apart = links.apart(session, [one.topic for one in allowed])
    cannot = [one.topic for one in allowed if frozenset((one.topic, allowed[0].topic)) in apart]
    return assign(allowed, links.policy(line), must=must.pop() if len(must) == 1 else None, cannot=cannot)


def _honest(placement: Placement, found: Found) -> Placement:
    """Return the placement; “nothing alike” is not said where only what may not be joined resembles the feedback."""
    best = found.matches[0].score if found.matches else 0.0
    hushed = placement.why == "nothing-alike" and best >= Policy().suggest
    return replace(placement, why="settled", score=best) if hushed else placement


@dataclass(frozen=True, slots=True)
class Found:
    """What resembles a feedback: topics best first, those topics by id, the texts in them, and where each lives."""

    matches: list[TopicMatch]
    topics: dict[int, Topic]
    rows: dict[tuple[str, int], Feedback | Issue]
    homes: dict[tuple[str, int], Topic]


def _found(site: Site, session: Session, row: Feedback, reading: Reading) -> Found:
    """Return the topics that hold feedback (or an issue) like this one.

    Issues that belong to no topic are kept with the feedback, for a person to link.
    """
    site.follower.catch_up(session)
    asked = query(row.project_id, row.title, row.body, reading.cut)
    hits = site.index.find(asked, 2 * CANDIDATES, exclude=[("feedback", row.id)])
    issues = likeness.ranked(site, session, row, hits)
    likeness.keep(session, row, issues, site.now())
    scores = dict([(hit.id, hit.score) for hit in hits if hit.kind == "feedback"][:CANDIDATES])
    rows = list(session.scalars(select(Feedback).where(Feedback.id.in_(scores), Feedback.topic_id.is_not(None))))
    homes = _homes(session, rows, [issue for issue, _ in issues])
    texts: dict[tuple[str, int], Feedback | Issue] = {("feedback", one.id): one for one in rows}
    texts |= {("issue", issue.id): issue for issue, _ in issues}
    candidates = [
        (comparable(one, homes["feedback", one.id].reports), scores[one.id])
        for one in rows
        if ("feedback", one.id) in homes
    ]
    ranked = [*site.models.duplicates.rank(comparable(row), candidates), *(match for _, match in issues)]
    return Found(
        matches=grouped(ranked, {key: topic.id for key, topic in homes.items()}),
        topics={one.id: one for one in homes.values()},
        rows={key: one for key, one in texts.items() if key in homes},
        homes=homes,
    )


def _homes(session: Session, rows: Sequence[Feedback], issues: Sequence[Issue]) -> dict[tuple[str, int], Topic]:
    """Return for each feedback and linked issue the topic that it lives in today, unless that one is hidden."""
    placed = {("feedback", row.id): row.topic_id for row in rows} | {("issue", one.id): one.topic_id for one in issues}
    direct = {topic.id: topic for topic in session.scalars(select(Topic).where(Topic.id.in_(set(placed.values()))))}
    homes = {key: survivor(session, direct[topic_id]) for key, topic_id in placed.items() if topic_id is not None}
    return {key: topic for key, topic in homes.items() if topic.state not in HIDDEN}


def _keep_candidates(
    session: Session, row: Feedback, matches: Sequence[TopicMatch], line: Calibration | None, now: datetime
) -> None:
    policy = Policy()
    kept = [one for one in matches if one.score >= policy.suggest or one.topic == row.topic_id][:SHOWN]
    likeness.tell_apart(row, {f"topic:{match.topic}": match.best for match in kept})
    for match in kept:
        session.add(
            Candidate(
                feedback_id=row.id,
                topic_id=match.topic,
                score=match.score,
                probability=line.probability(log_odds(match.score)) if line else None,
                shared=_pairs(match.best.shared),
                differing=[[one.what, one.left, one.right] for one in match.best.differing],
                created_at=now,
            )
        )

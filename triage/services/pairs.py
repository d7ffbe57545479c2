"""Which feedback people found to be about the same thing as a topic that they were shown, and which not.

Each pair carries the score that the model gave it then: what a probability is made from (see triage.ml.calibration).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.tables import Candidate, Decision, Feedback, Project, Topic
from triage.domain.topics import Verb

SHOWN = 3  # candidates of a topic that its page shows: the others were not passed over, for nobody saw them
DECIDING = frozenset({Verb.ACCEPT, Verb.DECLINE, Verb.LINK})  # who does these had the candidates before them


@dataclass(frozen=True, slots=True)
class PairExample:
    """A feedback and a candidate topic: whether people say `same`; `weak` where they only let it stand or passed it."""

    feedback_id: int
    topic_id: int
    same: bool
    weak: bool
    score: float
    at: datetime


Verdict = tuple[int, int, bool, bool]  # feedback, topic, same, weak


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was suggested: the score of each topic by feedback; where a topic lives on today; topics by their keys."""

    scores: dict[int, dict[int, float]]
    lives_on: dict[int, int]
    keys: dict[str, int]

    def home(self, topic: int) -> int:
        """Return the topic in which `topic` lives on."""
        while topic in self.lives_on:
            topic = self.lives_on[topic]
        return topic


def pairs(session: Session, project: Project, decided: Iterable[Decision]) -> list[PairExample]:
    """Return the examples that `decided` (oldest first) give, oldest first; what is sure outweighs what is weak."""
    shown = _shown(session, project)
    found: dict[tuple[int, int], PairExample] = {}
    for decision in decided:
        for feedback, topic, same, weak in _verdicts(decision, shown):
            known = found.get((feedback, topic))
            if known is None or known.weak or not weak:
                score = shown.scores[feedback][topic]
                found[feedback, topic] = PairExample(feedback, topic, same, weak, score, decision.made_at)
    return sorted(found.values(), key=lambda one: (one.at, one.feedback_id, one.topic_id))


def _shown(session: Session, project: Project) -> _Shown:
    rows = select(Candidate.feedback_id, Candidate.topic_id, Candidate.score).join(
        Feedback, Feedback.id == Candidate.feedback_id
    )
    scores: dict[int, dict[int, float]] = defaultdict(dict)
    for feedback, topic, score in session.execute(rows.where(Feedback.project_id == project.id)):
        scores[feedback][topic] = score
    topics = session.execute(
        select(Topic.id, Topic.key, Topic.merged_into_id).where(Topic.project_id == project.id)
    ).all()
    lives_on = {number: into for number, _, into in topics if into is not None}
    return _Shown(dict(scores), lives_on, {key: number for number, key, _ in topics})


def _verdicts(decision: Decision, shown: _Shown) -> Iterator[Verdict]:
    verb, members = Verb(decision.verb), [row[0] for row in decision.before["feedback"]]
    if verb == Verb.MERGE:
        yield from _of(decision.detail["feedback"], shown, shown.keys[decision.detail["into"]], same=True)
    elif verb == Verb.SPLIT:
        yield from _of(decision.detail["feedback"], shown, decision.topic_id, same=False)
    elif verb == Verb.DISMISS and decision.detail.get("other"):
        yield from _of(members, shown, decision.detail["other"], same=False)
    elif verb in DECIDING:
        yield from _stood(members, shown, decision.topic_id)


def _of(members: Iterable[int], shown: _Shown, topic: int, *, same: bool) -> Iterator[Verdict]:
    """Yield the suggestions of `topic`, and of what was merged into it, to `members`."""
    home = shown.home(topic)
    for feedback in members:
        for other in shown.scores.get(feedback, ()):
            if other == topic or shown.home(other) == home:
                yield feedback, other, same, False


def _stood(members: Iterable[int], shown: _Shown, topic: int) -> Iterator[Verdict]:
    """Yield what a person let stand: feedback that were placed here, and the suggestions that were passed over."""
    home, passed = shown.home(topic), []
    for feedback in members:
        for other, score in shown.scores.get(feedback, {}).items():
            if shown.home(other) == home:
                yield feedback, other, True, True
            else:
                passed.append((score, feedback, other))
    seen: set[int] = set()
    for _, feedback, other in sorted(passed, reverse=True):
        if other not in seen and len(seen) < SHOWN:
            seen.add(other)
            yield feedback, other, False, True

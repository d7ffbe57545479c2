"""Which issues of the host a feedback, and so its topic, may be about already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from triage.db.queries import canonical, members
from triage.db.tables import Feedback, Issue, IssueCandidate, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.verdicts import Known, Policy, Standing, standing
from triage.ml.clusters import Policy as Thresholds
from triage.ml.duplicates import Match
from triage.search import Hit
from triage.services.indexing import comparable, cut_of, query
from triage.services.mirror import known
from triage.services.site import Site

COMPARED = 100  # issues that are compared with one feedback
SHOWN = 5  # issues that are kept with a feedback
ASKING = 3  # feedback of a topic that are looked up anew before it is filed


@dataclass(frozen=True, slots=True)
class Resemblance:
    """An issue that a topic may be about already: where it goes on, what that means, and the row that says why."""

    issue: Issue
    standing: Standing
    candidate: IssueCandidate


def ranked(site: Site, session: Session, row: Feedback, hits: Sequence[Hit]) -> list[tuple[Issue, Match]]:
    """Return the issues among `hits` as compared with `row`, best first; those that are gone are left out."""
    scores = {hit.id: hit.score for hit in hits if hit.kind == "issue"}
    chosen = dict(sorted(scores.items(), key=lambda one: -one[1])[:COMPARED])
    rows = {one.id: one for one in session.scalars(select(Issue).where(Issue.id.in_(chosen), Issue.error == ""))}
    texts = [(comparable(one), chosen[one.id]) for one in rows.values()]
    return [(rows[match.id], match) for match in site.models.duplicates.rank(comparable(row), texts)]


def keep(session: Session, row: Feedback, found: Sequence[tuple[Issue, Match]], now: datetime) -> None:
    """Keep with `row` the issues that it may be about, in place of those of an earlier look."""
    session.execute(delete(IssueCandidate).where(IssueCandidate.feedback_id == row.id))
    free = [(issue, match) for issue, match in found if issue.topic_id is None]
    kept = [one for one in free if one[1].score >= Thresholds().suggest][:SHOWN]
    tell_apart(row, {f"issue:{issue.id}": match for issue, match in kept})
    for issue, match in kept:
        session.add(
            IssueCandidate(
                feedback_id=row.id,
                issue_id=issue.id,
                score=match.score,
                shared=[[word, round(weight, 4)] for word, weight in match.shared],
                differing=[[one.what, one.left, one.right] for one in match.differing],
                created_at=now,
            )
        )


def tell_apart(row: Feedback, matches: Mapping[str, Match]) -> None:
    """Keep with `row` what only it and only each match (`topic:ID` or `issue:ID`) says, and what an encoder thought."""
    kept = {of: kept for of, kept in row.labels.get("apart", {}).items() if of.split(":")[0] not in _sorts(matches)}
    for of, match in matches.items():
        here, there = ([[word, weight] for word, weight in words] for words in match.apart)
        kept[of] = {"here": here, "there": there, "meaning": match.meaning}
    row.labels = {**row.labels, "apart": kept}


def _sorts(matches: Mapping[str, Match]) -> set[str]:
    return {of.split(":")[0] for of in matches}


def look(site: Site, session: Session, topic: Topic) -> None:
    """Compare the topic with today's issues: those that its feedback was compared with may be months old."""
    site.follower.catch_up(session)
    rows = [row for row in members(session, topic) if row.state == FeedbackState.ANALYSED]
    for row in sorted(rows, key=lambda row: -len(row.body))[:ASKING]:
        asked = query(row.project_id, row.title, row.body, cut_of(row.cut))
        hits = site.index.find(asked, 2 * COMPARED, exclude=[("feedback", row.id)])
        keep(session, row, ranked(site, session, row, hits), site.now())
    session.flush()


def resemblances(session: Session, topic: Topic) -> list[Resemblance]:
    """Return the issues that `topic` may be about already, likest first, each once and where it goes on."""
    rows = (
        select(IssueCandidate)
        .join(Feedback, Feedback.id == IssueCandidate.feedback_id)
        .where(Feedback.topic_id == topic.id)
        .order_by(IssueCandidate.score.desc(), IssueCandidate.id)
        .limit(SHOWN * 20)
    )
    refusals = Policy.of(topic.project.policy).refusal_labels
    found: dict[int, Resemblance] = {}
    for row in session.scalars(rows):
        issue = canonical(session, row.issue)
        if issue.id not in found and issue.topic_id != topic.id and not issue.error:
            found[issue.id] = Resemblance(issue, standing(known(issue), refusals), row)
    return list(found.values())[:SHOWN]


def equal(found: Sequence[Resemblance]) -> tuple[Known, ...]:
    """Return those that are as like as two feedback of one topic, with no fact against it: the gates go by these."""
    sure = [one for one in found if one.candidate.score >= Thresholds().join and not one.candidate.differing]
    return tuple(known(one.issue) for one in sure)

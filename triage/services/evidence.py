"""What the issue of a topic says: counts, redacted quotes, and why its feedback belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.db.queries import members
from triage.db.tables import Candidate, Feedback, Topic
from triage.detectors import FINDERS
from triage.domain.drafts import Draft, Evidence, Quote, defuse, marker
from triage.domain.facts import facts
from triage.domain.feedback import FeedbackState, suggested_title
from triage.domain.redaction import redact
from triage.domain.verdicts import Policy
from triage.errors import ConflictError
from triage.render import Renderer
from triage.services.vocabulary import component_name, telling

QUOTES = 3
SHARED = 8  # words
QUOTE_LENGTH = 800
TITLE_LENGTH = 120
VERSIONS = 5
VERSION_LENGTH = 40  # characters; what is longer is no version
VERSION_KEYS = frozenset({"version", "app_version", "app version", "版本", "版本号"})  # what senders call it


def gather(session: Session, topic: Topic, base_url: str, *, inside: bool = False) -> Evidence:
    """Return the evidence of `topic`, with what is private where it stays `inside`.

    Raises ConflictError where nothing of it may be shown there.
    """
    everything = members(session, topic)
    rows = [row for row in everything if row.state != FeedbackState.QUARANTINED]
    rows = [row for row in rows if inside or not hidden(topic, row)]
    if not rows:
        raise ConflictError("nothing in this topic may be made public, so it is not filed")
    return Evidence(
        title=public(_title(topic, everything, rows))[:TITLE_LENGTH],
        kind=topic.kind,
        component=component_name(topic.component, topic.project.language),
        people=len({row.reporter_id for row in rows}),
        reports=len(rows),
        first_seen=rows[0].said_at,
        last_seen=rows[-1].said_at,
        quotes=tuple(Quote(_clipped(public(_said(row))), row.said_at, row.channel) for row in _spoken(rows, topic)),
        shared=tuple(_shared(session, rows)),
        channels=tuple(Counter(row.channel for row in rows).most_common()),
        link=f"{base_url}/queue/{topic.key}",
        versions=tuple(_versions(rows)),
    )


def hidden(topic: Topic, row: Feedback) -> bool:
    """Return whether a feedback must not be public: its sender said so, or it is about security."""
    closed = {name.casefold() for name in Policy.of(topic.project.policy).private_components}
    return row.private or bool({topic.component.casefold(), row.component.casefold()} & closed)


def confidential(session: Session, topic: Topic) -> bool:
    """Return whether the topic's issue is for members only: as decided when it was filed, and not opened since.

    Before that: where nothing of it may be public.
    """
    if topic.filing is not None and topic.filing.passed_at is not None:
        return topic.filing.confidential and (topic.issue is None or topic.issue.confidential)
    if topic.issue is not None:
        return topic.issue.confidential
    return all(hidden(topic, row) for row in members(session, topic) if row.state != FeedbackState.QUARANTINED)


def draft(session: Session, topic: Topic, renderer: Renderer, base_url: str, *, closed: bool = False) -> Draft:
    """Return the issue to be filed for `topic`, in the project's language, with the project's labels for its kind.

    What may not be public goes only to a host that has issues for members (`closed`), into such an issue.
    """
    inside = closed and confidential(session, topic)
    evidence = gather(session, topic, base_url, inside=inside)
    values = {"evidence": evidence, "marker": marker(topic.key), "topic": topic, "project": topic.project}
    return Draft(
        title=" ".join(defuse(evidence.title).split()),
        body=renderer.render("issue/body.md", topic.project.language, values).strip() + "\n",
        labels=tuple(topic.project.labels.get(topic.kind, ())),
        confidential=inside,
    )


def public(text: str) -> str:
    """Return `text` fit for others' eyes: secrets and personal data replaced by named blanks."""
    return redact(text, FINDERS)


def _title(topic: Topic, everything: Sequence[Feedback], rows: Sequence[Feedback]) -> str:
    """Return the topic's title, unless a feedback that stays inside lent it."""
    lent = {_lent(row) for row in everything} - {_lent(row) for row in rows}
    return topic.title if topic.title and topic.title not in lent else _lent(rows[0])


def _lent(row: Feedback) -> str:
    return row.title or suggested_title(row.body)


def _said(row: Feedback) -> str:
    return f"{row.title}\n\n{row.body}" if row.title and not row.body.startswith(row.title) else row.body


def _spoken(rows: Sequence[Feedback], topic: Topic) -> list[Feedback]:
    """Choose whom to quote: who stands for the topic, then the first, the last and the fullest, each text once."""
    known = {row.id: row for row in rows}
    standing = [known[number] for number in topic.representatives if number in known]
    wanted = [*standing, rows[0], rows[-1], *sorted(rows, key=lambda row: -len(row.body))]
    return list({row.body: row for row in wanted}.values())[:QUOTES]


def _clipped(text: str) -> str:
    return text if len(text) <= QUOTE_LENGTH else text[: QUOTE_LENGTH - 1].rstrip() + "…"


def _versions(rows: Sequence[Feedback]) -> list[tuple[str, int]]:
    """Return the versions that most of these feedback name, in what came with them or in their words.

    A number with one dot in one person's words may be anything, hours say; said by two it is taken for a version.
    """
    said = Counter(name for row in rows for name in _said_versions(row))
    told = Counter(name for row in rows for name in _told_versions(row) - _said_versions(row))
    sure = {name: number for name, number in said.items() if number > 1 or name.count(".") > 1 or told[name]}
    found = [(name, number) for name, number in (Counter(sure) + told).items() if public(name) == name]
    return sorted(found, key=lambda item: (-item[1], item[0]))[:VERSIONS]


def _said_versions(row: Feedback) -> set[str]:
    return {" ".join(part for part in version if part) for version in facts(_said(row)).versions}


def _told_versions(row: Feedback) -> set[str]:
    told = {str(value).strip() for key, value in row.context.items() if key.strip().casefold() in VERSION_KEYS}
    return {value for value in told if value and len(value) <= VERSION_LENGTH}


def _shared(session: Session, rows: Sequence[Feedback]) -> list[str]:
    """Return the words that tied these feedback together, weightiest first, without dull or private ones."""
    ids = [row.id for row in rows]
    topics = {row.topic_id for row in rows}
    weights: Counter[str] = Counter()
    found = select(Candidate.shared).where(Candidate.feedback_id.in_(ids), Candidate.topic_id.in_(topics))
    for shared in session.scalars(found):
        for word, weight in shared:
            weights[word] += weight
    return [word for word, _ in weights.most_common() if telling(word) and public(word) == word][:SHARED]

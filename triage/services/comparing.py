"""Two versions of a project's models on the same decisions, which neither has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from sqlalchemy.orm import Session

from triage.db.queries import project_by_slug
from triage.db.tables import Project
from triage.ml.comparison import Comparison, compare_costs, compare_labels, told_apart
from triage.ml.components import Listed
from triage.ml.kinds import log_odds
from triage.ml.site_training import spam_costs
from triage.services import components, meanings, versions
from triage.services.components import ComponentExample
from triage.services.differing import Known, differing, locate
from triage.services.learning import Examples, KindExample, SpamExample, examples
from triage.services.library import COMPONENTS, DUPLICATES, KINDS, PARTS, SPAM, damaged
from triage.services.models import Models
from triage.services.pairs import PairExample
from triage.services.site import Site
from triage.services.training import labels, named, pair_names, spam_names

CHARACTERS = 100_000  # of the texts of one sort where there is a limit: about a second

Labels = Sequence[str]
Guesses = tuple[Labels, Labels]
One = TypeVar("One", KindExample, SpamExample, PairExample, ComponentExample)


@dataclass(frozen=True, slots=True)
class Unseen:
    """What is asked: decisions newer than `since` (None: all), of each sort the newest `most` (None: all)."""

    since: datetime | None
    most: int | None

    def of(self, rows: Sequence[One]) -> tuple[list[One], int]:
        """Return which of `rows` (oldest first) are asked, and how many would have been without a limit."""
        newer = [one for one in rows if self.since is None or one.at > self.since]
        if self.most is None:
            return newer, len(newer)
        lengths = np.cumsum([_length(one) for one in reversed(newer)])
        asked = min(self.most, int((lengths <= CHARACTERS).sum()))
        return newer[len(newer) - asked :], len(newer)


def compare(site: Site, slug: str, left: int, right: int, *, most: int | None = None) -> dict[str, Any]:
    """Return how version `right` (0: the shipped models) compares with `left` on decisions newer than both.

    `unseen_since` is None where both are as shipped. With `most` no more than so many of the newest decisions of each
    sort are asked, and of long texts fewer; a part's `of` says how many there are. A part that is damaged in either
    version isn't compared, and stands in `faults`. Raises NotFoundError for a version that is not there.
    """
    with site.db.read() as session:
        project = project_by_slug(session, slug)
        known = examples(session, project)
        parts = [_parts(session, project, number) for number in (left, right)]
        since = _seen(session, project, [number for one in parts for number in one.values() if number])
        before, after = (site.library.made(project, one) for one in parts)
        known = replace(known, kinds=meanings.stored(session, known.kinds, before.encoder))
        listed = components.vocabulary(project.words)
    unseen, faults = Unseen(since, most), {**damaged(project, parts[0], before), **damaged(project, parts[1], after)}
    compared: dict[str, Callable[[], dict[str, Any]]] = {
        KINDS: lambda: _kinds(known, unseen, slug, (before, after)),
        SPAM: lambda: _spam(known, unseen, (before, after)),
        DUPLICATES: lambda: _duplicates(known, unseen, (before, after)),
        COMPONENTS: lambda: _components(known, unseen, listed, (before, after)),
    }
    found = {part: {} if part in faults else make() for part, make in compared.items()}
    with site.db.read() as session:
        locate(session, found.values())
    alike = [part for part in PARTS if parts[0].get(part, 0) == parts[1].get(part, 0)]
    told = {"unseen_since": since.isoformat() if since else None, "alike": alike, "faults": faults}
    return {"left": left, "right": right, **told, **found}


def _parts(session: Session, project: Project, number: int) -> dict[str, int]:
    """Return the parts that a version has in force, or would have when promoted by hand."""
    if not number:
        return {}
    row = versions.one(session, project, number)
    return versions.parts_in_force(row) if row.parts else dict.fromkeys(versions.trained(row), number)


def _seen(session: Session, project: Project, numbers: Sequence[int]) -> datetime | None:
    return max((versions.one(session, project, number).trained_until for number in numbers), default=None)


def _length(one: KindExample | SpamExample | ComponentExample | PairExample) -> int:
    """Return how many characters have to be read."""
    if isinstance(one, PairExample):
        return 0
    return len(one.title) + len(one.body) if isinstance(one, KindExample) else len(one.text)


def _told(rows: tuple[Sequence[Known], int], compared: Comparison, truth: Labels, guesses: Guesses) -> dict[str, Any]:
    return {**compared.as_dict(), "of": rows[1], "differing": differing(rows[0], truth, guesses)}


def _kinds(known: Examples, unseen: Unseen, slug: str, models: tuple[Models, Models]) -> dict[str, Any]:
    rows, of = unseen.of(known.kinds)
    before = labels(models[0].kinds, rows, slug)
    after = before if models[1].kinds is models[0].kinds else labels(models[1].kinds, rows, slug)
    truth = [one.kind for one in rows]
    return _told((rows, of), compare_labels(truth, before, after), truth, (before, after))


def _components(known: Examples, unseen: Unseen, listed: Listed, models: tuple[Models, Models]) -> dict[str, Any]:
    rows, of = unseen.of(known.components)
    before, after = (named(rows, listed, one.taught) for one in models)
    truth = [one.component for one in rows]
    return _told((rows, of), compare_labels(truth, before, after), truth, (before, after))


def _spam(known: Examples, unseen: Unseen, models: tuple[Models, Models]) -> dict[str, Any]:
    rows, of = unseen.of(known.spam)
    model = models[0].spam
    if model is None:
        return {}
    chances, truth = (
        np.array([model.predict(one.text).score for one in rows]),
        np.array([one.spam for one in rows], bool),
    )
    limits = [model.threshold if one.spam_threshold is None else one.spam_threshold for one in models]
    compared = compare_costs(*(spam_costs(chances, truth, limit) for limit in limits))
    said, (before, after) = spam_names(truth), (spam_names(chances >= limit) for limit in limits)
    return _told((rows, of), told_apart(compared, said, (before, after)), said, (before, after))


def _duplicates(known: Examples, unseen: Unseen, models: tuple[Models, Models]) -> dict[str, Any]:
    rows, of = unseen.of(known.pairs)
    lines = [one.line for one in models]
    if lines[0] is None or lines[1] is None:
        return {}  # a score alone claims nothing that could be wrong
    truth = np.array([one.same for one in rows], float)
    chances = [np.array([line.probability(log_odds(one.score)) for one in rows]) for line in lines if line]
    compared = compare_costs((truth - chances[0]) ** 2, (truth - chances[1]) ** 2)
    said, (before, after) = pair_names(truth), (pair_names(one) for one in chances)
    return _told((rows, of), told_apart(compared, said, (before, after)), said, (before, after))

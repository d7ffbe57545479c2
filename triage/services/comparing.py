"""Two versions of a project's models on the same decisions, which neither has seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from triage.db.queries import project_by_slug
from triage.db.tables import Project
from triage.ml.comparison import compare_costs, compare_labels, told_apart
from triage.ml.components import Listed
from triage.ml.kinds import log_odds
from triage.ml.site_training import spam_costs
from triage.services import components, versions
from triage.services.learning import Examples, examples
from triage.services.library import COMPONENTS, DUPLICATES, KINDS, SPAM
from triage.services.models import Models
from triage.services.site import Site
from triage.services.training import labels, named, pair_names, spam_names


def compare(site: Site, slug: str, left: int, right: int) -> dict[str, Any]:
    """Return how version `right` (0: the shipped models) compares with `left` on decisions newer than both.

    `unseen_since` is None where both are as shipped. Raises NotFoundError for a version that is not there.
    """
    with site.db.read() as session:
        project = project_by_slug(session, slug)
        known = examples(session, project)
        parts = [_parts(session, project, number) for number in (left, right)]
        since = _seen(session, project, [number for one in parts for number in one.values() if number])
        before, after = (site.library.made(project, one) for one in parts)
        listed = components.vocabulary(project.words)
    return {
        "left": left,
        "right": right,
        "unseen_since": since.isoformat() if since else None,
        KINDS: _kinds(known, since, slug, (before, after)),
        SPAM: _spam(known, since, (before, after)),
        DUPLICATES: _duplicates(known, since, (before, after)),
        COMPONENTS: _components(known, since, listed, (before, after)),
    }


def _parts(session: Session, project: Project, number: int) -> dict[str, int]:
    """Return the parts that a version has in force, or would have when promoted by hand."""
    if not number:
        return {}
    row = versions.one(session, project, number)
    return versions.parts_in_force(row) if row.parts else dict.fromkeys(versions.trained(row), number)


def _seen(session: Session, project: Project, numbers: Sequence[int]) -> datetime | None:
    return max((versions.one(session, project, number).trained_until for number in numbers), default=None)


def _kinds(known: Examples, since: datetime | None, slug: str, models: tuple[Models, Models]) -> dict[str, Any]:
    rows = [one for one in known.kinds if since is None or one.at > since]
    before, after = (labels(one.kinds, rows, slug) for one in models)
    return compare_labels([one.kind for one in rows], before, after).as_dict()


def _components(
    known: Examples, since: datetime | None, listed: Listed, models: tuple[Models, Models]
) -> dict[str, Any]:
    rows = [one for one in known.components if since is None or one.at > since]
    guesses = [named(rows, listed, one.taught) for one in models]
    return compare_labels([one.component for one in rows], *guesses).as_dict()


def _spam(known: Examples, since: datetime | None, models: tuple[Models, Models]) -> dict[str, Any]:
    rows = [one for one in known.spam if since is None or one.at > since]
    model = models[0].spam
    if model is None:
        return {}
    chances, truth = (
        np.array([model.predict(one.text).score for one in rows]),
        np.array([one.spam for one in rows], bool),
    )
    limits = [model.threshold if one.spam_threshold is None else one.spam_threshold for one in models]
    compared = compare_costs(*(spam_costs(chances, truth, limit) for limit in limits))
    before, after = (spam_names(chances >= limit) for limit in limits)
    return told_apart(compared, spam_names(truth), (before, after)).as_dict()


def _duplicates(known: Examples, since: datetime | None, models: tuple[Models, Models]) -> dict[str, Any]:
    rows = [one for one in known.pairs if since is None or one.at > since]
    lines = [one.line for one in models]
    if lines[0] is None or lines[1] is None:
        return {}  # a score alone claims nothing that could be wrong
    truth = np.array([one.same for one in rows], float)
    chances = [np.array([line.probability(log_odds(one.score)) for one in rows]) for line in lines if line]
    compared = compare_costs((truth - chances[0]) ** 2, (truth - chances[1]) ** 2)
    return told_apart(compared, pair_names(truth), (pair_names(chances[0]), pair_names(chances[1]))).as_dict()

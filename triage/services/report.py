"""What a project has learned so far, as one object: what its page shows and its JSON gives."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from triage.db.tables import ModelVersion, Project
from triage.ml.calibration import LEAST, LEAST_OF_EACH
from triage.ml.comparison import precision_table
from triage.services import versions
from triage.services.learning import Examples, examples, spam_weeks
from triage.services.library import PARTS, active
from triage.services.site import Site

VERSIONS = 10


def report(site: Site, session: Session, project: Project) -> dict[str, Any]:
    """Return the project's examples, versions, errors and calibration; times as ISO text."""
    known, models = examples(session, project), site.library.of(session, project)
    rows = versions.history(session, project)
    return {
        "project": project.slug,
        "in_force": _version(active(session, project)),
        "faults": [*models.faults, *_index(site)],
        "examples": {
            "kinds": len(known.kinds),
            "spam": len(known.spam),
            "duplicates": len(known.pairs),
            "components": len(known.components),
        },
        "versions": [_version(row) for row in rows[:VERSIONS]],
        "spam": {
            "threshold": models.spam_threshold or (models.spam.threshold if models.spam else None),
            "own": models.spam_threshold is not None,
            "weeks": [
                {**asdict(week), "monday": week.monday.date().isoformat()}
                for week in spam_weeks(session, project, now=site.now())
            ],
        },
        "duplicates": _calibration(known, models.line.decisions if models.line else 0),
    }


def _index(site: Site) -> list[str]:
    """Return why nothing can be found, where that is so; an installation whose worker never ran has no index yet."""
    fault = site.index.needs_rebuild if site.settings.path("index").exists() else ""
    return [f"the search index: {fault}; the worker makes it anew"] if fault else []


def _calibration(known: Examples, decisions: int) -> dict[str, Any]:
    same = [one.same for one in known.pairs]
    return {
        "n": len(same),
        "same": sum(same),
        "needed": LEAST,
        "needed_of_each": LEAST_OF_EACH,
        "calibrated_on": decisions,
        "table": [step.as_dict() for step in precision_table([one.score for one in known.pairs], same)],
    }


def _version(row: ModelVersion | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "version": row.version,
        "state": row.state,
        "n": row.n,
        "created_at": row.created_at.isoformat(),
        "promoted_at": _iso(row.promoted_at),
        "by_hand": row.promoted_by_id is not None,
        "parts": row.parts,
        "trained": [part for part in PARTS if row.metrics.get(part, {}).get("trained")],
        "metrics": row.metrics,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

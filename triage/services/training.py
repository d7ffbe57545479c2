"""Training a project's models on its people's decisions, measured on the last fifth of them, which the twin never saw.

What is measured is a twin, trained on what came before that fifth; what is kept is trained on everything. A part that
was in force before is asked only about decisions that are newer than its own training (docs/decisions/009).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from triage.db.queries import project_by_slug
from triage.db.tables import ModelVersion
from triage.ml import calibration
from triage.ml.comparison import BETTER, Comparison, compare_costs, compare_labels, precision_table, told_apart
from triage.ml.components import Listed, component_of
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.kind_training import Plan
from triage.ml.kinds import KindModel, log_odds
from triage.ml.site_training import Weighed, learn_site, save_numbers, spam_costs, spam_threshold
from triage.ml.training import kind_examples
from triage.services import components, meanings, versions
from triage.services.components import ComponentExample
from triage.services.learning import Examples, KindExample, SpamExample, examples
from triage.services.library import COMPONENTS, DUPLICATES, KINDS, PARTS, SPAM
from triage.services.models import Models
from triage.services.pairs import PairExample
from triage.services.review import Actor
from triage.services.site import Site

LEAST_KINDS = 20  # of the project's own, before a kind model is trained or words of components are learned
FRESH = 20  # decisions since the last training, before the night's pass trains again
CHANGED, CONFIRMED = 3, 2  # how often an example counts beside a shipped one; labels of the host count as confirmed


One = TypeVar("One", KindExample, SpamExample, PairExample, ComponentExample)


@dataclass(frozen=True, slots=True)
class Own:
    """Whose models are trained, what they are trained on beside its decisions, and how texts are read."""

    slug: str
    shipped: Sequence[Example]
    reader: Reader


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a version: how it compares (None: too few to train), what to keep, and what else there is to know."""

    save: Callable[[Path], None] | None
    comparison: Comparison | None
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept of it with the version."""
        compared = self.comparison.as_dict() if self.comparison else {}
        return {"trained": self.save is not None, **compared, **self.facts}


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to; `promoted` are the parts that were put in force at once."""

    version: int
    n: int
    promoted: tuple[str, ...]
    metrics: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {"version": self.version, "n": self.n, "promoted": list(self.promoted), **self.metrics}


def train(site: Site, slug: str, *, fresh: int = 0) -> Trained | None:
    """Train a project's models on all decisions; None where fewer than `fresh` are new since the last training.

    What is better beyond noise is put in force; the rest waits as a candidate for a person.
    """
    with site.db.read() as session:
        project = project_by_slug(session, slug)
        known, models = examples(session, project), site.library.of(session, project)
        told = meanings.stored(session, known.kinds, models.encoder)
        seen = {part: versions.seen_until(session, project, part) for part in PARTS}
        listed = components.vocabulary(project.words)
        last = next(iter(versions.history(session, project)), None)
    if _new(known, last.trained_until if last else None) < fresh:
        return None
    shipped = kind_examples(None, site.library.words / "seeds")[0]
    own = Own(slug, shipped, Reader(models.kind_words))
    parts = {
        KINDS: _kinds(told, models, seen[KINDS], own),
        SPAM: _spam(known.spam, models, seen[SPAM]),
        DUPLICATES: _duplicates(known.pairs, models, seen[DUPLICATES]),
        COMPONENTS: _components(known.components, models, seen[COMPONENTS], listed),
    }
    return _stored(site, slug, known, parts)


def _new(known: Examples, since: datetime | None) -> int:
    return sum(since is None or one.at > since for one in known.everything)


def _stored(site: Site, slug: str, known: Examples, parts: dict[str, Part]) -> Trained:
    metrics = {name: part.as_dict() for name, part in parts.items()}
    better = [name for name, part in parts.items() if part.comparison and part.comparison.verdict == BETTER]
    now = site.now()
    with site.db.write() as session:
        project = project_by_slug(session, slug)
        number = versions.next_number(session, project)
        folder = site.library.place(project, number)
        row = ModelVersion(project_id=project.id, version=number, folder=str(folder), n=known.count, metrics=metrics)
        row.trained_until, row.created_at = known.newest or now, now
        row.parts, row.state = {}, versions.CANDIDATE
        for part in parts.values():  # before the row: one that is there has its weights
            if part.save is not None:
                part.save(folder)
        session.add(row)
        session.flush()
        if better:
            versions.promote(session, row, Actor(None, now), better)
        versions.prune(session, project, folder.parent)
    return Trained(number, known.count, tuple(better), metrics)


def apart(rows: Sequence[One], seen: datetime | None) -> tuple[list[One], list[One]]:
    """Return what came before the last fifth of `rows` (oldest first), and of that fifth what is newer than `seen`."""
    if not rows:
        return [], []
    border = rows[-max(1, len(rows) // 5)].at  # by time: one decision on many feedback must not be torn apart
    before = [one for one in rows if one.at < border]
    return before, [one for one in rows if one.at >= border and (seen is None or one.at > seen)]


def _kinds(rows: Sequence[KindExample], models: Models, seen: datetime | None, own: Own) -> Part:
    facts = {"examples": len(rows), "changed": sum(not one.confirmed and not one.host for one in rows)}
    if len(apart(rows, seen)[0]) < LEAST_KINDS:
        return Part(None, None, facts)
    shipped, rows = meanings.found_out(own.shipped, models.encoder), meanings.found_out(rows, models.encoder)
    before, held = apart(rows, seen)
    twin, final = (learn_site(shipped, weighed(part, own.slug), own.reader, Plan()) for part in (before, rows))
    truth = [one.kind for one in held]
    compared = compare_labels(truth, labels(models.kinds, held, own.slug), labels(twin, held, own.slug))
    return Part(final.save, compared, facts)


def weighed(rows: Sequence[KindExample], slug: str) -> list[Weighed]:
    """Return the project's own examples as they are trained on."""
    made = [(Example(one.title, one.body, one.kind, slug, one.meaning), one) for one in rows]
    return [Weighed(text, CONFIRMED if one.confirmed or one.host else CHANGED) for text, one in made]


def labels(model: KindModel | None, rows: Sequence[KindExample], slug: str) -> list[str]:
    """Return what `model` guesses, "" where there is no model or no guess."""
    if model is None:
        return [""] * len(rows)
    found = [model.predict(one.title, one.body, project=slug, meaning=one.meaning) for one in rows]
    return [one.guess or "" for one in found]


def _components(rows: Sequence[ComponentExample], models: Models, seen: datetime | None, listed: Listed) -> Part:
    facts = {"examples": len(rows), "changed": sum(not one.confirmed for one in rows)}
    before, held = apart(rows, seen)
    if len(before) < LEAST_KINDS:
        return Part(None, None, facts)
    twin, final = (components.learned(part, models.segmenter.words) for part in (before, rows))
    truth = [one.component for one in held]
    guesses = [named(held, listed, taught) for taught in (models.taught, twin)]
    return Part(lambda folder: components.keep(folder, final), compare_labels(truth, *guesses), facts)


def named(rows: Sequence[ComponentExample], listed: Listed, taught: Listed) -> list[str]:
    """Return the component of each text by the words listed and taught, "" for none."""
    return [component_of(one.text, listed, taught).name or "" for one in rows]


def _spam(rows: Sequence[SpamExample], models: Models, seen: datetime | None) -> Part:
    facts: dict[str, Any] = {"examples": len(rows), "errors": sum(one.error for one in rows)}
    if models.spam is None:
        return Part(None, None, facts)
    scores = {one.feedback_id: models.spam.predict(one.text).score for one in rows}
    before, held = apart(rows, seen)
    twin, final = (_threshold(part, scores) for part in (before, rows))
    if twin is None or final is None:
        return Part(None, None, facts)
    chances, truth = np.array([scores[one.feedback_id] for one in held]), np.array([one.spam for one in held], bool)
    limit = models.spam.threshold if models.spam_threshold is None else models.spam_threshold
    compared = compare_costs(spam_costs(chances, truth, limit), spam_costs(chances, truth, twin))
    compared = told_apart(compared, spam_names(truth), (spam_names(chances >= limit), spam_names(chances >= twin)))
    facts |= {"threshold_before": limit, "threshold_after": final}
    return Part(_numbers(SPAM, {"threshold": final}), compared, facts)


def spam_names(spam: Iterable[bool]) -> list[str]:
    """Return each verdict as the class that it is told under."""
    return ["spam" if one else "ham" for one in spam]


def pair_names(chances: Iterable[float]) -> list[str]:
    """Return what is likelier of each pair as the class that it is told under."""
    return ["same" if one >= 0.5 else "different" for one in chances]  # noqa: PLR2004


def _threshold(rows: Sequence[SpamExample], scores: dict[int, float]) -> float | None:
    return spam_threshold([scores[one.feedback_id] for one in rows], [one.spam for one in rows])


def _duplicates(rows: Sequence[PairExample], models: Models, seen: datetime | None) -> Part:
    table = precision_table([one.score for one in rows], [one.same for one in rows])
    facts: dict[str, Any] = {
        "examples": len(rows),
        "weak": sum(one.weak for one in rows),
        "same": sum(one.same for one in rows),
        "table": [step.as_dict() for step in table],
    }
    before, held = apart(rows, seen)
    twin, final = _line(before), _line(rows)
    if twin is None or final is None:
        return Part(None, None, facts)
    truth = np.array([one.same for one in held], float)
    share = sum(one.same for one in before) / len(before)  # what one would say who knows nothing but how often it is so
    known = models.line
    was = [known.probability(log_odds(one.score)) if known else share for one in held]
    now = [twin.probability(log_odds(one.score)) for one in held]
    compared = compare_costs((truth - np.array(was)) ** 2, (truth - np.array(now)) ** 2)
    compared = told_apart(compared, pair_names(truth), (pair_names(was), pair_names(now)))
    numbers = {"slope": final.slope, "offset": final.offset, "decisions": float(final.decisions)}
    return Part(_numbers(DUPLICATES, numbers), compared, facts)


def _line(rows: Sequence[PairExample]) -> calibration.Calibration | None:
    return calibration.fitted([log_odds(one.score) for one in rows], [one.same for one in rows])


def _numbers(name: str, numbers: dict[str, float]) -> Callable[[Path], None]:
    return lambda folder: save_numbers(folder, name, numbers, {})

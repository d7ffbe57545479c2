"""Training on what one site decided: its examples weigh more than the shipped ones, and the rest is chosen by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import InvalidError, ModelError
from triage.ml.calibration import LEAST, LEAST_OF_EACH
from triage.ml.confidence import calibrated
from triage.ml.features import Blocks, Reader
from triage.ml.kind_training import FEW_LABELS, Example, Plan, folds
from triage.ml.kinds import KindModel
from triage.ml.linear import Linear, decide, fit_together
from triage.ml.vocabulary import Vocabulary
from triage.ml.weights import Bundle, load, save

OWN_ENOUGH = 100  # own examples from which the thresholds are chosen on them alone
SPARED = 5.0  # so many times worse is it to hold back a person's report than to let an advertisement through
STEPS = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999])


@dataclass(frozen=True, slots=True)
class Weighed:
    """An example that counts `weight` times."""

    example: Example
    weight: int = 1


@dataclass(frozen=True, slots=True)
class _Rows:
    """Texts ready for training, all of equal length; `own` says which are the site's."""

    texts: Sequence[Blocks]
    labels: Sequence[str]
    projects: Sequence[str]
    weights: NDArray[np.intp]
    own: NDArray[np.bool_]

    def only(self, kept: NDArray[np.intp]) -> _Rows:
        """Return these rows alone."""
        places = kept.tolist()
        return _Rows(
            [self.texts[row] for row in places],
            [self.labels[row] for row in places],
            [self.projects[row] for row in places],
            self.weights[kept],
            self.own[kept],
        )


def learn_site(shipped: Sequence[Example], own: Sequence[Weighed], reader: Reader, plan: Plan) -> KindModel:
    """Return the kind model of `shipped` and `own` examples, the same for the same input.

    Thresholds come from cross-validation, on the own examples alone once they are `OWN_ENOUGH`: the shipped ones are
    easier. Raises InvalidError for fewer than two kinds.
    """
    rows = _read(shipped, own, reader)
    if len(set(rows.labels)) < 2:  # noqa: PLR2004
        raise InvalidError("a kind model needs examples of two kinds", field="kind", code="too_few_kinds")
    scores = _unseen(rows, plan)
    vocabulary, linear = _fitted(rows, plan)
    truth = np.array([linear.labels.index(label) for label in rows.labels])
    chosen = rows.own if len(own) >= OWN_ENOUGH else np.ones(len(truth), bool)
    trained = {**plan.trained, "examples": len(truth), "own": len(own)}
    return KindModel(reader, vocabulary, linear, calibrated(scores[chosen], truth[chosen]), trained)


def _read(shipped: Sequence[Example], own: Sequence[Weighed], reader: Reader) -> _Rows:
    everything = [*(Weighed(one) for one in shipped), *own]
    examples = [one.example for one in everything]
    return _Rows(
        texts=[reader.blocks(one.title, one.body, one.project) for one in examples],
        labels=[one.kind for one in examples],
        projects=[one.project for one in examples],
        weights=np.array([one.weight for one in everything], np.intp),
        own=np.arange(len(everything)) >= len(shipped),
    )


def _fitted(rows: _Rows, plan: Plan) -> tuple[Vocabulary, Linear]:
    # a text that counts thrice stands in the matrix thrice; what is rare is counted once a text all the same
    vocabulary = Vocabulary.fitted(plan.blocks, rows.texts)
    places = np.repeat(np.arange(len(rows.texts)), rows.weights).tolist()
    labels, projects = ([part[row] for row in places] for part in (rows.labels, rows.projects))
    matrix = vocabulary.matrix(rows.texts)[places]
    return vocabulary, fit_together(matrix, labels, projects, plan.hows or FEW_LABELS)


def _unseen(rows: _Rows, plan: Plan) -> NDArray[np.float32]:
    """Return the scores (texts, labels) of each text by a model that has not seen it."""
    names = sorted(set(rows.labels))
    scores = np.full((len(rows.texts), len(names)), -np.inf, np.float32)
    strata = [f"{project} {label}" for project, label in zip(rows.projects, rows.labels, strict=True)]
    for part, rest in folds(strata, plan.seed):
        vocabulary, model = _fitted(rows.only(rest), plan)
        places = np.array([names.index(label) for label in model.labels])
        matrix = vocabulary.matrix(rows.texts[row] for row in part)
        scores[np.ix_(part, places)] = decide(model, matrix, [rows.projects[row] for row in part])
    return scores


def spam_costs(chances: NDArray[np.float64], spam: NDArray[np.bool_], threshold: float) -> NDArray[np.float64]:
    """Return what each verdict costs: `SPARED` for a report held back, 1 for spam let through, else nothing."""
    held = chances >= threshold
    return np.where(held & ~spam, SPARED, np.where(~held & spam, 1.0, 0.0))


def spam_threshold(chances: Sequence[float], spam: Sequence[bool]) -> float | None:
    """Return the threshold that would have cost least on this site's decisions, None while there are too few."""
    if len(spam) < LEAST or min(sum(spam), len(spam) - sum(spam)) < LEAST_OF_EACH:
        return None
    costs = [float(spam_costs(np.array(chances), np.array(spam), step).sum()) for step in STEPS]
    best = [step for step, cost in zip(STEPS, costs, strict=True) if cost == min(costs)]
    return float(best[len(best) // 2])  # of equal ones the middle: the farthest from both mistakes


def save_numbers(folder: Path, name: str, numbers: Mapping[str, float], facts: Mapping[str, Any]) -> None:
    """Write a few numbers as weights are written: with a checksum, whole or not at all."""
    save(folder, name, Bundle({key: np.array([value], float) for key, value in numbers.items()}, facts))


def load_numbers(folder: Path, name: str, wanted: Sequence[str]) -> dict[str, float]:
    """Return the numbers that `save_numbers` wrote. Raises ModelError where one is missing or no number."""
    arrays = load(folder, name).arrays
    try:
        found = {key: float(arrays[key][0]) for key in wanted}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ModelError(f"{name} is damaged: {error}") from error
    if not np.isfinite(list(found.values())).all():
        raise ModelError(f"{name} is damaged: not a number")
    return found

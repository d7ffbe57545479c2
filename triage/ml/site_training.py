"""Training on what one site decided: its examples weigh more than the shipped ones, and the rest is chosen by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError
from triage.ml.calibration import LEAST, LEAST_OF_EACH
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.kind_training import Plan, learn
from triage.ml.kinds import KindModel
from triage.ml.weights import Bundle, load, save

OWN_ENOUGH = 100  # own examples from which the thresholds are chosen on them alone
SPARED = 5.0  # so many times worse is it to hold back a person's report than to let an advertisement through
STEPS = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999])


@dataclass(frozen=True, slots=True)
class Weighed:
    """An example that counts `weight` times."""

    example: Example
    weight: int = 1


def learn_site(shipped: Sequence[Example], own: Sequence[Weighed], reader: Reader, plan: Plan) -> KindModel:
    """Return the kind model of `shipped` and `own` examples, the same for the same input.

    Thresholds come from cross-validation, on the own examples alone once they are `OWN_ENOUGH`: the shipped ones are
    easier. Raises InvalidError for fewer than two kinds.
    """
    examples = [*shipped, *(one.example for one in own)]
    weights = np.array([1] * len(shipped) + [one.weight for one in own], np.intp)
    asked = np.arange(len(examples)) >= (len(shipped) if len(own) >= OWN_ENOUGH else 0)
    plan = replace(plan, trained={**plan.trained, "own": len(own)})
    return learn(examples, reader, plan, weights=weights, asked=asked)


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

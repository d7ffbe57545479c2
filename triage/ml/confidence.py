"""How sure a guess among labels is: from raw scores to probabilities, and from which of them it may be acted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError

NEVER = 1.01  # a threshold that no probability reaches
PRECISION = 0.95  # wanted of what is done without asking
SUGGESTED = 0.80  # wanted of what is shown as more than a guess
LEAST = 30  # texts over a threshold before it is believed
WORST = -20.0  # stands for the score of a label that a model has never seen


@dataclass(frozen=True, slots=True)
class Confidence:
    """From raw scores to probabilities, and the probabilities from which a label is acted on or suggested."""

    sharpness: float = 1.0
    act: float = NEVER
    suggest: float = 0.5

    @classmethod
    def load(cls, facts: Mapping[str, Any]) -> Confidence:
        """Return the confidence of `facts()`. Raises ModelError where a number is missing or can't be one of these."""
        try:
            sharpness, act, suggest = (float(facts[key]) for key in ("sharpness", "act", "suggest"))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"how sure the model may be is damaged: {error}") from error
        if not (0 < sharpness < np.inf and 0 <= act <= NEVER and 0 <= suggest <= NEVER):
            raise ModelError("how sure the model may be is damaged: out of range")
        return cls(sharpness, act, suggest)

    def facts(self) -> dict[str, float]:
        """Return what `load` takes back."""
        return {"sharpness": self.sharpness, "act": self.act, "suggest": self.suggest}

    def probabilities(self, scores: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of raw `scores` (…, labels)."""
        powers = np.exp(self.sharpness * (scores - scores.max(axis=-1, keepdims=True)).astype(np.float64))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))

    def surprise(self, scores: NDArray[Any], truth: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the surprise (nats) at each of the label numbers `truth` for who was told raw `scores` (…, labels)."""
        chances = self.probabilities(np.maximum(scores, WORST))
        return np.asarray(-np.log(chances[np.arange(len(truth)), truth] + 1e-12))


def calibrated(scores: NDArray[Any], truth: NDArray[np.intp]) -> Confidence:
    """Return the confidence in raw `scores` (texts, labels) of texts not seen in training; `truth`: label numbers."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda power: Confidence(float(np.exp(power))).surprise(scores, truth).mean(), bounds=(-3, 4), method="bounded"
    )
    sharpness = float(np.exp(found.x))
    chances = Confidence(sharpness).probabilities(np.maximum(scores, WORST))
    best, right = chances.max(axis=1), chances.argmax(axis=1) == truth
    return Confidence(sharpness, threshold(best, right, PRECISION), threshold(best, right, SUGGESTED))


def threshold(chances: NDArray[Any], right: NDArray[Any], wanted: float) -> float:
    """Return the lowest probability from which `wanted` of the guesses are right, `NEVER` where there is none."""
    order = np.argsort(-chances, kind="stable")
    hits = np.cumsum(right[order])
    counts = np.arange(1, len(order) + 1)
    good = np.flatnonzero((hits >= wanted * counts) & (counts >= LEAST))
    return float(chances[order[good[-1]]]) if len(good) else NEVER

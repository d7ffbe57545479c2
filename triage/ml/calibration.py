"""From a score to a probability, by this site's own decisions and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST = 30  # decisions before anything is claimed
LEAST_OF_EACH = 8  # of them yes, and of them no


@dataclass(frozen=True, slots=True)
class Calibration:
    """A line from a model's log-odds to true ones, and the number of decisions that it rests on (Platt, 1999)."""

    slope: float
    offset: float
    decisions: int

    def probability(self, odds: float) -> float:
        """Return how probable it is that people say yes to a score of `odds` (log-odds)."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.slope * odds + self.offset))))


def fitted(odds: Sequence[float], accepted: Sequence[bool]) -> Calibration | None:
    """Return the calibration that the decisions give, None while there are too few of one kind.

    `odds` are the log-odds that the model gave when asked, `accepted` what people then decided.
    """
    yes = sum(accepted)
    if len(accepted) < LEAST or min(yes, len(accepted) - yes) < LEAST_OF_EACH:
        return None
    # Platt's targets keep the line from growing endlessly steep where the decisions can be separated
    targets = np.where(np.array(accepted), (yes + 1) / (yes + 2), 1 / (len(accepted) - yes + 2))
    slope, offset = _line(np.asarray(odds, float), targets)
    return Calibration(slope, offset, len(accepted)) if slope > 0 else None


def _line(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], targets: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[float, float]:
    """Return slope and offset of the logistic line by Newton's method with a little ridge."""
    rows = np.column_stack([values, np.ones(len(values))])
    line = np.zeros(2)
    for _ in range(50):
        guess = 1 / (1 + np.exp(-np.clip(rows @ line, -30, 30)))
        slope = rows.T @ (guess - targets) + 1e-3 * line
        curve = (rows * (guess * (1 - guess))[:, None]).T @ rows + 1e-3 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        line -= step
        if float(np.abs(step).max()) < 1e-8:  # noqa: PLR2004
            break
    return float(line[0]), float(line[1])

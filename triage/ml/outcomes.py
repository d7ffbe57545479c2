"""What an evaluation hands back: its numbers, and a line for each row so that others can check them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Id = str | int  # as the file has it; where a row has none, its number from 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row: its number in the file (from 0), what was predicted, how sure, and the ids ranked for it, best first."""

    row: int
    prediction: Id | None
    score: float
    ranked: tuple[Id, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        score = round(self.score, 6)
        return {"row": self.row, "prediction": self.prediction, "score": score, "ranked": list(self.ranked)}


@dataclass(frozen=True, slots=True)
class Report:
    """Numbers by name, and the rows behind them."""

    numbers: dict[str, float | int]
    rows: tuple[Outcome, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers, rounded to four places."""
        return {name: round(value, 4) for name, value in self.numbers.items()}


def recalls(ranks: Sequence[int | None]) -> dict[str, float | int]:
    """Return n, recall_at_1/5/10 and mrr of `ranks`: the place (from 0) of the first right one, None for not found."""
    places = np.array([np.inf if rank is None else rank for rank in ranks], float)
    if not len(places):
        return {"n": 0, "recall_at_1": 0.0, "recall_at_5": 0.0, "recall_at_10": 0.0, "mrr": 0.0}
    shares = {f"recall_at_{most}": float((places < most).mean()) for most in (1, 5, 10)}
    return {"n": len(places), **shares, "mrr": float((1 / (1 + places)).mean())}

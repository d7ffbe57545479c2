"""The trained part of the duplicate search: from features to log-odds, kept as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError
from triage.ml.frequencies import BUCKETS, Shares
from triage.ml.rerank import FEATURES
from triage.ml.trees import Trees

Floats = NDArray[np.float64]

# What a contradiction costs in log-odds. Set by hand, for the public trackers' numbers are stripped: one makes a sure
# match doubtful, two bury it.
PENALTIES = {"code_other": 1.0, "version_other": 0.4, "device_other": 0.9}
_COST = np.array([PENALTIES.get(name, 0.0) for name in FEATURES])


@dataclass(frozen=True, slots=True)
class Ranker:
    """The trained part: a straight line and trees over `FEATURES`, both in log-odds, averaged."""

    mean: Floats
    scale: Floats
    coefficients: Floats
    intercept: float
    trees: Trees | None = None
    prior: Shares | None = None  # how common words are elsewhere: see Frequencies

    def decide(self, rows: Floats) -> Floats:
        """Return the log-odds of each row."""
        line = (rows - self.mean) / self.scale @ self.coefficients + self.intercept - rows @ _COST
        if self.trees is not None:
            line = (line + self.trees.decide(rows) - rows @ _COST) / 2
        return np.asarray(line, np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `load` takes back."""
        own = {"mean": self.mean, "scale": self.scale, "coefficients": self.coefficients}
        trees = {f"trees_{name}": part for name, part in self.trees.arrays().items()} if self.trees else {}
        return {**own, "intercept": np.array([self.intercept]), **trees, **_packed(self.prior)}

    @classmethod
    def plain(cls) -> Ranker:
        """Return what serves while the trained one is missing: shared words alone, and more than two thirds of them."""
        weights = np.array([9.0 if name == "words_cosine" else 0.0 for name in FEATURES])
        return cls(np.zeros(len(FEATURES)), np.ones(len(FEATURES)), weights, -6.0)

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Ranker:
        """Return the ranker of `arrays()`. Raises ModelError for anything else."""
        trees = {name.removeprefix("trees_"): part for name, part in arrays.items() if name.startswith("trees_")}
        try:
            mean, scale, coefficients = (np.asarray(arrays[name], float) for name in ("mean", "scale", "coefficients"))
            intercept = float(arrays["intercept"][0])
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ModelError(f"the duplicate model is damaged: {error}") from error
        shapes = {part.shape for part in (mean, scale, coefficients)} == {(len(FEATURES),)}
        if not shapes or not scale.all() or not np.isfinite([mean, scale, coefficients]).all():
            raise ModelError("the duplicate model was made for other features")
        made = Trees.load(trees, len(FEATURES)) if trees else None
        return cls(mean, scale, coefficients, intercept, made, _unpacked(arrays))


def _packed(prior: Shares | None) -> dict[str, NDArray[Any]]:
    if prior is None:
        return {}
    places = np.flatnonzero(prior)
    return {"prior_places": places.astype(np.uint32), "prior_shares": prior[places].astype(np.float16)}


def _unpacked(arrays: Mapping[str, NDArray[Any]]) -> Shares | None:
    if "prior_places" not in arrays:
        return None
    prior = np.zeros(BUCKETS, np.float32)
    try:
        prior[arrays["prior_places"]] = arrays["prior_shares"]
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(f"the duplicate model is damaged: {error}") from error
    return prior

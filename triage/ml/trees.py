"""Boosted decision trees as plain arrays: trained by scikit-learn, kept and served without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError

Floats = NDArray[np.float64]
_FIELDS = ("feature", "threshold", "left", "right", "value")


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees of equal width: a row a tree, a column a node, node 0 the root; a leaf is its own child."""

    feature: NDArray[np.int16]
    threshold: Floats
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    value: Floats
    depth: int
    base: float

    def decide(self, rows: Floats) -> Floats:
        """Return the raw score (log-odds) of each of `rows` (n, features)."""
        tree = np.arange(len(self.feature))[None, :]
        node = np.zeros((len(rows), len(self.feature)), np.intp)
        each = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            goes_left = rows[each, self.feature[tree, node]] <= self.threshold[tree, node]
            node = np.where(goes_left, self.left[tree, node], self.right[tree, node])
        return np.asarray(self.value[tree, node].sum(axis=1) + self.base, np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `load` takes back."""
        return {**{name: getattr(self, name) for name in _FIELDS}, "shape": np.array([self.depth, self.base])}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], features: int) -> Trees:
        """Return the trees of `arrays()`; raises ModelError where they could lead outside of themselves."""
        try:
            feature, threshold, left, right, value = (arrays[name] for name in _FIELDS)
            depth, base = (float(part) for part in arrays["shape"])
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the trees are damaged: {error}") from error
        made = cls(feature, threshold, left, right, value, int(depth), base)
        made.check(features)
        return made

    def check(self, features: int) -> None:
        """Raise ModelError unless every feature and child exists."""
        width = self.feature.shape[-1]
        fits = all(getattr(self, name).shape == self.feature.shape and self.feature.ndim == 2 for name in _FIELDS)  # noqa: PLR2004
        bounds = ((self.feature, features), (self.left, width), (self.right, width))
        inside = fits and all(bool(((part >= 0) & (part < most)).all()) for part, most in bounds)
        if not inside or not 0 < self.depth <= width:
            raise ModelError("the trees are damaged: they lead outside")


def exported(model: Any) -> Trees:
    """Return the trees of a fitted binary scikit-learn HistGradientBoostingClassifier without categories."""
    nodes = [stage[0].nodes for stage in model._predictors]  # the only place that holds them
    width = max(map(len, nodes))
    feature, left, right = (np.zeros((len(nodes), width), np.int16) for _ in range(3))
    threshold, value = np.zeros((len(nodes), width)), np.zeros((len(nodes), width))
    for row, tree in enumerate(nodes):
        size, leaf = len(tree), tree["is_leaf"].astype(bool)
        own = np.arange(size)
        feature[row, :size] = np.where(leaf, 0, tree["feature_idx"])
        threshold[row, :size] = np.where(leaf, 0.0, tree["num_threshold"])
        left[row, :size], right[row, :size] = np.where(leaf, own, tree["left"]), np.where(leaf, own, tree["right"])
        value[row, :size] = np.where(leaf, tree["value"], 0.0)
    depth = max(1, *(int(tree["depth"].max()) for tree in nodes))
    return Trees(feature, threshold, left, right, value, depth, float(np.ravel(model._baseline_prediction)[0]))


def mean_of(parts: Sequence[Trees]) -> Trees:
    """Return the trees that decide as `parts` do on average."""
    width = max(part.feature.shape[1] for part in parts)
    wide = {name: np.concatenate([_wide(getattr(part, name), width) for part in parts]) for name in _FIELDS}
    wide["value"] = wide["value"] / len(parts)
    depth, base = max(part.depth for part in parts), float(np.mean([part.base for part in parts]))
    return Trees(**wide, depth=depth, base=base)


def _wide(values: NDArray[Any], width: int) -> NDArray[Any]:
    """Return `values` with as many empty nodes for each tree as make it `width`; no way leads to them."""
    return np.pad(values, ((0, 0), (0, width - values.shape[1])))

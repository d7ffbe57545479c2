"""A linear model whose words are weighed by how one-sided they are (Wang and Manning, 2012), as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError
from triage.ml.vocabulary import Vector

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights (1 + projects, tokens, labels): what all texts share, then what each project adds; an offset a label."""

    labels: tuple[str, ...]
    projects: tuple[str, ...]
    weights: Floats
    offsets: Floats

    def of(self, project: str, places: NDArray[np.intp]) -> Floats:
        """Return the weights (places, labels) that count for a text of `project`, which may be unknown."""
        shared: Floats = self.weights[0][places]
        if project not in self.projects:
            return shared
        return np.asarray(shared + self.weights[1 + self.projects.index(project)][places])

    def scores(self, vector: Vector, project: str = "") -> Floats:
        """Return the raw score of each label for one text."""
        return np.asarray(vector.values @ self.of(project, vector.places) + self.offsets, np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `load` takes back; half precision changes no score by more than a thousandth."""
        return {"weights": self.weights.astype(np.float16), "offsets": self.offsets}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any], tokens: int) -> Linear:
        """Return the model of `arrays()`. Raises ModelError where the shapes don't fit `facts` and `tokens`."""
        try:
            labels, projects = tuple(map(str, facts["labels"])), tuple(map(str, facts["projects"]))
            made = cls(labels, projects, arrays["weights"].astype(np.float32), arrays["offsets"].astype(np.float32))
        except (KeyError, TypeError) as error:
            raise ModelError(f"the weights are damaged: {error}") from error
        if made.weights.shape != (1 + len(projects), tokens, len(labels)) or made.offsets.shape != (len(labels),):
            raise ModelError("the weights are damaged: their shapes don't fit the labels")
        return made


@dataclass(frozen=True, slots=True)
class Fit:
    """How to train: cost of an error, weight of what a project adds, smoothing of the ratios (0: no ratios).

    `balanced` makes an error on a label that is rarer than the others cost more, on a commoner one less.
    """

    cost: float = 0.1
    project_weight: float = 0.8
    smoothing: float = 1.0
    balanced: bool = False


def fit(matrix: Any, labels: Sequence[str], projects: Sequence[str], how: Fit = Fit()) -> Linear:
    """Return the model of `matrix` (texts, tokens; scipy CSR), one label and one project (or "") a text.

    A project that is alone adds nothing of its own; of one label it is told that it is the one. Training is
    deterministic.
    """
    names = tuple(sorted(set(labels)))
    groups = tuple(sorted(set(projects) - {""}))
    groups = groups if len(set(projects)) > 1 else ()
    if len(names) == 1:
        return Linear(
            names, groups, np.zeros((1 + len(groups), matrix.shape[1], 1), np.float32), np.ones(1, np.float32)
        )
    wide = _widened(matrix, np.array(projects, object), groups, how.project_weight)
    weights, offsets = _machines(wide, np.array(labels, object), names, how)
    shaped = weights.reshape(1 + len(groups), matrix.shape[1], len(names))
    shaped[1:] *= how.project_weight
    return Linear(names, groups, shaped, offsets)


def fit_together(matrix: Any, labels: Sequence[str], projects: Sequence[str], hows: Sequence[Fit]) -> Linear:
    """Return the mean of the models that `hows` give: they err differently, and one linear model can hold them all."""
    models = [fit(matrix, labels, projects, how) for how in hows]
    weights = np.asarray(np.mean([model.weights for model in models], axis=0), np.float32)
    offsets = np.asarray(np.mean([model.offsets for model in models], axis=0), np.float32)
    return replace(models[0], weights=weights, offsets=offsets)


def decide(model: Linear, matrix: Any, projects: Sequence[str]) -> Floats:
    """Return the raw scores (texts, labels) of `matrix`."""
    scores = np.asarray(matrix @ model.weights[0], np.float32) + model.offsets
    for place, project in enumerate(model.projects):
        rows = np.flatnonzero(np.array(projects, object) == project)
        scores[rows] += matrix[rows] @ model.weights[1 + place]
    return scores


def _widened(matrix: Any, projects: NDArray[Any], groups: tuple[str, ...], weight: float) -> Any:
    from scipy import sparse

    parts = [sparse.diags_array((projects == group) * weight) @ matrix for group in groups]
    return sparse.hstack([matrix, *parts], format="csr") if parts else matrix.tocsr()


def _machines(wide: Any, labels: NDArray[Any], names: tuple[str, ...], how: Fit) -> tuple[Floats, Floats]:
    seen = wide.copy()
    seen.data = np.ones_like(seen.data)
    targets = np.stack([labels == name for name in names], axis=1)
    hits = np.asarray(seen.T @ targets.astype(np.float64)) + how.smoothing
    total = np.asarray(seen.sum(axis=0)).reshape(-1, 1) + 2 * how.smoothing
    weights, offsets = np.zeros((wide.shape[1], len(names)), np.float32), np.zeros(len(names), np.float32)
    two_sided = len(names) == 2  # noqa: PLR2004 - then the second machine is the first one's mirror
    for place in range(1 if two_sided else len(names)):
        ratio = _ratio(hits[:, place], (total[:, 0] - hits[:, place])) if how.smoothing else None
        weights[:, place], offsets[place] = _machine(
            wide, targets[:, place], ratio, (how.cost, _costs(targets, place, how))
        )
    if two_sided:
        weights[:, 1], offsets[1] = -weights[:, 0], -offsets[0]
    return weights, offsets


def _costs(targets: NDArray[np.bool_], place: int, how: Fit) -> dict[bool, float]:
    share = float(targets[:, place].mean()) * targets.shape[1]
    return {True: 1 / share if how.balanced else 1.0, False: 1.0}


def _ratio(hits: NDArray[np.float64], misses: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log((hits / hits.sum()) / (misses / misses.sum())))


def _machine(
    wide: Any, target: NDArray[np.bool_], ratio: NDArray[np.float64] | None, cost: tuple[float, dict[bool, float]]
) -> tuple[NDArray[np.float64], float]:
    from sklearn.svm import LinearSVC

    weighed = wide if ratio is None else _scaled(wide, ratio)
    machine = LinearSVC(C=cost[0], class_weight=cost[1], random_state=0).fit(weighed, target)
    weights = machine.coef_[0] * (1.0 if ratio is None else ratio)
    return weights, float(machine.intercept_[0])


def _scaled(wide: Any, ratio: NDArray[np.float64]) -> Any:
    scaled = wide.copy()
    scaled.data = scaled.data * ratio[scaled.indices]
    return scaled

"""What a text means to an encoder, as one more reason for its kind: beside its words, never instead of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError
from triage.ml.confidence import Confidence, calibrated
from triage.ml.encoder import Meaning
from triage.ml.examples import Rows
from triage.ml.linear import Fit, Linear, decide, fit
from triage.ml.vocabulary import Vector

Floats = NDArray[np.float32]
Parts = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]

LEAST = 100  # texts with a known meaning before anything is learned from it
# Both measured on the issues of five projects, with two ways to part them: from half to twice as much, all gain alike
HOW = Fit(0.3, 0.8, 0.0)
SHARE = 0.4  # of what meaning says beside what the words say
NOISE = 2.0  # standard errors by which meanings must lessen the surprise
STRANGE = -1.0  # the score of a label that no text with a known meaning bears: what a machine says of others' texts


@dataclass(frozen=True, slots=True)
class Sense:
    """What the meanings of the encoder `by` add to the scores of the words, and how sure both together may be."""

    by: str
    linear: Linear
    confidence: Confidence

    def scores(self, meaning: Meaning | None, project: str) -> Floats | None:
        """Return what is added to the raw score of each label; None where `by` said nothing of the text."""
        width = self.linear.weights.shape[1]
        if meaning is None or meaning.by != self.by or len(meaning.values) != width:
            return None
        return self.linear.scores(Vector(np.arange(width), direction(meaning)), project)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `load` takes back."""
        return {f"sense {name}": part for name, part in self.linear.arrays().items()}

    def facts(self) -> dict[str, Any]:
        """Return what `load` takes back beside the arrays."""
        told = {"by": self.by, "labels": self.linear.labels, "projects": self.linear.projects}
        return {**told, **self.confidence.facts()}

    @classmethod
    def load(cls, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], labels: Sequence[str]) -> Sense:
        """Return the sense of `facts()` and `arrays()`; raises ModelError where it doesn't fit a model of `labels`."""
        own = {name.removeprefix("sense "): part for name, part in arrays.items() if name.startswith("sense ")}
        try:
            by, width = str(facts["by"]), own["weights"].shape[1]
        except (KeyError, IndexError, TypeError) as error:
            raise ModelError(f"what was learned from meanings is damaged: {error}") from error
        linear = Linear.load(own, facts, width)
        if linear.labels != tuple(labels):
            raise ModelError("what was learned from meanings is damaged: it knows other labels")
        return cls(by, linear, Confidence.load(facts))


def learn_sense(rows: Rows, words: Floats, parts: Parts) -> Sense | None:
    """Return what meanings add to `words`, the scores (texts, labels) of each text by a model that hadn't seen it.

    `parts` are the (held out, kept) rows of those models. None where too few meanings are known, or where the texts
    asked, unseen, are not told apart better with them, beyond noise.
    """
    by = _commonest(rows.meanings)
    known = np.array([one is not None and one.by == by for one in rows.meanings], bool)
    if known.sum() < LEAST or len(set(rows.truth[known])) < 2:  # noqa: PLR2004
        return None
    matrix = _matrix(rows.meanings, known)
    asked = np.flatnonzero(known & rows.asked)
    asked = asked if len(asked) >= LEAST else np.flatnonzero(known)
    truth, alone = rows.truth[asked], words[asked]
    together = alone + _unseen(rows, matrix, known, parts)[asked]
    sure = calibrated(together, truth)
    gain = calibrated(alone, truth).surprise(alone, truth) - sure.surprise(together, truth)
    if gain.mean() <= NOISE * gain.std() / np.sqrt(len(gain)):
        return None
    return Sense(by, _fitted(rows, matrix, np.flatnonzero(known)), sure)


def direction(meaning: Meaning) -> Floats:
    """Return a meaning as a vector of length one."""
    values = np.frombuffer(meaning.values, np.int8).astype(np.float32)
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-6), np.float32)


def _commonest(meanings: Sequence[Meaning | None]) -> str:
    counts = Counter(one.by for one in meanings if one is not None)
    return counts.most_common(1)[0][0] if counts else ""


def _matrix(meanings: Sequence[Meaning | None], known: NDArray[np.bool_]) -> Any:
    from scipy import sparse

    rows = [direction(one) for one, told in zip(meanings, known, strict=True) if one is not None and told]
    matrix = np.zeros((len(known), max(map(len, rows))), np.float32)
    matrix[known] = np.stack(rows)
    return sparse.csr_matrix(matrix)


def _unseen(rows: Rows, matrix: Any, known: NDArray[np.bool_], parts: Parts) -> Floats:
    scores = np.zeros((len(known), len(rows.names)), np.float32)
    for part, rest in parts:
        kept = rest[known[rest]]
        if len(set(rows.truth[kept])) >= 2:  # noqa: PLR2004
            model = _fitted(rows, matrix, kept)
            scores[part] = decide(model, matrix[part], [rows.projects[row] for row in part])
    return scores


def _fitted(rows: Rows, matrix: Any, kept: NDArray[np.intp]) -> Linear:
    """Return the model of the rows `kept`, which bear two labels at least, for all labels; scaled by `SHARE`."""
    names, places = rows.names, np.repeat(kept, rows.weights[kept]).tolist()
    labels, projects = ([part[row] for row in places] for part in (rows.labels, rows.projects))
    made = fit(matrix[places], labels, projects, HOW)
    weights = np.zeros((*made.weights.shape[:2], len(names)), np.float32)
    offsets = np.full(len(names), STRANGE, np.float32)
    own = [names.index(label) for label in made.labels]
    weights[..., own], offsets[own] = made.weights, made.offsets
    scale = np.float32(SHARE)
    return replace(made, labels=tuple(names), weights=weights * scale, offsets=offsets * scale)

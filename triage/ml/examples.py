"""Feedback whose kind is known, and the same made ready for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.ml.encoder import Meaning
from triage.ml.features import Blocks, Reader

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Example:
    """One feedback whose kind is known; `meaning` where an encoder told what it means."""

    title: str
    body: str
    kind: str
    project: str = ""
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts ready for training, all of equal length.

    A text counts `weights` times beside the others; those that are `asked` say how sure a model may be.
    """

    texts: Sequence[Blocks]
    labels: Sequence[str]
    projects: Sequence[str]
    meanings: Sequence[Meaning | None]
    weights: Places
    asked: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        examples: Sequence[Example],
        reader: Reader,
        weights: Places | None = None,
        asked: NDArray[np.bool_] | None = None,
    ) -> Rows:
        """Return `examples` as rows; each counts once and all are asked where nothing else is said."""
        return cls(
            texts=[reader.blocks(one.title, one.body, one.project) for one in examples],
            labels=[one.kind for one in examples],
            projects=[one.project for one in examples],
            meanings=[one.meaning for one in examples],
            weights=np.ones(len(examples), np.intp) if weights is None else weights,
            asked=np.ones(len(examples), bool) if asked is None else asked,
        )

    @property
    def names(self) -> list[str]:
        """The labels that occur, in order."""
        return sorted(set(self.labels))

    @property
    def truth(self) -> Places:
        """The place of each row's label among `names`."""
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places[label] for label in self.labels], np.intp)

    @property
    def repeated(self) -> Places:
        """The numbers of the rows, each as often as it counts."""
        return np.repeat(np.arange(len(self.labels)), self.weights)

    def only(self, kept: Places) -> Rows:
        """Return these rows alone."""
        rows = kept.tolist()
        return Rows(
            texts=[self.texts[row] for row in rows],
            labels=[self.labels[row] for row in rows],
            projects=[self.projects[row] for row in rows],
            meanings=[self.meanings[row] for row in rows],
            weights=self.weights[kept],
            asked=self.asked[kept],
        )

"""The shipped models, behind one door: what a text is, and which other texts are about the same thing.

A model that is missing or damaged leaves its label empty (abstaining is an answer) and says so in `faults`. What a
project learned itself takes the place of a part of them: see `library`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from triage.domain import text as texts
from triage.errors import ModelError
from triage.ml.calibration import Calibration
from triage.ml.components import Listed, Part, component_of
from triage.ml.duplicates import Cut, DuplicateModel, meant
from triage.ml.encoder import Encoder
from triage.ml.frequencies import Frequencies
from triage.ml.kinds import KindModel, Prediction
from triage.ml.ranker import Ranker
from triage.ml.segment import Segmenter
from triage.ml.spam import SpamModel, SpamVerdict
from triage.services.components import vocabulary
from triage.services.vocabulary import read_components

Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the models make of one text; None where a model is missing or abstains altogether."""

    language: str
    kind: Prediction | None
    component: Part
    spam: SpamVerdict | None
    cut: Cut


@dataclass(frozen=True, slots=True)
class Comparing:
    """What cuts and compares texts: all that mirroring issues needs, without the 80 MB of the models that sort them."""

    segmenter: Segmenter
    duplicates: DuplicateModel
    faults: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path, encoder: Encoder | None = None) -> Comparing:
        """Load that part of `folder` (models/); what can't be loaded is replaced by a plain one and named."""
        faults: list[str] = []
        segmenter = _tried(lambda: Segmenter.shipped(folder), faults) or Segmenter()
        model = _tried(lambda: DuplicateModel.load(folder / "weights", segmenter, Frequencies()), faults)
        model = model or DuplicateModel(segmenter, Ranker.plain())
        model.encoder = encoder
        return cls(segmenter, model, tuple(faults))


@dataclass
class Models:
    """Everything that was trained or written down to understand text. `about` is one line for doctor.

    A project's own: the words of `segmenter` (not of `kind_words`, by which kinds and spam are read), `spam_threshold`
    (None: the model's), `line`, which makes a probability of a topic's score, and the words that were `taught` for its
    components.
    """

    segmenter: Segmenter
    duplicates: DuplicateModel
    kinds: KindModel | None
    spam: SpamModel | None
    kind_words: Segmenter
    about: str
    broken: list[str] = field(default_factory=list)
    spam_threshold: float | None = None
    line: Calibration | None = None
    taught: Listed = field(default_factory=dict)

    @property
    def encoder(self) -> Encoder | None:
        """What knows what texts mean, None where the operator names none."""
        return self.duplicates.encoder

    @property
    def faults(self) -> list[str]:
        """What is missing or damaged; looks at the encoder, which is loaded only when somebody asks."""
        fault = self.encoder.fault if self.encoder else ""
        return [*self.broken, fault] if fault else self.broken

    @classmethod
    def load(cls, folder: Path, comparing: Comparing | None = None) -> Models:
        """Load what `folder` (models/) holds; what can't be loaded is left out and named in `faults`.

        `comparing` is that part of it which was loaded before.
        """
        weights = folder / "weights"
        comparing = comparing or Comparing.load(folder)
        segmenter, faults = comparing.segmenter, list(comparing.faults)
        _tried(lambda: read_components(folder / "words" / "components.json"), faults)
        return cls(
            segmenter=segmenter,
            duplicates=comparing.duplicates,
            kinds=_tried(lambda: KindModel.load(weights, segmenter=segmenter), faults),
            spam=_tried(lambda: SpamModel.load(weights, segmenter=segmenter), faults),
            kind_words=segmenter,
            about=_about(folder),
            broken=faults,
        )

    def read(self, title: str, body: str, *, project: str, words: Mapping[str, Sequence[str]]) -> Reading:
        """Return what the models make of a feedback; `words` are the project's own components with their words."""
        both = f"{title}\n{body}" if title else body
        cut = self.cut(title, body)
        return Reading(
            language=texts.language(both),
            kind=self.kinds.predict(title, body, project=project, meaning=cut.meaning) if self.kinds else None,
            component=component_of(both, vocabulary(words), self.taught),
            spam=self.spam.predict(both, threshold=self.spam_threshold) if self.spam else None,
            cut=cut,
        )

    def cut(self, title: str, body: str) -> Cut:
        """Return a text's words and facts, and what it means where there is an encoder."""
        cut = self.duplicates.cut(title, body)
        return replace(cut, meaning=self.encoder.meaning(meant(title, body))) if self.encoder else cut


def _tried(load: Callable[[], Loaded], faults: list[str]) -> Loaded | None:
    try:
        return load()
    except ModelError as error:
        faults.append(str(error))
        return None


def _about(folder: Path) -> str:
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        return f"shipped models of {card['trained_on']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "shipped models (their card is missing)"

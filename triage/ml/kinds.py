"""Which kind a feedback is: a calibrated guess that says why, and abstains where it isn't sure enough to act."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.domain.text import is_empty
from triage.errors import ModelError
from triage.ml.confidence import Confidence
from triage.ml.encoder import Meaning
from triage.ml.features import Reader
from triage.ml.linear import Linear
from triage.ml.segment import Segmenter
from triage.ml.sense import Sense
from triage.ml.vocabulary import Block, Vector, Vocabulary
from triage.ml.weights import Bundle, load, save

NAME = "kinds"
WHY = 6  # words shown
LEAST_GAIN = 0.01  # log-odds; less convinces nobody
MEANING = "‹meaning›"  # stands among the words for what the encoder made of them all

# the parts of the vector that a person can read as words; the others are n-grams, lines and shapes
_READABLE = ("title", "body", "opening", "cues")
_PLACE = re.compile("^(?:title|body|opening) ")
_COUNT = re.compile(r" \d$")

Words = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model thinks of one feedback.

    `label` is None where it abstains: `score`, the calibrated probability of the best label, is under the threshold.
    `guess` is the best label even then (None for a text without words); `sure` says whether it is worth suggesting.
    `why` are words for the best label and `against` words for the second best, with weights in log-odds.
    """

    label: str | None
    guess: str | None
    score: float
    sure: bool
    ranked: tuple[tuple[str, float], ...] = ()
    why: Words = ()
    against: Words = ()


@dataclass(frozen=True)
class KindModel:
    """A trained model: how it reads, what it knows, how sure it may be; `trained` tells what on.

    `sense` is what it learned from what an encoder says that texts mean; texts without a meaning are judged by words.
    """

    reader: Reader
    vocabulary: Vocabulary
    linear: Linear
    confidence: Confidence
    trained: Mapping[str, Any]
    sense: Sense | None = None

    @classmethod
    def load(cls, folder: Path, name: str = NAME, *, segmenter: Segmenter | None = None) -> KindModel:
        """Return the model in `folder` (`name`.npz and .json). Raises ModelError where it is missing or damaged.

        `segmenter` must cut as it did in training; the default is that of the words beside the folder.
        """
        bundle = load(folder, name)
        facts = bundle.facts
        try:
            blocks = [Block(str(part), float(weight), int(least)) for part, weight, least in facts["blocks"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the model {name} is damaged: {error}") from error
        confidence, vocabulary = Confidence.load(facts), Vocabulary.load(blocks, bundle.arrays)
        linear = Linear.load(bundle.arrays, facts, len(vocabulary))
        sense = Sense.load(facts["sense"], bundle.arrays, linear.labels) if facts.get("sense") else None
        return cls(Reader(segmenter or beside(folder)), vocabulary, linear, confidence, facts.get("trained", {}), sense)

    def save(self, folder: Path, name: str = NAME) -> None:
        """Write the model to `folder` so that `load` takes it back."""
        facts = {
            "labels": self.linear.labels,
            "projects": self.linear.projects,
            "blocks": [[block.name, block.weight, block.least] for block in self.vocabulary.blocks],
            **self.confidence.facts(),
            "trained": dict(self.trained),
            **({"sense": self.sense.facts()} if self.sense else {}),
        }
        meanings = self.sense.arrays() if self.sense else {}
        save(folder, name, Bundle({**self.vocabulary.arrays(), **self.linear.arrays(), **meanings}, facts))

    def predict(self, title: str, body: str, *, project: str = "", meaning: Meaning | None = None) -> Prediction:
        """Return what one feedback is. An unknown `project` is judged by what all projects share."""
        text = self.reader.blocks(title, body, project)
        vector = self.vocabulary.vector(text)
        scores, added, sure = self.linear.scores(vector, project), None, self.confidence
        if self.sense is not None and (added := self.sense.scores(meaning, project)) is not None:
            scores, sure = scores + added, self.sense.confidence
        found = judged(self.linear.labels, scores, sure)
        if is_empty(title + " " + body):
            # pictures alone may have a mood, but nobody should act on it
            return replace(
                found, label=None, guess=found.guess if text["shape"][-1][0] > "\u2000" else None, sure=False
            )
        places = [self.linear.labels.index(label) for label, _ in found.ranked[:2]]
        weights = self.linear.of(project, vector.places)[:, places]
        words = self._gains(vector, (weights[:, 0] - weights[:, -1]) * sure.sharpness)
        if added is not None:
            words[MEANING] = float(added[places[0]] - added[places[-1]]) * sure.sharpness
        return replace(found, why=_strongest(words, 1), against=_strongest(words, -1))

    def _gains(self, vector: Vector, weights: NDArray[Any]) -> dict[str, float]:
        """Return what each readable word of `vector` comes to, its tokens having these `weights`."""
        gains = vector.values * weights
        words: dict[str, float] = {}
        for row in np.flatnonzero(np.abs(gains) > LEAST_GAIN / 4):
            word = _readable(*self.vocabulary.names[vector.places[row]])
            if word:
                words[word] = words.get(word, 0.0) + float(gains[row])
        return words


def judged(labels: Sequence[str], scores: NDArray[Any], confidence: Confidence) -> Prediction:
    """Return the prediction that raw `scores` (one a label) amount to, without its reasons."""
    chances = confidence.probabilities(scores)
    order = np.argsort(-chances, kind="stable")
    ranked = tuple((labels[place], float(chances[place])) for place in order)
    guess, score = ranked[0]
    return Prediction(guess if score >= confidence.act else None, guess, score, score >= confidence.suggest, ranked)


def beside(folder: Path) -> Segmenter:
    """Return the segmenter of the words shipped beside the weights in `folder`, the plain one where there are none."""
    models = folder.parent
    return Segmenter.shipped(models) if (models / "words" / "dictionary.txt").is_file() else Segmenter()


def _strongest(words: Mapping[str, float], sign: int) -> Words:
    chosen: list[tuple[str, float]] = []
    for term, gain in sorted(words.items(), key=lambda pair: (-sign * pair[1], pair[0])):
        strength = sign * gain
        if strength < LEAST_GAIN or len(chosen) == WHY:
            break
        if not any(_overlaps(term, other) for other, _ in chosen):
            chosen.append((term, round(strength, 3)))
    return tuple(chosen)


def _readable(block: str, term: str) -> str:
    """Return `term` as a person reads it, "" for counts and for single characters, which the cues name better."""
    if block not in _READABLE or (block == "cues" and _COUNT.search(term)):
        return ""
    word = _PLACE.sub("", term) if block == "cues" else term
    return "" if len(word) == 1 and block != "cues" else word


def _overlaps(term: str, other: str) -> bool:
    return term in other or other in term


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability, bounded to ±30."""
    bounded = min(max(probability, 1e-13), 1 - 1e-13)
    return math.log(bounded / (1 - bounded))

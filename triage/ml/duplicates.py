"""Which of the candidates are about the same thing as this text, how sure that is, and why."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from triage.domain.facts import Contradiction, Facts, contradictions, facts
from triage.domain.text import plain
from triage.errors import ModelError
from triage.ml.calibration import Calibration
from triage.ml.encoder import CHARACTERS, Encoder, Meaning, raised
from triage.ml.frequencies import Frequencies
from triage.ml.overlap import hashed
from triage.ml.ranker import Ranker
from triage.ml.rerank import FEATURES, NO_FACTS, TITLE_LIMIT, WORD_LIMIT, Prepared, counted, features
from triage.ml.weights import load

SHOWN_WORDS = 8
SHOWN_APART = 4
TOLD_APART = 6  # matches, the best, of which it is told what sets them apart: more are not kept
Weighed = tuple[tuple[str, float], ...]  # words, each with its part of what its text says
FIRST_WORDS = 16  # that stand for a missing title: people say what it is about first
FACT_LIMIT = 4_000  # characters that are read for versions, codes and devices


class Cutter(Protocol):
    """What cuts text into words; the same for the index, the query and here."""

    def tokens(self, text: str) -> list[str]:
        """Return the words of `text`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A text's words and facts: what is indexed, and worth storing, since cutting costs more than comparing."""

    title: tuple[str, ...]
    body: tuple[str, ...]
    facts: Facts = NO_FACTS
    meaning: Meaning | None = field(default=None, repr=False)  # only where there is an encoder

    def headed(self) -> Cut:
        """Return the same with its first words as the title where it has none, as texts are indexed and compared."""
        if self.title:
            return self
        return replace(self, title=self.body[:FIRST_WORDS], body=self.body[FIRST_WORDS:])


@dataclass(frozen=True, slots=True)
class Text:
    """A feedback or an issue that is compared; `cut` saves cutting it again, `cluster_size` is its topic's."""

    id: int
    title: str
    body: str
    created: datetime | None = None
    component: str = ""
    cluster_size: int = 1
    kind: str = "feedback"
    cut: Cut | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate: `score` 0..1 of no fixed meaning, `probability` only where this site's own decisions gave one.

    `shared` are the words that speak for it with their weight (the weights of one match sum to at most 1), `differing`
    the facts that speak against it (left is the query's, right the candidate's), `apart`, of the best few, the words
    that only the query and only the candidate says, weighed alike. `meaning` is the encoder's part in log-odds.
    """

    id: int
    score: float
    probability: float | None
    shared: Weighed
    differing: tuple[Contradiction, ...]
    kind: str = "feedback"
    apart: tuple[Weighed, Weighed] = ((), ())
    meaning: float | None = None


class DuplicateModel:
    """Puts candidates in order. `seen` are this site's word counts: share one and let it grow with `learn`."""

    def __init__(self, cutter: Cutter, ranker: Ranker, seen: Frequencies | None = None) -> None:
        self.cutter = cutter
        self.ranker = ranker
        self.seen = seen or Frequencies()
        self.calibration: Calibration | None = None
        self.encoder: Encoder | None = None

    @property
    def seen(self) -> Frequencies:
        """This site's word counts."""
        return self._seen

    @seen.setter
    def seen(self, counts: Frequencies) -> None:
        counts.prior = self.ranker.prior
        self._seen = counts

    @classmethod
    def load(cls, folder: Path, cutter: Cutter, seen: Frequencies | None = None) -> DuplicateModel:
        """Return the model of `folder`. Raises ModelError where it is missing, damaged or for other features."""
        bundle = load(folder, "duplicates")
        if bundle.facts.get("features") != list(FEATURES):
            raise ModelError("the duplicate model was made for other features")
        return cls(cutter, Ranker.load(bundle.arrays), seen)

    def cut(self, title: str, body: str) -> Cut:
        """Return the words and facts of a text as they are compared and stored."""
        return cut(self.cutter, title, body)

    def prepare(self, text: Text) -> Prepared:
        """Return `text` as it is compared."""
        own = text.cut or self.cut(text.title, text.body)
        place = text.id if text.kind == "feedback" else None
        return prepared(own, text.component, text.created, text.cluster_size, place)

    def learn(self, text: Text) -> None:
        """Count the words of a stored text, so that this site's common words weigh little."""
        self.seen.add(counted(self.prepare(text)))

    def rank(self, query: Text, candidates: Sequence[tuple[Text, float]], shown: int = 20) -> list[Match]:
        """Return the best `shown` of `candidates` (each with the candidate index's score), best first."""
        asked, others = self.prepare(query), [self.prepare(text) for text, _ in candidates]
        odds = self.ranker.decide(features(asked, others, [score for _, score in candidates], self.seen))
        meant: dict[int, float] = {}
        if self.encoder is not None:
            meant = raised(self.encoder, _said(query), [_said(text) for text, _ in candidates], odds)
            odds[list(meant)] += list(meant.values())
        best = sorted(range(len(others)), key=lambda place: (-odds[place], -candidates[place][0].id))[:shown]
        found = [self._match(candidates[place][0], (asked, others[place]), float(odds[place])) for place in best]
        for at, place in enumerate(best[:TOLD_APART]):
            found[at] = replace(found[at], apart=self._apart(asked, others[place]), meaning=meant.get(place))
        return found

    def _match(self, text: Text, pair: tuple[Prepared, Prepared], odds: float) -> Match:
        probability = self.calibration.probability(odds) if self.calibration else None
        differing, shared = contradictions(pair[0].facts, pair[1].facts), shared_words(*pair, self.seen)
        return Match(text.id, sigmoid(odds), probability, shared, differing, text.kind)

    def _apart(self, one: Prepared, other: Prepared) -> tuple[Weighed, Weighed]:
        return words_apart(one, other, self.seen), words_apart(other, one, self.seen)


def cut(cutter: Cutter, title: str, body: str) -> Cut:
    """Return the words and facts of a text; of the body only what its sender wrote."""
    body = plain(body)
    stated = facts(f"{title}\n{body[:FACT_LIMIT]}")
    return Cut(tuple(cutter.tokens(title)[:TITLE_LIMIT]), tuple(cutter.tokens(body)[:WORD_LIMIT]), stated)


def prepared(
    own: Cut, component: str = "", created: datetime | None = None, cluster_size: int = 1, place: int | None = None
) -> Prepared:
    """Return a text as it is compared, of its words and what is around it."""
    own = own.headed()
    words = (*own.title, *own.body)
    return Prepared(own.title, words, hashed(words), own.facts, component, created, cluster_size, place)


def _said(text: Text) -> tuple[str, Meaning | None]:
    """Return what the encoder reads of `text`, and what it made of it already."""
    return meant(text.title, text.body), text.cut.meaning if text.cut else None


def meant(title: str, body: str) -> str:
    """Return what an encoder reads of a text: what the sender wrote, without boilerplate."""
    return f"{title}\n{plain(body[: 2 * CHARACTERS])}".strip()[:CHARACTERS]


def sigmoid(odds: float) -> float:
    """Return the probability of log-odds, safe for any size."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, odds))))


def shared_words(left: Prepared, right: Prepared, seen: Frequencies) -> Weighed:
    """Return the words that two texts share, most telling first, with their part of what the shorter text says."""
    counts = Counter(left.words), Counter(right.words)
    both = sorted(set(counts[0]) & set(counts[1]))
    if not both:
        return ()
    weights = seen.rarity(hashed(both))
    totals = [float(seen.rarity(hashed(sorted(one))).sum()) for one in counts]
    order = sorted(zip(both, weights, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return tuple((word, round(float(weight) / min(totals), 3)) for word, weight in order[:SHOWN_WORDS])


def words_apart(one: Prepared, other: Prepared, seen: Frequencies) -> Weighed:
    """Return the most telling words of `one` that `other` doesn't say, with their part of what `one` says."""
    own = sorted(set(one.words))
    only = set(own) - set(other.words)
    if not only:
        return ()
    weights = dict(zip(own, map(float, seen.rarity(hashed(own))), strict=True))
    order = sorted(only, key=lambda word: (-weights[word], word))[:SHOWN_APART]
    return tuple((word, round(weights[word] / sum(weights.values()), 3)) for word in order)

"""BM25 in memory: chooses as the candidate index does, for replaying a file, and is the baseline to compare with."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from triage.ml.duplicates import Cut

Floats = NDArray[np.float64]

K1, B = 1.2, 0.75
# as the candidate index asks; tests hold the two together
GRAM_TEXT = 600  # characters of a text whose n-grams are indexed
WORDS, GRAMS, TITLE_BOOST, GRAM_BOOST = 64, 24, 2.2, 0.3


class Bm25:
    """A growing collection of token lists; scores one query against all of them."""

    def __init__(self) -> None:
        self._documents: dict[str, array[int]] = {}
        self._counts: dict[str, array[float]] = {}
        self._lengths: array[float] = array("d")

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, tokens: Sequence[str]) -> None:
        """Add a document; its number is how many there were before it."""
        place = len(self._lengths)
        self._lengths.append(float(len(tokens)))
        for token, count in Counter(tokens).items():
            self._documents.setdefault(token, array("l")).append(place)
            self._counts.setdefault(token, array("d")).append(float(count))

    def frequency(self, token: str) -> int:
        """Return how many documents hold `token`."""
        return len(self._documents.get(token, ()))

    def rarest(self, boosts: Mapping[str, float], most: int) -> dict[str, float]:
        """Return those of `boosts` that occur, at most the `most` rarest of them."""
        known = sorted((self.frequency(token), token) for token in boosts if token in self._documents)
        return {token: boosts[token] for _, token in known[:most]}

    def scores(self, query: Mapping[str, float]) -> Floats:
        """Return the BM25 score of each document for `query` (token → boost)."""
        lengths = np.frombuffer(self._lengths) if self._lengths else np.zeros(0)
        total = np.zeros(len(lengths))
        norm = K1 * (1 - B + B * lengths / max(1e-9, float(lengths.mean()))) if len(lengths) else total
        for token, boost in query.items():
            if token in self._documents:
                places = np.frombuffer(self._documents[token], np.int_)
                counts = np.frombuffer(self._counts[token])
                rarity = np.log(1 + (len(lengths) - len(places) + 0.5) / (len(places) + 0.5))
                total[places] += boost * rarity * counts * (K1 + 1) / (counts + norm[places])
        return total


class Candidates:
    """Words and n-grams side by side, as the candidate index keeps them."""

    def __init__(self) -> None:
        self.words, self.grams = Bm25(), Bm25()

    def add(self, cut: Cut, grams: Sequence[str]) -> None:
        """Add a text; the title counts double."""
        self.words.add((*cut.title, *cut.title, *cut.body))
        self.grams.add(grams)

    def find(self, cut: Cut, grams: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Return at most `limit` (number, score) of the texts added so far, best first."""
        boosts = dict.fromkeys(cut.body, 1.0) | dict.fromkeys(cut.title, TITLE_BOOST)
        scores = self.words.scores(self.words.rarest(boosts, WORDS))
        scores += self.grams.scores(self.grams.rarest(dict.fromkeys(grams, GRAM_BOOST), GRAMS))
        return best(scores, limit)


def best(scores: Floats, limit: int) -> list[tuple[int, float]]:
    """Return the `limit` highest of `scores` above 0 as (place, score), ties by place."""
    order = np.argsort(-scores, kind="stable")[:limit]
    return [(int(place), float(scores[place])) for place in order if scores[place] > 0]

"""How much two texts share in words, their order and their characters: a query against many candidates at once."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.ml.frequencies import Frequencies, Ids

Floats = NDArray[np.float64]

_MIX = 0x9E3779B1  # 2^32 divided by the golden ratio: spreads neighbouring code points
_HAN_FIRST, _HAN_LAST = 0x3400, 0x9FFF
_SPACE = 0x20
GRAM_LIMIT = 1_200  # characters of a text that are cut into n-grams


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of several texts laid end to end as hashes; `owner` says whose; the first text is the query."""

    ids: Ids
    owner: NDArray[np.intp]
    size: int


@lru_cache(maxsize=200_000)
def token_id(token: str) -> int:
    """Return the hash by which `token` is known: CRC-32 of its UTF-8."""
    return zlib.crc32(token.encode("utf-8", "replace"))


def hashed(words: Iterable[str]) -> Ids:
    """Return the hashes of `words`, in order."""
    return np.fromiter(map(token_id, words), np.uint32)


def together(texts: Sequence[Ids]) -> Tokens:
    """Return the hashed words of several texts laid end to end."""
    return Tokens(np.concatenate(texts), np.repeat(np.arange(len(texts)), [len(text) for text in texts]), len(texts))


def order(tokens: Tokens) -> Tokens:
    """Return each pair of neighbours of `tokens`."""
    ids, owner = tokens.ids, tokens.owner
    same = owner[1:] == owner[:-1]
    return Tokens((ids[:-1] * np.uint32(_MIX) + ids[1:])[same], owner[1:][same], tokens.size)


def grams(texts: Sequence[str]) -> Tokens:
    """Return the character n-grams of `texts` (words joined by spaces): Chinese ones and twos, other threes."""
    cut = [text[:GRAM_LIMIT] for text in texts]
    signs = np.frombuffer(" ".join(cut).encode("utf-32-le", "replace"), np.uint32)
    owner = np.repeat(np.arange(len(cut)), [len(text) + 1 for text in cut])[: len(signs)]
    han, space = (signs >= _HAN_FIRST) & (signs <= _HAN_LAST), signs == _SPACE
    two = (signs * np.uint32(_MIX))[:-1] ^ signs[1:]
    three = (two[:-1] * np.uint32(_MIX)) ^ signs[2:]
    both = han[:-1] & han[1:]
    plain = ~(han | space)
    latin = plain[:-2] & plain[1:-1] & plain[2:]
    ids = np.concatenate([signs[han], two[both], three[latin]]) ^ np.uint32(_MIX)  # apart from the words' hashes
    return Tokens(ids, np.concatenate([owner[han], owner[:-1][both], owner[:-2][latin]]), len(cut))


class Overlap:
    """The first text of `tokens` against all the others. Without `seen` every token counts alike."""

    def __init__(self, tokens: Tokens, seen: Frequencies | None = None) -> None:
        packed = (tokens.owner.astype(np.uint64) << np.uint64(32)) | tokens.ids
        distinct, counts = np.unique(packed, return_counts=True)
        ids, owner = distinct.astype(np.uint32), (distinct >> np.uint64(32)).astype(np.intp)
        rarity = seen.rarity(ids) if seen else np.ones(len(ids))
        mine = int(np.searchsorted(owner, 1))
        self.size = tokens.size - 1
        self.query, self.query_rarity = ids[:mine], rarity[:mine]
        self.ids, self.owner, self.rarity = ids[mine:], owner[mine:] - 1, rarity[mine:]
        self.weights = (1 + np.log(counts)) * rarity
        self.query_weights, self.weights = self.weights[:mine], self.weights[mine:]
        self.places, self.hit = _found(self.ids, self.query)

    def total(self, values: Any) -> Floats:
        """Return the sum of `values` (one for each token) for each candidate."""
        return np.bincount(self.owner, values, self.size).astype(np.float64)

    def cosine(self) -> Floats:
        """Return the tf-idf cosine of each candidate with the query."""
        own = self.query_weights[self.places] if len(self.query) else np.zeros(len(self.ids))
        norm = float(np.sqrt((self.query_weights**2).sum())) * np.sqrt(self.total(self.weights**2))
        return self.total(self.weights * own * self.hit) / np.maximum(norm, 1e-6)

    def covered(self) -> Floats:
        """Return the share of the query's rarity that each candidate holds too."""
        return self.total(self.rarity * self.hit) / max(float(self.query_rarity.sum()), 1e-6)

    def covering(self) -> Floats:
        """Return the share of each candidate's rarity that the query holds too."""
        return self.total(self.rarity * self.hit) / np.maximum(self.total(self.rarity), 1e-6)

    def count(self) -> Floats:
        """Return the share of the query's distinct tokens that each candidate holds too."""
        return self.total(self.hit.astype(float)) / (1 + len(self.query))

    def rarest(self, texts: int) -> tuple[Floats, Floats]:
        """Return how rare the rarest shared token is (0..1), and how much is shared in rare ones, of `texts` texts."""
        part = self.rarity / np.log(texts + 2.0) * self.hit
        best = np.zeros(self.size)
        np.maximum.at(best, self.owner, part)
        return best, np.log1p(self.total(np.maximum(part - 0.5, 0.0)))


def _found(ids: Ids, query: Ids) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return for each of `ids` its place in the sorted `query` and whether it is there."""
    if not len(query):
        return np.zeros(len(ids), np.intp), np.zeros(len(ids), bool)
    places = np.minimum(np.searchsorted(query, ids), len(query) - 1)
    return places, query[places] == ids

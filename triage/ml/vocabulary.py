"""From blocks of tokens to one sparse vector: tf-idf, each block of length one times its weight."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError
from triage.ml.features import Blocks
from triage.ml.weights import pack_terms, unpack_terms

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the vector: its name, its weight, and in how many texts a token must occur to count."""

    name: str
    weight: float
    least: int = 1


@dataclass(frozen=True, slots=True)
class Vector:
    """The filled places of one text and what stands there."""

    places: NDArray[np.intp]
    values: Floats


class Vocabulary:
    """The tokens of each block in order, and how rare each is."""

    def __init__(self, blocks: Sequence[Block], terms: Mapping[str, list[str]], rarity: Floats) -> None:
        self.blocks = tuple(blocks)
        self.rarity = rarity
        self.names: list[tuple[str, str]] = [(block.name, term) for block in blocks for term in terms[block.name]]
        self._places: dict[str, dict[str, int]] = {}
        start = 0
        for block in blocks:
            self._places[block.name] = {term: start + place for place, term in enumerate(terms[block.name])}
            start += len(terms[block.name])

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def fitted(cls, blocks: Sequence[Block], texts: Sequence[Blocks]) -> Vocabulary:
        """Return the vocabulary of `texts` (scikit-learn's smoothed idf)."""
        terms: dict[str, list[str]] = {}
        rarity: list[float] = []
        for block in blocks:
            counts = Counter(token for text in texts for token in set(text[block.name]))
            terms[block.name] = sorted(
                token for token, count in counts.items() if count >= block.least and "\n" not in token
            )
            rarity += [math.log((1 + len(texts)) / (1 + counts[token])) + 1 for token in terms[block.name]]
        return cls(blocks, terms, np.array(rarity, np.float32))

    def vector(self, text: Blocks) -> Vector:
        """Return the vector of one text; tokens that were never seen are left out."""
        places: list[int] = []
        values: list[Floats] = []
        for block in self.blocks:
            known = self._places[block.name]
            counts = {known[token]: count for token, count in Counter(text[block.name]).items() if token in known}
            if counts:
                found = np.fromiter(counts, np.intp, len(counts))
                weight = (1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self.rarity[found]
                places += counts
                values.append((weight * (block.weight / float(np.linalg.norm(weight)))).astype(np.float32))
        return Vector(np.array(places, np.intp), np.concatenate(values) if values else np.zeros(0, np.float32))

    def matrix(self, texts: Iterable[Blocks]) -> Any:
        """Return the vectors of `texts` as one scipy CSR matrix (texts, tokens)."""
        from scipy import sparse

        vectors = [self.vector(text) for text in texts]
        ends = np.cumsum([0, *(len(vector.places) for vector in vectors)])
        values = np.concatenate([vector.values for vector in vectors])
        places = np.concatenate([vector.places for vector in vectors])
        return sparse.csr_matrix((values, places, ends), shape=(len(vectors), len(self)))

    def only(self, kept: NDArray[np.bool_]) -> Vocabulary:
        """Return the vocabulary of the tokens where `kept` is true."""
        terms: dict[str, list[str]] = {block.name: [] for block in self.blocks}
        for place in np.flatnonzero(kept):
            block, term = self.names[place]
            terms[block].append(term)
        return Vocabulary(self.blocks, terms, self.rarity[kept])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `load` takes back beside the blocks."""
        packed = {f"terms {block.name}": pack_terms(list(self._places[block.name])) for block in self.blocks}
        return {**packed, "rarity": self.rarity.astype(np.float16)}

    @classmethod
    def load(cls, blocks: Sequence[Block], arrays: Mapping[str, NDArray[Any]]) -> Vocabulary:
        """Return the vocabulary of `arrays()`. Raises ModelError where something is missing or doesn't fit."""
        try:
            terms = {block.name: unpack_terms(arrays[f"terms {block.name}"]) for block in blocks}
            made = cls(blocks, terms, arrays["rarity"].astype(np.float32))
        except KeyError as error:
            raise ModelError(f"the vocabulary is damaged: {error} is missing") from error
        if len(made) != len(made.rarity):
            raise ModelError("the vocabulary is damaged: its parts have different lengths")
        return made

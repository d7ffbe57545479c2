"""How many texts of a site each word and n-gram occurs in: what makes a shared word telling or worthless."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triage.errors import ModelError

Ids = NDArray[np.uint32]

Shares = NDArray[np.float32]

BUCKETS = 1 << 20  # 4 MB of counts
PRIOR_TEXTS = 200
DIGEST = 32  # bytes of the checksum before the arrays


class Frequencies:
    """Document frequencies in `BUCKETS` hashed counts; grows text by text and is saved as plain arrays.

    `prior` is the share of texts elsewhere that each bucket occurs in: it counts as `PRIOR_TEXTS` texts, without which
    every word of a young site would look equally rare. It belongs to the model and is not saved with the counts.
    """

    def __init__(self, counts: Ids | None = None, texts: int = 0, prior: Shares | None = None) -> None:
        self.counts = np.zeros(BUCKETS, np.uint32) if counts is None else counts
        self.texts = texts
        self.prior = prior

    @property
    def total(self) -> int:
        """How many texts the counts stand for."""
        return self.texts + (PRIOR_TEXTS if self.prior is not None else 0)

    def shares(self) -> Shares:
        """Return the share of the texts that each bucket occurs in: a prior for others."""
        return (self.counts / max(1, self.texts)).astype(np.float32)

    def add(self, ids: Ids) -> None:
        """Count a text by the hashes of what it holds. Counting it twice makes its words look a little commoner."""
        self.counts[np.unique(ids % BUCKETS)] += np.uint32(1)
        self.texts += 1

    def remove(self, ids: Ids) -> None:
        """Take back a text that was counted."""
        places = np.unique(ids % BUCKETS)
        self.counts[places] -= np.minimum(self.counts[places], np.uint32(1))
        self.texts = max(0, self.texts - 1)

    def rarity(self, ids: Ids) -> NDArray[np.float64]:
        """Return how telling each of `ids` is: ln((N + 1) / (df + 0.5)), at least 0.05."""
        places = ids % BUCKETS
        seen = self.counts[places].astype(np.float64)
        if self.prior is not None:
            seen += PRIOR_TEXTS * self.prior[places]
        return np.asarray(np.maximum(np.log((self.total + 1) / (seen + 0.5)), 0.05), np.float64)

    def arrays(self) -> dict[str, Ids]:
        """Return what `load` takes back: the filled buckets, their counts, the number of texts."""
        filled = np.flatnonzero(self.counts).astype(np.uint32)
        return {"places": filled, "counts": self.counts[filled], "texts": np.array([self.texts], np.uint32)}

    def write(self, file: Path) -> None:
        """Keep the counts in `file` behind their checksum, whole or not at all."""
        packed = io.BytesIO()
        np.savez_compressed(packed, **self.arrays())  # type: ignore[arg-type]
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        part.write_bytes(hashlib.sha256(packed.getvalue()).digest() + packed.getvalue())
        part.replace(file)

    @classmethod
    def read(cls, file: Path) -> Frequencies:
        """Return the counts that `write` kept. Raises ModelError where they are missing or damaged."""
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise ModelError(f"the word counts can't be read: {error}") from error
        if hashlib.sha256(raw[DIGEST:]).digest() != raw[:DIGEST]:  # a damaged zip raises half a dozen other errors
            raise ModelError("the word counts are damaged: the checksum differs")
        with np.load(io.BytesIO(raw[DIGEST:]), allow_pickle=False) as stored:
            return cls.load({name: stored[name] for name in stored.files})

    @classmethod
    def load(cls, arrays: Mapping[str, Ids]) -> Frequencies:
        """Return the counts that `arrays()` gave. Raises ModelError for anything else."""
        counts = np.zeros(BUCKETS, np.uint32)
        try:
            counts[arrays["places"]] = arrays["counts"]
            return cls(counts, int(arrays["texts"][0]))
        except (KeyError, IndexError, ValueError) as error:
            raise ModelError(f"the word counts are damaged: {error}") from error

"""Answers that are kept for conditional requests: a host that has nothing newer says so, and doesn't count the call."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass

ALL = 4 * 1024 * 1024  # bytes of answers that are kept, the longest unused go first
ONE = 256 * 1024  # bytes; a larger answer is not worth its place
LEAST = 1024  # bytes that the smallest one is taken for, with its key


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: its ETag, its body, its links by their relation."""

    tag: str
    body: bytes
    links: dict[str, str]


class Kept:
    """The answers of one process, for all threads. A key names all that an answer depends on, the token too."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, Answer] = {}
        self._size = 0
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Answer | None:
        """Return the answer kept under `key`, which is used again by that."""
        with self._lock:
            found = self._answers.pop(key, None)
            if found:
                self._answers[key] = found
            return found

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep `answer` in place of an older one, unless it is too large."""
        with self._lock:
            self._drop(key)
            if len(answer.body) > ONE:
                return
            self._answers[key] = answer
            self._size += _weight(answer)
            while self._size > ALL:
                self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        dropped = self._answers.pop(key, None)
        self._size -= _weight(dropped) if dropped else 0


def _weight(answer: Answer) -> int:
    return len(answer.body) + LEAST

"""What can go wrong on the way to a host, on command or by seeded chance."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import dataclass

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KINDS = frozenset(
    {"drop_before", "drop_after", "error_before", "error_after", "limit", "secondary", "slow", "nonsense"}
)


@dataclass
class Fault:
    """One thing to go wrong: drop_before, error_before and limit do no work; the others do it first; slow waits.

    A secondary limit of no seconds doesn't say for how long.
    """

    kind: str
    seconds: float = 1.0
    method: str = ""
    path: str = ""
    times: int = 1

    def hits(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("", method) and re.search(self.path, path) is not None


class Faults:
    """The faults that wait, and a chance of more; `happened` counts those that came about."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._chances: dict[str, float] = {}
        self._random = random.Random(0)
        self._seconds = 1.0
        self._lock = threading.Lock()
        self.happened: dict[str, int] = dict.fromkeys(KINDS, 0)

    def once(self, kind: str, *, method: str = "", path: str = "", seconds: float = 1.0, times: int = 1) -> None:
        """Let the next `times` requests with this method and a path that matches (a regular expression) fail."""
        assert kind in KINDS, kind
        self._waiting.append(Fault(kind, seconds, method, path, times))

    def randomly(self, seed: int, *, seconds: float = 1.0, **chances: float) -> None:
        """Let each writing request fail with these chances, the same ones for the same seed and order."""
        assert set(chances) <= KINDS, chances
        self._random, self._chances, self._seconds = random.Random(seed), chances, seconds

    def clear(self) -> None:
        self._waiting, self._chances = [], {}

    def pick(self, method: str, path: str) -> Fault | None:
        with self._lock:
            found = next((fault for fault in self._waiting if fault.hits(method, path)), None) or self._drawn(method)
            if found:
                found.times -= 1
                self.happened[found.kind] += 1
            return found

    def _drawn(self, method: str) -> Fault | None:
        if not self._chances or method not in WRITES:
            return None
        drawn = self._random.random()
        for kind, chance in self._chances.items():
            drawn -= chance
            if drawn < 0:
                return Fault(kind, self._seconds)
        return None

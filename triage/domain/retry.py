"""When to try again: doubling waits, with a ceiling, and never sooner than the other side asked."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=6)
WEEK = 7 * 86_400  # seconds; who asks for more is not believed


def next_try(now: datetime, attempts: int, retry_after: float | None = None) -> datetime:
    """Return when attempt number `attempts` + 1 is due, `attempts` having failed; `retry_after` is in seconds."""
    wait: timedelta = min(FIRST * 2 ** min(max(attempts - 1, 0), 12), LONGEST)
    return now + max(wait, timedelta(seconds=min(max(0.0, retry_after or 0.0), WEEK)))

"""When to try again: when the other side asked, else after doubling waits with a ceiling."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=6)
WEEK = 7 * 86_400  # seconds; who asks for more is not believed


def next_try(now: datetime, attempts: int, retry_after: float | None = None) -> datetime:
    """Return when attempt number `attempts` + 1 is due, `attempts` having failed; `retry_after` is in seconds.

    Where the other side said when, failing often makes nothing later: it is its pace that holds us back, not a fault.
    """
    doubled: timedelta = min(FIRST * 2 ** min(max(attempts - 1, 0), 12), LONGEST)
    wait = doubled if retry_after is None else FIRST
    return now + max(wait, timedelta(seconds=min(max(0.0, retry_after or 0.0), WEEK)))

"""Times as spreadsheets, exports and clients write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from triage.errors import InvalidError

EARLIEST, LATEST = 1990, 2200  # years; what lies outside is a mistake, or a zero that was taken for a time
MILLISECONDS = 1e11  # a count from here on is of milliseconds: as seconds it would be the year 5138

_COUNT = re.compile(r"\d{9,13}(?:\.\d{1,9})?", re.ASCII)
_WRITTEN = re.compile(
    r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?日?"
    r"(?:[T\s]\s?(\d{1,2})\s?[:时]\s?(\d{1,2})\s?(?:分|:\s?(\d{1,2})(?:[.,]\d{1,9})?)?(?:(\d{1,2})秒)?)?"
    r"\s?(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)


def moment(value: Any) -> datetime:
    """Return the time that `value` means, as aware UTC; one without a zone is taken for UTC.

    Read are a datetime, ISO 8601, “2024/5/3 9:07”, “2024年5月3日 9:07”, and seconds or milliseconds since 1970 as a
    number or text. Raises InvalidError for everything else, and for years before 1990 and after 2200.
    """
    try:
        read = _read(value)
        found = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise _nonsense() from None
    if not EARLIEST <= found.year <= LATEST:
        raise _nonsense()
    return found


def _read(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str):
        return _text(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _nonsense()
    return _count(value)


def _count(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1000 if abs(number) >= MILLISECONDS else number, UTC)


def _text(value: str) -> datetime:
    if _COUNT.fullmatch(value):
        return _count(float(value))
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return _loose(value)


def _loose(value: str) -> datetime:
    found = _WRITTEN.fullmatch(value)
    if not found:
        raise _nonsense()
    *parts, colon, spelled, zone = found.groups()
    numbers = [int(part) for part in (*parts, colon or spelled) if part]
    return datetime(*numbers, tzinfo=_zone(zone))  # type: ignore[misc, arg-type]


def _zone(written: str | None) -> timezone:
    if not written or written.upper() in {"Z", "UTC"}:
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    return timezone((-1 if written[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


def _nonsense() -> InvalidError:
    return InvalidError("this is no time that can be read", field="created_at", code="date")

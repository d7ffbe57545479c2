"""Reading what was sent to us without trusting it: each function names the type that comes out of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from triage.errors import InvalidError

_MISSING = object()


def loads(raw: bytes) -> Any:
    """Return the JSON value in `raw`. Raises InvalidError for no UTF-8 JSON, too deep a one, or absurd numbers."""
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise InvalidError("the JSON is nested too deeply", field="body", code="too_deep") from None
    except ValueError:  # also bytes that aren't UTF-8, NaN, and numbers of thousands of digits
        raise InvalidError("that is not JSON in UTF-8", field="body", code="not_json") from None


def part(payload: Any, *path: str) -> Any:
    """Return what is at `path`, or None where any step of it is missing or no object."""
    for step in path:
        payload = payload.get(step) if isinstance(payload, Mapping) else None
    return payload


def text(payload: Any, *path: str, default: Any = _MISSING) -> str:
    """Return the text at `path`, fit to be stored anywhere; `default` stands for null or absent. Or InvalidError."""
    found = part(payload, *path)
    if isinstance(found, str):
        return clean(found)
    if found is None and default is not _MISSING:
        return str(default)
    raise _wrong(path, "text")


def text_or_empty(payload: Any, *path: str) -> str:
    """Return the text at `path`; anything that is not text counts as absent, which is ""."""
    found = part(payload, *path)
    return clean(found) if isinstance(found, str) else ""


def address(payload: Any, *path: str) -> str:
    """Return the web address at `path`, fit to be linked to: no other scheme than HTTP. Raises InvalidError."""
    found = text(payload, *path)
    if found.startswith(("https://", "http://")):
        return found
    raise _wrong(path, "a web address")


def integer(payload: Any, *path: str) -> int:
    """Return the whole number at `path`, 0 ≤ n < 2⁶³. Raises InvalidError."""
    found = part(payload, *path)
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**63:
        return found
    raise _wrong(path, "a whole number")


def flag(payload: Any, *path: str, default: bool = False) -> bool:
    """Return the truth at `path`; anything that is not a boolean counts as absent."""
    found = part(payload, *path)
    return found if isinstance(found, bool) else default


def items(payload: Any, *path: str) -> list[Any]:
    """Return the list at `path`; null or absent is an empty one. Raises InvalidError."""
    found = part(payload, *path)
    if found is None:
        return []
    if isinstance(found, list):
        return found
    raise _wrong(path, "a list")


def moment(payload: Any, *path: str) -> datetime:
    """Return the time at `path` as aware UTC; one without a zone is taken for UTC. Raises InvalidError."""
    found = text(payload, *path)
    try:
        read = datetime.fromisoformat(found)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(path, "a time") from None


def moment_or_none(payload: Any, *path: str) -> datetime | None:
    """Return the time at `path`, or None where it is null, absent, empty or a zero time (year 1, as Go writes it)."""
    if not text(payload, *path, default=""):
        return None
    found = moment(payload, *path)
    return found if found.year > 1 else None


def clean(found: str) -> str:
    """Return `found` without NUL and lone surrogates, which PostgreSQL and UTF-8 can't hold."""
    return found.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _refuse(_: str) -> Any:
    raise ValueError


def _wrong(path: tuple[str, ...], kind: str) -> InvalidError:
    name = ".".join(path) or "the answer"
    return InvalidError(f"{name} should be {kind}", field=name, code="wrong_type")

"""What a host's refusal means: in words for a maintainer, whether it can pass, and how long it asks us to wait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import requests

from triage.errors import InvalidError, OutsideError
from triage.hosts.payload import clean, loads, text_or_empty

WAIT_AT_MOST = 86_400.0  # seconds; a longer wish is taken for this
WAIT_IF_UNSAID = 60.0  # seconds, where a host limits us but doesn't say for how long
EPOCH_DIGITS = 12  # a reset time with as many digits is no time in seconds
EPOCH = 10**9  # a smaller reset time is no time of day but seconds from now, as the IETF's draft has it

_PASSING = frozenset({408, 409, 425, 429})  # statuses under 500 after which the same call may succeed
MOVED = frozenset({301, 302, 303, 307, 308})
_WORDS = {  # by status: the code, and the words
    400: ("not_taken", "did not take what was sent"),
    401: ("token_wrong", "says that the token is wrong or has expired"),
    403: ("forbidden", "says that the token's account may not do this"),
    404: ("not_found", "has no such repository or issue, or the token may not see it"),
    405: ("wrong_host", "doesn't know this call; is it the right kind of host?"),
    410: ("gone", "says that it is gone, or that issues are switched off"),
    413: ("too_large", "finds it too large"),
    422: ("not_taken", "did not take what was sent"),
    423: ("archived", "says that the repository is archived"),
}
_REFUSED = ("refused", "refused")
_BROKEN = ("server_error", "had an error of its own")
_SCOPES = re.compile(r"scope\(?s?\)?(?::|, required=)? *\[([\w:, -]{1,200})\]")  # Gitea, until 1.22 and from then on
_INACCESSIBLE = "not accessible by"  # "… personal access token", "… integration": GitHub's words for a scope that lacks
_SCOPE = re.compile(r"[\w:=;, -]{1,200}")


def refusal(name: str, answer: requests.Response, secrets: tuple[str, ...] = ()) -> OutsideError:
    """Return the error for an `answer` that refuses: what happened in words, whether it can pass, how long to wait."""
    said = complaint(answer)
    for secret in secrets:
        said = said.replace(secret, "…")
    wait = waiting(answer, said)
    if wait is not None:
        said = f"{name} asks us to wait {wait:.0f} seconds"
        return OutsideError(said, retry_after=wait, status=answer.status_code, code="rate_limited")
    status = answer.status_code
    code, words = _words(status, lacking(answer, said), answer.headers.get("Location", ""))
    return OutsideError(
        f"{name} {words} ({status}{': ' if said else ''}{said})",
        permanent=status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _PASSING,
        status=status,
        code=code,
    )


def lacking(answer: requests.Response, said: str) -> str:
    """Return the scopes that the host says a token would need for this call, "" where it says none.

    Gitea says so in its sentence, GitLab in a field, GitHub in headers (a classic token gets a 404). What a route needs
    GitHub tells with every answer, also to a token that has it.
    """
    head, status = answer.headers, answer.status_code
    if status == HTTPStatus.FORBIDDEN and (found := _SCOPES.search(said)):
        return found[1]
    given, needed = head.get("X-OAuth-Scopes"), head.get("X-Accepted-OAuth-Scopes", "")
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND) and given is not None and not _set(given) & _set(needed):
        return _scope(", ".join(sorted(_set(needed))))
    named = head.get("X-Accepted-GitHub-Permissions", "") if _INACCESSIBLE in said.casefold() else ""
    return _scope(named or _told(answer, "scope")) if status == HTTPStatus.FORBIDDEN else ""


def _set(scopes: str) -> set[str]:
    return {scope.strip() for scope in scopes.split(",") if scope.strip()}


def _scope(found: str) -> str:
    return found if _SCOPE.fullmatch(found) else ""


def _told(answer: requests.Response, key: str) -> str:
    try:
        return text_or_empty(loads(answer.content), key)
    except InvalidError:
        return ""


def _words(status: int, scopes: str, location: str) -> tuple[str, str]:
    """Return the code and the words for it; a sentence that is new here is to be known to triage.web.refusals too."""
    if scopes:
        return "token_lacks", f"says that the token lacks {scopes}"
    if status in MOVED:
        return "moved", f"says that it has moved to {clean(location).partition('?')[0][:200]}"
    return _WORDS.get(status, _BROKEN if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _REFUSED)


def pause(answer: requests.Response) -> float | None:
    """Return the seconds for which nothing more may be asked after `answer`, None where it says no such thing.

    A good answer may say it too: that it was the last of the quota.
    """
    if answer.ok:
        return _bounded(_reset(answer.headers)) if _spent(answer.headers) else None
    return waiting(answer, complaint(answer))


def complaint(answer: requests.Response) -> str:
    """Return what the host says about its refusal, one line of at most 200 characters; hosts nest it in many ways."""
    try:
        found = loads(answer.content)
    except InvalidError:
        return ""
    return " ".join(_sentences(found))[:200]


def _sentences(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield " ".join(clean(found).split())
    elif isinstance(found, list):
        for item in found[:5]:
            yield from _sentences(item)
    elif isinstance(found, dict):
        for key in ("fieldNames", "field", "message", "error", "error_description", "errors"):
            yield from _sentences(found.get(key))


def waiting(answer: requests.Response, said: str) -> float | None:
    """Return the seconds that the host wants us to wait, or None where the refusal is no limit.

    Limits are 429, and 403 with a Retry-After, an exhausted quota or the word for it (GitHub's secondary limits).
    Times of day are measured against the answer's own Date, so that our clock doesn't matter.
    """
    head = answer.headers
    limited = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or (
        answer.status_code == HTTPStatus.FORBIDDEN
        and ("Retry-After" in head or _spent(head) or "rate limit" in said.lower())
    )
    if not limited and not (answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and "Retry-After" in head):
        return None
    return _bounded(_asked(head))


def told(answer: requests.Response) -> bool:
    """Return whether an answer says for how long to wait; GitHub's secondary limits often don't."""
    return _asked(answer.headers) is not None


def _asked(head: Mapping[str, str]) -> float | None:
    return _after(head) if "Retry-After" in head else _reset(head)


def _spent(head: Mapping[str, str]) -> bool:
    return head.get("X-RateLimit-Remaining", head.get("RateLimit-Remaining")) == "0"


def _bounded(asked: float | None) -> float:
    return min(max(WAIT_IF_UNSAID if asked is None else asked, 0.0), WAIT_AT_MOST)


def _after(head: Mapping[str, str]) -> float | None:
    asked = head["Retry-After"].strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    until, now = _date(asked), _date(head.get("Date", ""))
    return (until - now).total_seconds() if until and now else None


def _reset(head: Mapping[str, str]) -> float | None:
    asked, now = head.get("X-RateLimit-Reset", head.get("RateLimit-Reset", "")), _date(head.get("Date", ""))
    if not (asked.isascii() and asked.isdigit() and len(asked) < EPOCH_DIGITS):
        return None
    if int(asked) < EPOCH:
        return float(asked)
    return int(asked) - now.timestamp() if now else None


def _date(found: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(found)
    except (ValueError, TypeError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)

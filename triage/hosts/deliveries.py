"""Webhook deliveries: reading their body and headers, and checking signatures in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from triage.errors import InvalidError
from triage.hosts.payload import clean, loads

LIMIT = 4 * 1000 * 1000  # bytes of a delivery; Gitea takes issues of 1 MB and sends them whole
EPOCH_DIGITS = 12  # a time with as many digits is none in seconds
SHOWN = 4_000  # characters of a delivery that are kept to be looked at
_TELLING = re.compile(r"x-\w+-(?:event|event-type|event-uuid|delivery)|idempotency-key|content-type|user-agent")
_SECRET = re.compile(r'("(?:[\w-]*(?:secret|token|password)[\w-]*|sign)"\s*:\s*)"(?:[^"\\]|\\.)*("|$)', re.IGNORECASE)


def delivery(raw: bytes, content_type: str) -> dict[str, Any]:
    """Return the JSON object of a webhook delivery, also where a form carries it as `payload`. Raises InvalidError."""
    if len(raw) > LIMIT:
        raise InvalidError("the delivery is too large", field="body", code="too_large")
    found = loads(form_payload(raw) if is_form(content_type) else raw)
    if not isinstance(found, dict):
        raise InvalidError("the delivery is not a JSON object", field="body", code="wrong_type")
    return found


def wanted(event: str, ours: Collection[str], others: Collection[str]) -> bool:
    """Return whether `event` may be about an issue. Raises InvalidError where it is none that the host is known for."""
    if event not in ours and event not in others:
        raise InvalidError("there is no such event", field="event", code="unknown_event")
    return event in ours


def is_form(content_type: str) -> bool:
    """Return whether `content_type` is that of a web form."""
    return content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def form_payload(raw: bytes) -> bytes:
    """Return the decoded `payload` field of a web form. Raises InvalidError where there is none."""
    try:
        fields = parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="surrogateescape")
    except ValueError:
        raise InvalidError("the form can't be read", field="body", code="not_form") from None
    if "payload" not in fields:
        raise InvalidError("the form has no payload", field="payload", code="missing")
    return fields["payload"][0].encode("utf-8", "surrogateescape")  # the very bytes, for the signature is over them


def shown(headers: Mapping[str, str], body: bytes) -> str:
    """Return what may be shown of a delivery: the headers that tell what it is, and the beginning of its body.

    Old Gitea puts the secret into the body, in clear.
    """
    told = [f"{name}: {clean(value)[:200]}" for name, value in headers.items() if _TELLING.fullmatch(name.lower())]
    if is_form(header(headers, "Content-Type")):
        try:
            body = form_payload(body)
        except InvalidError:
            body = b""
    text = _SECRET.sub(r'\1"…"', clean(body[: 4 * SHOWN].decode("utf-8", "replace")))
    return "\n".join([*told, "", text[:SHOWN] + ("…" if len(text) > SHOWN else "")])


def header(headers: Mapping[str, str], *names: str) -> str:
    """Return the first of the headers `names` that is there and not empty, whatever its case; else ""."""
    found = {name.lower(): value for name, value in headers.items()}
    return next((found[name.lower()] for name in names if found.get(name.lower())), "")


def same(one: str, other: str) -> bool:
    """Return whether two secrets are equal and not empty, in constant time."""
    return bool(one and other) and hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def signed(secret: str, body: bytes, signature: str) -> bool:
    """Return whether `signature` is the hex HMAC-SHA256 of `body`, bare or after `sha256=`; no secret: False."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(secret) and same(digest, signature.removeprefix("sha256=").lower())


def signed_as_standard(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a delivery is signed as Standard Webhooks has it, over its id, its time and its body.

    The key is the secret as it is or, after “whsec_”, what it says in base64. How old it may be is not looked at here.
    """
    named, stamp = header(headers, "webhook-id"), header(headers, "webhook-timestamp")
    content = f"{named}.{stamp}.".encode("utf-8", "replace") + body
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in _keys(secret)]
    given = [one.removeprefix("v1,") for one in header(headers, "webhook-signature").split()]
    return bool(secret and named and stamp) and any(same(one, other) for one in given for other in expected)


def _keys(secret: str) -> Iterator[bytes]:
    yield secret.encode()
    if secret.startswith("whsec_"):
        with suppress(ValueError):
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
            yield from [key] if key else []  # with an empty one anybody could sign


def near(seconds: str, now: datetime, age: timedelta) -> bool:
    """Return whether `seconds` since 1970, in digits, is no further than `age` from `now`."""
    plain = seconds.isascii() and seconds.isdigit() and len(seconds) < EPOCH_DIGITS
    return plain and abs(int(seconds) - now.timestamp()) <= age.total_seconds()


def fingerprint(body: bytes) -> str:
    """Return what stands for a delivery's id where the host sends none: the same bytes are the same delivery."""
    return hashlib.sha256(body).hexdigest()

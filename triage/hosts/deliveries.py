"""Webhook deliveries: reading their body and headers, and checking signatures in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from triage.errors import InvalidError
from triage.hosts.payload import loads

LIMIT = 5 * 1024 * 1024  # bytes of a delivery; Gitea takes issues of 1 MB and sends them whole


def delivery(raw: bytes, content_type: str) -> dict[str, Any]:
    """Return the JSON object of a webhook delivery, also where a form carries it as `payload`. Raises InvalidError."""
    if len(raw) > LIMIT:
        raise InvalidError("the delivery is too large", field="body", code="too_large")
    found = loads(form_payload(raw) if is_form(content_type) else raw)
    if not isinstance(found, dict):
        raise InvalidError("the delivery is not a JSON object", field="body", code="wrong_type")
    return found


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


def fingerprint(body: bytes) -> str:
    """Return what stands for a delivery's id where the host sends none: the same bytes are the same delivery."""
    return hashlib.sha256(body).hexdigest()

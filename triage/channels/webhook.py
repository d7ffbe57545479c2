"""The generic webhook in: any sender that signs by Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import EmptyWebhookSecretError
from standardwebhooks.webhooks import Webhook as Signer

from triage.channels.fields import LIMIT, loads, submission
from triage.domain.feedback import Submission
from triage.errors import ForbiddenError, InvalidError

TOLERANCE = timedelta(minutes=5)
SIGNATURES = 10  # a sender that changes its secret sends two
_SECONDS = re.compile(r"\d{1,11}", re.ASCII)


class Webhook:
    """Verifies and reads deliveries. The library signs; its own check would ask the system's clock."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Raise ForbiddenError for a wrong, missing or stale signature; InvalidError for what can't be signed text."""
        found = {name.lower(): value for name, value in headers.items()}
        sent, signatures = _sent(found.get("webhook-timestamp", "")), found.get("webhook-signature", "")
        if sent is None or not found.get("webhook-id") or not signatures:
            raise ForbiddenError("the headers webhook-id, webhook-timestamp and webhook-signature are needed")
        if abs(now - sent) > TOLERANCE:
            raise ForbiddenError("the delivery's time is more than five minutes off")
        expected = self._expected(found["webhook-id"], sent, _text(body)).encode()
        given = [one.encode("utf-8", "replace") for one in signatures.split()[:SIGNATURES]]
        if not any([hmac.compare_digest(expected, one) for one in given]):  # noqa: C419  # all, whichever is right
            raise ForbiddenError("the signature is wrong")

    def parse(self, headers: Mapping[str, str], body: bytes) -> Submission:
        """Return what the delivery says; its webhook-id is its identity: a sender that tries again repeats it."""
        found = {name.lower(): value for name, value in headers.items()}
        return replace(submission(loads(body), "webhook"), identity=f"webhook:{found['webhook-id']}")

    def _expected(self, id_: str, sent: datetime, body: str) -> str:
        try:
            return Signer(self._secret).sign(id_, sent, body)
        except (EmptyWebhookSecretError, ValueError):  # none is set, or one that is no base64
            raise ForbiddenError("this project has no secret for webhooks") from None


def _sent(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if _SECONDS.fullmatch(seconds) else None


def _text(body: bytes) -> str:
    if len(body) > LIMIT:
        raise InvalidError(f"the delivery is larger than {LIMIT // 1024:,} KB", code="too_large")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidError("the delivery is not in UTF-8", code="not_json") from None


CHANNELS = {"webhook": Webhook}

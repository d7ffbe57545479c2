"""The signed webhook, beyond what every channel must do."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Signer

from tests.channels.hostile import MAPPINGS
from triage.channels.fields import LIMIT
from triage.channels.webhook import Webhook
from triage.errors import ForbiddenError, InvalidError

SECRET = "whsec_" + base64.b64encode(b"a secret of some length").decode()
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def signed(body: bytes, *, at: datetime = NOW, id_: str = "msg_1") -> dict[str, str]:
    signature = Signer(SECRET).sign(id_, at, body.decode())
    return {"webhook-id": id_, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def refusal(headers: dict[str, str], body: bytes = b"{}") -> str:
    with pytest.raises(ForbiddenError) as caught:
        Webhook(SECRET).verify(headers, body, now=NOW)
    return str(caught.value)


def test_it_takes_what_the_library_signs_and_the_library_agrees() -> None:
    body, now = b'{"text": "x"}', datetime.now(UTC)
    headers = signed(body, at=now)
    assert Signer(SECRET).verify(body, headers) == {"text": "x"}
    Webhook(SECRET).verify(headers, body, now=now)


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_clocks_may_differ_by_five_minutes(minutes: int) -> None:
    Webhook(SECRET).verify(signed(b"{}", at=NOW + timedelta(minutes=minutes)), b"{}", now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -(10**8)])
def test_but_not_by_more(seconds: int) -> None:
    assert "five minutes" in refusal(signed(b"{}", at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed(missing: str) -> None:
    assert "are needed" in refusal(signed(b"{}") | {missing: ""})


@pytest.mark.parametrize("stamp", ["soon", "1e9", "-1", "1772442000.0", "9" * 12, "١٧٧٢٤٤٢٠٠٠", " "])
def test_a_timestamp_is_whole_seconds(stamp: str) -> None:
    assert "are needed" in refusal(signed(b"{}") | {"webhook-timestamp": stamp})


@pytest.mark.parametrize("signature", ["v1,", "v1", ",", "v2,abc", "签名", "v1,\udc80", "v1,AAAA v1,BBBB", "x " * 5000])
def test_what_is_no_signature(signature: str) -> None:
    assert "signature" in refusal(signed(b"{}") | {"webhook-signature": signature})


def test_the_id_and_the_time_are_signed_too() -> None:
    headers = signed(b"{}")
    assert refusal(headers | {"webhook-id": "msg_2"}) == "the signature is wrong"
    assert refusal(headers | {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}) == "the signature is wrong"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_签名", "whsec_===", "x"])
def test_without_a_sound_secret_nothing_is_believed(secret: str) -> None:
    with pytest.raises(ForbiddenError):
        Webhook(secret).verify(signed(b"{}"), b"{}", now=NOW)


def test_a_large_delivery_is_refused_unread() -> None:
    with pytest.raises(InvalidError, match="larger than"):
        Webhook(SECRET).verify(signed(b"{}"), b" " * (LIMIT + 1), now=NOW)


def test_the_secret_is_in_no_error() -> None:
    assert SECRET[6:] not in refusal({**signed(b"{}"), "webhook-signature": "v1,AAAA"})


@given(MAPPINGS)
def test_any_signed_object_is_a_submission_or_invalid(given: dict[str, Any]) -> None:
    body = json.dumps(given, default=str).encode()
    channel = Webhook(SECRET)
    channel.verify(signed(body), body, now=NOW)
    with suppress(InvalidError):
        assert channel.parse(signed(body), body).identity == "webhook:msg_1"


HEADERS = st.fixed_dictionaries({name: st.text(max_size=40) for name in signed(b"")})


@given(HEADERS, st.binary(max_size=60))
def test_nobody_comes_in_by_guessing(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises((ForbiddenError, InvalidError)):
        Webhook(SECRET).verify(headers, body, now=NOW)

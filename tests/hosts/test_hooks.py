"""Recorded webhook deliveries of every flavour, found by listing folders, and the fake host's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import START as NOW
from tests.fakes.githost import GitHost, flavours
from triage.errors import InvalidError, SettingError
from triage.hosts import Connection, Host, HostEvent, connect, kinds
from triage.http import OutsideHttp

FOLDER = Path(__file__).parents[1] / "payloads"
FILES = sorted(FOLDER.glob("*/hook-*.json"))
SECRET = "s3cr3t-of-the-hook"


def host_of(kind: str, secret: str = SECRET) -> Host:
    return connect(kind, Connection("https://git.example.com", "team/product", secret=secret), OutsideHttp())


def kind_of(flavour: str) -> str:
    return str(flavours()[flavour].FLAVOURS[flavour].kind)


def sent(path: Path, secret: str = SECRET) -> tuple[Host, dict[str, str], bytes, dict[str, Any]]:
    """A recorded delivery, signed anew: the host, headers, body, and what it should be read as."""
    flavour, found = path.parent.name, json.loads(path.read_text("utf-8"))
    body = json.dumps(found["body"], ensure_ascii=False).encode()
    headers = {**found["headers"], **flavours()[flavour].signature(flavour, secret, body)}
    if "form" in headers["Content-Type"]:
        body = urlencode({"payload": body}).encode()
    return host_of(kind_of(flavour)), headers, body, found["expect"]


def test_every_flavour_has_recorded_deliveries() -> None:
    missing = set(flavours()) - {path.parent.name for path in FILES}
    assert not missing, f"put hook-*.json of {sorted(missing)} under {FOLDER}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_delivery_is_verified_and_read(path: Path) -> None:
    host, headers, body, expect = sent(path)
    assert host.verify(headers, body, now=NOW)
    event = host.parse(headers, body)
    assert event == (expect and HostEvent(delivery=event.delivery if event else "", **expect))
    assert event is None or event.delivery


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_wrong_secret_is_refused(path: Path) -> None:
    host, headers, body, _ = sent(path, secret="another")
    assert not host.verify(headers, body, now=NOW)


@pytest.mark.parametrize("flavour", sorted(flavours()))
def test_without_a_secret_nothing_is_believed(flavour: str) -> None:
    path = next(path for path in FILES if path.parent.name == flavour)
    _, headers, body, _ = sent(path, secret="")
    assert not host_of(kind_of(flavour), secret="").verify(headers, body, now=NOW)
    assert not host_of(kind_of(flavour)).verify(headers, body, now=NOW)
    assert not host_of(kind_of(flavour)).verify({}, body, now=NOW)


@pytest.mark.parametrize("flavour", sorted(flavours()))
def test_header_names_have_no_case(flavour: str) -> None:
    path = next(path for path in FILES if path.parent.name == flavour)
    host, headers, body, _ = sent(path)
    assert host.verify({name.upper(): value for name, value in headers.items()}, body, now=NOW)


@pytest.mark.parametrize("flavour", sorted(flavours()))
def test_a_delivery_without_an_id_is_known_by_its_bytes(flavour: str) -> None:
    path = next(path for path in FILES if path.parent.name == flavour and "comment-created.json" in path.name)
    host, headers, body, _ = sent(path)
    bare = {name: value for name, value in headers.items() if not name.endswith(("Delivery", "UUID", "Key"))}
    event = host.parse(bare, body)
    assert event
    assert event.delivery == hashlib.sha256(body).hexdigest()


def test_the_fakes_deliveries_are_verified_and_read(fake: GitHost) -> None:
    fake.hook(secret=SECRET)
    fake.repository.close(fake.repository.open("t").number)
    fake.repository.say(1, "fixed")
    host = fake.host(secret=SECRET)
    assert all(host.verify(one.headers, one.body, now=fake.now()) for one in fake.deliveries)
    events = [host.parse(one.headers, one.body) for one in fake.deliveries]
    assert [event and (event.repo, event.number) for event in events] == [(fake.repo, fake.traits.number(1))] * 3
    assert len({event.delivery for event in events if event}) == 3
    assert not any(event.private for event in events if event)


def test_a_delivery_of_a_private_repository_says_so(fake: GitHost) -> None:
    fake.hook(secret=SECRET)
    fake.repository.private = True
    fake.repository.say(fake.repository.open("t").number, "fixed")
    events = [fake.host().parse(one.headers, one.body) for one in fake.deliveries]
    assert [event and event.private for event in events] == [True, True]


HOSTILE = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'"text"',
    b"NaN",
    b"{",
    b'{"issue": {"number": true}}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"number": ' + b"9" * 5000 + b"}",
    b'{"action": "opened", "number": 1e999, "issue": 3}',
    b'{"action": "opened", "issue": {"number": -1}, "repository": {"full_name": "a/b"}}',
    b" " * (5 * 1024 * 1024 + 1),
]


def event_headers(flavour: str) -> dict[str, str]:
    path = next(path for path in FILES if path.parent.name == flavour and path.stem == "hook-comment-created")
    return dict(json.loads(path.read_text("utf-8"))["headers"])


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:30]))
@pytest.mark.parametrize("flavour", sorted(flavours()))
def test_hostile_json_is_invalid_and_nothing_worse(flavour: str, body: bytes) -> None:
    with pytest.raises(InvalidError):
        host_of(kind_of(flavour)).parse(event_headers(flavour), body)


WORDS = st.sampled_from(
    [
        *("action", "issue", "number", "iid", "id", "repository", "full_name", "project", "path_with_namespace"),
        *("object_attributes", "object_kind", "comment", "pull_request", "state", "noteable_type", "note", "hook_name"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)


@given(found=JSON, flavour=st.sampled_from(sorted(flavours())))
def test_any_json_gives_an_event_nothing_or_invalid(found: Any, flavour: str) -> None:
    try:
        event = host_of(kind_of(flavour)).parse(event_headers(flavour), json.dumps(found).encode())
    except InvalidError:
        return
    assert event is None or (isinstance(event.number, str) and event.delivery)


@given(body=st.binary(max_size=300), flavour=st.sampled_from(sorted(flavours())), form=st.booleans())
def test_any_bytes_give_an_event_nothing_or_invalid(body: bytes, flavour: str, form: bool) -> None:
    headers = event_headers(flavour)
    headers |= {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    host = host_of(kind_of(flavour))
    assert not host.verify(headers, body, now=NOW)
    with pytest.raises(InvalidError):
        host.parse(headers, b"\x00" + body)


def test_a_form_without_payload_is_refused() -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Gitea-Event": "issues"}
    assert not host_of("gitea").verify({**headers, "X-Gitea-Signature": "ab"}, b"other=1", now=NOW)
    with pytest.raises(InvalidError, match="no payload"):
        host_of("gitea").parse(headers, b"other=1")
    with pytest.raises(InvalidError, match="can't be read"):
        host_of("gitea").parse(headers, b"&".join([b"a=1"] * 50))


def test_the_console_believes_nothing() -> None:
    console = replace(Connection("file:///tmp/none.json", "a/b"), secret=SECRET)
    host = connect("console", console, OutsideHttp())
    assert not host.verify({}, b"", now=NOW)
    assert host.parse({}, b"") is None


def test_signatures_that_are_not_ascii_are_refused() -> None:
    assert not host_of("gitea").verify({"X-Gitea-Signature": "签\udc80名"}, b"{}", now=NOW)


def test_a_signature_with_an_empty_key_is_refused() -> None:
    digest = hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    headers = {"X-Gitea-Signature": digest, "X-Hub-Signature-256": f"sha256={digest}"}
    assert not host_of("gitea", secret="").verify(headers, b"{}", now=NOW)
    assert not host_of("github", secret="").verify(headers, b"{}", now=NOW)
    stamped = base64.b64encode(hmac.new(b"", b"1\n", hashlib.sha256).digest()).decode()
    assert not host_of("gitee", secret="").verify(
        {"X-Gitee-Timestamp": "1", "X-Gitee-Token": stamped}, b"{}", now=datetime.fromtimestamp(0, UTC)
    )


def test_the_signature_of_other_bytes_is_refused() -> None:
    digest = hmac.new(SECRET.encode(), b"{} ", hashlib.sha256).hexdigest()
    assert not host_of("gitea").verify({"X-Gitea-Signature": digest}, b"{}", now=NOW)
    assert host_of("gitea").verify({"X-Hub-Signature-256": f"sha256={digest}"}, b"{} ", now=NOW)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(SettingError, match=r"no host “svn”.*gitea"):
        connect("svn", Connection("https://git.example.com", "a/b"), OutsideHttp())


def test_kinds_are_found_by_listing() -> None:
    assert {"console", "gitea", "forgejo", "openi"} <= set(kinds())

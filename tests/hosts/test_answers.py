"""Hosts, and proxies before them, that answer anything at all: OutsideError and nothing else comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.githost import GitHost, flavours
from triage.domain.drafts import Draft
from triage.errors import OutsideError
from triage.hosts import Connection, Host, connect, kinds

KINDS = sorted(set(kinds()) - {"console"})
WORDS = st.sampled_from(
    [
        *("number", "iid", "id", "title", "body", "description", "state", "state_reason", "user", "author", "login"),
        *("username", "labels", "name", "created_at", "updated_at", "closed_at", "finished_at", "milestone", "version"),
        *(
            "assignees",
            "permissions",
            "project_access",
            "access_level",
            "pull_request",
            "system",
            "_links",
            "permission",
        ),
    ]
)
LEAVES = st.sampled_from(
    [None, True, 3, -1, 2**70, 1.5, "", "text", "closed", "2026-11-23T10:00:00Z", "9" * 30, "\ud800"]
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=8), max_leaves=25
)


class Answers:
    """An HTTP client that has the same answer to everything."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body, self.status = body, status

    def request(self, method: str, url: str, **parts: Any) -> requests.Response:
        made = requests.Response()
        made.status_code, made._content = self.status, self.body
        return made


def use(host: Host) -> None:
    for act in (
        host.check,
        lambda: host.create(Draft("t", "b", ("bug",))),
        lambda: host.get("1"),
        lambda: host.release("text"),
        lambda: host.edit("1", title="t"),
        lambda: host.label("1", ("bug",)),
        lambda: host.comment("1", "b"),
        lambda: host.attach("1", "a.png", "image/png", b"pixels"),
        lambda: list(host.created_since(None)),
        lambda: list(host.changed_since(None)),
        lambda: list(host.comments("1")),
    ):
        try:
            act()
        except OutsideError as err:
            assert str(err)  # noqa: PT017 — any other error fails the test


def host_of(kind: str, body: bytes, status: int = 200) -> Host:
    return connect(
        kind, Connection("https://git.example.com", "team/product", "a-token-of-ours"), Answers(body, status)
    )


@given(found=JSON, kind=st.sampled_from(KINDS))
def test_any_json_is_read_or_refused(found: Any, kind: str) -> None:
    use(host_of(kind, json.dumps(found).encode()))


@given(body=st.binary(max_size=60), kind=st.sampled_from(KINDS), status=st.sampled_from([200, 201, 204, 404, 500]))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str, status: int) -> None:
    use(host_of(kind, body, status))


@given(data=st.data(), flavour=st.sampled_from(sorted(flavours())))
def test_a_real_issue_with_one_wrong_field_is_read_or_refused(data: st.DataObject, flavour: str) -> None:
    fake = GitHost(flavour)
    fake.repository.close(fake.repository.open("title", "body").number)
    with fake._app.test_request_context():
        found = fake._module.issue_json(fake, fake.issues[0])
    found[data.draw(st.sampled_from(sorted(found)))] = data.draw(JSON)
    host = host_of(fake.kind, json.dumps([found] if data.draw(st.booleans()) else found).encode())
    use(host)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"<html>", b"[" * 100_000])
def test_an_empty_answer_is_no_issue(kind: str, body: bytes) -> None:
    with pytest.raises(OutsideError, match="makes no sense") as caught:
        host_of(kind, body).get("1")
    assert not caught.value.permanent

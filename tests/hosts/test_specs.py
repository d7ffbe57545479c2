"""What our clients send and what the fake hosts answer, held against the hosts' own API descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes.githost import Call, GitHost
from tests.hosts.specs import operation, resolve, violations
from triage.domain.drafts import Draft
from triage.errors import OutsideError

PROBES = {"/collaborators", "/members/all"}  # asked for although the trimmed descriptions leave them out


@pytest.fixture
def played(fake: GitHost) -> GitHost:
    """A host with which everything was done once."""
    host = fake.host()
    host.check()
    number = host.create(Draft("title", "body", ("bug",), confidential=host.confidential)).number
    host.label(number, ("more",))
    host.comment(number, "text")
    host.attach(number, "a.png", "image/png", b"pixels")
    host.edit(number, title="new", body="text", open=False)
    host.edit(number, open=True)
    list(host.comments(number))
    list(host.created_since(datetime(2026, 1, 1, tzinfo=UTC)))
    list(host.changed_since(datetime(2026, 1, 1, tzinfo=UTC)))
    return fake


def calls(fake: GitHost) -> Iterator[tuple[Call, dict[str, Any]]]:
    for call in fake.calls:
        if call.status != 404 and not any(probe in call.path for probe in PROBES):
            yield call, operation(fake.traits.spec, call.method, fake.traits.template(call.path))


def test_every_query_is_described(played: GitHost) -> None:
    for call, found in calls(played):
        known = {one["name"] for one in found["parameters"] if one["in"] == "query"}
        assert set(call.query) <= known | played.traits.beyond, (call.method, call.path)


def test_every_body_is_described(played: GitHost) -> None:
    for call, found in calls(played):
        if call.body and call.status < 400:
            assert not body_violations(played.traits.spec, found, call.body), (call.method, call.path, call.body)


def body_violations(name: str, found: dict[str, Any], body: Any) -> list[str]:
    forms = {one["name"] for one in found["parameters"] if one["in"] == "formData"}
    if forms:
        return sorted(set(body) - forms)
    given = [one["schema"] for one in found["parameters"] if one["in"] == "body"]
    given += [one["schema"] for one in resolve(name, found.get("requestBody", {})).get("content", {}).values()]
    assert given, "no body is described"
    return violations(name, resolve(name, given[0]), body)


def test_every_answer_is_described(played: GitHost) -> None:
    checked = 0
    for call, found in calls(played):
        shape = answer_shape(played.traits.spec, found, call.status)
        if shape and call.status < 300:
            checked += 1
            assert not violations(played.traits.spec, shape, call.answer, fake=played.traits), call
    assert checked >= 8


def answer_shape(name: str, found: dict[str, Any], status: int) -> dict[str, Any] | None:
    response = resolve(name, found["responses"].get(str(status)) or found["responses"].get("200") or {})
    inner = response.get("content", {}).get("application/json", response).get("schema")
    return resolve(name, inner) if inner else None


def test_a_refusal_of_each_kind_has_the_shape_that_was_seen(fake: GitHost) -> None:
    for act in (lambda host: host.get("99"), lambda host: host.create(Draft("", "b"))):
        with pytest.raises(OutsideError):
            act(fake.host())
    refused = [call for call in fake.calls if call.status >= 400]
    assert all(isinstance(call.answer, dict | list) for call in refused)
    assert {call.status for call in refused} & {404, 410}

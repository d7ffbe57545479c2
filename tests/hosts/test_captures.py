"""What live servers were seen to answer and to deliver, where those recordings are at hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.clock import START as NOW
from tests.hosts.specs import ABSENT, FOLDER
from tests.hosts.test_answers import Answers
from triage.errors import OutsideError
from triage.hosts import Connection, Host, connect

CAPTURES = FOLDER.parent / "captures"
SERVERS = ["gitea-1.12", "gitea-1.22", "openi-like"]
SECRET = "s3cr3t"


def captured(server: str, pattern: str) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(CAPTURES.glob(f"{server}/{pattern}.json"))]
    return found or pytest.skip(ABSENT)


def exchanges(server: str) -> list[tuple[int, Any]]:
    found = [one["response"] for one in captured(server, "*") if "response" in one]
    return [(one["status"], one["body"]) for one in found]


def answering(body: Any, status: int = 200) -> Host:
    raw = b"" if body is None else json.dumps(body).encode()
    return connect("gitea", Connection("https://git.example.com", "a/b", secret=SECRET), Answers(raw, status))


@pytest.mark.parametrize("server", SERVERS)
def test_every_issue_is_read(server: str) -> None:
    issues = [
        body for status, body in exchanges(server) if status < 300 and isinstance(body, dict) and "number" in body
    ]
    found = [answering(body).get("1") for body in issues]
    assert [(one.title, one.number) for one in found] == [(one["title"], str(one["number"])) for one in issues]
    assert len(found) > 10


@pytest.mark.parametrize("server", SERVERS)
def test_every_list_is_read(server: str) -> None:
    lists = [body for status, body in exchanges(server) if status < 300 and isinstance(body, list) and body]
    lists = [body for body in lists if all(isinstance(one, dict) and "closed_at" in one for one in body)]
    for body in lists:
        numbers = {str(one["number"]) for one in body if not one["pull_request"]}
        assert {one.number for one in answering(body).changed_since(None)} == numbers
    assert len(lists) > 5


@pytest.mark.parametrize("server", SERVERS)
def test_every_refusal_is_for_good_and_in_words(server: str) -> None:
    refused = [(status, body) for status, body in exchanges(server) if 400 <= status < 500 and status != 409]
    for status, body in refused:
        with pytest.raises(OutsideError, match=rf"\({status}") as caught:
            answering(body, status).get("1")
        assert caught.value.permanent
    assert len(refused) > 10


@pytest.mark.parametrize("server", SERVERS)
def test_every_delivery_is_read_and_those_that_are_whole_are_verified(server: str) -> None:
    host, verified = answering(None), 0
    for one in captured(server, "hook-*-*-issue*"):
        headers, body = dict(one["headers"]), one["raw_body"].encode()
        event = host.parse(headers, body)
        assert event
        assert event.delivery == headers["X-Gitea-Delivery"]
        whole = bool(headers["X-Gitea-Signature"]) and one.get("sig_matches_x_gitea", False)
        verified += host.verify(headers, body, now=NOW)
        assert host.verify(headers, body, now=NOW) or not whole
    assert verified >= 5


@pytest.mark.parametrize(("server", "accepted"), [("gitea-1.12", 0), ("gitea-1.22", 3)])
def test_attachments_are_read_where_the_server_has_them(server: str, accepted: int) -> None:
    found = [one["response"] for one in captured(server, "*attachment-create*") + captured(server, "*too-big")]
    made = [one for one in found if one["status"] == 201]
    for one in made:
        upload = answering(one["body"], 201)._upload("/assets", ("a.png", b"", "image/png"))  # type: ignore[attr-defined]
        assert upload["browser_download_url"].startswith("http")
    assert len(made) == accepted


def test_a_kind_of_file_that_gitea_refuses_is_refused_for_good() -> None:
    (refused,) = (one["response"] for one in captured("gitea-1.22", "*attachment-create-bad-type"))
    with pytest.raises(OutsideError, match="of this kind") as caught:
        answering(refused["body"], refused["status"])._upload("/assets", ("a", b"", "x/y"))  # type: ignore[attr-defined]
    assert caught.value.permanent

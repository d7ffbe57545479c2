from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from triage.hosts.refusals import WAIT_AT_MOST, WAIT_IF_UNSAID, complaint, lacking, pause, refusal, waiting

DATE = {"Date": "Mon, 23 Nov 2026 10:00:00 GMT"}
GITHUB = {"X_Accepted_GitHub_Permissions": "issues=write"}
INACCESSIBLE = "Resource not accessible by"
NOW = 1795428000  # the same moment in seconds


def answer(status: int, body: Any = None, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        *((status, True) for status in (301, 400, 401, 403, 404, 405, 410, 418, 422, 423)),
        *((status, False) for status in (408, 409, 429, 500, 502, 503)),
    ],
)
def test_whether_it_can_pass(status: int, permanent: bool) -> None:
    err = refusal("git.example", answer(status))
    assert (err.permanent, err.status) == (permanent, status)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "Not Found", "url": "x"}, "Not Found"),
        ({"errors": None, "message": "gone"}, "gone"),
        ([{"fieldNames": ["Title"], "classification": "RequiredError", "message": "Required"}], "Title Required"),
        ({"message": {"title": ["is missing"]}}, ""),
        ({"error": "insufficient_scope", "error_description": "needs more"}, "insufficient_scope needs more"),
        ({"message": "Validation Failed", "errors": [{"field": "title"}]}, "Validation Failed title"),
        ({"message": ["401", "Unauthorized"]}, "401 Unauthorized"),
        ("two\nlines", "two lines"),
        (b"<html>", ""),
        (b"", ""),
        (7, ""),
    ],
)
def test_what_the_host_says(body: Any, said: str) -> None:
    assert complaint(answer(422, body)) == said


def test_a_long_complaint_is_cut() -> None:
    assert len(complaint(answer(422, {"message": "x" * 999}))) == 200


def test_a_missing_scope_is_named() -> None:
    said = "token does not have at least one of required scope(s): [write:issue]"
    assert "the token lacks write:issue" in str(refusal("h", answer(403, {"message": said})))


@pytest.mark.parametrize(
    ("status", "body", "headers", "scopes"),
    [
        (403, {"message": "required scope(s): [write:issue]"}, {}, "write:issue"),
        (403, {"message": "required scope(s), required=[write:issue], token scope=read:issue"}, {}, "write:issue"),
        (403, {"error": "insufficient_scope", "scope": "api"}, {}, "api"),
        (403, {"scope": "<b>"}, {}, ""),
        (403, {"message": f"{INACCESSIBLE} personal access token"}, GITHUB, "issues=write"),
        (403, {"message": f"{INACCESSIBLE} integration"}, GITHUB, "issues=write"),
        (403, {"message": "Repository was archived so is read-only."}, GITHUB, ""),
        (403, {"error": "insufficient_scope", "scope": "api read_api"}, {}, "api read_api"),
        (404, {}, {"X_OAuth_Scopes": "gist", "X_Accepted_OAuth_Scopes": "repo, public_repo"}, "public_repo, repo"),
        (404, {}, {"X_OAuth_Scopes": "gist, repo", "X_Accepted_OAuth_Scopes": "repo"}, ""),
        (404, {}, {"X_OAuth_Scopes": "gist", "X_Accepted_OAuth_Scopes": ""}, ""),
        (404, {}, {"X_Accepted_GitHub_Permissions": "issues=read"}, ""),
        (403, b"<html>", {}, ""),
    ],
)
def test_which_scope_is_missing_by_every_hosts_way_to_say_it(
    status: int, body: Any, headers: dict[str, str], scopes: str
) -> None:
    found = answer(status, body, **headers)
    assert lacking(found, complaint(found)) == scopes
    assert (f"the token lacks {scopes}" in str(refusal("h", found))) == bool(scopes)


def test_a_move_says_where_to_without_its_query() -> None:
    err = refusal("h", answer(301, Location="https://h/other/7?access_token=t"))
    assert "moved to https://h/other/7 " in str(err)


def test_secrets_are_struck_out() -> None:
    assert "hush" not in str(refusal("h", answer(401, {"message": "bad token hush"}), ("hush",)))


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (429, {"Retry_After": "7"}, {}, 7.0),
        (429, {}, {}, WAIT_IF_UNSAID),
        (429, {"Retry_After": "soon"}, {}, WAIT_IF_UNSAID),
        (429, {"Retry_After": "-5"}, {}, WAIT_IF_UNSAID),
        (429, {"Retry_After": "9" * 30}, {}, WAIT_AT_MOST),
        (429, {"Retry_After": "Mon, 23 Nov 2026 10:00:30 GMT", **DATE}, {}, 30.0),
        (429, {"Retry_After": "Mon, 23 Nov 2026 10:00:30 -0000", **DATE}, {}, 30.0),
        (429, {"Retry_After": "Mon, 23 Nov 2026 09:00:00 GMT", **DATE}, {}, 0.0),
        (429, {"Retry_After": "Mon, 23 Nov 2026 10:00:30 GMT"}, {}, WAIT_IF_UNSAID),
        (429, {"RateLimit_Reset": str(NOW + 12), **DATE}, {}, 12.0),
        (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(NOW + 90), **DATE}, {}, 90.0),
        (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(NOW + 90)}, {}, WAIT_IF_UNSAID),
        (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "never", **DATE}, {}, WAIT_IF_UNSAID),
        (429, {"RateLimit_Reset": "12"}, {}, 12.0),
        (403, {"Retry_After": "3"}, {}, 3.0),
        (403, {}, {"message": "You have exceeded a secondary rate limit"}, WAIT_IF_UNSAID),
        (403, {"X_RateLimit_Remaining": "12"}, {"message": "no"}, None),
        (503, {"Retry_After": "5"}, {}, 5.0),
        (503, {}, {}, None),
        (500, {"Retry_After": "5"}, {}, None),
    ],
)
def test_how_long_to_wait(status: int, headers: dict[str, str], body: Any, wait: float | None) -> None:
    found = answer(status, body, **headers)
    assert waiting(found, complaint(found)) == wait
    assert refusal("h", found).retry_after == wait


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {"X_RateLimit_Remaining": "1"}, None),
        (200, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(NOW + 90), **DATE}, 90.0),
        (201, {"RateLimit_Remaining": "0", "RateLimit_Reset": "30"}, 30.0),
        (200, {"RateLimit_Remaining": "0"}, WAIT_IF_UNSAID),
        (304, {}, None),
        (429, {"Retry_After": "7"}, 7.0),
        (404, {}, None),
    ],
)
def test_the_last_of_the_quota_asks_for_a_pause_too(
    status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert pause(answer(status, {}, **headers)) == seconds


@given(retry=st.text(max_size=40), reset=st.text(max_size=40), date=st.text(max_size=40))
def test_any_header_gives_a_wait_in_bounds(retry: str, reset: str, date: str) -> None:
    one = waiting(answer(429, {}, Retry_After=retry, Date=date), "")
    other = waiting(answer(429, {}, RateLimit_Reset=reset, Date=date), "")
    assert one is not None
    assert other is not None
    assert 0 <= min(one, other) <= max(one, other) <= WAIT_AT_MOST

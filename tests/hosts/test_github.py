"""What GitHub does and the others don't."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.githost import GitHost, Token
from triage.domain.drafts import Draft
from triage.errors import OutsideError
from triage.hosts import Reason, connect, rest
from triage.hosts.github import api_base
from triage.http import OutsideHttp

DRAFT = Draft("title", "body", ("bug",))


@pytest.fixture
def github() -> Iterator[GitHost]:
    with GitHost("github") as host:
        yield host


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://www.github.com/", "https://api.github.com"),
        ("https://api.github.com", "https://api.github.com"),
        ("https://octo.ghe.com", "https://api.octo.ghe.com"),
        ("https://api.octo.ghe.com", "https://api.octo.ghe.com"),
        ("https://git.example.com/", "https://git.example.com/api/v3"),
        ("https://github.com.example.org", "https://github.com.example.org/api/v3"),
    ],
)
def test_where_the_api_is(url: str, base: str) -> None:
    assert api_base(url) == base


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("completed", Reason.COMPLETED),
        ("not_planned", Reason.NOT_PLANNED),
        ("duplicate", Reason.DUPLICATE),
        ("", Reason.UNKNOWN),
        ("bored", Reason.UNKNOWN),
    ],
)
def test_why_an_issue_was_closed(github: GitHost, word: str, reason: Reason) -> None:
    github.repository.open("t")
    github.repository.close(1, word)
    assert github.host().get("1").reason is reason


def test_an_unchanged_issue_is_not_sent_again(github: GitHost) -> None:
    host = github.host()
    host.create(DRAFT)
    assert host.get("1") == host.get("1")
    assert [call.status for call in github.called("GET", "/issues/1")] == [200, 304]
    github.repository.close(1)
    assert not host.get("1").open


def test_an_unchanged_list_keeps_its_next_page(github: GitHost) -> None:
    for count in range(130):
        github.repository.open(f"issue {count}")
    host = github.host()
    assert list(host.changed_since(None)) == list(host.changed_since(None))
    assert [call.status for call in github.called("GET", "/issues")] == [200, 200, 304, 304]


def test_another_worker_of_this_process_goes_by_what_the_first_one_read(github: GitHost) -> None:
    github.repository.open("t")
    connection = github.connection()
    for _ in range(2):
        connect("github", connection, OutsideHttp({"127.0.0.1"})).get("1")
    assert [call.status for call in github.called("GET", "/issues/1")] == [200, 304]


def test_what_one_token_read_another_does_not_go_by(github: GitHost) -> None:
    github.repository.open("t")
    github.tokens["other"] = Token("mei")
    connection = github.connection()
    for token in (github.token, "other"):
        connect("github", replace(connection, token=token), OutsideHttp({"127.0.0.1"})).get("1")
    assert [call.status for call in github.called("GET", "/issues/1")] == [200, 200]


@pytest.mark.parametrize("fault", ["secondary", "limit"])
def test_limits_say_how_long_to_wait(github: GitHost, fault: str) -> None:
    github.faults.once(fault, seconds=9)
    with pytest.raises(OutsideError, match="asks us to wait 9 seconds") as caught:
        github.host().get("1")
    assert (caught.value.permanent, caught.value.retry_after) == (False, 9.0)


def test_a_transferred_issue_says_where_to(github: GitHost) -> None:
    github.repository.open("t", moved_to="https://api.example.com/repositories/8/issues/4")
    with pytest.raises(OutsideError, match="repositories/8/issues/4") as caught:
        github.host().get("1")
    assert caught.value.status == 301


def test_a_deleted_issue_is_gone(github: GitHost) -> None:
    github.repository.open("t")
    github.repository.delete(1)
    with pytest.raises(OutsideError, match="deleted") as caught:
        github.host().get("1")
    assert (caught.value.permanent, caught.value.status) == (True, 410)


def test_the_check_says_what_lacks(github: GitHost) -> None:
    github.repository.members.discard(github.account)
    github.repository.archived = github.repository.issues_off = True
    found = " | ".join(github.host().check().missing)
    for words in ("is archived", "switched off", "no write access", "can't write issues"):
        assert words in found


def test_an_apps_token_has_no_user_and_needs_a_name(github: GitHost) -> None:
    github.faults.once("secondary", path="/user$", times=0)
    host = github.host(token="", account="")
    assert "name our account" in " ".join(host._missing())


def test_the_check_may_fail_for_now(github: GitHost) -> None:
    github.faults.once("error_before", path="/issues$")
    with pytest.raises(OutsideError):
        github.host().check()


def test_a_label_that_somebody_else_made_meanwhile_is_used(github: GitHost) -> None:
    host = github.host()
    host.create(DRAFT)
    github.repository.add_label("late")
    host.label("1", ("late",))
    assert set(host.get("1").labels) == {"bug", "late"}


def test_labelling_says_when_a_label_may_not_be_made(github: GitHost) -> None:
    github.repository.members.discard(github.account)
    github.repository.open("t")
    with pytest.raises(OutsideError):
        github.host().label("1", ("new",))
    assert github.host().create(DRAFT).labels == ()


def test_more_labels_than_a_page(github: GitHost) -> None:
    for count in range(120):
        github.repository.add_label(f"label {count}")
    assert github.host().create(Draft("t", "b", ("label 119",))).labels == ("label 119",)
    assert len(github.repository.labels) == 120


def test_an_author_who_left_has_no_name(github: GitHost) -> None:
    github.repository.open("t")
    github.issues[0].author = ""
    assert github.host().get("1").author == ""


def test_a_list_without_an_end_is_left_in_the_end(github: GitHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "PAGES", 2)
    for count in range(250):
        github.repository.open(f"issue {count}")
    assert len(list(github.host().changed_since(None))) == 200


def test_the_last_changed_come_first(github: GitHost) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    for day in range(3):
        github.repository.now = lambda day=day: start + timedelta(days=day)
        github.repository.open(f"day {day}")
    github.repository.now = lambda: start + timedelta(days=9)
    github.repository.say(1, "news")
    assert [issue.number for issue in github.host().changed_since(start)] == ["1", "3", "2"]

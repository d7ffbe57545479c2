"""What Gitee does and the others don't."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.fakes.clock import START as NOW
from tests.fakes.githost import GitHost
from tests.fakes.githost.gitee import signature
from triage.domain.drafts import Draft
from triage.errors import InvalidError, OutsideError
from triage.hosts import Reason

DRAFT = Draft("title", "body", ("bug", "反馈"))
SECRET = "s3cr3t-of-the-hook"


@pytest.fixture
def gitee() -> Iterator[GitHost]:
    with GitHost("gitee") as host:
        yield host


def test_the_token_goes_into_the_form_and_not_into_the_address(gitee: GitHost) -> None:
    gitee.host().create(Draft("t", "b"))
    call = gitee.called("POST", "/issues")[0]
    assert call.query == {}
    assert call.body == {"access_token": gitee.token, "repo": "product", "title": "t", "body": "b"}


def test_the_number_is_text(gitee: GitHost) -> None:
    assert gitee.host().create(DRAFT).number == "I0001"


@pytest.mark.parametrize(("reason", "expect"), [("completed", Reason.COMPLETED), ("not_planned", Reason.NOT_PLANNED)])
def test_a_rejected_issue_is_not_planned(gitee: GitHost, reason: str, expect: Reason) -> None:
    gitee.repository.open("t")
    gitee.repository.close(1, reason)
    found = gitee.host().get("I0001")
    assert (found.open, found.reason) == (False, expect)


def test_a_label_says_more_than_closed(gitee: GitHost) -> None:
    gitee.repository.open("t", labels=[gitee.repository.add_label("duplicate").id])
    gitee.repository.close(1)
    assert gitee.host().get("I0001").reason is Reason.DUPLICATE


def test_an_issue_in_progress_is_open(gitee: GitHost) -> None:
    gitee.repository.open("t", reason="progressing")
    found = gitee.host().get("I0001")
    assert (found.open, found.reason) == (True, Reason.UNKNOWN)


def test_a_moved_issue_says_where_to(gitee: GitHost) -> None:
    gitee.repository.open("t", moved_to="https://gitee.example.com/team/other/issues/I0001?access_token=x")
    with pytest.raises(OutsideError, match="team/other/issues/I0001 ") as caught:
        gitee.host().get("I0001")
    assert caught.value.status == 301


def test_the_check_says_what_lacks(gitee: GitHost) -> None:
    gitee.repository.issues_off = gitee.repository.archived = True
    gitee.repository.members.discard(gitee.account)
    found = " | ".join(gitee.host().check().missing)
    for words in ("switched off", "no write access", "lacks the scope “issues”"):
        assert words in found


def test_a_token_without_user_needs_a_name(gitee: GitHost) -> None:
    assert "name our account" in " ".join(gitee.host(token="", account="")._missing())


def test_the_check_may_fail_for_now(gitee: GitHost) -> None:
    gitee.faults.once("error_before", path="/issues$")
    with pytest.raises(OutsideError):
        gitee.host().check()


def test_members_are_asked_for_once_and_not_for_nobody(gitee: GitHost) -> None:
    gitee.repository.open("t")
    for author in ("stranger", "stranger", ""):
        gitee.repository.say(1, "x", by=author)
    gitee.repository.comments[3].author = ""
    assert [one.member for one in gitee.host().comments("I0001")] == [False, False, None]
    assert sum("/collaborators/" in call.path for call in gitee.calls) == 1


def test_members_that_may_not_be_asked_for_are_unknown(gitee: GitHost) -> None:
    assert gitee.host(token="wrong-token")._member("somebody") is None


@pytest.mark.parametrize("given", [SECRET, quote(signature("gitee", SECRET, b"")["X-Gitee-Token"], safe="")])
def test_a_plain_password_and_an_escaped_signature_are_taken(gitee: GitHost, given: str) -> None:
    headers = signature("gitee", SECRET, b"") | {"X-Gitee-Token": given}
    assert gitee.host(secret=SECRET).verify(headers, b"{}", now=NOW)


def test_a_signature_of_another_time_is_refused(gitee: GitHost) -> None:
    stamp = signature("gitee", SECRET, b"", NOW + timedelta(seconds=1))["X-Gitee-Timestamp"]
    headers = signature("gitee", SECRET, b"") | {"X-Gitee-Timestamp": stamp}
    assert not gitee.host(secret=SECRET).verify(headers, b"{}", now=NOW)


@pytest.mark.parametrize(("minutes", "taken"), [(0, True), (60, True), (-60, True), (61, False), (-61, False)])
def test_a_signature_is_good_for_an_hour_either_way(gitee: GitHost, minutes: int, taken: bool) -> None:
    headers = signature("gitee", SECRET, b"")
    assert gitee.host(secret=SECRET).verify(headers, b"{}", now=NOW + timedelta(minutes=minutes)) is taken


@pytest.mark.parametrize("stamp", ["", "now", "-1", "٣", "9" * 40])
def test_a_signed_time_that_is_none_is_refused(gitee: GitHost, stamp: str) -> None:
    digest = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    headers = {"X-Gitee-Timestamp": stamp, "X-Gitee-Token": base64.b64encode(digest).decode()}
    assert not gitee.host(secret=SECRET).verify(headers, b"{}", now=NOW)


def test_a_number_that_is_a_path_is_refused(gitee: GitHost) -> None:
    body = b'{"action": "open", "issue": {"number": "../../user"}, "repository": {"full_name": "a/b"}}'
    with pytest.raises(InvalidError, match="letters and digits"):
        gitee.host().parse({"X-Gitee-Event": "Issue Hook"}, body)

"""What Gitea, Forgejo and OpenI do and their documents don't say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.githost import GitHost, Token
from triage.domain.drafts import Draft
from triage.errors import OutsideError
from triage.hosts import Connection, Reason, connect, rest
from triage.http import OutsideHttp

DRAFT = Draft("title", "body", ("bug",))


def test_the_state_is_one_of_two_words(gitea: GitHost) -> None:
    host = gitea.host()
    host.create(DRAFT)
    host.edit("1", open=False)
    host.edit("1", open=True)
    assert [call.body for call in gitea.called("PATCH")] == [{"state": "closed"}, {"state": "open"}]


def test_openi_edits_by_post() -> None:
    with GitHost("openi") as openi:
        openi.host().create(DRAFT)
        openi.host().edit("1", title="new")
        assert openi.called("POST", "/issues/1")
        assert not openi.called("PATCH")


def test_of_two_labels_with_one_name_the_older_is_used(gitea: GitHost) -> None:
    gitea.repository.add_label("bug")
    gitea.repository.add_label("bug")
    gitea.host().create(DRAFT)
    assert gitea.issues[0].labels == [1]


def test_an_issue_is_filed_without_labels_that_may_not_be_made(gitea: GitHost) -> None:
    gitea.repository.members.discard(gitea.account)
    assert gitea.host().create(DRAFT).labels == ()


def test_labelling_says_when_a_label_may_not_be_made(gitea: GitHost) -> None:
    gitea.repository.members.discard(gitea.account)
    gitea.repository.open("t")
    with pytest.raises(OutsideError, match="permission to write"):
        gitea.host().label("1", ("new",))


def test_a_label_that_may_pass_stops_the_filing(gitea: GitHost) -> None:
    gitea.faults.once("error_before", path="/labels$")
    with pytest.raises(OutsideError):
        gitea.host().create(DRAFT)
    assert not gitea.issues


def test_a_label_deleted_meanwhile_is_looked_up_anew(gitea: GitHost) -> None:
    host = gitea.host()
    host.create(DRAFT)
    gitea.repository.labels.clear()
    assert host.create(DRAFT).labels == ()
    assert host.create(DRAFT).labels == ("bug",)


def test_the_check_says_what_lacks(gitea: GitHost) -> None:
    gitea.repository.members.discard(gitea.account)
    gitea.repository.issues_off = gitea.repository.archived = True
    found = " | ".join(gitea.host().check().missing)
    assert "issues are switched off" in found
    assert "no write access" in found
    assert "archived" in found


def test_the_check_names_the_missing_scopes(gitea: GitHost) -> None:
    gitea.tokens["t"] = Token(gitea.account, frozenset({"read:repository"}))
    found = " | ".join(gitea.host(token="t", account="").check().missing)
    assert "lacks read:user" in found
    assert "lacks read:issue" in found
    assert "lacks write:issue" in found


def test_a_token_for_issues_alone_can_not_tell_who_is_of_the_team(gitea: GitHost) -> None:
    gitea.tokens["t"] = Token(gitea.account, frozenset({"write:issue"}))
    (missing,) = gitea.host(token="t").check().missing
    assert "the token lacks read:repository" in missing
    gitea.tokens["t"] = Token(gitea.account, frozenset({"write:issue", "read:repository"}))
    assert gitea.host(token="t").check().ok


def test_the_check_raises_where_there_is_no_answer(gitea: GitHost) -> None:
    gitea.faults.once("drop_before")
    with pytest.raises(OutsideError):
        gitea.host().check()


def test_without_a_name_everyones_issues_come(gitea: GitHost) -> None:
    gitea.tokens["t"] = Token(gitea.account, frozenset({"write:issue"}))
    gitea.repository.open("theirs", by="stranger")
    assert [issue.title for issue in gitea.host(token="t", account="").created_since(None)] == ["theirs"]


def test_a_public_repository_is_read_without_a_token(gitea: GitHost) -> None:
    gitea.repository.open("t")
    assert gitea.host(token="").get("1").title == "t"


def test_since_goes_without_a_plus_in_its_zone(gitea: GitHost) -> None:
    list(gitea.host().changed_since(datetime(2026, 5, 1, 8, tzinfo=UTC).astimezone()))
    assert gitea.calls[-1].query["since"] == ["2026-05-01T08:00:00Z"]


def test_old_gitea_ignores_since_and_is_paged_through(old: GitHost) -> None:
    old.repository.now = lambda: datetime(2026, 5, 1, tzinfo=UTC)
    for count in range(120):
        old.repository.open(f"old {count}")
    old.repository.now = lambda: datetime(2026, 6, 1, tzinfo=UTC)
    old.repository.say(3, "news")
    assert [issue.number for issue in old.host().changed_since(datetime(2026, 5, 2, tzinfo=UTC))] == ["3"]
    assert len(old.called("GET", "/issues")) == 4


def test_a_list_without_an_end_is_left_in_the_end(gitea: GitHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "PAGES", 2)
    for count in range(120):
        gitea.repository.open(f"issue {count}")
    assert len(list(gitea.host().changed_since(None))) == 100


def test_members_of_old_gitea_are_the_owner_and_collaborators(old: GitHost) -> None:
    old.repository.open("t")
    for author in ("team", "maintainer", "stranger", "stranger"):
        old.repository.say(1, "x", by=author)
    assert [one.member for one in old.host().comments("1")] == [True, True, None, None]
    assert len(old.called("GET", "/collaborators/stranger")) == 1


def test_a_comment_of_a_deleted_account_has_no_author(gitea: GitHost) -> None:
    gitea.repository.open("t")
    gitea.repository.say(1, "x", by="")
    gitea.repository.comments[1].author = ""
    assert [(one.author, one.member) for one in gitea.host().comments("1")] == [("", None)]


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("wontfix", Reason.NOT_PLANNED),
        ("Reviewed/Won't Fix", Reason.NOT_PLANNED),
        ("Reviewed/Duplicate", Reason.DUPLICATE),
        ("status::invalid", Reason.NOT_PLANNED),
        ("重复", Reason.DUPLICATE),
        ("bug", Reason.UNKNOWN),
    ],
)
def test_labels_tell_why_an_issue_was_closed(gitea: GitHost, label: str, reason: Reason) -> None:
    gitea.repository.open("t", labels=[gitea.repository.add_label(label).id])
    assert gitea.host().get("1").reason is Reason.UNKNOWN
    gitea.repository.close(1)
    assert gitea.host().get("1").reason is reason


def test_a_moved_issue_says_where_to(gitea: GitHost) -> None:
    gitea.repository.open("t", moved_to="https://git.example.com/team/other/issues/4")
    with pytest.raises(OutsideError, match=r"moved to https://git\.example\.com/team/other/issues/4") as caught:
        gitea.host().get("1")
    assert (caught.value.permanent, caught.value.status) == (True, 301)


def test_search_lags_and_listing_does_not(gitea: GitHost) -> None:
    gitea.lag = 60
    host = gitea.host()
    host.create(DRAFT)
    found = OutsideHttp({"127.0.0.1"}).request("GET", f"{gitea.url}/api/v1/repos/issues/search", params={"q": "title"})
    assert found.json() == []
    assert [issue.title for issue in host.created_since(datetime.now(UTC) - timedelta(minutes=1))] == ["title"]


def test_a_host_that_is_no_gitea_is_named(gitea: GitHost) -> None:
    wrong = Connection(gitea.url + "/elsewhere", gitea.repo, gitea.token)
    with pytest.raises(OutsideError, match="404"):
        connect("gitea", wrong, OutsideHttp({"127.0.0.1"})).get("1")


@pytest.mark.parametrize("flavour", ["gitea-1.12", "openi"])
def test_errors_of_old_gitea_are_arrays(flavour: str) -> None:
    with GitHost(flavour) as fake, pytest.raises(OutsideError, match=r"422: Title Required") as caught:
        fake.host().create(Draft("", "b"))
    assert caught.value.permanent


def test_a_kind_of_file_that_is_refused_is_refused_for_good(gitea: GitHost) -> None:
    gitea.repository.open("t")
    with pytest.raises(OutsideError, match="does not take files of this kind") as caught:
        gitea.host().attach("1", "run.exe", "application/octet-stream", b"MZ")
    assert (caught.value.permanent, caught.value.status) == (True, 500)


def test_an_upload_that_fails_otherwise_may_pass(gitea: GitHost) -> None:
    gitea.repository.open("t")
    gitea.faults.once("error_before", method="POST", path="/assets$")
    with pytest.raises(OutsideError, match="boom") as caught:
        gitea.host().attach("1", "a.png", "image/png", b"pixels")
    assert not caught.value.permanent


@pytest.mark.parametrize("fault", ["error_before", "drop_before"])
def test_a_list_of_attachments_that_fails_does_not_mean_that_there_are_none(gitea: GitHost, fault: str) -> None:
    gitea.repository.open("t")
    gitea.faults.once(fault, method="GET", path="/assets$")
    with pytest.raises(OutsideError):
        gitea.host().attach("1", "a.png", "image/png", b"pixels")


@pytest.mark.parametrize("flavour", ["gitea-1.12", "gitea-1.22"])
def test_nothing_is_attached_to_an_issue_that_is_gone(flavour: str) -> None:
    with GitHost(flavour) as fake, pytest.raises(OutsideError) as caught:
        fake.host().attach("7", "a.png", "image/png", b"pixels")
    assert caught.value.status == 404

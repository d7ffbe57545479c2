"""What every host can do, on every flavour of the fake one: a new host passes this or the test says what is missing."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.githost import GitHost, flavours
from triage import logs
from triage.domain.drafts import Draft, marked_key, marker
from triage.errors import OutsideError
from triage.hosts import Reason, kinds

DRAFT = Draft("训练任务一直排队", f"三位用户说排队超过两小时。\n\n{marker('k1')}", ("bug", "反馈"))


def test_every_host_but_the_console_has_a_fake() -> None:
    faked = {module.FLAVOURS[name].kind for name, module in flavours().items()}
    assert set(kinds()) - {"console"} == faked, "give tests/fakes/githost a flavour of the new host"


def test_creates_as_drafted(fake: GitHost) -> None:
    made = fake.host().create(DRAFT)
    assert (made.title, made.body, made.open, made.author) == (DRAFT.title, DRAFT.body, True, fake.account)
    assert set(made.labels) == {"bug", "反馈"}
    assert fake.url in made.url


def test_what_is_confidential_is_never_public(fake: GitHost) -> None:
    host = fake.host()
    if host.confidential:
        host.create(Draft("t", "b", confidential=True))
        assert fake.issues[0].confidential
    else:
        with pytest.raises(OutsideError, match="no confidential issues"):
            host.create(Draft("t", "b", confidential=True))
        assert not fake.calls


def test_who_can_read_the_repository_is_told_and_unknown_is_not_everybody(fake: GitHost) -> None:
    assert fake.host().public()
    fake.repository.private = True
    assert not fake.host().public()
    fake.repository.private, fake.repo = False, "team/other"
    assert not fake.host().public()


def test_a_host_that_answers_members_only_is_not_public(fake: GitHost) -> None:
    fake.repository.closed = True
    assert fake.host().public() is not fake.traits.closes


def test_a_host_that_is_down_says_nothing_about_who_can_read_it(fake: GitHost) -> None:
    fake.faults.once("error_before")
    with pytest.raises(OutsideError):
        fake.host().public()


def test_what_only_members_see_is_told(fake: GitHost) -> None:
    fake.repository.open("kept inside", confidential=True)
    fake.repository.say(1, "for us", internal=True)
    host = fake.host()
    assert next(host.changed_since(None)).confidential is host.confidential
    assert next(host.comments(fake.traits.number(1))).internal is (fake.kind == "gitlab")


def test_reads_again_what_it_created(fake: GitHost) -> None:
    host = fake.host()
    assert host.get(host.create(DRAFT).number) == next(host.created_since(None))


def test_times_are_aware_utc(fake: GitHost) -> None:
    made = fake.host().create(DRAFT)
    assert made.created_at.tzinfo is UTC
    assert abs(made.created_at - datetime.now(UTC)) < timedelta(seconds=5)


def test_labels_are_made_once(fake: GitHost) -> None:
    fake.host().create(DRAFT)
    fake.host().create(DRAFT)
    assert sorted(label.name for label in fake.repository.labels.values()) == ["bug", "反馈"]


def test_labels_are_added_and_none_taken_away(fake: GitHost) -> None:
    host = fake.host()
    number = host.create(DRAFT).number
    host.label(number, ("urgent",))
    assert set(host.get(number).labels) == {"bug", "反馈", "urgent"}


def test_edits_only_what_is_given(fake: GitHost) -> None:
    host = fake.host()
    number = host.create(DRAFT).number
    assert host.edit(number, title="新标题").body == DRAFT.body
    assert host.edit(number, body="new").title == "新标题"
    assert set(host.get(number).labels) == {"bug", "反馈"}


def test_closes_and_opens_again(fake: GitHost) -> None:
    host = fake.host()
    number = host.create(DRAFT).number
    closed = host.edit(number, open=False)
    assert not closed.open
    assert closed.closed_at
    assert host.edit(number, open=True).open
    assert host.get(number).reason is Reason.UNKNOWN


def test_comments_come_in_order_and_with_their_authors(fake: GitHost) -> None:
    host = fake.host()
    number = host.create(DRAFT).number
    made = host.comment(number, "又有一位用户反馈")
    fake.repository.say(1, "renamed the title", system=True) if fake.traits.system_notes else None
    fake.repository.say(1, "已定位", by="maintainer")
    fake.repository.say(1, "me too", by="stranger")
    found = list(host.comments(number))
    assert [(one.author, one.body) for one in found] == [
        (fake.account, "又有一位用户反馈"),
        ("maintainer", "已定位"),
        ("stranger", "me too"),
    ]
    assert found[0].id == made.id
    assert found[0].number == number


def test_members_are_told_from_strangers(fake: GitHost) -> None:
    host = fake.host()
    number = host.create(DRAFT).number
    fake.repository.say(1, "已定位", by="maintainer")
    fake.repository.say(1, "me too", by="stranger")
    member, stranger = (one.member for one in host.comments(number))
    assert member is (True if fake.traits.members else None)
    assert not stranger


def test_a_hundred_comments_all_come_once(fake: GitHost) -> None:
    number = fake.repository.open("long").number
    for count in range(120):
        fake.repository.say(number, f"comment {count}")
    found = [one.body for one in fake.host().comments(fake.traits.number(number))]
    assert found == [f"comment {count}" for count in range(120)]


def test_a_picture_is_attached_or_the_host_says_that_it_can_not(fake: GitHost) -> None:
    host = fake.host()
    url = host.attach(host.create(DRAFT).number, "a.png", "image/png", b"pixels")
    found = [(one.name, one.media_type, one.content) for one in fake.repository.attached]
    assert found == ([("a.png", "image/png", b"pixels")] if fake.traits.attaches else [])
    assert url.startswith(f"{fake.url}/") if url else not fake.traits.attaches


def test_what_was_attached_but_not_answered_is_seen_once(fake: GitHost) -> None:
    host = fake.host()
    number = host.create(DRAFT).number
    fake.faults.once("drop_after", method="POST", path="/assets$")
    for _ in range(2):
        with suppress(OutsideError):
            host.attach(number, "a.png", "image/png", b"pixels")
    assert host.unshown or len(fake.repository.attached) == fake.traits.attaches


def test_the_release_that_a_milestone_became_is_found_by_its_name(fake: GitHost) -> None:
    host = fake.host()
    assert host.release("v1.2") is None
    fake.repository.releases += ["v1.3", "v1.2"]
    found = host.release("1.2")
    assert found
    assert found.name == "Release v1.2"
    assert found.url == (f"{fake.url}/team/product/releases/tag/v1.2" if fake.kind != "gitee" else "")
    assert host.release("next") is None


def test_who_may_see_no_release_goes_without(fake: GitHost) -> None:
    fake.repo = "team/other"
    assert fake.host().release("v1.2") is None


def test_created_since_lists_ours_only_newest_first(fake: GitHost) -> None:
    fake.repository.open("ours")
    fake.repository.open("theirs", by="stranger")
    fake.repository.open("ours too")
    assert {issue.title for issue in fake.host().created_since(None)} == {"ours", "ours too"}


def test_created_since_stops_at_known_ground(fake: GitHost) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    for day in range(130):
        fake.repository.now = lambda day=day: start + timedelta(days=day)
        fake.repository.open(f"day {day}")
    since = start + timedelta(days=125)
    assert [issue.title for issue in fake.host().created_since(since)] == [f"day {day}" for day in range(129, 124, -1)]
    assert len(fake.called("GET", "/issues")) <= 2


def test_created_since_allows_for_a_clock_an_hour_off(fake: GitHost) -> None:
    fake.repository.now = lambda: datetime.now(UTC) - timedelta(minutes=59)
    fake.host().create(DRAFT)
    assert [marked_key(issue.body) for issue in fake.host().created_since(datetime.now(UTC))] == ["k1"]


def test_created_since_takes_our_name_from_the_token(fake: GitHost) -> None:
    fake.repository.open("ours")
    fake.repository.open("theirs", by="stranger")
    assert [issue.title for issue in fake.host(account="").created_since(None)] == ["ours"]


def test_changed_since_lists_every_state_and_author(fake: GitHost) -> None:
    fake.repository.open("open")
    fake.repository.close(fake.repository.open("closed", by="stranger").number)
    fake.repository.open("a change to the code", pull=True)
    assert {issue.title for issue in fake.host().changed_since(None)} == {"open", "closed"}


def test_changed_since_leaves_out_the_unchanged(fake: GitHost) -> None:
    long_ago = datetime(2026, 5, 1, tzinfo=UTC)
    fake.repository.now = lambda: long_ago
    for count in range(60):
        fake.repository.open(f"old {count}")
    fake.repository.now = lambda: long_ago + timedelta(days=9)
    fake.repository.say(7, "still broken")
    found = list(fake.host().changed_since(long_ago + timedelta(days=1)))
    assert [issue.title for issue in found] == ["old 6"]


def test_a_host_that_ignores_since_is_paged_until_known_ground(fake: GitHost) -> None:
    long_ago = datetime(2026, 5, 1, tzinfo=UTC)
    fake.repository.now = lambda: long_ago
    for count in range(250):
        fake.repository.open(f"old {count}")
    fake.repository.now = lambda: long_ago + timedelta(days=9)
    fake.repository.say(7, "still broken")
    fake.deaf = frozenset({"since", "updated_after"})
    found = list(fake.host().changed_since(long_ago + timedelta(days=1)))
    assert [issue.title for issue in found] == ["old 6"]
    gitea = fake.kind in {"gitea", "forgejo", "openi"}  # they can't list by change: every page is read, of 50 issues
    assert len(fake.called("GET", "/issues")) == (6 if gitea else 1)


def test_changed_since_pages_through_all(fake: GitHost) -> None:
    for count in range(205):
        fake.repository.open(f"issue {count}")
    assert len({issue.number for issue in fake.host().changed_since(None)}) == 205


def test_a_whole_account_passes_the_check(fake: GitHost) -> None:
    found = fake.host().check()
    assert (found.ok, found.account) == (True, fake.account)
    assert not fake.issues


def test_a_wrong_token_fails_the_check(fake: GitHost) -> None:
    found = fake.host(token="wrong").check()
    assert "token is wrong" in found.missing[0]


def test_a_token_that_only_reads_fails_the_check(fake: GitHost) -> None:
    found = fake.host(token=fake.read_only).check()
    assert found.ok is not fake.traits.scopes
    said, needed = " ".join(found.missing), {"github": "issues=write", "gitlab": "api", "gitee": "the scope “issues”"}
    assert not fake.traits.scopes or f"token lacks {needed.get(fake.kind, 'write:issue')}" in said
    assert not fake.issues


def test_an_unknown_repository_fails_the_check(fake: GitHost) -> None:
    fake.repo = "team/other"
    found = fake.host().check()
    assert "no such repository" in " ".join(found.missing)


@pytest.mark.parametrize("fault", ["drop_after", "error_after", "nonsense"])
def test_an_answer_lost_after_creating_may_pass_and_is_found_again(fake: GitHost, fault: str) -> None:
    fake.faults.once(fault, method="POST", path="/issues$")
    with pytest.raises(OutsideError) as caught:
        fake.host().create(Draft(DRAFT.title, DRAFT.body))
    assert not caught.value.permanent
    assert [marked_key(issue.body) for issue in fake.host().created_since(datetime.now(UTC))] == ["k1"]


@pytest.mark.parametrize("fault", ["drop_before", "error_before", "limit"])
def test_a_refusal_before_creating_may_pass(fake: GitHost, fault: str) -> None:
    fake.faults.once(fault, seconds=7, method="POST", path="/issues$")
    with pytest.raises(OutsideError) as caught:
        fake.host().create(Draft("t", "b"))
    assert (caught.value.permanent, caught.value.retry_after) == (False, 7.0 if fault == "limit" else None)
    assert not fake.issues


def test_a_host_that_is_down_may_come_back(fake: GitHost) -> None:
    host = fake.host()
    fake.stop()
    with pytest.raises(OutsideError, match="can't be reached") as caught:
        host.get("1")
    assert (caught.value.permanent, caught.value.status) == (False, 0)
    fake.start()
    assert host.create(DRAFT)


def test_a_deleted_issue_is_gone_for_good(fake: GitHost) -> None:
    host = fake.host()
    number = host.create(DRAFT).number
    fake.repository.delete(1)
    with pytest.raises(OutsideError) as caught:
        host.get(number)
    assert caught.value.permanent
    assert caught.value.status in (404, 410)


def test_an_archived_repository_refuses_for_good(fake: GitHost) -> None:
    fake.repository.archived = True
    with pytest.raises(OutsideError) as caught:
        fake.host().create(Draft("t", "b"))
    assert caught.value.permanent


def test_a_number_can_not_leave_its_path(fake: GitHost) -> None:
    with pytest.raises(OutsideError):
        fake.host().get("../../../user")
    assert all(".." not in call.path or "%2" in call.path or call.status >= 400 for call in fake.calls)


def test_no_token_is_logged_however_much_is(fake: GitHost, caplog: pytest.LogCaptureFixture) -> None:
    logs.set_up("DEBUG", "text")
    with caplog.at_level(logging.DEBUG):
        fake.host().create(DRAFT)
        list(fake.host().changed_since(None))
    assert fake.token not in caplog.text


def test_no_secret_shows_in_an_error(fake: GitHost) -> None:
    with pytest.raises(OutsideError) as caught:
        fake.host(token="wrong-but-secret").create(DRAFT)
    assert "wrong-but-secret" not in str(caught.value)

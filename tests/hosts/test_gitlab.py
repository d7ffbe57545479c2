"""What GitLab does and the others don't."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from standardwebhooks import Webhook

from tests.fakes.clock import START as NOW
from tests.fakes.githost import GitHost
from tests.hosts.test_answers import Answers
from triage.domain.drafts import EVIDENCE_END, Draft, marker
from triage.errors import OutsideError
from triage.hosts import Connection, Reason, connect
from triage.hosts.gitlab import defuse

DRAFT = Draft("title", "body", ("bug",))


@pytest.fixture
def gitlab() -> Iterator[GitHost]:
    with GitHost("gitlab") as host:
        yield host


def test_a_project_may_lie_deep() -> None:
    with GitHost("gitlab", repo="group/team/product") as host:
        assert host.host().create(DRAFT).number == "1"


def test_a_duplicate_names_its_canonical_issue(gitlab: GitHost) -> None:
    gitlab.repository.open("t")
    gitlab.repository.open("t")
    gitlab.repository.close(2, duplicate_of=1)
    found = gitlab.host().get("2")
    assert (found.reason, found.duplicate_of) == (Reason.DUPLICATE, "1")


def test_labels_tell_the_rest(gitlab: GitHost) -> None:
    label = gitlab.repository.add_label("status::wontfix")
    gitlab.repository.close(gitlab.repository.open("t", labels=[label.id]).number)
    assert gitlab.host().get("1").reason is Reason.NOT_PLANNED


def test_a_moved_issue_says_so(gitlab: GitHost) -> None:
    gitlab.repository.open("t", moved_to="elsewhere")
    with pytest.raises(OutsideError, match="has moved") as caught:
        gitlab.host().get("1")
    assert (caught.value.permanent, caught.value.status) == (True, 301)


SIGNING = "whsec_" + base64.b64encode(b"a signing token of GitLab's").decode()


def signed(body: str, at: datetime = NOW) -> dict[str, str]:
    return {
        "webhook-id": "d1",
        "webhook-timestamp": f"{at.timestamp():.0f}",
        "webhook-signature": Webhook(SIGNING).sign("d1", at, body),
    }


@pytest.mark.parametrize(("minutes", "good"), [(0, True), (5, True), (-5, True), (6, False), (-6, False)])
def test_a_signing_token_of_newer_versions_is_good_for_minutes(minutes: int, good: bool) -> None:
    host = connect("gitlab", Connection("https://git.example.com", "team/product", secret=SIGNING), Answers(b""))
    assert host.verify(signed("{}"), b"{}", now=NOW + timedelta(minutes=minutes)) is good
    assert not host.verify(signed("{}"), b"{} ", now=NOW)
    assert not host.verify(signed("{}") | {"webhook-id": "d2"}, b"{}", now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***", "another"])
def test_no_other_secret_will_do(secret: str) -> None:
    host = connect("gitlab", Connection("https://git.example.com", "team/product", secret=secret), Answers(b""))
    assert not host.verify(signed("{}"), b"{}", now=NOW)
    empty = hmac.new(b"", f"d1.{NOW.timestamp():.0f}.{{}}".encode(), hashlib.sha256).digest()
    forged = signed("{}") | {"webhook-signature": f"v1,{base64.b64encode(empty).decode()}"}
    assert not host.verify(forged, b"{}", now=NOW)


def test_internal_notes_are_told_apart(gitlab: GitHost) -> None:
    gitlab.repository.open("t")
    gitlab.repository.say(1, "between us", internal=True)
    gitlab.repository.say(1, "for all")
    assert [(one.body, one.internal) for one in gitlab.host().comments("1")] == [
        ("between us", True),
        ("for all", False),
    ]


@pytest.mark.parametrize("level", ["private", "disabled"])
def test_a_public_project_may_keep_its_issues_to_itself(level: str) -> None:
    found = {"visibility": "public", "issues_access_level": level}
    host = connect("gitlab", Connection("https://git.example.com", "team/product"), Answers(json.dumps(found).encode()))
    assert not host.public()


def test_a_reporters_words_give_no_orders(gitlab: GitHost) -> None:
    host = gitlab.host()
    host.create(Draft("t", "they said:\n/close\n"))
    host.comment("1", "/close")
    host.edit("1", body="again\n/close")
    assert host.get("1").open
    assert "/close" in host.get("1").body


@pytest.mark.parametrize("text", ["/etc/passwd is open", "a /close b", "https://x/close", "> /close", "/CLOSE", "/ a"])
def test_what_is_no_order_stays_as_it_is(text: str) -> None:
    assert defuse(text) == text


def test_what_people_wrote_around_our_evidence_stays_byte_for_byte(gitlab: GitHost) -> None:
    host = gitlab.host()
    evidence = f"{marker('K7')}\n/close\n{EVIDENCE_END}"
    host.create(Draft("t", evidence))
    host.edit("1", body=f"```\n/close \r\n```\n{evidence}\n\t/label x\n")
    harmless = evidence.replace("/close", "\u200b/close")
    assert gitlab.issues[0].body == f"```\n/close \r\n```\n{harmless}\n\t/label x\n"


def test_the_check_says_what_lacks(gitlab: GitHost) -> None:
    gitlab.repository.members.discard(gitlab.account)
    gitlab.repository.archived = gitlab.repository.issues_off = True
    found = " | ".join(gitlab.host().check().missing)
    for words in ("is archived", "switched off", "neither Planner nor Reporter", "lacks the scope “api”"):
        assert words in found


def test_a_token_that_may_not_see_its_user_needs_a_name(gitlab: GitHost) -> None:
    assert "name our account" in " ".join(gitlab.host(token="", account="")._missing())


def test_members_are_asked_for_once(gitlab: GitHost) -> None:
    gitlab.repository.open("t")
    for _ in range(3):
        gitlab.repository.say(1, "x", by="stranger")
    assert [one.member for one in gitlab.host().comments("1")] == [False] * 3
    assert sum("/members/all/" in call.path for call in gitlab.calls) == 1


def test_members_that_may_not_be_asked_for_are_unknown(gitlab: GitHost) -> None:
    host = gitlab.host(token="")
    assert host._member(7) is None
    assert host._member("seven") is None


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        ({"full_path": "/-/project/7/uploads/ab/a.png", "url": "/uploads/ab/a.png"}, "/-/project/7/uploads/ab/a.png"),
        ({"url": "/uploads/ab/a.png"}, "/team/product/uploads/ab/a.png"),
        ({"full_path": "//evil.example/a.png"}, "//evil.example/a.png"),
    ],
)
def test_an_upload_lies_on_the_host_itself(answer: dict[str, str], url: str) -> None:
    connection = Connection("https://git.example.com", "team/product")
    host = connect("gitlab", connection, Answers(json.dumps(answer).encode(), 201))
    assert host.attach("1", "a.png", "image/png", b"x") == f"https://git.example.com{url}"


@pytest.mark.parametrize("answer", [{}, {"full_path": ".evil.example/a.png"}, {"full_path": 7}, []])
def test_an_upload_without_a_path_makes_no_sense(answer: object) -> None:
    connection = Connection("https://git.example.com", "team/product")
    with pytest.raises(OutsideError, match="makes no sense"):
        connect("gitlab", connection, Answers(json.dumps(answer).encode(), 201)).attach("1", "a.png", "image/png", b"x")

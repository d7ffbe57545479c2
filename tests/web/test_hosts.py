import pytest

from tests import factories
from tests.fakes.githost import GitHost
from tests.web.conftest import filled
from triage.db.seal import seal
from triage.db.tables import Delivery, Filing, IssueCandidate, Refusal, Remark, Reply
from triage.http import OutsideHttp


@pytest.fixture
def busy(session, project):
    """A project with something of everything."""
    topic = factories.topic(session, project, state="accepted")
    factories.filing(session, topic, state="held", gate="match", error="issue 7 is open", claimed_by="")
    session.add(Refusal(topic_id=topic.id, gate="match", reason="issue 7 is open", made_at=topic.created_at))
    made = {"next_try_at": topic.created_at, "created_at": topic.created_at}
    session.add(Remark(topic_id=topic.id, key="k", body="b", state="failed", error="it is gone", **made))
    factories.delivery(session, project, "3", state="failed", event="issues closed", error="the token lacks read:issue")
    session.commit()
    return topic


def test_nobody_sees_it_who_is_not_signed_in(client, project):
    assert client.get("/hosts/demo").status_code == 302


def test_an_unknown_project_has_no_host(signed_in):
    assert signed_in.get("/hosts/nope").status_code == 404


def test_what_came_and_what_is_stuck_is_shown_in_words(signed_in, busy):
    page = signed_in.get("/hosts/demo").text
    for said in ("issue 7 is open", "it is gone", "the token lacks read:issue", "issues closed", "Not read yet"):
        assert said in page


@pytest.mark.parametrize(("what", "table"), [("deliveries", Delivery), ("remarks", Remark), ("filings", Filing)])
def test_everything_can_be_tried_again(signed_in, session, busy, what, table):
    number = session.query(table).one().id
    session.rollback()
    answer = signed_in.post(f"/hosts/demo/{what}/{number}", data=filled(signed_in, "/hosts/demo"))
    session.rollback()
    session.expire_all()
    assert (answer.status_code, session.query(table).one().state) == (303, "waiting")


def test_another_projects_rows_are_out_of_reach(signed_in, session, busy):
    other = factories.delivery(session, factories.project(session, slug="other"), state="failed")
    session.commit()
    assert (
        signed_in.post(f"/hosts/demo/deliveries/{other.id}", data=filled(signed_in, "/hosts/demo")).status_code == 404
    )


def test_a_gate_is_opened_for_one_topic(signed_in, session, busy):
    answer = signed_in.post(f"/hosts/demo/override/{busy.key}", data=filled(signed_in, "/hosts/demo"))
    session.rollback()
    session.expire_all()
    assert (answer.status_code, session.query(Filing).one().overrides) == (303, ["match"])


@pytest.mark.parametrize("act", ["check", "sync"])
def test_the_host_can_be_asked(signed_in, busy, act):
    answer = signed_in.post(f"/hosts/demo/{act}", data=filled(signed_in, "/hosts/demo"), follow_redirects=True)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "case",
    [
        ("wrong", ["表示令牌不正确或已过期"]),
        ("token-that-only-reads", ["缺少权限 write:issue", "缺少权限 read:repository"]),
        ("token-of-the-bot", ["一切正常。我们在那边的账号是 triage-bot。"]),
    ],
)
def test_what_a_token_lacks_is_said_in_the_readers_language(site, signed_in, session, project, case):
    token, said = case
    with GitHost("gitea-1.22") as server:
        project.host, project.host_url, project.sealed_host_token = "gitea", server.url, seal(token, factories.KEY)
        session.commit()
        site.http = OutsideHttp({"127.0.0.1"})
        page = signed_in.post(
            "/hosts/demo/check", data=filled(signed_in, "/hosts/demo"), headers={"Accept-Language": "zh"}
        ).text
    assert not [words for words in said if words not in page]
    assert token not in page


@pytest.mark.parametrize("private", [True, False])
def test_which_comments_reporters_read_is_said_after_each_check(site, signed_in, session, project, private):
    said = {True: "无法确认仓库人人可见", False: "仓库对所有人公开"}
    chinese = {"Accept-Language": "zh"}
    with GitHost("gitea-1.22") as server:
        server.repository.private = private
        project.host, project.host_url, project.host_public = "gitea", server.url, private
        project.sealed_host_token = seal(server.token, factories.KEY)
        session.commit()
        site.http = OutsideHttp({"127.0.0.1"})
        assert said[not private] in signed_in.get("/hosts/demo", headers=chinese).text
        page = signed_in.post("/hosts/demo/check", data=filled(signed_in, "/hosts/demo"), headers=chinese).text
    assert said[private] in page
    assert "@反馈者" in page


def test_a_host_inside_the_network_is_named_and_not_called(site, signed_in, session, project):
    project.host, project.host_url = "gitea", "http://127.0.0.1:1"
    session.commit()
    site.http = OutsideHttp()
    page = signed_in.post("/hosts/demo/check", data=filled(signed_in, "/hosts/demo")).text
    assert "127.0.0.1 is inside the network" in page
    assert "read:user" not in page


def test_what_was_sent_and_why_nothing_was_filed_is_shown(signed_in, session, busy):
    row = session.query(Delivery).one()
    row.request, row.answer, row.state = "X-Gitea-Event: issues", "issue 3 was read again", "done"
    session.query(Refusal).one().reason = "dry run: it would be filed now"
    session.commit()
    page = signed_in.get("/hosts/demo", headers={"Accept-Language": "zh"}).text
    for said in ("X-Gitea-Event: issues", "已重新读取 issue 3", "演练模式", "/hooks/host/demo"):
        assert said in page


@pytest.mark.parametrize("page", ["/hosts/demo", "/learning/demo", "/dictionary/demo"])
def test_no_cache_keeps_what_only_maintainers_see(signed_in, topic, page):
    assert signed_in.get(page).headers["Cache-Control"] == "no-store"


# --- what a reporter adds


def test_a_reporter_adds_something(client, session, topic):
    row = session.query(factories.Feedback).one()
    page = f"/s/{row.receipt}"
    session.rollback()
    answer = client.post(f"{page}/reply", data=filled(client, page, words="at night too"), follow_redirects=True)
    assert (answer.status_code, session.query(Reply).one().text) == (200, "at night too")
    assert '<div class="original" dir="auto">at night too</div>' in client.get(page).text


def test_nothing_added_is_answered_in_words(client, session, topic):
    page = f"/s/{session.query(factories.Feedback).one().receipt}"
    session.rollback()
    client.post(f"{page}/reply", data=filled(client, page, words=" "), follow_redirects=True)
    assert session.query(Reply).count() == 0


@pytest.fixture
def add(client, session, topic):
    """Send a reply of a reporter, after `change` was made to their feedback; return the answer."""

    def send(words, **change):
        row = session.query(factories.Feedback).one()
        for name, value in change.items():
            setattr(row, name, value)
        page = f"/s/{row.receipt}"
        session.commit()
        headers = {"Accept-Language": "en"}
        return client.post(f"{page}/reply", data=filled(client, page, words=words), headers=headers)

    return send


def test_what_is_too_long_to_add_is_still_there(add):
    answer = add("at night " * 600)
    assert answer.status_code == 422
    assert "at most 5,000 characters" in answer.text
    assert "at night at night" in answer.text


def test_enough_for_one_day_is_said_and_loses_nothing(add, session):
    assert [add(f"more {number}").status_code for number in range(5)] == [303] * 5
    answer = add("and one more")
    assert answer.status_code == 409
    assert "enough for today" in answer.text
    assert ">and one more</textarea>" in answer.text
    assert session.query(Reply).count() == 5


def test_who_is_held_back_for_spam_is_asked_to_wait(add):
    answer = add("and this", state="quarantined")
    assert answer.status_code == 409
    assert "add more later" in answer.text
    assert "uarantine" not in answer.text


def test_a_page_that_had_expired_keeps_what_was_added(client, session, topic):
    page = f"/s/{session.query(factories.Feedback).one().receipt}"
    session.rollback()
    answer = client.post(f"{page}/reply", data={"words": "at night too"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "Your text is still here" in answer.text
    assert ">at night too</textarea>" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert session.query(Reply).count() == 0


def test_an_unknown_receipt_takes_nothing(client, topic):
    assert client.post("/s/AAAA-BBBB-CCCC/reply", data=filled(client, "/s/")).status_code == 404


# --- an issue that may be this already


@pytest.fixture
def resembled(session, topic):
    issue = factories.issue(session, topic, "77", title="It hangs", body="the job hangs")
    issue.topic = None
    row = session.query(factories.Feedback).one()
    session.add(IssueCandidate(feedback_id=row.id, issue_id=issue.id, score=0.9, created_at=row.created_at))
    session.commit()
    return topic


def test_a_topic_is_linked_to_an_issue_that_is_there_already(signed_in, session, resembled):
    page = f"/queue/{resembled.key}"
    assert "An issue that may be this already" in signed_in.get(page).text
    session.rollback()
    signed_in.post(f"{page}/link", data=filled(signed_in, page) | {"issue": "#77"})
    session.rollback()
    session.expire_all()
    assert (resembled.state, resembled.issue.number) == ("filed", "77")
    assert "#77" in signed_in.get(page).text


def test_an_issue_that_is_not_mirrored_can_not_be_linked(signed_in, topic):
    page = f"/queue/{topic.key}"
    assert signed_in.post(f"{page}/link", data=filled(signed_in, page) | {"issue": "5"}).status_code == 422

"""The reporter's own page, found by the receipt, and the way to stop mails."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import factories
from tests.web.conftest import filled
from triage.db.tables import Feedback, Project, Reporter, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState


@pytest.fixture
def said(session: Session, project: Project) -> Feedback:
    row = factories.feedback(session, project, "It <b>hangs</b>", email="me@example.org")
    factories.topic(session, project, [row, "Somebody else's words", "A third one"])
    session.commit()
    return row


def told(session: Session, feedback: Feedback, event: str, **fields: object) -> None:
    factories.notice(session, feedback, event, about="1", **fields)
    session.commit()


def test_it_shows_ones_own_words_and_nobody_elses(client: FlaskClient, said: Feedback):
    page = client.get(f"/s/{said.receipt}").text
    assert "It &lt;b&gt;hangs&lt;/b&gt;" in page
    assert "Grouped with 2 other reports" in page
    assert "Somebody else" not in page
    assert "me@example.org" not in page


@pytest.mark.parametrize(("why", "first"), [("nothing-alike", True), ("settled", False), ("unsure", False)])
def test_only_who_is_the_first_to_say_it_is_called_the_first(
    client: FlaskClient, session: Session, project: Project, why: str, first: bool
):
    row = factories.feedback(session, project, labels={"placement": {"why": why, "score": 0.5}})
    factories.topic(session, project, [row])
    session.commit()
    assert ("first report of its kind" in client.get(f"/s/{row.receipt}").text) is first


def test_it_is_private(client: FlaskClient, said: Feedback):
    headers = client.get(f"/s/{said.receipt}").headers
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


@pytest.fixture
def page_after(client: FlaskClient, session: Session, said: Feedback):
    """Tell the reporter of an event and return the page."""

    def page_after(event: str, **fields: str) -> str:
        told(session, said, event, **fields)
        return client.get(f"/s/{said.receipt}").text

    return page_after


@pytest.mark.parametrize(
    ("event", "fields", "words"),
    [
        ("filed", {}, "The team took it up"),
        ("answered", {"text": "Try **again**"}, "Try <strong>again</strong>"),
        ("commented", {"text": "<script>x</script>"}, "&lt;script&gt;"),
        ("resolved", {}, "closed the issue as done"),
        ("declined", {"text": "As meant"}, "As meant"),
        ("declined", {}, "The reason stands in the issue."),
        ("duplicate", {"text": "#7"}, "as a duplicate of another one"),
        ("closed", {}, "didn't say why"),
        ("reopened", {}, "Opened again"),
    ],
)
def test_what_the_reporter_was_told(page_after, event: str, fields: dict[str, str], words: str):
    assert words in page_after(event, **fields)


@pytest.mark.parametrize(
    ("state", "stage"),
    [
        (TopicState.NEW, "Waits for the team"),
        (TopicState.SNOOZED, "Waits for the team"),
        (TopicState.ACCEPTED, "Taken up"),
        (TopicState.RESOLVED, "Resolved"),
        (TopicState.DECLINED, "Not planned"),
        (TopicState.CLOSED, "Closed"),
    ],
)
def test_where_it_stands(client: FlaskClient, session: Session, said: Feedback, state: TopicState, stage: str):
    said.topic.state = state
    session.commit()
    assert f">{stage}</span>" in client.get(f"/s/{said.receipt}").text


def test_a_duplicate_is_not_said_to_be_unplanned(client: FlaskClient, session: Session, said: Feedback):
    said.topic.state = TopicState.DECLINED
    told(session, said, "duplicate", text="#7")
    told(session, said, "commented", text="See there")
    page = client.get(f"/s/{said.receipt}").text
    assert ">Goes on elsewhere</span>" in page
    assert "Not planned" not in page


def test_the_issue_is_linked(client: FlaskClient, session: Session, project: Project):
    topic = factories.filed(session, project, "7")
    row = session.query(Feedback).filter_by(topic_id=topic.id).one()
    told(session, row, "filed")
    assert 'href="http://git.test/team/product/issues/7"' in client.get(f"/s/{row.receipt}").text


def test_an_address_of_this_machine_is_no_link(client: FlaskClient, session: Session, project: Project):
    topic = factories.filed(session, project, "7")
    topic.issue.url = "file:///srv/console.json#7"
    row = session.query(Feedback).filter_by(topic_id=topic.id).one()
    told(session, row, "filed")
    assert "file:" not in client.get(f"/s/{row.receipt}").text


@pytest.mark.parametrize("state", [FeedbackState.RECEIVED, FeedbackState.QUARANTINED])
def test_quarantine_is_not_told(client: FlaskClient, session: Session, said: Feedback, state: FeedbackState):
    said.state = state
    session.commit()
    page = client.get(f"/s/{said.receipt}").text
    assert ">Received</span>" in page
    assert "Grouped" not in page


def test_any_way_of_typing_the_code_will_do(client: FlaskClient, said: Feedback):
    typed = said.receipt.lower().replace("-", " ")
    assert client.get("/s/", query_string={"code": typed}).location == f"/s/{said.receipt}"
    assert client.get(f"/s/{said.receipt.lower()}").location == f"/s/{said.receipt}"


def test_an_empty_box_leads_nowhere(client: FlaskClient):
    assert client.get("/s/?code=+").location == "/"


@pytest.mark.parametrize("code", ["ABCD-EFGH-2345", "x", "%ED%A0%80", "'--", "%E2%98%83", "A" * 64])
def test_wrong_codes_are_told_calmly(client: FlaskClient, code: str):
    answer = client.get(f"/s/{code}", follow_redirects=True)
    assert answer.status_code == 404
    assert "We don't find this code" in answer.text


def test_guessing_is_slowed_down(client: FlaskClient, said: Feedback):
    codes = [client.get(f"/s/ABCD-EFGH-{number}").status_code for number in range(2222, 2253)]
    assert codes[0] == 404
    assert codes[-1] == 429


def test_looking_at_ones_own_page_is_not_guessing(client: FlaskClient, said: Feedback):
    assert {client.get(f"/s/{said.receipt}").status_code for _ in range(40)} == {200}


def muted(session: Session, reporter: Reporter) -> bool:
    session.rollback()
    session.expire_all()
    return session.get_one(Reporter, reporter.id).muted_at is not None


def test_looking_stops_no_mails(client: FlaskClient, session: Session, said: Feedback):
    assert "Stop the mails?" in client.get(f"/mute/{said.reporter.mute_code}").text
    assert not muted(session, said.reporter)


def test_one_click_stops_them_and_another_lets_them_come(client: FlaskClient, session: Session, said: Feedback):
    path = f"/mute/{said.reporter.mute_code}"
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 303
    assert muted(session, said.reporter)
    client.post(path, data={"again": "1"})
    assert not muted(session, said.reporter)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_wrong_mute_codes(client: FlaskClient, method: str):
    assert client.open("/mute/nonsense", method=method).status_code == 404


def test_a_topic_that_was_merged_goes_on(client: FlaskClient, session: Session, said: Feedback):
    other = factories.topic(session, said.project, ["The other one"], state=TopicState.RESOLVED)
    said.topic = other
    session.commit()
    assert session.get_one(Topic, other.id)
    assert ">Resolved</span>" in client.get(f"/s/{said.receipt}").text


def test_the_form_is_one_click_away(client: FlaskClient, said: Feedback):
    assert filled(client, "/p/demo/new")["ticket"]
    assert 'href="/p/demo/new"' in client.get(f"/s/{said.receipt}").text

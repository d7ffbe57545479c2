"""The queue: who may see it, what it shows, and every decision over HTTP."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import factories
from tests.fakes.clock import START
from tests.web.conftest import filled
from triage.db.queries import members
from triage.db.tables import Decision, Feedback, Project, Topic, User
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState
from triage.services.site import Site
from triage.web.shelf import TABS


def act(client: FlaskClient, key: str, verb: str, **fields: object):
    return client.post(f"/queue/{key}/{verb}", data=filled(client, f"/queue/{key}", **fields))


def state(session: Session, topic: Topic) -> str:
    return fresh(session).get_one(Topic, topic.id).state


def fresh(session: Session) -> Session:
    """Let the session see what was committed since it last looked."""
    session.rollback()
    session.expire_all()
    return session


@pytest.mark.parametrize("path", ["/queue", "/queue/ABCDEF", "/queue/pictures/1", "/queue?state=spam"])
def test_nobody_reads_the_queue_without_signing_in(client: FlaskClient, path: str):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?next=%2Fqueue")


@pytest.mark.parametrize("path", ["/queue/ABCDEF/accept", "/queue/decisions/1/undo", "/queue/ABCDEF/retry"])
def test_nobody_decides_without_signing_in(client: FlaskClient, path: str):
    token = filled(client, "/sign-in")["csrf_token"]
    assert client.post(path, data={"csrf_token": token}).location.startswith("/sign-in")


def test_an_empty_queue_says_so(signed_in: FlaskClient):
    assert "All done." in signed_in.get("/queue").text


def test_a_topic_stands_in_the_queue(signed_in: FlaskClient, topic: Topic):
    page = signed_in.get("/queue").text
    assert topic.title in page
    assert topic.key in page


def test_what_people_write_is_shown_not_obeyed(signed_in: FlaskClient, session: Session, project: Project):
    topic = factories.topic(session, project, ["<script>alert(1)</script><img src=x onerror=alert(2)>"])
    session.commit()
    for page in ("/queue", f"/queue/{topic.key}"):
        text = signed_in.get(page).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;" in text


def test_candidates_say_why(signed_in: FlaskClient, session: Session, topic: Topic, project: Project):
    first = factories.feedback(session, project, "Training hangs")
    like = factories.topic(session, project, [first])
    factories.candidate(session, first, topic, differing=[["version", "2.1", "2.3"]])
    session.commit()
    page = signed_in.get(f"/queue/{like.key}").text
    assert "Possibly the same" in page  # not very likely: a fact contradicts
    assert "version 2.1 ≠ 2.3" in page
    assert "<mark>hangs</mark>" in page
    card = signed_in.get("/queue").text
    assert "Merge into it" in card
    assert "version 2.1 ≠ 2.3" in card


def test_a_weak_candidate_is_mentioned_without_a_button(
    signed_in: FlaskClient, session: Session, topic: Topic, project: Project
):
    first = factories.feedback(session, project, topic=factories.topic(session, project))
    factories.candidate(session, first, topic, score=0.1)
    session.commit()
    page = signed_in.get("/queue").text
    assert "A little alike" in page
    assert "Merge into it" not in page


def test_the_quarantine_says_only_why_it_is_spam(signed_in: FlaskClient, session: Session, project: Project):
    labels = {"kind": {"sure": True, "why": [["hangs", 1]]}, "spam": {"score": 0.99, "why": [["cheap", 1]]}}
    row = factories.feedback(session, project, labels=labels, state=FeedbackState.QUARANTINED, kind="bug")
    factories.topic(session, project, [row], state=TopicState.SPAM)
    session.commit()
    page = signed_in.get("/queue?state=spam").text
    assert "looks like advertising" in page
    assert "because of <" in page
    assert "hangs" not in page.partition('class="why"')[2]
    assert "0 people" not in page  # quarantined feedback counts for nobody


def test_what_touches_most_people_can_come_first(signed_in: FlaskClient, session: Session, project: Project):
    for people, hour in ((2, 1), (7, 0), (1, 2)):
        row = factories.topic(session, project, title=f"of {people}")
        row.people, row.last_seen = people, START + timedelta(hours=hour)
    session.commit()
    order = {path: re.findall(r">of (\d)</a>", signed_in.get(path).text) for path in ("/queue", "/queue?order=people")}
    assert order == {"/queue": ["1", "2", "7"], "/queue?order=people": ["7", "2", "1"]}
    assert "order=people" in signed_in.get("/queue?order=people").text


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_shows_topics_with_candidates(signed_in: FlaskClient, session: Session, topic: Topic, tab: str):
    row = factories.feedback(session, topic.project, "Training hangs")
    like = factories.topic(session, topic.project, [row], state=TABS[tab][0])
    factories.candidate(session, row, topic)
    session.commit()
    page = signed_in.get(f"/queue?state={tab}").text
    assert like.title in page
    assert ("Merge into it" in page) == (tab in {"new", "snoozed"})


def test_accept_waits_to_be_filed(signed_in: FlaskClient, session: Session, topic: Topic, site: Site):
    answer = act(signed_in, topic.key, "accept")
    assert (answer.status_code, answer.location) == (303, "/queue")
    assert state(session, topic) == TopicState.ACCEPTED
    assert site.jobs.huey.scheduled_count() + site.jobs.pending() == 1


def test_undo_puts_it_back(signed_in: FlaskClient, session: Session, topic: Topic):
    act(signed_in, topic.key, "accept")
    assert "Undo" in signed_in.get("/queue").text
    number = session.query(Decision.id).scalar()
    signed_in.post(f"/queue/decisions/{number}/undo", data=filled(signed_in, f"/queue/{topic.key}"))
    assert state(session, topic) == TopicState.NEW


def test_decisions_are_stored_with_who(signed_in: FlaskClient, session: Session, topic: Topic, user: User):
    act(signed_in, topic.key, "spam")
    decision = session.query(Decision).one()
    assert (decision.user_id, decision.verb) == (user.id, "spam")


@pytest.mark.parametrize("reason", ["", "   \n"])
def test_declining_needs_a_reason(signed_in: FlaskClient, session: Session, topic: Topic, reason: str):
    answer = act(signed_in, topic.key, "decline", reason=reason)
    assert answer.status_code == 422
    assert "Say why: every reporter reads it." in answer.text
    assert state(session, topic) == TopicState.NEW


def test_decline(signed_in: FlaskClient, session: Session, topic: Topic):
    act(signed_in, topic.key, "decline", reason="It works as meant")
    assert state(session, topic) == TopicState.DECLINED
    assert "It works as meant" in signed_in.get(f"/queue/{topic.key}").text


@pytest.mark.parametrize(
    ("until", "day"), [("tomorrow", 1), ("week", 7), ((START + timedelta(days=3)).date().isoformat(), 3)]
)
def test_snooze(signed_in: FlaskClient, session: Session, topic: Topic, until: str, day: int):
    act(signed_in, topic.key, "snooze", until=until)
    assert state(session, topic) == TopicState.SNOOZED
    assert session.get_one(Topic, topic.id).snoozed_until.date() == (START + timedelta(days=day)).date()


@pytest.mark.parametrize("until", ["", "soon", "2001-01-01", "0001-01-01", "9999-99-99"])
def test_no_snoozing_into_the_past(signed_in: FlaskClient, topic: Topic, until: str):
    assert act(signed_in, topic.key, "snooze", until=until).status_code == 422


def test_merge(signed_in: FlaskClient, session: Session, topic: Topic, project: Project):
    other = factories.topic(session, project, ["Another"])
    session.commit()
    act(signed_in, topic.key, "merge", into=other.key.lower())
    assert state(session, topic) == TopicState.MERGED
    assert f'<a href="/queue/{other.key}">{other.key}</a>' in signed_in.get("/queue").text  # where it all went
    page = signed_in.get(f"/queue/{topic.key}").text
    assert other.key in page
    assert "What can be done" not in page  # for nothing can


def test_merging_into_nothing(signed_in: FlaskClient, topic: Topic):
    answer = act(signed_in, topic.key, "merge", into="NOSUCH")
    assert answer.status_code == 422
    assert "There is no topic with this key" in answer.text


def test_merging_into_itself(signed_in: FlaskClient, topic: Topic):
    answer = act(signed_in, topic.key, "merge", into=topic.key)
    assert answer.status_code == 409
    assert "A topic can&#39;t be merged into itself." in answer.text


def test_split(signed_in: FlaskClient, session: Session, project: Project):
    topic = factories.topic(session, project, ["One", "Two"])
    session.commit()
    chosen = [row.id for row in session.query(factories.Feedback).filter_by(body="Two")]
    answer = act(signed_in, topic.key, "split", feedback=chosen)
    assert answer.location == f"/queue/{topic.key}?back=/queue"
    assert fresh(session).query(Topic).count() == 2
    apart = session.query(Topic).order_by(Topic.id.desc()).first()
    assert f'<a href="/queue/{apart.key}">{apart.key}</a>' in signed_in.get(answer.location).text


@pytest.mark.parametrize("chosen", [[], ["x", "999999999999999999999"]])
def test_splitting_off_nothing(signed_in: FlaskClient, topic: Topic, chosen: list[str]):
    assert act(signed_in, topic.key, "split", feedback=chosen).status_code == 422


def test_spam_and_back(signed_in: FlaskClient, session: Session, topic: Topic):
    act(signed_in, topic.key, "spam")
    assert topic.title in signed_in.get("/queue?state=spam").text
    act(signed_in, topic.key, "not-spam")
    assert state(session, topic) == TopicState.NEW


def test_change_kind(signed_in: FlaskClient, session: Session, topic: Topic):
    act(signed_in, topic.key, "kind", kind="feature")
    assert fresh(session).get_one(Topic, topic.id).kind == "feature"


def test_there_are_six_kinds(signed_in: FlaskClient, topic: Topic):
    assert act(signed_in, topic.key, "kind", kind="nonsense").status_code == 422


def test_an_answer_loses_its_control_signs(signed_in: FlaskClient, session: Session, topic: Topic):
    act(signed_in, topic.key, "answer", words="Try\0 again\x07 tomorrow")
    assert session.query(factories.Notice).one().text == "Try again tomorrow"


def test_a_move_that_is_not_allowed_is_a_conflict(signed_in: FlaskClient, session: Session, project: Project):
    topic = factories.filed(session, project)
    session.commit()
    answer = act(signed_in, topic.key, "accept")
    assert answer.status_code == 409
    assert "Look again, then decide." in answer.text


def test_where_somebody_was_quicker_what_was_written_is_still_there(
    signed_in: FlaskClient, session: Session, project: Project
):
    topic = factories.filed(session, project)
    session.commit()
    answer = act(signed_in, topic.key, "decline", reason="Use the other button, <b>please</b>.")
    assert answer.status_code == 409
    assert "What you wrote was not sent:" in answer.text
    assert "Use the other button, &lt;b&gt;please&lt;/b&gt;." in answer.text


def test_undoing_twice_is_a_conflict(signed_in: FlaskClient, session: Session, topic: Topic):
    act(signed_in, topic.key, "spam")
    fields = filled(signed_in, f"/queue/{topic.key}")
    number = session.query(Decision.id).scalar()
    assert signed_in.post(f"/queue/decisions/{number}/undo", data=fields).status_code == 303
    assert signed_in.post(f"/queue/decisions/{number}/undo", data=fields).status_code == 409


def test_a_refusal_of_the_host_stands_there_in_words(signed_in: FlaskClient, session: Session, topic: Topic):
    topic.state = TopicState.ACCEPTED
    factories.filing(session, topic, state="blocked", attempts=1, error="Gitea says that the token is wrong (401)")
    session.commit()
    assert "the token is wrong" in signed_in.get(f"/queue/{topic.key}").text
    act(signed_in, topic.key, "retry")
    assert fresh(session).query(factories.Filing).one().state == "waiting"


@pytest.mark.parametrize("path", ["/queue/NOSUCH", "/queue/pictures/1", "/queue/pictures/99999999999999", "/queue/%00"])
def test_what_is_not_there(signed_in: FlaskClient, path: str):
    assert signed_in.get(path).status_code == 404


@pytest.mark.parametrize("verb", ["explode", "retry", "accept"])
def test_verbs_on_nothing(signed_in: FlaskClient, verb: str):
    fields = filled(signed_in, "/queue")
    assert signed_in.post(f"/queue/NOSUCH/{verb}", data=fields).status_code == 404


def test_every_decision_needs_a_token(signed_in: FlaskClient, session: Session, topic: Topic):
    assert signed_in.post(f"/queue/{topic.key}/accept").status_code == 400
    assert state(session, topic) == TopicState.NEW


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=99999999", "kind=nonsense", "state=nonsense"])
def test_nonsense_in_the_address_counts_as_not_said(signed_in: FlaskClient, topic: Topic, query: str):
    answer = signed_in.get(f"/queue?{query}")
    assert answer.status_code == 200
    assert topic.title in answer.text


@pytest.mark.parametrize("words", ["99", "99 %", "HANGS"])
def test_search_finds_titles(signed_in: FlaskClient, topic: Topic, words: str):
    assert topic.title in signed_in.get("/queue", query_string={"words": words}).text


@pytest.mark.parametrize("shape", ["{}", " {} ", "http://triage.test/s/{}"])
def test_search_finds_what_a_reporter_asks_about_by_their_receipt(
    signed_in: FlaskClient, session: Session, topic: Topic, shape: str
):
    other = factories.topic(session, topic.project, ["Something else"])
    receipt = members(session, topic)[0].receipt
    session.commit()
    page = signed_in.get("/queue", query_string={"words": shape.format(receipt.lower())}).text
    assert (topic.title in page, other.title in page) == (True, False)


@pytest.mark.parametrize("words", ["9_", "%x%", "' OR 1=1 --", "\\"])
def test_search_takes_signs_for_what_they_are(signed_in: FlaskClient, topic: Topic, words: str):
    assert topic.title not in signed_in.get("/queue", query_string={"words": words}).text


def test_filters(signed_in: FlaskClient, session: Session, topic: Topic):
    other = factories.topic(session, factories.project(session, slug="other"), ["Elsewhere"], kind="feature")
    session.commit()
    page = signed_in.get("/queue?project=other&kind=feature").text
    assert other.title in page
    assert topic.title not in page


def test_pages(signed_in: FlaskClient, session: Session, project: Project):
    for number in range(21):
        factories.topic(session, project, [f"Topic number {number}."], last_seen=START + timedelta(hours=number))
    session.commit()
    first, second = signed_in.get("/queue").text, signed_in.get("/queue?page=2").text
    assert "Topic number 20." in first
    assert "Page 1 of 2" in first
    assert "Topic number 0." in second


def test_going_back_keeps_the_filter(signed_in: FlaskClient, topic: Topic):
    answer = act(signed_in, topic.key, "spam", back="/queue?kind=bug")
    assert answer.location == "/queue?kind=bug"


def test_going_back_never_leaves_the_site(signed_in: FlaskClient, topic: Topic):
    assert act(signed_in, topic.key, "spam", back="//evil.test").location == "/queue"


def test_where_its_feedback_came_from_is_part_of_a_topics_history(
    signed_in: FlaskClient, session: Session, topic: Topic, project: Project
):
    other = factories.topic(session, project, ["Another", "Yet another"])
    session.commit()
    act(signed_in, topic.key, "merge", into=other.key)
    assert f">{topic.key}</a>" in signed_in.get(f"/queue/{other.key}").text


def test_what_stands_for_a_topic_of_many_is_marked(signed_in: FlaskClient, session: Session, project: Project):
    many = factories.topic(session, project, ["One", "Two", "Three", "Four"])
    many.representatives = [row.id for row in session.query(Feedback).where(Feedback.topic_id == many.id)][:3]
    session.commit()
    assert signed_in.get(f"/queue/{many.key}").text.count("stands for the others") == 3

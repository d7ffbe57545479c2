"""What a project has learned, on its page and as JSON; versions put in force by a click; proposals answered."""

import re

import pytest
from flask.testing import FlaskClient

from tests import factories
from tests.web.conftest import filled
from triage.db.queries import members
from triage.db.tables import Project
from triage.ml.encoder import Encoder
from triage.services import proposals, review, versions

KINDS = {"bug": {"n": 21, "before": 0.5, "after": 0.9}}
BETTER = {"trained": True, "verdict": "better", "n": 42, "before": 0.61, "after": 0.83, "per_class": KINDS}


def fresh(session):
    session.rollback()
    session.expire_all()
    return session


@pytest.fixture
def version(session, project):
    row = factories.version(session, project, metrics={"kinds": BETTER, "spam": {"trained": False}}, n=120)
    session.commit()
    return row


@pytest.fixture
def proposal(session, topic, project):
    other = factories.topic(session, project, ["It hangs"], title="It hangs")
    row = factories.proposal(session, topic, other, pairs=[[1, 2, 0.9, [["hang", 0.9]]]])
    session.commit()
    return row


@pytest.mark.parametrize("path", ["/learning", "/learning/demo", "/learning/demo.json", "/dictionary/demo"])
def test_nobody_reads_it_without_signing_in(client: FlaskClient, project, path):
    assert client.get(path).location.startswith("/sign-in")


def test_the_projects_are_listed(signed_in, project):
    assert "/learning/demo" in signed_in.get("/learning").text


def test_before_there_is_anything_it_says_what_is_needed(signed_in, project):
    page = signed_in.get("/learning/demo").text
    assert "The shipped models." in page
    assert "Nothing has been trained yet." in page
    assert "a probability needs 30 decisions" in page


@pytest.mark.parametrize("path", ["/learning", "/learning/demo", "/dictionary/demo", "/hosts/demo"])
def test_the_pages_are_there_in_chinese(signed_in, version, path):
    assert "反馈队列" in signed_in.get(path, headers={"Accept-Language": "zh"}).text


def test_before_and_after_of_each_kind_are_shown_in_words(signed_in, version):
    page = signed_in.get("/learning/demo").text
    assert "Better, by more than chance" in page
    assert "measured on 42 decisions" in page
    assert "<td>21</td><td>50\u00a0%</td><td>90\u00a0%</td>" in page
    assert "Too few decisions to train on" in page


def test_components_are_told_by_name(signed_in, session, version):
    images = {"n": 9, "before": 0.5, "after": 0.8}
    named = {"images": images, "": {"n": 3, "before": 0.1, "after": 0.2}}
    version.metrics = {"components": {"trained": True, "verdict": "same", "n": 12, "before": 0.3, "after": 0.5}}
    version.metrics["components"]["per_class"] = named
    session.commit()
    page = signed_in.get("/learning/demo").text
    assert "All components alike" in page
    assert '<th scope="row">None</th><td>3</td><td>10\u00a0%</td><td>20\u00a0%</td>' in page


def test_spam_and_duplicates_are_told_class_by_class(signed_in, session, version):
    one = {"n": 7, "before": 0.4, "after": 0.6}
    version.metrics = {
        "spam": {"trained": True, "verdict": "same", "n": 14, "per_class": {"spam": one, "ham": one}},
        "duplicates": {"trained": True, "verdict": "same", "n": 14, "per_class": {"same": one, "different": one}},
    }
    session.commit()
    page = signed_in.get("/learning/demo").text
    for name in ("Spam", "No spam", "The same", "Something else"):
        assert f'<th scope="row">{name}</th><td>7</td><td>40\u00a0%</td><td>60\u00a0%</td>' in page


def test_a_damaged_index_is_told_on_the_page(signed_in, site, project):
    site.index.claim()
    site.index.commit(1)
    assert "note-bad" not in signed_in.get("/learning/demo").text
    site.index.close()
    (site.settings.path("index") / "meta.json").write_text("{")
    del site.index
    assert "the search index: " in signed_in.get("/learning/demo").text


def test_a_machine_gets_the_same(signed_in, version):
    found = signed_in.get("/learning/demo.json").json
    assert found["versions"][0]["metrics"]["kinds"]["per_class"] == KINDS
    assert (found["in_force"], found["duplicates"]["needed"], found["examples"]["kinds"]) == (None, 30, 0)
    assert len(found["spam"]["weeks"]) == 8


def test_one_click_puts_a_version_in_force_and_one_takes_it_back(signed_in, session, project, version):
    token = filled(signed_in, "/learning/demo")
    assert signed_in.post("/learning/demo/1/promote", data=token).status_code == 303
    assert versions.active(fresh(session), project).version == 1
    page = signed_in.get("/learning/demo").text
    assert "Version 1 is in force." in page
    assert "Put in force by a person" in page
    signed_in.post("/learning/demo/rollback", data=token)
    assert versions.active(fresh(session), project) is None
    assert "The shipped models are in force again." in signed_in.get("/learning/demo").text


def test_back_to_an_earlier_version(signed_in, session, version, clock):
    project = session.get_one(Project, version.project_id)
    factories.version(session, project, metrics={"spam": {"trained": True}})
    session.commit()
    token = filled(signed_in, "/learning/demo")
    for number in (1, 2):
        clock.forward(minutes=1)
        signed_in.post(f"/learning/demo/{number}/promote", data=token)
    signed_in.post("/learning/demo/rollback", data=token)
    assert "Version 1 is in force again." in signed_in.get("/learning/demo").text


def test_there_is_nothing_to_take_back_from_the_shipped_models(signed_in, project):
    assert signed_in.post("/learning/demo/rollback", data=filled(signed_in, "/learning")).status_code == 409


def test_a_version_or_project_that_is_not_there(signed_in, version):
    token = filled(signed_in, "/learning/demo")
    assert signed_in.post("/learning/demo/7/promote", data=token).status_code == 404
    assert signed_in.get("/learning/nobody").status_code == 404


def test_a_damaged_version_is_told_on_the_page(signed_in, session, project, version):
    versions.promote(session, version, factories.actor())
    session.commit()
    assert "demo: version 1 of kinds" in signed_in.get("/learning/demo").text


def test_an_encoder_that_is_broken_is_told_on_the_page_and_to_machines(signed_in, site, project, tmp_path):
    site.models.duplicates.encoder = Encoder(tmp_path / "encoder")
    page, found = signed_in.get("/learning/demo"), signed_in.get("/learning/demo.json").json
    assert "there is no such folder" in page.text
    assert "there is no such folder" in found["faults"][-1]


def test_suggestions_and_how_often_they_were_right(signed_in, session, project, topic, user):
    other = factories.topic(session, project)
    factories.candidate(session, members(session, topic)[0], other, score=0.55)
    review.merge(session, topic, factories.actor(user), other)
    session.commit()
    page = signed_in.get("/learning/demo").text
    assert "There are 1, of which 1 were followed" in page
    assert '<th scope="row">0.50</th><td>1</td><td>100\u00a0%</td><td>21\u00a0% – 100\u00a0%</td>' in page
    assert "100 次里有 95 次介于" in signed_in.get("/learning/demo", headers={"Accept-Language": "zh"}).text


def test_proposals_stand_on_both_pages(signed_in, topic, proposal):
    for path in ("/learning/demo", f"/queue/{topic.key}"):
        page = signed_in.get(path).text
        assert "Two topics look like one:" in page
        assert 'counts much">hang</span>' in page


def test_a_topic_that_falls_apart(signed_in, session, project):
    topic = factories.topic(session, project, feedback=["It hangs", *(f"Wish {number}" for number in range(9))])
    first, *wishes = (row.id for row in members(session, topic))
    factories.proposal(session, topic, groups=[[first], *([one] for one in wishes)], pairs=[[1, 2, 0.0, []]])
    session.commit()
    page = signed_in.get(f"/queue/{topic.key}").text
    assert "One topic looks like 10 things:" in page
    assert re.findall(r"(It hangs|Wish \d) <span class=.muted.>(.*?)</span>", page)[:2] == [
        ("It hangs", "1 report · stays"),
        ("Wish 0", "1 report · becomes a topic of its own"),
    ]
    assert "and 2 more" in page
    assert "share no telling word" in page


@pytest.mark.parametrize("answer", ["follow:merge", "dismiss:dismiss"])
def test_a_proposal_is_answered_by_a_decision(signed_in, session, topic, proposal, answer):
    (word, verb), page = answer.split(":"), f"/queue/{topic.key}"
    data = filled(signed_in, "/learning/demo", back=page)
    back = signed_in.post(f"/learning/proposals/{proposal.id}/{word}", data=data)
    assert (back.status_code, back.location) == (303, page)
    found = fresh(session).get_one(type(proposal), proposal.id)
    assert (found.decision.verb, proposals.about(session, topic)) == (verb, [])
    assert signed_in.get(page).status_code == 200


def test_an_answer_that_there_is_not_or_that_was_given(signed_in, proposal):
    token = filled(signed_in, "/learning/demo")
    assert signed_in.post(f"/learning/proposals/{proposal.id}/maybe", data=token).status_code == 404
    signed_in.post(f"/learning/proposals/{proposal.id}/dismiss", data=token)
    assert signed_in.post(f"/learning/proposals/{proposal.id}/dismiss", data=token).status_code == 404


def test_where_its_feedback_came_from_is_told(signed_in, session, topic, project, user):
    other = factories.topic(session, project)
    review.merge(session, other, factories.actor(user), topic)
    session.commit()
    page = signed_in.get(f"/queue/{topic.key}").text
    assert "Merged into this one" in page
    assert other.key in page

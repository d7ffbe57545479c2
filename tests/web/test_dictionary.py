"""The page of a project's words: a look at what they change, then in force."""

import pytest

from tests import factories
from tests.web.conftest import filled
from triage.db.tables import Project


@pytest.fixture
def project(session):
    row = factories.project(session, slug="demo", name="Demo", dictionary=["云脑"])
    factories.feedback(session, row, "智算网络又断开了")
    session.commit()
    return row


def send(client, act, words):
    return client.post("/dictionary/demo", data=filled(client, "/dictionary/demo", act=act, words=words))


def words(session):
    session.rollback()
    session.expire_all()
    return session.query(Project).one().dictionary


def test_the_words_in_force_are_shown(signed_in, project):
    assert ">云脑</textarea>" in signed_in.get("/dictionary/demo").text


def test_looking_changes_nothing(signed_in, session, project):
    page = send(signed_in, "preview", "智算网络").text
    assert "1 of the latest 1 feedback would be read otherwise." in page
    assert '<span class="word">智算网络</span>' in page
    assert words(session) == ["云脑"]


def test_put_in_force_they_are_stored_and_the_worker_is_asked(signed_in, session, site, project):
    assert send(signed_in, "save", "智算网络\n云脑").status_code == 303
    assert words(session) == ["智算网络", "云脑"]
    assert site.jobs.pending() == 1
    assert "In force." in signed_in.get("/dictionary/demo").text


@pytest.mark.parametrize("act", ["preview", "save"])
def test_what_is_no_word_is_refused_and_stays_in_the_field(signed_in, session, project, act):
    answer = send(signed_in, act, "<b>!</b>\n！")
    assert answer.status_code == 422
    assert "&lt;b&gt;!&lt;/b&gt;" in answer.text
    assert words(session) == ["云脑"]

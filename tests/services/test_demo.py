import json

import pytest

from tests import factories
from tests.factories import KEY
from tests.fakes.clock import START
from triage.config import data
from triage.db.tables import Feedback, Project, User
from triage.services import demo, people

EXAMPLES = data("models") / "demo" / "feedback.jsonl"


@pytest.fixture
def start(session):
    return lambda: demo.first_start(session, EXAMPLES, key=KEY, now=START)


def test_the_first_start_makes_a_maintainer_and_a_demo_project(session, start):
    made = start()
    user = people.sign_in(session, demo.MAINTAINER, made.password)
    assert user.must_change_password
    assert session.query(Project).one().host == "console"
    assert len(made.feedback_ids) == session.query(Feedback).count() >= 6


def test_the_second_start_overwrites_nothing(session, start):
    start()
    again = start()
    assert (again.password, again.feedback_ids) == ("", ())
    assert (session.query(User).count(), session.query(Project).count()) == (1, 1)


def test_where_there_are_projects_no_demo_is_made(session, start):
    factories.project(session)
    assert start().feedback_ids == ()


def test_the_examples_are_in_both_languages_and_by_several_people(session, start):
    start()
    rows = session.query(Feedback).all()
    assert {row.language for row in rows} == {"zh", "en"}
    assert len({row.reporter_id for row in rows}) > 3
    assert all(row.said_at <= START for row in rows)


def test_every_example_is_whole():
    rows = [json.loads(line) for line in EXAMPLES.read_text(encoding="utf-8").splitlines()]
    assert all({"title", "body", "language", "reporter", "said_days_ago"} <= row.keys() for row in rows)

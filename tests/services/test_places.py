"""A project that is pointed at another place: what stood where it was is left alone, what came along is found."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import KEY
from tests.fakes.clock import START
from tests.fakes.host import FakeHost
from triage.db.tables import Filing, Issue, Project, Remark, Topic
from triage.domain.drafts import Draft, marker
from triage.domain.topics import TopicState
from triage.services import filing, followup, living, places, projects, remarks
from triage.services.filing import marked

ELSEWHERE = [
    [("host_repo", "team/other")],
    [("host_url", "http://other.test")],
    [("host", "forgejo"), ("host_url", "http://other.test")],
]


@pytest.fixture
def topic(db, host):
    """A topic with its open issue 1, in a project of a Gitea."""
    with db.write() as session:
        made = factories.project(session, host="gitea", host_url="http://git.test", polled_at=START)
        topic = factories.filed(session, made)
        topic.issue.title, topic.issue.author, topic.issue.opened_at = "T", "bot", START
        return topic.id


def move(db, pairs=(("host_repo", "team/other"),)):
    with db.write() as session:
        projects.change(session, session.scalars(select(Project)).one(), pairs, key=KEY)


def poll(db, host, clock):
    with db.read() as session:
        number = session.scalars(select(Project.id)).one()
    followup.poll(db, number, host=host, now=clock())


def stranger(host: FakeHost, number: int = 1, **more):
    for _ in range(number):
        host.clock.forward(minutes=3)
        host.open("about something else", author="zoe", **more)


@pytest.mark.parametrize("pairs", ELSEWHERE)
def test_who_undoes_closes_no_issue_that_has_the_same_number_at_the_new_place(db, topic, host, clock, pairs):
    move(db, pairs)
    stranger(host)
    with db.write() as session:
        row = session.scalars(select(Filing)).one()
        row.claimed_by = "somebody"
        filing.withdraw(session, row, now=clock())
    filing.work(db, row.id, host=host, draft=None, now=clock.forward(minutes=1))
    with db.read() as session:
        assert (host.issues["1"].open, session.get_one(Filing, row.id).state) == (True, "withdrawn")


@pytest.mark.parametrize("pairs", ELSEWHERE)
def test_no_comment_is_written_into_an_issue_of_others(db, topic, host, clock, pairs):
    with db.write() as session:
        row = remarks.owe(
            session, Remark(topic_id=topic, key="K-1", body="said", next_try_at=clock(), created_at=clock())
        )
    move(db, pairs)
    stranger(host)
    remarks.work(db, row.id, host=host, now=clock.forward(minutes=1))
    assert host.notes == []


@pytest.mark.parametrize("pairs", ELSEWHERE)
def test_no_evidence_is_written_into_an_issue_of_others(db, topic, host, clock, pairs):
    with db.write() as session:
        session.get_one(Topic, topic).issue.evidence_due_at = clock()
    move(db, pairs)
    with db.write() as session:
        living.mark(session, now=clock())
        assert living.due(session, now=clock()) == []


def test_an_issue_of_others_with_the_same_number_is_no_news_of_ours(db, topic, host, clock):
    move(db, [("host_url", "http://other.test")])
    stranger(host)
    host.close("1")
    poll(db, host, clock)
    with db.read() as session:
        row = session.get_one(Topic, topic)
        assert (row.state, row.issue.title, row.issue.open) == (TopicState.FILED, "T", True)


def test_two_issues_of_one_number_in_two_places_are_both_read(db, topic, host, clock):
    move(db)
    with db.write() as session:
        project = session.scalars(select(Project)).one()
        other = factories.filed(session, project, number="1")
        other_id = other.id
    host.open("about something else", author="bot")
    host.close("1")
    poll(db, host, clock)
    with db.read() as session:
        states = [session.get_one(Topic, one).state for one in (topic, other_id)]
        assert states == [TopicState.FILED, TopicState.RESOLVED]


@pytest.mark.parametrize("pairs", ELSEWHERE)
def test_issues_that_came_along_are_the_same_and_go_on(db, topic, host, clock, pairs):
    """The repository was renamed, or the server moved: numbers and times are as they were."""
    with db.write() as session:
        session.get_one(Topic, topic).issue.opened_at = clock()
        before = session.get_one(Topic, topic).issue.id
    host.open("ours", author="bot")
    move(db, pairs)
    host.close("1")
    poll(db, host, clock)
    with db.read() as session:
        row = session.get_one(Topic, topic)
        assert (row.state, row.issue.id, row.issue.error) == (TopicState.RESOLVED, before, "")
        assert session.scalars(select(Issue)).all() == [row.issue]


def test_an_issue_that_came_along_under_another_number_is_found_by_its_marker(db, topic, host, clock):
    move(db)
    with db.read() as session:
        key = session.get_one(Topic, topic).key
    stranger(host, 2)
    host.open(marker(key), author="bot")
    poll(db, host, clock)
    with db.read() as session:
        assert session.get_one(Topic, topic).issue.number == "3"


def test_a_topic_accepted_again_gets_an_issue_at_the_new_place(db, topic, host, clock):
    move(db)
    with db.write() as session:
        row = session.get_one(Topic, topic)
        row.state = TopicState.ACCEPTED
        key = row.key
        intent = filing.intend(session, row, now=clock())
    draft = Draft(title="T", body=marker(key), labels=())
    filing.work(db, intent.id, host=host, draft=draft, now=clock.forward(minutes=1))
    with db.read() as session:
        row = session.get_one(Topic, topic)
        assert (row.state, row.issue.repo, row.issue.number) == (TopicState.FILED, "team/other", "1")
    assert len(marked(host, key, START)) == 1


def test_a_new_place_is_read_from_its_beginning(db, topic, host, clock):
    """What changed there before the last poll of the old place is mirrored too."""
    stranger(host)
    with db.write() as session:
        session.scalars(select(Project)).one().polled_at = clock.forward(days=30)
    move(db)
    poll(db, host, clock)
    with db.read() as session:
        here = select(Issue.number).where(Issue.repo == "team/other", Issue.error == "")
        assert session.scalars(here).all() == ["1"]


def test_what_is_left_behind_says_so_and_is_proposed_no_more(db, topic):
    move(db)
    with db.read() as session:
        assert session.scalars(select(Issue.error)).all() == [places.LEFT]


def test_to_and_fro_between_two_servers(db, topic, host, clock):
    """Each time numbers are used anew; issues of one number that were left behind are kept apart."""
    for number in range(4):
        move(db, [("host_url", f"http://{'ab'[number % 2]}.test")])
        with db.write() as session:
            factories.filed(session, session.scalars(select(Project)).one(), number="1")
    with db.read() as session:
        assert len(set(session.scalars(select(Issue.repo)))) == 5


def test_setting_the_same_place_again_moves_nothing(db, topic):
    move(db, [("host_repo", "team/product"), ("name", "Other")])
    with db.read() as session:
        project = session.scalars(select(Project)).one()
        assert (project.polled_at, session.scalars(select(Issue.error)).all()) == (START, [""])

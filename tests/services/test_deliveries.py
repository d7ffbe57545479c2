"""What comes in and what is asked for: each delivery is worked on once, and a poll reads what none of them told."""

from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from tests.fakes.host import BROKEN, DENIED
from tests.services.test_followup import Story
from triage.db.tables import Issue, Project
from triage.domain.drafts import marker
from triage.domain.topics import TopicState
from triage.errors import OutsideError
from triage.hosts import HostEvent
from triage.services import followup


@pytest.fixture
def story(db, clock, host):
    return Story(db, clock, host)


def event(delivery="d1", number="1"):
    return HostEvent(delivery, "issues", "closed", "team/product", number)


def test_a_delivery_is_remembered_and_a_replay_is_known(story):
    with story.db.write() as session:
        project = session.get_one(Project, story.project_id)
        row = followup.take(session, project, event(), now=START)
        assert followup.take(session, project, event(), now=START) is None
        assert followup.due(session, now=START) == [row.id]
    assert (row.event, row.number, row.source) == ("issues closed", "1", project.host)


def test_the_same_id_from_another_project_is_another_delivery(session):
    for _ in range(2):
        assert followup.take(session, factories.project(session), event(), now=START)


def test_a_delivery_is_done_once(story):
    row = story.deliver()
    story.work(row)
    assert (row.state, row.done_at, row.error) == ("done", story.clock(), "")
    assert story.host.calls.count("get") == 1


def test_a_host_that_fails_is_asked_again_later(story, clock):
    story.host.fail("get", OutsideError("slow down", retry_after=3_600))
    story.host.close()
    row = story.deliver()
    assert (row.state, row.error, row.next_try_at) == ("waiting", "slow down", clock() + timedelta(hours=1))
    clock.forward(hours=1)
    assert (story.work(row).state, story.state) == ("done", TopicState.RESOLVED)


def test_comments_that_can_not_be_read_spoil_nothing_by_half(story):
    story.host.close()
    story.host.fail("comments")
    story.deliver()
    assert (story.state, story.told()) == (TopicState.FILED, [])


def test_a_delivery_is_given_up_after_ten_attempts(story, clock):
    row = None
    for _ in range(followup.ATTEMPTS):
        story.host.fail("get", BROKEN)
        row = story.work(row) if row else story.deliver()
        clock.forward(days=1)
    assert (row.state, row.attempts, row.error) == ("failed", 10, str(BROKEN))


def test_while_one_worker_is_at_it_another_leaves_it_alone(story):
    with story.db.write() as session:
        row = factories.delivery(session, session.get_one(Project, story.project_id))
    story.host.meanwhile("get", lambda: story.work(row))
    story.work(row)
    assert story.host.calls.count("get") == 1


# --- the poll


def test_a_poll_reads_what_changed_of_ours(story):
    story.host.open("somebody's", author="stranger")
    story.host.close()
    assert story.poll() == 1
    assert (story.state, story.get(Project).polled_at) == (TopicState.RESOLVED, story.clock())


def test_a_poll_finds_issues_by_their_marker(story):
    with story.db.write() as session:
        topic = factories.topic(session, session.get_one(Project, story.project_id), key="NEW234", state="accepted")
        factories.filing(session, topic, attempts=1)
    story.host.open(marker("NEW234"))
    story.poll()
    assert story.get(Issue, topic_id=topic.id).number == "2"


def test_a_poll_looks_back_only_a_little(story, clock):
    story.poll()
    clock.forward(hours=3)
    story.host.close()
    clock.forward(minutes=30)
    assert (story.poll(), story.poll()) == (1, 1)
    clock.forward(hours=2)
    assert (story.poll(), story.poll()) == (1, 0)


@pytest.mark.parametrize("method", ["changed_since", "get"])
def test_a_poll_that_failed_says_so_and_starts_there_again(story, method):
    story.host.close()
    story.host.fail(method, DENIED)
    assert story.poll() == 0
    assert (story.get(Project).poll_error, story.get(Project).polled_at) == (str(DENIED), None)
    assert story.poll() == 1
    assert story.get(Project).poll_error == ""


def test_a_poll_goes_on_past_an_issue_that_has_gone(story):
    story.host.fail("get", OutsideError("it has moved", permanent=True, status=301))
    story.poll()
    assert (story.get(Project).poll_error, story.get(Issue).error) == ("", "it has moved")

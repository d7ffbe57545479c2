import threading

import pytest

from tests import factories
from tests.fakes.host import BROKEN, DENIED, LOST, Fault
from triage.db.tables import Filing, Issue, Notice, Topic
from triage.domain.drafts import Draft, marker
from triage.domain.topics import TopicState
from triage.errors import OutsideError
from triage.services import filing, review, undo
from triage.services.review import Actor


class Story:
    """One topic and what people and workers do to it."""

    def __init__(self, db, clock, host):
        self.db, self.clock, self.host = db, clock, host
        with db.write() as session:
            self.topic_id = factories.topic(session).id

    def accept(self):
        with self.db.write() as session:
            self.decision_id = review.accept(session, self.topic(session), Actor(None, self.clock())).id
        self.clock.forward(seconds=20)

    def undo(self):
        with self.db.write() as session:
            undo.undo(session, session.get_one(review.Decision, self.decision_id), Actor(None, self.clock()))

    def attempt(self, host=None):
        """What a worker does: every filing that is due, once."""
        with self.db.read() as session:
            topic = self.topic(session)
            draft = Draft("Title", marker(topic.key), ("bug",))
            rows = filing.due(session, now=self.clock())
        for row in rows:
            filing.work(self.db, row, host=host or self.host, draft=draft, now=self.clock())

    def later(self, **how):
        self.clock.forward(**(how or {"days": 1}))
        self.attempt()

    def topic(self, session):
        return session.get_one(Topic, self.topic_id)

    @property
    def row(self):
        with self.db.read() as session:
            return session.query(Filing).one()

    @property
    def state(self):
        with self.db.read() as session:
            return self.topic(session).state

    @property
    def issues(self):
        with self.db.read() as session:
            return [(issue.number, issue.open) for issue in session.query(Issue)]

    def told(self):
        with self.db.read() as session:
            return [notice.event for notice in session.query(Notice).order_by(Notice.id)]


@pytest.fixture
def story(db, clock, host):
    return Story(db, clock, host)


def test_an_accepted_topic_becomes_an_issue_and_its_reporters_are_told(story):
    story.accept()
    story.attempt()
    assert (story.row.state, story.row.attempts, story.row.claimed_until) == ("filed", 1, None)
    assert (story.state, story.issues, story.told()) == (TopicState.FILED, [("1", True)], ["filed"])
    assert story.host.issues["1"].labels == ("bug",)


def test_what_the_host_said_is_kept(story):
    story.accept()
    story.attempt()
    with story.db.read() as session:
        issue = session.query(Issue).one()
    assert (issue.repo, issue.url) == ("team/product", "http://git.test/team/product/issues/1")
    assert (issue.title, issue.labels, issue.read_at) == ("Title", ["bug"], story.clock())


def test_nothing_leaves_the_house_within_the_grace(story, clock):
    story.accept()
    clock.forward(seconds=-15)
    story.attempt()
    assert story.host.calls == []


def test_a_second_attempt_does_nothing(story):
    story.accept()
    story.attempt()
    story.later()
    assert len(story.host.issues) == 1


@pytest.mark.parametrize("error", [LOST, BROKEN])
def test_an_answer_that_was_lost_after_creating_makes_no_second_issue(story, error):
    story.host.fail("create", error, after=True)
    story.accept()
    story.attempt()
    assert (story.row.state, story.row.error, story.state) == ("waiting", str(error), TopicState.ACCEPTED)
    story.later(seconds=30)
    assert (len(story.host.issues), story.issues, story.told()) == (1, [("1", True)], ["filed"])


@pytest.mark.parametrize("method", ["create", "created_since"])
def test_an_error_before_anything_was_done_waits_and_tries_again(story, method):
    story.host.fail(method)
    story.accept()
    story.attempt()
    assert story.host.issues == {}
    story.later(seconds=30)
    assert story.state == TopicState.FILED


def test_waits_grow_and_the_intent_is_never_given_up(story):
    story.accept()
    for _ in range(20):
        story.host.fail("created_since")
        story.later()
    assert (story.row.state, story.row.attempts) == ("waiting", 20)


def test_the_host_is_left_alone_for_as_long_as_it_asked(story):
    story.host.fail("create", OutsideError("slow down", retry_after=3_600, status=429))
    story.accept()
    story.attempt()
    story.later(minutes=59)
    assert story.host.calls.count("create") == 1
    story.later(minutes=2)
    assert story.state == TopicState.FILED


def test_who_was_asked_to_wait_often_waits_no_longer_after_a_fault(story):
    story.accept()
    for _ in range(9):
        story.host.fail("created_since", OutsideError("slow down", retry_after=60, status=429))
        story.later(minutes=2)
    story.host.fail("created_since")
    story.later(minutes=2)
    assert (story.row.state, story.row.attempts) == ("waiting", 1)
    story.later(minutes=1)
    assert story.state == TopicState.FILED


def test_what_can_not_succeed_waits_for_a_person(story):
    story.host.fail("create", DENIED)
    story.accept()
    story.attempt()
    story.later()
    assert (story.row.state, story.row.error) == ("blocked", str(DENIED))
    with story.db.write() as session:
        filing.retry(session.query(Filing).one(), now=story.clock())
    story.attempt()
    assert (story.row.state, story.row.error) == ("filed", "")


def test_what_is_done_is_not_tried_again(story):
    story.accept()
    story.attempt()
    with story.db.write() as session:
        filing.retry(session.query(Filing).one(), now=story.clock())
    assert story.row.state == "filed"


def test_what_can_not_even_be_tried_is_written_down(story):
    story.accept()
    filing.block(story.db, story.row.id, "nothing may be public")
    assert (story.row.state, story.row.error) == ("blocked", "nothing may be public")


def test_what_is_being_withdrawn_is_not_blocked(story):
    story.accept()
    story.attempt()
    story.undo()
    filing.block(story.db, story.row.id, "nothing may be public")
    assert story.row.state == "withdrawing"


def test_two_workers_make_one_issue(story):
    story.accept()
    threads = [threading.Thread(target=story.attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(story.host.issues), story.host.calls.count("create"), story.row.attempts) == (1, 1, 1)


def test_a_worker_that_comes_while_another_is_at_it_leaves_it_alone(story):
    story.host.meanwhile("created_since", story.attempt)
    story.accept()
    story.attempt()
    assert story.host.calls == ["created_since", "create", "created_since"]


@pytest.mark.parametrize("method", ["created_since", "create"])
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_died_is_taken_over_when_its_claim_is_over(story, method, after):
    story.host.meanwhile(method, _die, after=after)
    story.accept()
    with pytest.raises(KeyboardInterrupt):
        story.attempt()
    story.later(minutes=4)
    assert story.state == TopicState.ACCEPTED
    story.later(minutes=1)
    assert (story.state, len(story.host.issues)) == (TopicState.FILED, 1)


def _die():
    raise KeyboardInterrupt


def test_a_worker_whose_claim_ran_out_creates_nothing_more(story):
    story.host.meanwhile("created_since", lambda: story.later(minutes=6), after=True)
    story.accept()
    story.attempt()
    assert (len(story.host.issues), story.row.state, story.told()) == (1, "filed", ["filed"])


def test_a_worker_whose_claim_ran_out_does_not_spoil_what_the_next_one_did(story):
    story.host.faults.append(Fault("create", DENIED, meanwhile=lambda: story.later(minutes=6)))
    story.accept()
    story.attempt()
    assert (story.row.state, story.row.error, story.told()) == ("filed", "", ["filed"])


def test_of_two_issues_with_the_marker_the_older_one_counts(story):
    story.accept()
    with story.db.read() as session:
        key = story.topic(session).key
    for _ in range(2):
        story.host.open(marker(key))
    story.attempt()
    assert story.issues == [("1", True)]

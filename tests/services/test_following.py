import pytest

from tests import factories
from tests.fakes.host import BROKEN
from triage.db.tables import Decision, Feedback, Issue, Notice, Project, Topic
from triage.domain.drafts import marker
from triage.domain.topics import TopicState
from triage.hosts import Reason
from triage.services import followup, living, review, undo, worker
from triage.services.review import Actor


class Story:
    """A filed topic whose issue, number 1, the team closes as a duplicate of another."""

    def __init__(self, db, clock, host):
        self.db, self.clock, self.host = db, clock, host
        with db.write() as session:
            self.project = factories.project(session)
            self.topic_id = factories.filed(session, self.project, key="ABC234").id
        host.open(marker("ABC234"))

    def poll(self):
        followup.poll(self.db, self.project.id, host=self.host, now=self.clock())

    def where(self):
        with self.db.read() as session:
            topic = session.get_one(Topic, self.topic_id)
            return topic.state, topic.issue and topic.issue.number

    def told(self):
        with self.db.read() as session:
            return [(row.event, row.about) for row in session.query(Notice).order_by(Notice.id)][1:]


@pytest.fixture
def story(db, clock, host):
    return Story(db, clock, host)


def test_the_reporters_of_a_duplicate_follow_the_original(story):
    story.host.open("the original", author="lin")
    story.host.close("1", Reason.DUPLICATE, duplicate_of="2")
    story.poll()
    assert (story.where(), story.told()) == ((TopicState.FILED, "2"), [("filed", "2")])
    story.host.close("2")
    story.poll()
    assert story.where() == (TopicState.RESOLVED, "2")


def test_a_member_may_say_of_what_it_is_a_duplicate(story):
    story.host.open("the original", author="lin")
    story.host.say("Duplicate of #2")
    story.host.say("duplicate of #9", member=False)
    story.host.close("1", Reason.DUPLICATE)
    story.poll()
    assert story.where() == (TopicState.FILED, "2")


def test_undone_it_goes_by_its_own_issue_again(story):
    story.host.open("the original", author="lin")
    story.host.close("1", Reason.DUPLICATE, duplicate_of="2")
    story.poll()
    with story.db.write() as session:
        undo.undo(session, session.query(Decision).one(), Actor(None, story.clock()))
    assert story.where() == (TopicState.DECLINED, "1")


def test_where_the_original_is_another_topics_the_topic_is_merged_into_it(story):
    with story.db.write() as session:
        other = factories.filed(session, session.get_one(Project, story.project.id), "2", key="XYZ234").id
    story.host.open(marker("XYZ234"))
    story.host.close("1", Reason.DUPLICATE, duplicate_of="2")
    story.poll()
    with story.db.read() as session:
        topic = session.get_one(Topic, story.topic_id)
        assert (topic.state, topic.merged_into_id) == (TopicState.MERGED, other)


def test_an_original_that_was_closed_too_says_so(story):
    story.host.open("the original", author="lin")
    story.host.close("2", Reason.COMPLETED)
    story.host.close("1", Reason.DUPLICATE, duplicate_of="2")
    story.poll()
    assert story.where() == (TopicState.RESOLVED, "2")


def test_duplicates_in_a_circle_are_not_followed_and_the_topic_says_so(story):
    story.host.open("the other", author="lin")
    story.host.close("2", Reason.DUPLICATE, duplicate_of="1")
    story.host.close("1", Reason.DUPLICATE, duplicate_of="2")
    story.poll()
    assert story.where() == (TopicState.DECLINED, "1")
    with story.db.read() as session:
        assert "circle" in session.query(Issue).filter_by(number="1").one().error


def test_an_original_that_can_not_be_read_is_not_followed(story):
    story.host.close("1", Reason.DUPLICATE, duplicate_of="77")
    story.poll()
    assert story.where() == (TopicState.DECLINED, "1")


def test_a_host_that_fails_meanwhile_is_asked_again(story):
    story.host.close("1", Reason.DUPLICATE, duplicate_of="77")
    story.host.meanwhile("comments", lambda: story.host.fail("get", BROKEN))
    story.poll()
    assert story.where() == (TopicState.FILED, "1")


# --- what may not be public


class Private:
    """A topic of private feedback, on a host that has, or has not, issues for members only."""

    def __init__(self, site, host, *, closed, **fields):
        self.site, self.db, self.host = site, site.db, host
        host.confidential = closed
        site.host = lambda _: host
        with self.db.write() as session:
            project = factories.project(session)
            rows = [factories.feedback(session, project, "my secret way in", **({"private": True} | fields))]
            topic = factories.topic(session, project, rows)
            self.topic_id = topic.id
            review.accept(session, topic, Actor(None, site.now()))
        self.file()

    def file(self):
        self.site.now.forward(hours=1)
        worker.file(self.site, self.topic.filing.id)

    @property
    def topic(self):
        with self.db.read() as session:
            topic = session.get_one(Topic, self.topic_id)
            _ = topic.issue, topic.filing
            return topic


@pytest.mark.parametrize("fields", [{"private": True}, {"private": False, "component": "Security"}])
def test_private_feedback_goes_into_a_confidential_issue(fresh_site, host, fields):
    story = Private(fresh_site, host, closed=True, **fields)
    assert (host.hidden, story.topic.issue.confidential) == (["1"], True)
    assert "my secret way in" in host.issues["1"].body


@pytest.mark.parametrize("fields", [{"private": True}, {"private": False, "component": "安全"}])
def test_where_there_are_none_it_stays_inside(fresh_site, host, fields):
    story = Private(fresh_site, host, closed=False, **fields)
    assert (host.issues, story.topic.filing.state) == ({}, "blocked")


def test_what_was_filed_confidentially_stays_so_when_others_join(fresh_site, host):
    host.fail("create", after=True)
    story = Private(fresh_site, host, closed=True)
    with story.db.write() as session:
        topic = session.get_one(Topic, story.topic_id)
        factories.feedback(session, topic.project, "it hangs").topic = topic
    story.file()
    assert (story.topic.issue.confidential, host.hidden) == (True, ["1"])


def test_private_words_among_public_ones_are_not_quoted(fresh_site, host):
    story = Private(fresh_site, host, closed=True, private=False)
    with story.db.write() as session:
        topic = session.get_one(Topic, story.topic_id)
        factories.feedback(session, topic.project, "password of the root", private=True).topic = topic
        session.flush()
        review.recount(session, topic)
        living.mark(session, now=story.site.now())
    worker.refresh(fresh_site, story.topic.issue.id)
    assert (host.hidden, "password of the root" in host.issues["1"].body) == ([], False)


def test_comments_on_a_confidential_issue_are_not_passed_on(fresh_site, host):
    story = Private(fresh_site, host, closed=True)
    host.say("the hole is in the scheduler")
    followup.poll(story.db, story.topic.project_id, host=host, now=story.site.now())
    with story.db.read() as session:
        assert [row.event for row in session.query(Notice)] == ["filed"]
        assert len(session.query(Issue).one().comments) == 1
        assert session.query(Feedback).one().private


@pytest.fixture
def fresh_site(site):
    yield site
    site.index.close()

from dataclasses import replace

import pytest

from tests import factories
from tests.fakes.host import BROKEN, DENIED
from triage.db.tables import Feedback, Filing, Issue, Project, Remark, Topic
from triage.domain.drafts import remark_key
from triage.domain.topics import TopicState
from triage.errors import OutsideError
from triage.services import filing, living, review, worker
from triage.services.review import Actor


class Story:
    """One topic, filed by the worker on a host in memory."""

    def __init__(self, site, host, **policy):
        self.site, self.db, self.host, self.clock = site, site.db, host, site.now
        site.host = lambda _: host
        with self.db.write() as session:
            self.project_id = factories.project(session, policy=policy).id
            topic = factories.topic(session, session.get_one(Project, self.project_id))
            self.topic_id = topic.id
            review.accept(session, topic, Actor(None, self.clock()))
        self.clock.forward(minutes=1)
        self.work()

    def work(self, **later):
        """What a sweep and the jobs it puts do."""
        self.clock.forward(**(later or {"seconds": 1}))
        with self.db.write() as session:
            living.mark(session, now=self.clock())
            rows = filing.due(session, now=self.clock()), living.due(session, now=self.clock())
        for row in rows[0]:
            worker.file(self.site, row)
        for row in rows[1]:
            worker.refresh(self.site, row)
        with self.db.read() as session:
            owed = worker.remarks.due(session, now=self.clock())
        for row in owed:
            worker.comment(self.site, row)

    def join(self, count=1, **fields):
        with self.db.write() as session:
            topic = session.get_one(Topic, self.topic_id)
            for number in range(count):
                row = factories.feedback(session, topic.project, f"It hangs for me too, {number}", **fields)
                row.topic = topic
            session.flush()
            review.recount(session, topic)

    @property
    def issue(self):
        with self.db.read() as session:
            return session.query(Issue).filter_by(topic_id=self.topic_id).one()

    @property
    def body(self):
        return self.host.issues["1"].body

    def edit(self, **change):
        self.host.issues["1"] = replace(self.host.issues["1"], **change)

    def said(self):
        return [note.body.partition("\n")[2] for note in self.host.notes]


@pytest.fixture
def story(site, host):
    yield Story(site, host)
    site.index.close()


def test_the_evidence_follows_the_feedback_and_what_people_wrote_stays(story):
    story.edit(body=f"Mei: look at the scheduler\r\n\n{story.body}\n- [ ] a task\n")
    story.join()
    story.work(minutes=31)
    assert "2 people" in story.body
    assert "rev=2" in story.body
    assert story.body.startswith("Mei: look at the scheduler\r\n\n")
    assert story.body.endswith("\n- [ ] a task\n")


def test_what_says_nothing_new_is_not_written(story):
    story.work(hours=1)
    story.work(hours=1)
    assert ("edit" in story.host.calls, story.issue.evidence_due_at, story.issue.shown_people) == (False, None, 1)


def test_many_who_join_at_once_make_one_update(story):
    story.work()
    for _ in range(5):
        story.join()
        story.work(minutes=1)
    assert story.host.calls.count("edit") == 0
    assert story.issue.evidence_due_at is not None
    story.work(minutes=31)
    assert (story.host.calls.count("edit"), "6 people" in story.body) == (1, True)


def test_how_long_it_waits_is_the_projects_to_say(site, host):
    story = Story(site, host, evidence_minutes=5)
    story.work()
    story.join()
    story.work(minutes=6)
    assert "2 people" in story.body
    site.index.close()


def test_where_the_markers_are_gone_nothing_is_overwritten_and_the_topic_says_so(story):
    story.edit(body="Mei wrote it anew")
    story.join()
    story.work(hours=1)
    story.join()
    story.work(hours=1)
    assert (story.body, story.issue.evidence_error) == ("Mei wrote it anew", living.TORN)
    assert "edit" not in story.host.calls


def test_a_confidential_issue_that_the_team_opened_is_told_nothing_private_any_more(story):
    story.host.confidential = True
    with story.db.write() as session:
        session.query(Filing).one().confidential = True
        session.query(Issue).one().confidential = True
        session.query(Feedback).one().private = True
    story.join(private=True)
    story.work(hours=1)
    assert ("2 people" in story.body, story.issue.evidence_error) == (False, living.OPENED)


@pytest.mark.parametrize("error", [BROKEN, DENIED, OutsideError("slow down", retry_after=7_200)])
def test_an_update_that_failed_is_made_later(story, error):
    story.work()
    story.join()
    story.host.fail("get", error)
    story.work(minutes=31)
    assert "1 person" in story.body
    story.work(hours=3)
    assert "2 people" in story.body


def test_what_another_worker_is_at_is_left_to_it(story):
    story.work()
    story.join()
    story.host.meanwhile("get", lambda: worker.refresh(story.site, story.issue.id))
    story.work(minutes=31)
    assert story.host.calls.count("edit") == 1


def test_a_closing_in_between_is_left_for_the_follow_up_to_tell(story):
    story.work()
    story.join()
    story.host.meanwhile("edit", story.host.close)
    story.work(minutes=31)
    assert (story.issue.open, story.host.issues["1"].open) == (True, False)


def test_a_topic_of_which_nothing_may_be_public_any_more_keeps_its_block(story):
    story.work()
    with story.db.write() as session:
        for row in session.query(review.Feedback):
            row.private = True
    story.join(private=True)
    story.work(minutes=31)
    assert ("1 person" in story.body, story.issue.evidence_due_at) == (True, None)


def test_an_unknown_issue_troubles_nobody(story):
    worker.refresh(story.site, 99)
    worker.comment(story.site, 99)


# --- a word at round numbers


def test_a_word_at_ten_twenty_five_and_fifty_people_each_once(story):
    for joined in (5, 5, 5, 10, 1, 40):
        story.join(joined)
        story.work(hours=1)
        story.work(hours=1)
    said = ["11 people have reported this by now.", "26 people have reported this by now."]
    assert story.said() == [*said, "67 people have reported this by now."]


def test_fewer_again_nothing_is_said_of_a_smaller_number(story):
    story.join(30)
    story.work(hours=1)
    with story.db.write() as session:
        for row in session.query(review.Feedback).limit(15):
            row.state = "quarantined"
        review.recount(session, session.get_one(Topic, story.topic_id))
    story.work(hours=1)
    assert len(story.said()) == 1


def test_private_people_are_not_counted_in_public(story):
    story.join(12, private=True)
    story.work(hours=1)
    assert story.said() == []


def test_the_answer_to_a_comment_was_lost_it_is_not_made_twice(story):
    story.host.fail("comment", after=True)
    story.join(10)
    story.work(hours=1)
    story.work(hours=1)
    with story.db.read() as session:
        row = session.query(Remark).one()
    assert (len(story.said()), row.state, row.remote_id) == (1, "done", "1")
    assert remark_key(story.host.notes[0].body) == row.key


def test_a_linked_topics_issue_gets_words_but_no_block(story):
    with story.db.write() as session:
        topic = session.get_one(Topic, story.topic_id)
        topic.filing.state = "cancelled"
    story.edit(body="somebody's own")
    story.join(10)
    story.work(hours=1)
    assert (story.body, len(story.said()), story.issue.evidence_error) == ("somebody's own", 1, "")


def test_a_closed_topics_evidence_rests(story):
    with story.db.write() as session:
        session.get_one(Topic, story.topic_id).state = TopicState.RESOLVED
    story.join()
    story.work(hours=1)
    assert "1 person" in story.body

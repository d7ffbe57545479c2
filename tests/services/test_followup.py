from dataclasses import replace
from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from triage.db.tables import Delivery, HostNote, Issue, Notice, Project, Topic
from triage.domain.drafts import marker
from triage.domain.topics import TopicState
from triage.hosts import Reason
from triage.services import followup

KEY = "ABC234"


class Story:
    """One filed topic with two reporters, and its issue, number 1, on the host."""

    def __init__(self, db, clock, host, key=KEY):
        self.db, self.clock, self.host = db, clock, host
        with db.write() as session:
            project = factories.project(session, host_public=True)
            topic = factories.filed(session, project, key=key, feedback=["one", "two"])
            self.topic_id, self.project_id = topic.id, topic.project_id
        host.open(marker(key))

    def deliver(self, number="1"):
        with self.db.write() as session:
            row = factories.delivery(session, session.get_one(Project, self.project_id), number)
        return self.work(row)

    def work(self, row):
        followup.work(self.db, row.id, host=self.host, now=self.clock())
        with self.db.read() as session:
            return session.get_one(Delivery, row.id)

    def poll(self):
        return followup.poll(self.db, self.project_id, host=self.host, now=self.clock())

    def get(self, table, **where):
        with self.db.read() as session:
            return session.query(table).filter_by(**where).one()

    @property
    def state(self):
        return self.get(Topic, id=self.topic_id).state

    def set(self, **fields):
        with self.db.write() as session:
            for name, value in fields.items():
                setattr(session.get_one(Topic, self.topic_id), name, value)

    def told(self, reporter=0):
        """What one of the two reporters was told, in order."""
        with self.db.read() as session:
            rows = session.query(Notice).order_by(Notice.id).all()
        first = min((row.feedback_id for row in rows), default=0)
        return [(row.event, row.text) for row in rows if row.feedback_id == first + reporter]


@pytest.fixture
def story(db, clock, host):
    return Story(db, clock, host)


# --- closing and reopening


@pytest.mark.parametrize(
    ("reason", "labels", "state", "event"),
    [
        (Reason.COMPLETED, (), TopicState.RESOLVED, "resolved"),
        (Reason.NOT_PLANNED, (), TopicState.DECLINED, "declined"),
        (Reason.DUPLICATE, (), TopicState.DECLINED, "duplicate"),
        (Reason.UNKNOWN, (), TopicState.CLOSED, "closed"),
        (Reason.UNKNOWN, ("不处理",), TopicState.DECLINED, "declined"),
    ],
)
def test_how_an_issue_was_closed_decides_what_is_told(story, reason, labels, state, event):
    story.host.close(reason=reason, labels=labels)
    story.deliver()
    assert (story.state, story.told(), story.told(1)) == (state, [(event, "")], [(event, "")])


def test_a_project_may_have_its_own_labels_for_no(story):
    with story.db.write() as session:
        session.get_one(Project, story.project_id).policy = {"refusal_labels": ["nope"]}
    story.host.close(reason=Reason.UNKNOWN, labels=("Nope", "wontfix"))
    story.deliver()
    assert story.state == TopicState.DECLINED


def test_a_duplicate_says_of_what(story):
    story.host.close(reason=Reason.DUPLICATE, duplicate_of="7")
    story.deliver()
    assert story.told() == [("duplicate", "7")]


def test_what_is_told_is_told_once_however_often_it_is_heard(story):
    story.host.close()
    for _ in range(3):
        story.deliver()
        story.poll()
    assert story.told() == [("resolved", "")]


def test_reopened_and_closed_again_is_told_again(story):
    for act in (story.host.close, story.host.reopen, story.host.close):
        act()
        story.deliver()
    assert [event for event, _ in story.told()] == ["resolved", "reopened", "resolved"]
    assert story.state == TopicState.RESOLVED


def test_what_the_team_declined_there_comes_back_when_it_is_reopened(story):
    story.host.close(reason=Reason.NOT_PLANNED)
    story.deliver()
    story.host.reopen()
    story.deliver()
    assert (story.state, story.told()[-1][0]) == (TopicState.FILED, "reopened")


def test_an_older_reading_that_was_overtaken_changes_nothing(story):
    old = story.host.issues["1"]
    story.host.close()
    story.deliver()
    story.host.issues["1"] = replace(old, updated_at=START - timedelta(minutes=1))
    story.deliver()
    assert (story.state, story.told()) == (TopicState.RESOLVED, [("resolved", "")])


def test_the_issue_is_kept_as_it_was_read(story):
    story.host.close(title="Renamed", labels=("bug", "p1"))
    story.deliver()
    issue = story.get(Issue)
    assert (issue.title, issue.labels, issue.open, issue.reason) == ("Renamed", ["bug", "p1"], False, "completed")
    assert (issue.host_updated_at, issue.read_at) == (story.host.issues["1"].updated_at, story.clock())


@pytest.mark.parametrize("state", [TopicState.NEW, TopicState.SNOOZED, TopicState.SPAM])
def test_what_is_back_in_the_queue_is_not_moved_by_the_host(story, state):
    story.set(state=state)
    story.host.close()
    story.deliver()
    assert (story.state, story.told()) == (state, [])


def test_closing_an_issue_ourselves_is_no_news(story):
    with story.db.write() as session:
        topic = session.get_one(Topic, story.topic_id)
        topic.state, topic.filing.state = TopicState.DECLINED, "withdrawing"
    story.host.close(reason=Reason.UNKNOWN)
    story.deliver()
    assert (story.state, story.told(), story.get(Issue).open) == (TopicState.DECLINED, [], False)


# --- comments


def test_a_comment_by_the_team_reaches_every_reporter_once(story):
    story.host.say("We found it")
    for _ in range(2):
        story.deliver()
    assert story.told() == story.told(1) == [("commented", "We found it")]
    note = story.get(HostNote)
    assert (note.author, note.member, note.said_at) == ("mei", True, story.host.notes[0].created_at)


def test_a_comment_that_was_edited_is_told_in_its_new_words(story):
    note = story.host.say("We fuond it")
    story.deliver()
    story.host.reword(note, "We found it")
    story.deliver()
    assert story.told() == story.told(1) == [("commented", "We found it")]


def test_comments_of_two_projects_with_one_number_are_not_mixed_up(story, host):
    other = Story(story.db, story.clock, type(host)(), key="FAR234")
    for one, words in ((story, "here"), (other, "there")):
        one.host.say(words)
        one.deliver()
    story.deliver()
    with story.db.read() as session:
        assert [row.text for row in session.query(Notice).order_by(Notice.id)] == ["here"] * 2 + ["there"] * 2


@pytest.mark.parametrize("member", [False, None])
def test_a_comment_by_a_stranger_is_kept_and_not_told(story, member):
    story.host.say("me too!!", member=member)
    story.deliver()
    assert (story.told(), story.get(HostNote).body) == ([], "me too!!")


def test_a_comment_of_our_own_is_not_heard(story):
    story.host.say(f"{marker(KEY)} 25 people by now", author="bot")
    story.deliver()
    assert story.told() == []


def test_what_the_team_says_is_redacted_on_its_way_to_reporters(story):
    story.host.say("ask li@example.com, token: abcd1234")
    story.deliver()
    assert story.told() == [("commented", "ask ⟨mail⟩, token: ⟨password⟩")]


def test_comments_and_closing_come_in_order(story):
    story.host.say("Fixed in 2.1")
    story.host.close()
    story.deliver()
    assert story.told() == [("commented", "Fixed in 2.1"), ("resolved", "")]


# --- which issue is ours


def test_an_issue_of_others_is_mirrored_and_moves_nothing(story):
    story.host.open("somebody's", author="stranger")
    assert story.deliver("2").state == "done"
    assert (story.get(Issue, topic_id=None).number, "comments" in story.host.calls) == ("2", False)


@pytest.mark.parametrize("key", [KEY, "ZZZZZZ"])
def test_a_marker_copied_into_another_issue_is_ignored(story, key):
    story.host.open(marker(key), author="stranger")
    story.host.close("2")
    story.deliver("2")
    assert (story.state, story.get(Issue, topic_id=story.topic_id).number) == (TopicState.FILED, "1")


def test_a_marker_of_a_topic_that_nobody_accepted_is_ignored(story):
    with story.db.write() as session:
        factories.topic(session, session.get_one(Project, story.project_id), key="NEW234")
    story.host.open(marker("NEW234"), author="stranger")
    story.deliver("2")
    assert story.get(Issue, number="2").topic_id is None


def test_an_issue_whose_answer_was_lost_is_known_by_its_marker(story):
    with story.db.write() as session:
        topic = factories.topic(session, session.get_one(Project, story.project_id), key="NEW234", state="accepted")
        factories.filing(session, topic, attempts=1)
    story.host.open(marker("NEW234"))
    story.deliver("2")
    assert story.get(Issue, topic_id=topic.id).number == "2"


def test_a_marker_of_another_project_is_ignored(story):
    with story.db.write() as session:
        topic = factories.topic(session, key="FAR234", state="accepted")
        factories.filing(session, topic)
    story.host.open(marker("FAR234"))
    story.deliver("2")
    assert story.get(Issue, number="2").topic_id is None


def test_an_issue_that_is_gone_says_so_and_comes_back_clean(story):
    kept = story.host.issues["1"]
    story.host.delete()
    delivery = story.deliver()
    assert (delivery.state, story.get(Issue).error) == ("failed", "there is no such issue")
    story.host.issues["1"] = kept
    story.deliver()
    assert story.get(Issue).error == ""


def test_an_unknown_issue_that_is_gone_troubles_nobody(story):
    assert story.deliver("99").state == "failed"
    assert story.get(Issue).error == ""

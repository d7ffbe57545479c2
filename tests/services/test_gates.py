from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from tests import factories
from triage.db.queries import lock
from triage.db.tables import Filing, Issue, IssueCandidate, Project, Refusal, Topic
from triage.domain.topics import TopicState
from triage.errors import ConflictError, InvalidError
from triage.services import filing, gates, projects, review, worker
from triage.services.review import Actor


class Story:
    """A project on a host in memory, and topics of it that are accepted and filed by the worker."""

    def __init__(self, site, host):
        self.site, self.db, self.host, self.clock = site, site.db, host, site.now
        site.host = lambda _: host
        with self.db.write() as session:
            self.project_id = factories.project(session).id

    def rules(self, **rules):
        with self.db.write() as session:
            pairs = [(f"policy.{name}", written) for name, written in rules.items()]
            projects.change(session, session.get_one(Project, self.project_id), pairs, key=factories.KEY)

    def switch(self, word):
        self.site.settings = replace(self.site.settings, filing=word)

    def accept(self):
        with self.db.write() as session:
            topic = factories.topic(session, session.get_one(Project, self.project_id))
            review.accept(session, topic, Actor(None, self.clock()))
            return topic.id

    def resembling(self, topic_id, **issue):
        """Let the topic be just like an issue that is there already."""
        with self.db.write() as session:
            made = {"project_id": self.project_id, "repo": "team/product", "url": "", "title": "T", "labels": []}
            made |= {"host_updated_at": self.clock(), "read_at": self.clock(), "created_at": self.clock()}
            row = Issue(**(made | {"number": "77"} | issue))
            session.add(row)
            session.flush()
            feedback = session.query(review.Feedback).filter_by(topic_id=topic_id).one()
            feedback.state = "unanalysed"  # so that it is not looked at anew
            session.add(IssueCandidate(feedback_id=feedback.id, issue_id=row.id, score=0.9, created_at=self.clock()))

    def work(self, **later):
        self.site.now.forward(**(later or {"minutes": 11}))
        with self.db.read() as session:
            rows = filing.due(session, now=self.clock())
        for row in rows:
            worker.file(self.site, row)

    def override(self, topic_id):
        with self.db.write() as session:
            gates.override(session, session.get_one(Topic, topic_id), Actor(None, self.clock()))

    def filing(self, topic_id):
        with self.db.read() as session:
            row = session.query(Filing).filter_by(topic_id=topic_id).one()
            return row.state, row.gate

    def refusals(self):
        with self.db.read() as session:
            return session.query(Refusal).order_by(Refusal.id).all()


@pytest.fixture
def story(site, host):
    yield Story(site, host)
    site.index.close()


def test_with_no_gate_in_the_way_it_is_filed(story):
    topic_id = story.accept()
    story.work()
    assert (story.filing(topic_id), len(story.host.issues), story.refusals()) == (("filed", ""), 1, [])


@pytest.mark.parametrize("who", ["site", "project"])
def test_the_kill_switch_holds_everything_until_it_is_on_again(story, who):
    story.switch("off") if who == "site" else story.rules(filing="off")
    topic_id = story.accept()
    story.work()
    story.work()
    assert (story.filing(topic_id), story.host.calls, len(story.refusals())) == (("held", "switch"), [], 1)
    story.switch("on")
    story.rules(filing="on")
    story.work()
    assert story.filing(topic_id) == ("filed", "")


def test_a_dry_run_says_what_it_would_have_filed_and_asks_the_host_nothing(story):
    story.switch("dry")
    topic_id = story.accept()
    story.work()
    refusal = story.refusals()[0]
    assert (story.filing(topic_id), story.host.calls) == (("held", "dry"), [])
    assert (refusal.detail["title"], "hangs" in refusal.detail["body"]) == ("The job hangs at 99 %", True)


def test_only_so_many_are_filed_a_day_and_the_rest_the_next_day(story):
    story.rules(cap_per_day="2")
    topics = [story.accept() for _ in range(3)]
    story.work()
    assert [story.filing(one)[1] for one in topics] == ["", "", "cap"]
    story.work(hours=12)
    assert len(story.host.issues) == 2
    story.work(hours=13)
    assert len(story.host.issues) == 3


def test_another_projects_filings_do_not_count(story):
    story.rules(cap_per_day="1")
    story.accept()
    story.work()
    with story.db.write() as session:
        story.project_id = factories.project(session, policy={"cap_per_day": 1}, host_repo="team/other").id
    topic_id = story.accept()
    story.work()
    assert story.filing(topic_id) == ("filed", "")


def test_an_open_issue_that_matches_is_to_be_linked_first(story):
    topic_id = story.accept()
    story.resembling(topic_id)
    story.work()
    assert (story.filing(topic_id), story.host.calls) == (("held", "match"), [])
    assert (story.refusals()[0].detail, "77" in story.refusals()[0].reason) == ({"issue": "77"}, True)


def test_a_maintainer_may_file_all_the_same(story):
    topic_id = story.accept()
    story.resembling(topic_id)
    story.work()
    story.override(topic_id)
    story.work()
    assert (story.filing(topic_id), story.refusals()[0].overridden_at is not None) == (("filed", ""), True)


@pytest.mark.parametrize(("word", "match"), [("off", "whole project"), ("on", "nothing holds")])
def test_a_switch_is_not_opened_for_one_topic(story, word, match):
    story.switch(word)
    topic_id = story.accept()
    story.work()
    with pytest.raises(ConflictError, match=match):
        story.override(topic_id)


def test_what_is_marked_never_to_be_filed_again_is_not(story):
    topic_id = story.accept()
    story.resembling(topic_id, open=False, reason="not_planned", labels=["triage:never"])
    story.work()
    assert story.filing(topic_id) == ("held", "never")


def test_it_waits_while_an_equal_fix_is_fresh_and_is_filed_then(story):
    topic_id = story.accept()
    story.resembling(topic_id, open=False, reason="completed", closed_at=story.clock())
    story.work()
    assert story.filing(topic_id) == ("held", "fresh")
    story.work(days=3)
    assert story.filing(topic_id) == ("filed", "")


def test_a_new_reason_is_written_down_the_same_one_only_once(story):
    story.switch("off")
    topic_id = story.accept()
    story.work()
    story.switch("on")
    story.resembling(topic_id)
    story.work()
    story.work(days=1)
    assert [one.gate for one in story.refusals()] == ["switch", "match"]
    with story.db.read() as session:
        assert [one.gate for one in gates.refusals(session, session.get_one(Topic, topic_id))] == ["match", "switch"]


def test_a_second_attempt_is_not_held_by_what_came_up_meanwhile(story):
    story.rules(cap_per_day="1")
    story.host.fail("create", after=True)
    first = story.accept()
    story.work()
    second = story.accept()
    story.resembling(first)
    story.work()
    assert (story.filing(first), story.filing(second)) == (("filed", ""), ("held", "cap"))


def test_held_and_undone_nothing_was_ever_there(story):
    story.switch("off")
    topic_id = story.accept()
    story.work()
    with story.db.write() as session:
        filing.withdraw(session, session.get_one(Topic, topic_id).filing, now=story.clock())
    assert story.filing(topic_id)[0] == "cancelled"


def test_held_it_stays_accepted(story):
    story.switch("off")
    topic_id = story.accept()
    story.work()
    with story.db.read() as session:
        assert session.get_one(Topic, topic_id).state == TopicState.ACCEPTED


def test_rules_are_checked_and_shown(story):
    story.rules(cap_per_day="20", never_labels="nein,不要")
    with story.db.read() as session:
        shown = projects.shown(session.get_one(Project, story.project_id))
    assert shown["policy"] == {"cap_per_day": 20, "never_labels": ["nein", "不要"]}
    with pytest.raises(InvalidError):
        story.rules(cap_per_day="many")


def test_who_decides_need_not_wait_for_who_holds_the_project(db):
    """A gate that writes down why it held a topic back waits for the topic, and its decision waited for the project."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("optional: on SQLite one writes at a time")
    with db.write() as session:
        number = factories.topic(session).id

    def decide():
        with db.write() as session:
            review.change_kind(session, session.get_one(Topic, number), factories.actor(), "praise")

    with db.write() as session, ThreadPoolExecutor(1) as others:
        lock(session, session.get_one(Topic, number).project)
        done = others.submit(decide)
        wait([done], timeout=5)
        decided = done.done()
        session.commit()
    assert decided

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests import factories
from tests.fakes.clock import START
from tests.fakes.host import DENIED
from triage.db.queries import members
from triage.db.tables import Delivery, Feedback, Filing, Issue, Notice, Project, Remark, Topic
from triage.domain.drafts import marker
from triage.domain.topics import TopicState
from triage.errors import SettingError
from triage.services import review
from triage.services.undo import undo
from triage.services.worker import handlers


class Story:
    """An installation whose one host is in memory; `run` does a job now, `work` everything that is due."""

    def __init__(self, site, host):
        self.site, self.db, self.host = site, site.db, host
        site.host = lambda _: host
        site.jobs.handlers = handlers(site)

    def run(self, job, row=0):
        self.site.jobs.handlers[job](row)
        self.site.jobs.drain()

    def work(self, **later):
        self.site.now.forward(**later)
        self.run("sweep")

    def add(self, make, **fields):
        with self.db.write() as session:
            return make(session, **fields)

    def accepted(self, **fields):
        with self.db.write() as session:
            topic = factories.topic(session, **fields)
            return topic, review.accept(session, topic, factories.actor())

    def get(self, table, number):
        with self.db.read() as session:
            return session.get_one(table, number)

    def state(self, topic):
        return self.get(Topic, topic.id).state


@pytest.fixture
def story(site, host, shipped):
    site.models = shipped
    return Story(site, host)


def test_a_sweep_finds_everything_that_waits(story):
    with story.db.write() as session:
        project = factories.project(session)
        raw = factories.feedback(session, project, state="received")
        topic = factories.topic(session, project, key="ABC234")
        review.accept(session, topic, factories.actor())
        mailed = factories.feedback(session, project, email="li@example.com")
        notice = factories.notice(session, mailed)
        delivery = factories.delivery(session, project, "99")
    story.work(minutes=1)
    assert story.get(Feedback, raw.id).state == "analysed"
    assert story.state(topic) == TopicState.FILED
    assert story.get(Notice, notice.id).mail_state == "sent"
    assert story.get(Delivery, delivery.id).state == "failed"


def test_a_sweep_with_nothing_to_do_does_nothing(story):
    story.work()
    assert (story.host.calls, story.site.mail.sent) == ([], [])


def test_what_was_put_away_comes_back_at_its_time(story):
    topic = story.add(factories.topic, state="snoozed", snoozed_until=START + timedelta(days=1))
    story.work(hours=23)
    assert story.state(topic) == TopicState.SNOOZED
    story.work(hours=1)
    assert story.state(topic) == TopicState.NEW


def test_filing_tells_by_mail_at_once(story):
    with story.db.write() as session:
        project = factories.project(session)
        said = factories.feedback(session, project, email="li@example.com")
        topic = factories.topic(session, project, [said])
        review.accept(session, topic, factories.actor())
    number = topic.filing.id
    story.site.now.forward(minutes=1)
    story.run("file", number)
    assert [letter.to for letter in story.site.mail.sent] == ["li@example.com"]


def test_what_may_not_be_public_waits_for_a_person(story):
    topic, _ = story.accepted()
    with story.db.write() as session:
        members(session, session.get_one(Topic, topic.id))[0].private = True
    story.work(minutes=1)
    row = story.get(Filing, topic.filing.id)
    assert (row.state, "public" in row.error, story.host.calls) == ("blocked", True, [])


def test_what_may_no_longer_be_public_is_withdrawn_all_the_same(story):
    topic, decision = story.accepted()
    story.work(minutes=1)
    with story.db.write() as session:
        members(session, session.get_one(Topic, topic.id))[0].private = True
        undo(session, session.get_one(type(decision), decision.id), factories.actor())
    story.work(minutes=1)
    assert (story.get(Filing, topic.filing.id).state, story.host.issues["1"].open) == ("withdrawn", False)


def test_a_host_that_makes_no_sense_is_said(story, site):
    del site.host
    topic, _ = story.accepted()
    with story.db.write() as session:
        session.get_one(Project, topic.project_id).host = "sourceforge"
    story.work(minutes=1)
    row = story.get(Filing, topic.filing.id)
    assert (row.state, "sourceforge" in row.error) == ("blocked", True)


@pytest.mark.parametrize("job", ["hear", "refresh", "comment", "poll"])
def test_what_only_the_operator_can_mend_is_a_line_in_the_log(story, site, job):
    def sealed(_):
        raise SettingError("a stored secret can't be opened")

    site.host = sealed
    topic = story.add(factories.filed)
    row = {
        "hear": lambda: story.add(lambda session: factories.delivery(session, session.merge(topic.project))),
        "refresh": lambda: topic.issue,
        "comment": lambda: story.add(lambda session: remark(session, topic)),
        "poll": lambda: topic.project,
    }[job]()
    with capture_logs() as said:
        story.run(job, row.id)
    assert [(one["log_level"], one["error"]) for one in said] == [("warning", "a stored secret can't be opened")]


def remark(session, topic):
    row = Remark(topic_id=topic.id, key="K", body="said", next_try_at=START, created_at=START)
    session.add(row)
    session.flush()
    return row


def test_a_webhook_is_acted_on(story):
    topic = story.add(factories.filed, key="ABC234")
    story.host.open(marker("ABC234"))
    story.host.close()
    with story.db.write() as session:
        row = factories.delivery(session, session.get_one(Project, topic.project_id))
    story.run("hear", row.id)
    assert story.state(topic) == TopicState.RESOLVED


def test_polls_ask_every_host_though_one_fails(story):
    topic = story.add(factories.filed, key="ABC234")
    story.add(factories.project)
    story.host.open(marker("ABC234"))
    story.host.close()
    story.host.fail("changed_since", DENIED)
    story.run("poll_all")
    story.run("poll_all")
    assert story.state(topic) == TopicState.RESOLVED
    with story.db.read() as session:
        assert [project.poll_error for project in session.query(Project)] == ["", ""]


@pytest.mark.parametrize("job", ["analyse", "file", "hear", "mail", "poll"])
def test_a_row_that_is_gone_stops_nobody(story, job):
    story.run(job, 4_711)
    topic, _ = story.accepted()
    story.work(minutes=1)
    assert story.state(topic) == TopicState.FILED


def test_analysis_that_breaks_is_written_down_and_ends_in_the_queue(story):
    story.site.models = None
    with story.db.write() as session:
        row = factories.feedback(session, factories.project(session), state="received")
    for _ in range(3):
        story.run("analyse", row.id)
    found = story.get(Feedback, row.id)
    assert (found.state, found.analysis_attempts) == ("unanalysed", 3)
    assert "Error" in found.analysis_error


def test_a_lost_queue_loses_nothing(story):
    topic, _ = story.accepted()
    story.site.jobs.put("file", topic.filing.id)
    story.site.jobs.huey.flush()
    story.work(minutes=1)
    with story.db.read() as session:
        assert session.query(Issue).one().topic_id == topic.id

"""What nobody tells the follow-up: that an issue is gone, which release it is in, what a host asked to wait for."""

from dataclasses import replace

import pytest

from tests import factories
from tests.fakes.host import BROKEN
from tests.services.test_followup import Story
from triage.db.tables import Delivery, HostNote, Issue, Project
from triage.domain.drafts import marker
from triage.errors import OutsideError
from triage.hosts import HostEvent, HostRelease
from triage.services import followup


@pytest.fixture
def story(db, clock, host):
    return Story(db, clock, host)


def test_a_deleted_issue_is_noticed_within_a_day_although_no_list_tells(story, clock):
    story.poll()
    story.host.delete()
    clock.forward(hours=23)
    story.poll()
    assert story.get(Issue).error == ""
    clock.forward(hours=2)
    story.poll()
    assert "no such issue" in story.get(Issue).error


def test_looking_after_issues_that_fails_says_so_and_goes_on_the_next_time(story, clock):
    story.poll()
    clock.forward(hours=25)
    story.host.fail("get", BROKEN)
    story.poll()
    assert "500" in story.get(Project).poll_error
    story.host.delete()
    story.poll()
    assert "no such issue" in story.get(Issue).error


def test_only_so_many_issues_are_looked_after_at_once(story, clock, monkeypatch):
    monkeypatch.setattr(followup, "LOOKED_AFTER", 0)
    for hours in (2, 25):
        story.poll()
        clock.forward(hours=hours)
    story.host.calls.clear()
    story.poll()
    assert "get" not in story.host.calls


def test_a_host_that_asks_to_wait_costs_a_delivery_no_attempt(story, clock):
    row = story.deliver()
    with story.db.write() as session:
        row = session.get_one(Delivery, row.id)
        row.state, row.next_try_at, row.attempts = "waiting", clock(), followup.ATTEMPTS - 1
    story.host.fail("get", OutsideError("slow down", retry_after=60, status=429))
    row = story.work(row)
    assert (row.state, row.attempts) == ("waiting", followup.ATTEMPTS - 1)
    clock.forward(seconds=60)
    assert story.work(row).state == "done"


def test_what_old_deliveries_said_is_dropped_and_that_they_came_is_not(story, clock):
    with story.db.write() as session:
        factories.delivery(session, story.get(Project), state="done", request="words")
        followup.forget(session, now=clock.forward(days=13))
    assert story.get(Delivery).request == "words"
    with story.db.write() as session:
        followup.forget(session, now=clock.forward(days=2))
    assert story.get(Delivery).request == ""


def test_the_release_of_its_milestone_is_kept_with_the_issue(story, clock):
    story.host.issues["1"] = replace(story.host.issues["1"], milestone="v1.2")
    story.deliver()
    assert story.get(Issue).release == ""
    story.host.releases["v1.2"] = HostRelease("Release 1.2", "http://git.test/releases/1.2")
    clock.forward(hours=25)
    story.poll()
    assert (story.get(Issue).release, story.get(Issue).release_url) == ("Release 1.2", "http://git.test/releases/1.2")
    story.host._set("1", milestone="v1.3")
    story.deliver()
    assert (story.get(Issue).milestone, story.get(Issue).release) == ("v1.3", "")


@pytest.mark.parametrize(("account", "filed", "ours"), [("", True, True), ("", False, False), ("mei", True, False)])
def test_after_a_backup_our_account_is_known_by_what_it_filed_before(story, account, filed, ours):
    if filed:
        story.deliver()
    with story.db.write() as session:
        project = session.get_one(Project, story.project_id)
        project.host_account = account
        topic = factories.topic(session, project, key="NEW234")
        factories.filed(session, project=project, key="OTHER2", number="9") if not filed else None
    story.host.open(marker("NEW234"))
    story.poll()
    assert story.get(Issue, number="2").topic_id == (topic.id if ours else None)


@pytest.mark.parametrize("where", ["a private repository", "a confidential issue", "an internal note"])
def test_what_not_everybody_can_read_on_the_host_reaches_reporters_only_where_it_is_marked(story, where):
    story.host.open_to_all = where != "a private repository"
    story.host.issues["1"] = replace(story.host.issues["1"], confidential=where == "a confidential issue")
    internal = where == "an internal note"
    story.host.say("the customer is Acme", internal=internal)
    story.host.say("[public] fixed tomorrow", internal=internal)
    story.poll()
    assert story.told() == [("commented", "fixed tomorrow")]
    with story.db.read() as session:
        assert [note.internal for note in session.query(HostNote)] == [internal] * 2


def test_until_the_host_was_asked_a_repository_counts_as_private(story):
    with story.db.write() as session:
        assert not factories.project(session).host_public
        session.get_one(Project, story.project_id).host_public = False
    story.host.say("the customer is Acme")
    story.deliver()
    assert story.told() == []
    story.poll()
    assert story.told() == [("commented", "the customer is Acme")]


def test_a_delivery_that_says_private_is_believed_at_once_and_one_that_does_not_is_not(story, clock):
    for number, private in enumerate([True, False]):
        event = HostEvent(str(number), "issues", "edited", "team/product", "1", private)
        with story.db.write() as session:
            followup.take(session, session.get_one(Project, story.project_id), event, now=clock())
        assert not story.get(Project).host_public


def test_a_host_that_does_not_answer_leaves_what_was_known(story):
    story.poll()
    story.host.open_to_all = False
    story.host.fail("public", BROKEN)
    story.poll()
    assert story.get(Project).host_public
    assert "500" in story.get(Project).poll_error
    story.poll()
    assert not story.get(Project).host_public


def test_where_the_project_says_so_only_marked_comments_reach_reporters(story):
    with story.db.write() as session:
        session.get_one(Project, story.project_id).policy = {"comments": "marked"}
    note = story.host.say("the scheduler again, sigh")
    story.host.say("[public] fixed tomorrow")
    story.deliver()
    assert story.told() == [("commented", "fixed tomorrow")]
    with story.db.read() as session:
        assert session.query(HostNote).count() == 2
    story.host.reword(note, "the scheduler again @reporters")
    story.deliver()
    assert [text for _, text in story.told()] == ["fixed tomorrow", "the scheduler again"]

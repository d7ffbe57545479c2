"""Undone, and accepted again: the issue is closed, and the same one is opened again."""

from datetime import timedelta

import pytest

from tests.fakes.host import DENIED, LOST, Fault
from tests.services.test_filing import Story
from tests.services.test_filing_faults import Lagging
from triage.domain.topics import TopicState
from triage.services import filing


@pytest.fixture
def story(db, clock, host):
    return Story(db, clock, host)


def test_undone_in_time_nothing_was_ever_there(story):
    story.accept()
    story.undo()
    story.later()
    assert (story.row.state, story.state, story.host.calls) == ("cancelled", TopicState.NEW, [])


def test_undone_after_filing_the_issue_is_closed(story):
    story.accept()
    story.attempt()
    story.undo()
    assert (story.row.state, story.state) == ("withdrawing", TopicState.NEW)
    story.attempt()
    assert (story.row.state, story.issues, story.host.issues["1"].open) == ("withdrawn", [("1", False)], False)


def test_an_issue_that_the_list_does_not_show_yet_is_closed_by_its_number(db, clock):
    host = Lagging()
    host.clock, host.lag = clock, timedelta(minutes=10)
    story = Story(db, clock, host)
    story.accept()
    story.attempt()
    story.undo()
    story.attempt()
    assert (story.row.state, host.issues["1"].open) == ("withdrawn", False)


def test_an_issue_that_was_deleted_meanwhile_needs_no_closing(story):
    story.accept()
    story.attempt()
    story.host.delete()
    story.undo()
    story.attempt()
    assert (story.row.state, story.row.error) == ("withdrawn", "")


def test_undone_while_the_issue_is_being_made_it_is_closed_afterwards(story):
    story.host.meanwhile("create", story.undo)
    story.accept()
    story.attempt()
    assert (story.row.state, story.state, story.told()) == ("withdrawing", TopicState.NEW, [])
    story.later()
    assert (story.row.state, story.host.issues["1"].open) == ("withdrawn", False)


def test_undone_while_the_host_is_searched_nothing_is_made(story):
    story.host.meanwhile("created_since", story.undo, after=True)
    story.accept()
    story.attempt()
    story.later()
    assert (story.row.state, story.host.issues) == ("withdrawn", {})


def test_undone_while_an_attempt_fails_for_good_the_undoing_stands(story):
    story.host.faults.append(Fault("create", DENIED, meanwhile=story.undo))
    story.accept()
    story.attempt()
    story.later()
    assert story.row.state == "withdrawn"


def test_undone_after_a_lost_answer_the_issue_is_found_and_closed(story):
    story.host.fail("create", LOST, after=True)
    story.accept()
    story.attempt()
    story.undo()
    story.attempt()
    assert (story.row.state, story.host.issues["1"].open) == ("withdrawn", False)


def test_undone_before_the_host_could_take_it_there_is_nothing_to_close(story):
    story.host.fail("create", DENIED)
    story.accept()
    story.attempt()
    story.undo()
    story.later()
    assert (story.row.state, story.host.issues) == ("withdrawn", {})


def test_an_issue_that_the_team_closed_meanwhile_is_left_alone(story):
    story.accept()
    story.attempt()
    story.host.close()
    story.undo()
    story.attempt()
    assert (story.row.state, "edit" in story.host.calls) == ("withdrawn", False)


def test_what_may_no_longer_be_public_can_be_withdrawn_all_the_same(story):
    story.accept()
    filing.work(story.db, story.row.id, host=story.host, draft=None, now=story.clock())
    assert story.host.calls == []
    story.attempt()
    story.undo()
    filing.work(story.db, story.row.id, host=story.host, draft=None, now=story.clock())
    assert (story.row.state, story.host.issues["1"].open) == ("withdrawn", False)


def test_undone_before_the_first_attempt_could_be_made_it_is_forgotten(story):
    story.accept()
    filing.block(story.db, story.row.id, "nothing may be public")
    story.undo()
    assert story.row.state == "cancelled"


def test_withdrawing_is_tried_until_it_works(story):
    story.accept()
    story.attempt()
    story.undo()
    story.host.fail("edit", DENIED)
    story.attempt()
    assert story.row.state == "withdrawing"
    story.later()
    assert story.row.state == "withdrawn"


@pytest.mark.parametrize("closed", [True, False])
def test_accepted_again_the_same_issue_is_open_again(story, closed):
    story.accept()
    story.attempt()
    story.undo()
    if closed:
        story.attempt()
    story.accept()
    story.attempt()
    assert (story.state, story.issues, len(story.host.issues)) == (TopicState.FILED, [("1", True)], 1)
    assert story.host.issues["1"].open
    assert story.told() == ["filed"]


def test_accepted_again_while_it_is_being_withdrawn_it_is_filed_again(story):
    story.accept()
    story.attempt()
    story.undo()
    story.host.meanwhile("edit", story.accept)
    story.attempt()
    assert story.row.state == "waiting"
    story.later()
    assert (story.row.state, story.host.issues["1"].open) == ("filed", True)


def test_undone_twice_in_a_row_no_issue_stays_open(story):
    story.accept()
    story.attempt()
    story.undo()
    story.accept()
    story.undo()
    story.later()
    assert (story.row.state, story.host.issues["1"].open) == ("withdrawn", False)


def test_taken_back_and_given_again_in_time_it_is_filed_once(story):
    story.accept()
    story.undo()
    story.accept()
    story.attempt()
    assert (story.state, len(story.host.issues)) == (TopicState.FILED, 1)

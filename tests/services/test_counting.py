"""Two issues of ours for one topic, as after a clock that was wrong: the oldest counts, the others are closed."""

import pytest

from tests.services.test_filing import Story
from triage.domain.drafts import marker
from triage.domain.topics import TopicState
from triage.services import followup


class Counted(Story):
    """A filed topic whose project is polled; `stray` makes another issue with its marker."""

    def __init__(self, db, clock, host):
        super().__init__(db, clock, host)
        self.accept()
        self.attempt()

    def stray(self, author="bot"):
        with self.db.read() as session:
            key = self.topic(session).key
        return self.host.open(marker(key), author=author).number

    def poll(self):
        with self.db.read() as session:
            project_id = self.topic(session).project_id
        followup.poll(self.db, project_id, host=self.host, now=self.clock())

    def open_there(self):
        return [number for number, issue in self.host.issues.items() if issue.open]


@pytest.fixture
def story(db, clock, host):
    return Counted(db, clock, host)


def test_an_issue_too_many_is_seen_by_a_poll_and_closed_as_a_duplicate(story):
    story.stray()
    story.poll()
    assert story.row.state == "checking"
    story.later(minutes=1)
    assert (story.row.state, story.open_there()) == ("filed", ["1"])
    assert "Duplicate of #1" in story.host.notes[0].body
    assert dict(story.issues) == {"1": True, "2": True}  # the mirror hears of the closing like of any other
    story.poll()
    assert (dict(story.issues), story.row.state) == ({"1": True, "2": False}, "filed")


def test_what_the_team_closed_stays_closed_while_issues_are_counted(story):
    story.host.close("1")
    story.stray()
    story.poll()
    story.later(minutes=1)
    assert (story.row.state, story.open_there()) == ("filed", [])
    story.poll()
    assert (story.state, story.told()) == (TopicState.RESOLVED, ["filed", "resolved"])


def test_while_issues_are_counted_a_reading_moves_nothing(story):
    story.stray()
    story.poll()
    story.host.close("1")
    story.poll()
    assert (story.row.state, story.state, story.told()) == ("checking", TopicState.FILED, ["filed"])


def test_a_copy_of_our_marker_by_somebody_else_is_no_issue_too_many(story):
    number = story.stray(author="stranger")
    story.poll()
    story.later(minutes=1)
    assert (story.row.state, story.open_there()) == ("filed", ["1", number])


def test_one_that_turns_up_after_all_was_undone_is_closed_too(story):
    story.undo()
    story.attempt()
    story.stray()
    story.poll()
    assert story.row.state == "withdrawing"
    story.later(minutes=1)
    assert (story.row.state, story.open_there(), story.state) == ("withdrawn", [], TopicState.NEW)


@pytest.mark.parametrize("again", [True, False])
def test_what_we_are_at_ourselves_no_reading_moves(story, again):
    """The issue is closed, for it was undone; accepted again it waits to be opened."""
    story.undo()
    story.attempt()
    if again:
        story.accept()
    story.poll()
    assert (story.state, story.told()) == (TopicState.ACCEPTED if again else TopicState.NEW, ["filed"])


def test_a_reading_during_which_we_closed_the_issue_ourselves_is_void(story):
    def act():
        story.undo()
        story.attempt()

    story.host.meanwhile("comments", act)
    story.poll()
    assert (story.row.state, story.state, story.open_there()) == ("withdrawn", TopicState.NEW, [])


def test_nothing_else_is_read_where_the_number_of_issues_is_one(story):
    story.poll()
    story.later(minutes=1)
    assert (story.row.state, story.row.attempts) == ("filed", 1)

from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from triage.db import queries
from triage.domain.feedback import FeedbackState
from triage.errors import NotFoundError


def test_things_are_found_by_what_people_type(session):
    topic = factories.topic(session, key="ABC234")
    (row,) = queries.members(session, topic)
    assert queries.topic_by_key(session, "abc234") is topic
    assert queries.project_by_slug(session, topic.project.slug) is topic.project
    assert queries.feedback_by_receipt(session, row.receipt) is row


@pytest.mark.parametrize("look", [queries.project_by_slug, queries.topic_by_key, queries.feedback_by_receipt])
@pytest.mark.parametrize("wanted", ["nothing", "", "\x00", "\ud800", "x" * 100_000])
def test_what_is_not_there_is_said(session, look, wanted):
    with pytest.raises(NotFoundError):
        look(session, wanted)


def test_the_survivor_of_many_merges(session):
    last = factories.topic(session)
    middle = factories.topic(session, merged_into_id=last.id)
    assert queries.survivor(session, factories.topic(session, merged_into_id=middle.id)) is last
    assert queries.survivor(session, last) is last


def test_members_are_in_the_order_they_were_said(session):
    project = factories.project(session)
    days = (2, 0, 1)
    rows = [factories.feedback(session, project, f"{day}", said_at=START + timedelta(days=day)) for day in days]
    topic = factories.topic(session, project, rows)
    assert [row.body for row in queries.members(session, topic)] == ["0", "1", "2"]


def test_quarantine_counts_for_nothing(session):
    project = factories.project(session)
    person = factories.reporter(session, project)
    rows = [factories.feedback(session, project, reporter=person) for _ in range(2)]
    rows.append(factories.feedback(session, project, state=FeedbackState.QUARANTINED))
    topic = factories.topic(session, project, rows)
    assert (topic.reports, topic.people) == (2, 1)
    assert (topic.first_seen, topic.last_seen) == (rows[0].said_at, rows[1].said_at)


def test_an_empty_topic_keeps_its_times(session):
    topic = factories.topic(session, feedback=[])
    assert (topic.reports, topic.people, topic.first_seen) == (0, 0, START)

"""Every decision that a person made and let stand is an example, and says what it says."""

from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from triage.db.tables import Example
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState
from triage.services import review
from triage.services.learning import examples, spam_weeks
from triage.services.undo import undo


@pytest.fixture
def mei(session):
    return factories.user(session)


def kinds(session, topic):
    found = examples(session, topic.project).kinds
    return [(one.body, one.kind, one.confirmed) for one in found]


def spam(session, topic):
    return [(one.spam, one.error, one.confirmed) for one in examples(session, topic.project).spam]


def quarantined(session):
    row = factories.topic(session, state=TopicState.SPAM)
    for one in review.members(session, row):
        one.state = FeedbackState.QUARANTINED
    session.flush()
    return row


def test_a_changed_kind_is_an_example_of_each_feedback(session, mei):
    topic = factories.topic(session, feedback=["one", "two"])
    review.change_kind(session, topic, factories.actor(mei), "praise")
    assert kinds(session, topic) == [("one", "praise", False), ("two", "praise", False)]


@pytest.mark.parametrize("act", [
    review.accept,
    lambda session, topic, actor: review.decline(session, topic, actor, "no"),
    lambda session, topic, actor: review.answer(session, topic, actor, "thanks"),
])  # fmt: skip
def test_who_decides_and_leaves_the_kind_confirms_it(session, mei, act):
    topic = factories.topic(session, feedback=["one"])
    act(session, topic, factories.actor(mei))
    assert kinds(session, topic) == [("one", "bug", True)]
    assert spam(session, topic) == [(False, False, True)]


def test_confirmed_twice_is_one_example_of_the_first_day(session, mei):
    topic = factories.topic(session, feedback=["one"])
    review.answer(session, topic, factories.actor(mei), "thanks")
    review.accept(session, topic, factories.actor(mei, hours=1))
    (found,) = examples(session, topic.project).kinds
    assert found.at == START


def test_a_feedback_of_another_kind_than_its_topic_is_not_confirmed(session, mei):
    project = factories.project(session)
    topic = factories.topic(session, project, [factories.feedback(session, project, "odd", kind="question"), "one"])
    review.accept(session, topic, factories.actor(mei))
    assert kinds(session, topic) == [("one", "bug", True)]


def test_a_kind_that_was_changed_stays_changed_when_the_topic_is_accepted(session, mei):
    topic = factories.topic(session, feedback=["one"])
    review.change_kind(session, topic, factories.actor(mei), "feature")
    review.accept(session, topic, factories.actor(mei, hours=1))
    assert kinds(session, topic) == [("one", "feature", False)]


def test_a_policys_decision_teaches_nothing(session):
    topic = factories.topic(session)
    review.accept(session, topic, factories.actor())
    assert examples(session, topic.project).count == 0


def test_what_was_undone_teaches_nothing(session, mei):
    topic = factories.topic(session)
    undo(session, review.change_kind(session, topic, factories.actor(mei), "praise"), factories.actor(mei))
    assert examples(session, topic.project).count == 0
    assert examples(session, topic.project).newest is None


def test_another_projects_decisions_are_not_ours(session, mei):
    review.accept(session, factories.topic(session), factories.actor(mei))
    assert examples(session, factories.project(session)).count == 0


def test_snoozing_confirms_nothing(session, mei):
    topic = factories.topic(session)
    review.snooze(session, topic, factories.actor(mei), START + timedelta(days=1))
    assert examples(session, topic.project).count == 0


def test_labelled_issues_of_the_host_are_examples_too(session):
    project = factories.project(session)
    made = {"project_id": project.id, "source": "team/product#1", "title": "T", "body": "B", "kind": "bug"}
    session.add(Example(**made, said_at=START, created_at=START))
    session.flush()
    (found,) = examples(session, project).kinds
    assert (found.host, found.kind, found.feedback_id) == ("team/product#1", "bug", None)


def test_examples_come_in_the_order_of_their_decisions(session, mei):
    project = factories.project(session)
    late, early = (factories.topic(session, project, [body]) for body in ("late", "early"))
    review.accept(session, late, factories.actor(mei, hours=2))
    review.accept(session, early, factories.actor(mei, hours=1))
    found = examples(session, project)
    assert [one.body for one in found.kinds] == ["early", "late"]
    assert found.newest == START + timedelta(hours=2)


def test_spam_that_was_let_through_is_an_error(session, mei):
    topic = factories.topic(session)
    review.spam(session, topic, factories.actor(mei))
    assert spam(session, topic) == [(True, True, False)]
    assert kinds(session, topic) == []


def test_what_was_held_and_given_back_is_an_error(session, mei):
    topic = quarantined(session)
    review.not_spam(session, topic, factories.actor(mei))
    assert spam(session, topic) == [(False, True, False)]


def test_a_person_who_turns_round_proves_the_model_right(session, mei):
    topic = factories.topic(session)
    review.spam(session, topic, factories.actor(mei))
    review.not_spam(session, topic, factories.actor(mei, hours=1))
    assert spam(session, topic) == [(False, False, False)]


def test_held_again_after_being_given_back_the_model_was_right(session, mei):
    topic = quarantined(session)
    review.not_spam(session, topic, factories.actor(mei))
    review.spam(session, topic, factories.actor(mei, hours=1))
    assert spam(session, topic) == [(True, False, False)]


def test_accepted_first_and_spam_later_was_let_through(session, mei):
    topic = factories.topic(session)
    review.answer(session, topic, factories.actor(mei), "thanks")
    review.spam(session, topic, factories.actor(mei, hours=1))
    assert spam(session, topic) == [(True, True, False)]


def test_both_errors_are_counted_by_week(session, mei):
    project = factories.project(session)
    for days in (0, 1, 8):
        topic = factories.topic(session, project)
        review.spam(session, topic, factories.actor(mei, hours=24 * days))
    held = factories.topic(session, project, state=TopicState.SPAM)
    review.members(session, held)[0].state = FeedbackState.QUARANTINED
    session.flush()
    review.not_spam(session, held, factories.actor(mei, hours=9 * 24))
    weeks = spam_weeks(session, project, now=START + timedelta(days=10), weeks=3)
    assert [(week.wrongly_held, week.let_through) for week in weeks] == [(1, 1), (0, 2), (0, 0)]
    assert weeks[0].monday.weekday() == 0

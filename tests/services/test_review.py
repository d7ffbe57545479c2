from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from triage.db.queries import members
from triage.db.tables import Feedback, Notice, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState
from triage.errors import ConflictError, InvalidError
from triage.services import review


@pytest.fixture
def topic(session):
    return factories.topic(session, feedback=["one", "two", "three"])


@pytest.fixture
def other(session, topic):
    return factories.topic(session, topic.project, ["four"])


@pytest.fixture
def actor(session):
    return factories.actor(factories.user(session))


def bodies(session, topic):
    return [row.body for row in members(session, topic)]


def states(session, topic):
    return {row.state for row in members(session, topic)}


def texts(session):
    return [(row.event, row.text) for row in session.query(Notice)]


def test_accepting_writes_down_the_intent_to_file(session, topic, actor):
    decision = review.accept(session, topic, actor)
    assert (topic.state, topic.filing.state) == (TopicState.ACCEPTED, "waiting")
    assert topic.filing.next_try_at > START
    assert (decision.verb, decision.user_id, decision.made_at) == ("accept", actor.user_id, START)


def test_accepting_ends_a_snooze(session, topic, actor):
    review.snooze(session, topic, actor, START + timedelta(days=1))
    review.accept(session, topic, actor)
    assert topic.snoozed_until is None


def test_declining_tells_every_reporter_why(session, topic, actor):
    decision = review.decline(session, topic, actor, "  it is by design\x00 ")
    session.flush()
    assert (topic.state, topic.reason, decision.reason) == (TopicState.DECLINED, *["it is by design"] * 2)
    assert texts(session) == [("declined", "it is by design")] * 3


@pytest.mark.parametrize("reason", ["", " \n", "\x00"])
def test_declining_needs_a_reason(session, topic, actor, reason):
    with pytest.raises(InvalidError) as refused:
        review.decline(session, topic, actor, reason)
    assert (refused.value.field, topic.state) == ("reason", TopicState.NEW)


def test_snoozing_puts_away_until_a_day_to_come(session, topic, actor):
    review.snooze(session, topic, actor, START + timedelta(days=1))
    assert (topic.state, topic.snoozed_until) == (TopicState.SNOOZED, START + timedelta(days=1))
    review.wake(topic)
    assert (topic.state, topic.snoozed_until) == (TopicState.NEW, None)


def test_snoozing_into_the_past_is_refused(session, topic, actor):
    with pytest.raises(InvalidError, match="day to come"):
        review.snooze(session, topic, actor, START)


def test_merging_moves_all_feedback_and_leaves_a_pointer(session, topic, other, actor):
    review.merge(session, topic, actor, other)
    assert (topic.state, topic.merged_into_id, topic.reports) == (TopicState.MERGED, other.id, 0)
    assert bodies(session, other) == ["one", "two", "three", "four"]
    assert (other.reports, other.people) == (4, 4)


def test_merging_follows_what_was_merged_before(session, topic, other, actor):
    last = factories.topic(session, topic.project)
    review.merge(session, other, actor, last)
    review.merge(session, topic, actor, other)
    assert topic.merged_into_id == last.id


def test_merging_never_makes_a_circle(session, topic, other, actor):
    review.merge(session, topic, actor, other)
    with pytest.raises(ConflictError, match="itself"):
        review.merge(session, other, actor, topic)


def test_merging_into_itself_is_refused(session, topic, actor):
    with pytest.raises(ConflictError, match="itself"):
        review.merge(session, topic, actor, topic)


def test_merging_stays_within_the_project(session, topic, actor):
    with pytest.raises(ConflictError, match="different projects"):
        review.merge(session, topic, actor, factories.topic(session))


def test_merging_into_quarantine_is_refused(session, topic, other, actor):
    review.spam(session, other, actor)
    with pytest.raises(ConflictError, match="quarantine"):
        review.merge(session, topic, actor, other)


def test_who_joins_a_filed_topic_is_told_and_the_others_not_again(session, topic, actor):
    filed = factories.filed(session, topic.project)
    factories.notice(session, members(session, filed)[0], "filed", about="1")
    review.merge(session, topic, actor, filed)
    session.flush()
    assert session.query(Notice).filter_by(event="filed", about="1").count() == 4


def test_splitting_makes_a_topic_of_its_own(session, topic, actor):
    rows = members(session, topic)
    decision = review.split(session, topic, actor, [rows[1].id, rows[2].id])
    fresh = rows[1].topic_id
    assert bodies(session, topic) == ["one"]
    assert {row.topic_id for row in rows[1:]} == {fresh}
    assert decision.detail["feedback"] == [rows[1].id, rows[2].id]


def test_a_topic_that_was_split_off_is_new_and_named_after_its_first(session, topic, actor):
    row = members(session, topic)[1]
    row.title, row.component = "A title", "GPU"
    review.split(session, topic, actor, [row.id])
    fresh = session.get(type(topic), row.topic_id)
    assert (fresh.state, fresh.title, fresh.component, fresh.reports) == (TopicState.NEW, "A title", "GPU", 1)
    assert fresh.key != topic.key


@pytest.mark.parametrize("chosen", [slice(0, 0), slice(0, 3)])
def test_splitting_takes_some_and_leaves_some(session, topic, actor, chosen):
    with pytest.raises(InvalidError, match="some"):
        review.split(session, topic, actor, [row.id for row in members(session, topic)][chosen])


def test_splitting_ignores_feedback_of_other_topics(session, topic, other, actor):
    with pytest.raises(InvalidError):
        review.split(session, topic, actor, [row.id for row in members(session, other)])


def test_spam_goes_into_quarantine_whole_and_comes_out_whole(session, topic, actor):
    review.spam(session, topic, actor)
    assert (topic.state, states(session, topic), topic.reports) == (TopicState.SPAM, {FeedbackState.QUARANTINED}, 0)
    review.not_spam(session, topic, actor)
    assert (topic.state, states(session, topic), topic.reports) == (TopicState.NEW, {FeedbackState.ANALYSED}, 3)


def test_nobody_in_quarantine_is_told_anything(session, topic, actor):
    members(session, topic)[0].state = FeedbackState.QUARANTINED
    review.answer(session, topic, actor, "thank you")
    session.flush()
    assert session.query(Notice).count() == 2


def test_changing_the_kind_changes_that_of_the_feedback(session, topic, actor):
    review.change_kind(session, topic, actor, "feature")
    assert topic.kind == "feature"
    assert {row.kind for row in session.query(Feedback)} == {"feature"}


def test_there_are_only_so_many_kinds(session, topic, actor):
    with pytest.raises(InvalidError, match="poem"):
        review.change_kind(session, topic, actor, "poem")


def test_changing_the_component_changes_that_of_the_feedback(session, topic, actor):
    topic.project.words = {"Scheduler": ["queue"]}
    review.change_component(session, topic, actor, "Scheduler")
    assert topic.component == "Scheduler"
    assert {row.component for row in members(session, topic)} == {"Scheduler"}
    review.change_component(session, topic, actor, "")
    assert topic.component == ""
    assert {row.component for row in members(session, topic)} == {""}


def test_a_component_is_one_of_the_projects(session, topic, actor):
    review.change_component(session, topic, actor, "images")  # the shipped ones, until it has its own
    topic.project.words = {"Scheduler": ["queue"]}
    with pytest.raises(InvalidError, match="images"):
        review.change_component(session, topic, actor, "images")


def test_an_answer_reaches_every_reporter(session, topic, actor):
    review.answer(session, topic, actor, " It is fixed in 2.1 ")
    session.flush()
    assert texts(session) == [("answered", "It is fixed in 2.1")] * 3


def test_an_answer_says_something(session, topic, actor):
    with pytest.raises(InvalidError):
        review.answer(session, topic, actor, " ")


def test_a_verb_that_is_not_allowed_changes_nothing(session, topic, other, actor):
    review.merge(session, topic, actor, other)
    with pytest.raises(ConflictError, match="merged"):
        review.accept(session, topic, actor)
    assert topic.filing is None


def test_the_latest_decision_is_the_one_to_be_undone_first(session, topic, actor):
    assert review.latest(session, topic) is None
    review.change_kind(session, topic, actor, "feature")
    second = review.change_kind(session, topic, actor, "question")
    assert review.latest(session, topic) is second


def test_what_is_split_off_in_quarantine_stays_in_quarantine(session):
    """It would stand in the queue as a report by nobody, which can be neither filed nor taken out."""
    topic = factories.topic(session, feedback=["buy cheap", "login fails"])
    review.spam(session, topic, factories.actor())
    rows = members(session, topic)
    decision = review.split(session, topic, factories.actor(), [rows[1].id])
    made = session.query(Topic).filter_by(key=decision.detail["into"]).one()
    assert (made.state, made.reports) == (TopicState.SPAM, 0)
    review.not_spam(session, made, factories.actor())
    assert (made.state, made.reports, rows[1].state) == (TopicState.NEW, 1, FeedbackState.ANALYSED)
    assert rows[0].state == FeedbackState.QUARANTINED

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest

from tests import factories
from tests.fakes.clock import START
from triage.db.queries import members
from triage.db.tables import Decision, Notice, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState
from triage.errors import ConflictError, InvalidError
from triage.services import review
from triage.services.undo import undo

NOBODY = factories.actor()


@pytest.fixture
def topics(session):
    project = factories.project(session)
    return [factories.topic(session, project, [f"{name}1", f"{name}2"], title=name) for name in "abc"]


def bodies(session, topic):
    return sorted(row.body for row in members(session, topic))


def split(session, topic, *chosen):
    rows = [row.id for row in members(session, topic) if row.body in chosen]
    decision = review.split(session, topic, NOBODY, rows)
    return decision, session.query(Topic).filter_by(key=decision.detail["into"]).one()


VERBS = {
    "accept": lambda session, topic, _: review.accept(session, topic, NOBODY),
    "decline": lambda session, topic, _: review.decline(session, topic, NOBODY, "no"),
    "snooze": lambda session, topic, _: review.snooze(session, topic, NOBODY, START + timedelta(days=1)),
    "spam": lambda session, topic, _: review.spam(session, topic, NOBODY),
    "kind": lambda session, topic, _: review.change_kind(session, topic, NOBODY, "praise"),
    "component": lambda session, topic, _: review.change_component(session, topic, NOBODY, "images"),
    "answer": lambda session, topic, _: review.answer(session, topic, NOBODY, "thanks"),
    "merge": lambda session, topic, other: review.merge(session, topic, NOBODY, other),
    "split": lambda session, topic, _: split(session, topic, "a1")[0],
}


@pytest.mark.parametrize("verb", VERBS)
def test_after_undoing_everything_is_as_it_was(session, topics, verb):
    before = [review.snapshot(session, topic) for topic in topics]
    decision = VERBS[verb](session, *topics[:2])
    undo(session, decision, factories.actor(hours=1))
    assert [review.snapshot(session, topic) for topic in topics] == before
    assert [topic.reports for topic in topics] == [2, 2, 2]
    assert (decision.undone_at, session.query(Notice).count()) == (START + timedelta(hours=1), 0)


def test_what_comes_out_of_quarantine_by_mistake_goes_back(session, topics):
    review.spam(session, topics[0], NOBODY)
    undo(session, review.not_spam(session, topics[0], NOBODY), NOBODY)
    assert (topics[0].state, topics[0].reports) == (TopicState.SPAM, 0)


def test_what_joined_meanwhile_goes_into_quarantine_with_the_others(session, topics):
    review.spam(session, topics[0], NOBODY)
    decision = review.not_spam(session, topics[0], NOBODY)
    factories.feedback(session, topics[0].project, topic=topics[0])
    undo(session, decision, NOBODY)
    assert {row.state for row in members(session, topics[0])} == {FeedbackState.QUARANTINED}
    assert topics[0].reports == 0


def test_who_undid_it_is_kept(session, topics):
    user = factories.user(session)
    decision = review.accept(session, topics[0], NOBODY)
    undo(session, decision, factories.actor(user))
    assert decision.undone_by_id == user.id


def test_nothing_is_undone_twice(session, topics):
    decision = review.accept(session, topics[0], NOBODY)
    undo(session, decision, NOBODY)
    with pytest.raises(ConflictError, match="undone already"):
        undo(session, decision, NOBODY)


def test_the_latest_is_undone_first(session, topics):
    first = review.change_kind(session, topics[0], NOBODY, "praise")
    second = review.accept(session, topics[0], NOBODY)
    with pytest.raises(ConflictError, match="decided after it"):
        undo(session, first, NOBODY)
    undo(session, second, NOBODY)
    undo(session, first, NOBODY)
    assert topics[0].kind == "bug"


def test_what_the_host_did_since_is_not_undone(session, topics):
    topic = factories.filed(session, topics[0].project)
    decision = review.change_kind(session, topic, NOBODY, "praise")
    topic.state = TopicState.RESOLVED
    undo(session, decision, NOBODY)
    assert (topic.state, topic.kind) == (TopicState.RESOLVED, "bug")


def test_a_merge_can_be_undone_after_the_other_topic_was_decided_on(session, topics):
    a, b, _ = topics
    merged = review.merge(session, a, NOBODY, b)
    review.change_kind(session, b, NOBODY, "praise")
    accepted = review.accept(session, b, NOBODY)
    undo(session, merged, NOBODY)
    assert (bodies(session, a), {row.kind for row in members(session, a)}) == (["a1", "a2"], {"bug"})
    undo(session, accepted, NOBODY)
    assert (bodies(session, a), bodies(session, b)) == (["a1", "a2"], ["b1", "b2"])


def test_who_joined_after_a_merge_stays(session, topics):
    a, b, _ = topics
    decision = review.merge(session, a, NOBODY, b)
    factories.feedback(session, b.project, "later", topic=b)
    undo(session, decision, NOBODY)
    assert bodies(session, b) == ["b1", "b2", "later"]


@pytest.mark.parametrize("order", [0, 1])
def test_merges_in_a_row_are_undone_from_the_end(session, topics, order):
    a, b, c = topics
    first, second = review.merge(session, a, NOBODY, b), review.merge(session, b, NOBODY, c)
    if order:
        with pytest.raises(ConflictError, match="moved on"):
            undo(session, first, NOBODY)
    undo(session, second, NOBODY)
    undo(session, first, NOBODY)
    assert [bodies(session, topic) for topic in topics] == [["a1", "a2"], ["b1", "b2"], ["c1", "c2"]]


def test_feedback_that_was_split_off_since_is_not_stolen_back(session, topics):
    a, b, _ = topics
    merged = review.merge(session, a, NOBODY, b)
    split(session, b, "a1", "b1")
    with pytest.raises(ConflictError, match="moved on"):
        undo(session, merged, NOBODY)


def test_no_topic_is_left_empty_by_undoing_a_merge(session, topics):
    a, b, _ = topics
    merged = review.merge(session, a, NOBODY, b)
    split(session, b, "b1", "b2")
    with pytest.raises(ConflictError, match="nothing would be left"):
        undo(session, merged, NOBODY)


def test_a_topic_that_was_split_off_points_back_after_undoing(session, topics):
    decision, fresh = split(session, topics[0], "a1")
    undo(session, decision, NOBODY)
    assert (fresh.state, fresh.merged_into_id, fresh.reports) == (TopicState.MERGED, topics[0].id, 0)


def test_a_split_stands_once_the_new_topic_went_its_own_way(session, topics):
    decision, fresh = split(session, topics[0], "a1")
    accepted = review.accept(session, fresh, NOBODY)
    with pytest.raises(ConflictError, match=fresh.key):
        undo(session, decision, NOBODY)
    undo(session, accepted, NOBODY)
    undo(session, decision, NOBODY)
    assert bodies(session, topics[0]) == ["a1", "a2"]


def test_a_split_stands_once_others_joined_the_new_topic(session, topics):
    decision, fresh = split(session, topics[0], "a1")
    factories.feedback(session, fresh.project, "later", topic=fresh)
    with pytest.raises(ConflictError, match="other feedback joined"):
        undo(session, decision, NOBODY)


def test_an_answer_that_is_undone_is_gone_from_every_page(session, topics):
    decision = review.answer(session, topics[0], NOBODY, "oops")
    session.flush()
    session.query(Notice).first().mail_state = "sent"
    undo(session, decision, NOBODY)
    assert session.query(Notice).count() == 0


def test_the_state_of_each_feedback_comes_back(session, topics):
    rows = members(session, topics[0])
    rows[0].state = FeedbackState.UNANALYSED
    undo(session, review.spam(session, topics[0], NOBODY), NOBODY)
    assert [row.state for row in rows] == [FeedbackState.UNANALYSED, FeedbackState.ANALYSED]


def test_decisions_stay_in_the_book(session, topics):
    undo(session, review.accept(session, topics[0], NOBODY), NOBODY)
    assert [(row.verb, row.undone_at is None) for row in session.query(Decision)] == [("accept", False)]


def test_who_was_told_by_a_merge_is_told_nothing_once_it_is_undone(session, topics):
    filed = factories.filed(session, topics[0].project, number="7")
    early = factories.notice(session, members(session, filed)[0], about="7")
    undo(session, review.merge(session, topics[0], NOBODY, filed), NOBODY)
    assert session.query(Notice).all() == [early]


def test_who_knew_of_the_issue_before_a_merge_still_does_after_it_is_undone(session, topics):
    filed = factories.filed(session, topics[0].project, number="7")
    rows = [*members(session, topics[0]), *members(session, filed)]
    early = [factories.notice(session, row, about="7") for row in rows]
    undo(session, review.merge(session, topics[0], factories.actor(hours=1), filed), NOBODY)
    assert session.query(Notice).order_by(Notice.id).all() == early


def test_two_maintainers_at_once_leave_no_topic_hollow(db):
    """One undoes a merge while the other splits off what it had brought."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("optional: on SQLite one writes at a time")
    with db.write() as session:
        one, other = factories.topic(session), factories.topic(session, feedback=["b1", "b2"])
        other.project_id = one.project_id
        brought = [row.id for row in members(session, one)]
        merged = review.merge(session, one, NOBODY, other)

    def split():
        with db.write() as session:
            review.split(session, session.get_one(Topic, other.id), NOBODY, brought)

    with ThreadPoolExecutor(1) as others:
        with db.write() as session:
            undo(session, session.get_one(Decision, merged.id), NOBODY)
            session.flush()
            done = others.submit(split)
            wait([done], timeout=0.5)
        with pytest.raises(InvalidError):
            done.result()
    with db.read() as session:
        assert [row.id for row in members(session, session.get_one(Topic, one.id))] == brought


def test_an_issue_that_another_topic_goes_by_meanwhile_is_not_taken_from_it(session, topics):
    """Its own was closed as a duplicate, opened again, and linked to by somebody."""
    one = factories.filed(session, topics[0].project, number="5")
    five, seven = one.issue, factories.issue(session, topics[2], number="7")
    seven.topic = None
    followed = review.follow(session, one, NOBODY, seven)
    review.link(session, topics[1], NOBODY, five)
    with pytest.raises(ConflictError, match=f"issue 5 belongs to topic {topics[1].key} already"):
        undo(session, followed, NOBODY)

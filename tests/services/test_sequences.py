"""Whatever people do in the queue, in any order: nothing is lost, and undoing all of it brings everything back."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import factories
from tests.fakes.clock import START
from triage.db.queries import members, survivor
from triage.db.tables import Decision, Feedback, Notice, Topic
from triage.domain.feedback import FeedbackState
from triage.domain.topics import TopicState
from triage.errors import ConflictError, InvalidError
from triage.services import review
from triage.services.undo import undo

NOBODY = factories.actor()
ACTS = {
    "accept": lambda session, one, _: review.accept(session, one, NOBODY),
    "decline": lambda session, one, _: review.decline(session, one, NOBODY, "no"),
    "snooze": lambda session, one, _: review.snooze(session, one, NOBODY, START + timedelta(days=1)),
    "spam": lambda session, one, _: review.spam(session, one, NOBODY),
    "not spam": lambda session, one, _: review.not_spam(session, one, NOBODY),
    "kind": lambda session, one, other: review.change_kind(session, one, NOBODY, other.kind),
    "praise": lambda session, one, _: review.change_kind(session, one, NOBODY, "praise"),
    "component": lambda session, one, _: review.change_component(session, one, NOBODY, "images"),
    "no component": lambda session, one, _: review.change_component(session, one, NOBODY, ""),
    "answer": lambda session, one, _: review.answer(session, one, NOBODY, "thanks"),
    "merge": lambda session, one, other: review.merge(session, one, NOBODY, other),
    "split": lambda session, one, _: review.split(session, one, NOBODY, [members(session, one)[0].id]),
}
numbers = st.integers(0, 9)
acts = st.lists(st.tuples(st.sampled_from([*ACTS, "merge", "split"]), numbers, numbers), min_size=2, max_size=12)
with_undoing = st.lists(st.tuples(st.sampled_from([*ACTS, "merge", "split", "undo", "undo"]), numbers, numbers))


def begun(session):
    project = factories.project(session)
    for kind in ("bug", "feature", "question"):
        factories.topic(session, project, [f"{kind} {number}" for number in range(3)], kind=kind)
    filed = factories.filed(session, project, feedback=["filed 0", "filed 1"])
    for row in members(session, filed):
        factories.notice(session, row, about="1", happened_at=START - timedelta(hours=1))
    return project


def topics(session, project):
    return session.query(Topic).filter_by(project_id=project.id).order_by(Topic.id).all()


def act(session, project, name, first, second):
    """Do one thing, or have it refused; a refusal must change nothing, so it is not taken back."""
    there = topics(session, project)
    try:
        if name == "undo":
            made = session.query(Decision).filter_by(project_id=project.id).order_by(Decision.id).all()
            return undo(session, made[(first * 10 + second) % len(made)], NOBODY) if made else None
        return ACTS[name](session, there[first % len(there)], there[second % len(there)])
    except (ConflictError, InvalidError, IndexError):
        return None


def snapshots(session, there):
    session.flush()
    told = {(row.feedback_id, row.event, row.about) for row in session.query(Notice)}
    return told, [(review.snapshot(session, topic), topic.reports, topic.people, topic.title) for topic in there]


@settings(max_examples=60)
@given(acts)
def test_undoing_everything_from_the_end_brings_the_first_day_back(session, acts):
    project = begun(session)
    there = topics(session, project)
    before = snapshots(session, there)
    made = [decision for step in acts if (decision := act(session, project, *step))]
    for decision in reversed(made):
        undo(session, decision, NOBODY)
    assert snapshots(session, there) == before
    assert {topic.state for topic in topics(session, project)[4:]} <= {TopicState.MERGED}
    session.rollback()


@settings(max_examples=60)
@given(with_undoing)
def test_in_any_order_no_feedback_is_lost_and_no_topic_is_hollow(session, acts):
    project = begun(session)
    for step in acts:
        act(session, project, *step)
    for topic in topics(session, project):
        assert sound(session, topic)
    assert all(row.topic.state != TopicState.MERGED for row in session.query(Feedback).filter_by(project=project))
    session.rollback()


def sound(session, topic):
    """Return whether a topic is counted right and either holds feedback or points to one that does."""
    rows = members(session, topic)
    counted = [row for row in rows if row.state != FeedbackState.QUARANTINED]
    alive = topic.state != TopicState.MERGED
    hidden = {row.state == FeedbackState.QUARANTINED for row in rows} <= {topic.state == TopicState.SPAM}
    right = hidden and topic.reports == len(counted) and bool(rows) == alive == (topic.merged_into_id is None)
    return right and survivor(session, topic).state != TopicState.MERGED

"""A proposal is followed or dismissed by a person; undone, it is open again."""

import pytest

from tests import factories
from triage.db.queries import members
from triage.domain.topics import TopicState
from triage.errors import ConflictError, NotFoundError
from triage.services import proposals, review
from triage.services.learning import examples
from triage.services.undo import undo


@pytest.fixture
def mei(session):
    return factories.actor(factories.user(session))


@pytest.fixture
def topic(session):
    return factories.topic(session, feedback=["one", "two", "three"])


@pytest.fixture
def merge(session, topic):
    return factories.proposal(session, topic, factories.topic(session, topic.project))


@pytest.fixture
def split(session, topic):
    one, two, three = (row.id for row in members(session, topic))
    return factories.proposal(session, topic, groups=[[one], [two], [three]])


def test_a_merge_that_is_followed_is_a_merge(session, merge, mei):
    decision = proposals.follow(session, merge, mei)
    assert (decision.verb, decision.detail["proposal"]) == ("merge", merge.id)
    assert (merge.topic.state, merge.topic.merged_into_id) == (TopicState.MERGED, merge.other_id)
    assert proposals.waiting(session, merge.topic.project) == []


def test_what_went_to_the_host_meanwhile_takes_the_other_in(session, merge, mei):
    merge.topic.state = TopicState.FILED
    proposals.follow(session, merge, mei)
    assert merge.other.merged_into_id == merge.topic_id


def test_a_split_that_is_followed_splits_off_each_part_but_the_largest(session, split, mei, topic):
    proposals.follow(session, split, mei)
    assert [row.body for row in members(session, topic)] == ["one"]


def test_what_one_press_split_off_one_press_brings_back(session, split, mei, topic):
    undo(session, proposals.follow(session, split, mei), mei)
    assert [row.body for row in members(session, topic)] == ["one", "two", "three"]
    assert proposals.about(session, topic) == [split]


def test_a_split_by_hand_before_it_stays(session, split, mei, topic):
    review.split(session, topic, mei, [split.groups[2][0]])
    split.groups = split.groups[:2]
    undo(session, proposals.follow(session, split, mei), mei)
    assert [row.body for row in members(session, topic)] == ["one", "two"]


def test_what_a_split_would_make_of_it(session, split, topic):
    split.groups = [split.groups[0], split.groups[1]]  # the third came in after it was proposed, and stays
    assert [(part.feedback.body, part.count) for part in proposals.parts(session, split)] == [("one", 2), ("two", 1)]


def test_what_moved_on_can_not_be_followed(session, merge, split, mei, topic):
    topic.state = merge.other.state = TopicState.MERGED
    for row in (merge, split):
        with pytest.raises(ConflictError):
            proposals.follow(session, row, mei)


@pytest.mark.parametrize("kind", ["merge", "split"])
def test_a_proposal_that_names_nothing_can_not_be_followed(session, topic, mei, kind):
    with pytest.raises(ConflictError):
        proposals.follow(session, factories.proposal(session, topic, kind=kind), mei)


def test_dismissing_is_a_decision(session, merge, split, mei):
    for row in (merge, split):
        assert proposals.dismiss(session, row, mei).verb == "dismiss"
    assert proposals.about(session, merge.topic) == []


def test_undone_it_is_open_again(session, merge, mei):
    undo(session, proposals.dismiss(session, merge, mei), mei)
    undo(session, proposals.follow(session, merge, mei), mei)
    assert proposals.waiting(session, merge.topic.project) == [merge]
    assert proposals.one(session, merge.id) is merge


def test_both_topics_of_a_merge_show_it(session, merge):
    assert proposals.about(session, merge.topic) == proposals.about(session, merge.other) == [merge]


def test_what_no_longer_holds_is_not_shown(session, merge):
    merge.outdated = True
    session.flush()
    assert proposals.about(session, merge.topic) == []
    with pytest.raises(NotFoundError):
        proposals.one(session, merge.id)


def test_the_surest_come_first(session, topic):
    scores = [factories.proposal(session, topic, score=score) for score in (0.05, 0.01)]
    merges = [factories.proposal(session, topic, factories.topic(session), score=score) for score in (0.7, 0.9)]
    assert proposals.waiting(session, topic.project) == [*reversed(merges), *reversed(scores)]


def test_saying_no_teaches_that_the_two_are_not_the_same(session, merge, mei):
    factories.candidate(session, members(session, merge.topic)[0], merge.other)
    proposals.dismiss(session, merge, mei)
    assert [(one.same, one.weak) for one in examples(session, merge.topic.project).pairs] == [(False, False)]

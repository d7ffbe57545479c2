"""What people found to be the same, told by the suggestions that they followed, passed over or took back."""

import pytest

from tests import factories
from triage.services import review
from triage.services.learning import examples
from triage.services.pairs import SHOWN
from triage.services.undo import undo


@pytest.fixture
def mei(session):
    return factories.user(session)


@pytest.fixture
def project(session):
    return factories.project(session)


def suggested(session, project, count=1):
    """A topic whose feedback resembles `count` others, each a little less than the one before."""
    topic = factories.topic(session, project, ["It hangs"])
    others = [factories.topic(session, project, ["The job hangs"]) for _ in range(count)]
    for place, other in enumerate(others):
        factories.candidate(session, review.members(session, topic)[0], other, score=0.9 - place / 10)
    return topic, others


def pairs(session, project):
    return [(one.topic_id, one.same, one.weak) for one in examples(session, project).pairs]


def test_a_suggestion_that_was_followed_is_the_same(session, project, mei):
    topic, (other,) = suggested(session, project)
    review.merge(session, topic, factories.actor(mei), other)
    assert pairs(session, project) == [(other.id, True, False)]
    assert examples(session, project).pairs[0].score == 0.9


def test_merging_into_another_topic_says_nothing_about_the_suggestion(session, project, mei):
    topic, _ = suggested(session, project)
    review.merge(session, topic, factories.actor(mei), factories.topic(session, project))
    assert pairs(session, project) == []


def test_a_merge_that_was_undone_says_nothing(session, project, mei):
    topic, (other,) = suggested(session, project)
    undo(session, review.merge(session, topic, factories.actor(mei), other), factories.actor(mei))
    assert pairs(session, project) == []


def test_a_suggestion_passed_over_when_accepting_is_weakly_another(session, project, mei):
    topic, (other,) = suggested(session, project)
    review.accept(session, topic, factories.actor(mei))
    assert pairs(session, project) == [(other.id, False, True)]


def test_what_the_page_does_not_show_was_not_passed_over(session, project, mei):
    topic, others = suggested(session, project, SHOWN + 2)
    review.accept(session, topic, factories.actor(mei))
    assert {pair[0] for pair in pairs(session, project)} == {other.id for other in others[:SHOWN]}


def test_a_placement_that_was_let_stand_is_weakly_the_same(session, project, mei):
    topic = factories.topic(session, project, ["one", "two"])
    factories.candidate(session, review.members(session, topic)[1], topic)
    review.accept(session, topic, factories.actor(mei))
    assert pairs(session, project) == [(topic.id, True, True)]


def test_a_placement_that_was_split_off_is_another(session, project, mei):
    topic = factories.topic(session, project, ["one", "two"])
    wrong = review.members(session, topic)[1]
    factories.candidate(session, wrong, topic)
    review.split(session, topic, factories.actor(mei), [wrong.id])
    assert pairs(session, project) == [(topic.id, False, False)]


def test_what_is_sure_outweighs_what_is_weak_whenever_it_was_said(session, project, mei):
    topic, (other,) = suggested(session, project)
    review.merge(session, topic, factories.actor(mei), other)
    review.accept(session, other, factories.actor(mei, hours=1))
    assert pairs(session, project) == [(other.id, True, False)]


def test_of_two_sure_words_the_later_one_counts(session, project, mei):
    topic, (other,) = suggested(session, project)
    moved = review.members(session, topic)[0]
    review.merge(session, topic, factories.actor(mei), other)
    review.split(session, other, factories.actor(mei, hours=1), [moved.id])
    assert pairs(session, project) == [(other.id, False, False)]


def test_a_suggestion_that_was_merged_on_is_where_it_lives_on(session, project, mei):
    topic, (other,) = suggested(session, project)
    home = factories.topic(session, project)
    review.merge(session, other, factories.actor(mei), home)
    review.merge(session, topic, factories.actor(mei, hours=1), home)
    assert pairs(session, project) == [(other.id, True, False)]

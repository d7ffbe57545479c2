from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain.facts import Contradiction
from triage.ml.clusters import Policy, Topic, TopicMatch, assign, grouped, merges, representatives, split, title_of
from triage.ml.duplicates import Match

POLICY = Policy(join=0.6, suggest=0.2, margin=0.1, merge=0.7, split=0.3)


def match(one: int, score: float, *, other: bool = False) -> Match:
    return Match(one, score, None, (), (Contradiction("code", "1", "2"),) if other else ())


def topics(*scores: float, other: bool = False) -> list[TopicMatch]:
    return [TopicMatch(n, score, match(n, score), other) for n, score in enumerate(scores, 1)]


def matrix(*rows: str) -> np.ndarray:
    return np.array([[int(sign) / 9 for sign in row] for row in rows])


@pytest.mark.parametrize(
    ("scores", "topic", "why", "suggested"),
    [
        ((), None, "nothing-alike", ()),
        ((0.1,), None, "nothing-alike", ()),
        ((0.4, 0.3, 0.1), None, "unsure", (1, 2)),
        ((0.9, 0.85), None, "close-call", (1, 2)),
        ((0.9, 0.3), 1, "alike", (2,)),
        ((0.6,), 1, "alike", ()),
    ],
)
def test_placement(scores, topic, why, suggested):
    placed = assign(topics(*scores), POLICY)
    assert (placed.topic, placed.why, placed.suggested) == (topic, why, suggested)


def test_a_contradiction_is_only_a_suggestion():
    placed = assign(topics(0.9, other=True), POLICY)
    assert (placed.topic, placed.why, placed.suggested) == (None, "contradicted", (1,))


def test_people_decide_what_must_be_together():
    assert assign(topics(0.9), POLICY, must=7).topic == 7


def test_people_decide_what_must_not():
    placed = assign(topics(0.9, 0.7), POLICY, cannot={1})
    assert (placed.topic, placed.suggested) == (2, ())


@given(scores=st.lists(st.floats(0, 1)), cannot=st.sets(st.integers(1, 9)))
def test_never_into_a_forbidden_topic(scores, cannot):
    placed = assign(topics(*sorted(scores, reverse=True)), POLICY, cannot=cannot)
    assert placed.topic not in cannot
    assert not cannot & set(placed.suggested)


def test_topics_of_matches_best_first():
    found = grouped(
        [match(1, 0.9), match(2, 0.8), match(3, 0.85, other=True), match(4, 1.0)],
        {("feedback", n): n % 2 for n in (1, 2, 3)},
    )
    assert [(one.topic, one.best.id) for one in found] == [(1, 1), (0, 2)]
    assert not found[0].contradicted


def test_several_alike_say_more_than_one():
    found = grouped(
        [match(1, 0.5), match(2, 0.5), match(3, 0.6)], {("feedback", 1): 5, ("feedback", 2): 5, ("feedback", 3): 6}
    )
    assert [one.topic for one in found] == [5, 6]
    assert found[0].score == pytest.approx(1 - 0.5 * 0.7)


def test_the_others_never_lower_the_best():
    found = grouped([match(1, 0.9), match(2, 0.0)], {("feedback", 1): 5, ("feedback", 2): 5})
    assert found[0].score == pytest.approx(0.9)


def test_the_medoid_comes_first_and_the_odd_one_next():
    assert representatives(matrix("9860", "8980", "6890", "0009")) == [1, 3, 0]


def test_representatives_of_few():
    assert representatives(matrix("9")) == [0]
    assert representatives(np.zeros((0, 0))) == []


def test_title_is_the_medoids_unless_it_has_none():
    alike = matrix("988", "899", "899")
    assert title_of(["a", " b ", "c"], alike) == "b"
    assert title_of(["a", " ", ""], alike) == "a"
    assert title_of([], np.zeros((0, 0))) == ""


def test_two_topics_alike_are_proposed_with_their_pairs():
    two = [Topic(1, (10, 11)), Topic(2, (20,)), Topic(3, (30,))]
    found = merges(two, {(10, 20): 0.9, (11, 20): 0.8, (10, 30): 0.3, (10, 11): 1.0, (5, 10): 1.0}, POLICY)
    assert [(one.topics, one.pairs[0]) for one in found] == [((1, 2), (10, 20, 0.9))]


def test_a_topic_in_two_parts_is_proposed_to_be_split():
    found = split(Topic(4, (10, 11, 12)), matrix("981", "892", "129"), POLICY)
    assert found.groups == ((10, 11), (12,))
    assert found.pairs[0][:2] == (11, 12)
    assert found.score == pytest.approx(2 / 9)


@pytest.mark.parametrize("alike", [matrix("98", "89"), matrix("9"), np.zeros((0, 0)), matrix("939", "393", "939")])
def test_what_holds_together_stays(alike):
    assert split(Topic(4, tuple(range(len(alike)))), alike, POLICY) is None

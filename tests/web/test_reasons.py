"""What a match's reasons say: what tells two texts apart, and what an encoder thought."""

from __future__ import annotations

import pytest
from flask import Flask

from triage.db.tables import Feedback
from triage.web import reasons

APART = {"topic:7": {"here": [["night", 0.3]], "there": [["noon", 0.2], ["forever", 0.2]], "meaning": None}}


def feedback(**labels: object) -> Feedback:
    return Feedback(kind="bug", component="", state="analysed", labels=labels)


def test_words_that_only_one_says():
    found = reasons.apart(feedback(apart=APART), "topic:7")
    assert (found.here, found.there, found.meaning) == (("night",), ("noon", "forever"), "")


def test_of_a_match_from_before_nothing_is_known():
    assert reasons.apart(feedback(), "topic:7") == reasons.Apart()
    assert reasons.apart(feedback(apart=APART), "issue:7") == reasons.Apart()


@pytest.mark.parametrize(("near", "said"), [(1.2, "alike in meaning"), (-0.4, "not alike in meaning")])
def test_what_an_encoder_thought(app: Flask, near, said):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        labels = {"topic:7": {**APART["topic:7"], "meaning": near}}
        assert reasons.apart(feedback(apart=labels), "topic:7").meaning == said


def test_a_kind_says_what_speaks_for_another(app: Flask):
    kind = {"ranked": [["bug", 0.9]], "sure": True, "why": [["crash", 2.0]], "against": [["please", 0.4]]}
    with app.test_request_context():
        (reason,) = reasons.reasons(feedback(kind=kind))
    assert (reason.words, reason.against) == (("crash",), ("please",))


def test_weights_are_told_on_one_scale(app: Flask):
    part = {"why": [["gpu", 0.9], ["card", 0.4]], "against": [["upload", 0.2]]}
    row = feedback(component=part)
    row.component = "Compute"
    with app.test_request_context(headers={"Accept-Language": "en"}):
        (reason,) = reasons.reasons(row)
        said = [(word, word.said) for word in (*reason.words, *reason.against)]
    assert said == [("gpu", "counts much"), ("card", "counts some"), ("upload", "counts little")]


@pytest.mark.parametrize(
    ("language", "price", "against"),
    [("en", "a price or discount", "code or an error"), ("zh", "价格或折扣", "代码或报错")],
)
def test_why_something_is_in_quarantine_and_what_speaks_against_it(app: Flask, language, price, against):
    label = {"score": 0.9, "why": [["优惠", 1.0], ["sign:money", 0.5]], "against": [["sign:code", 0.2]]}
    with app.test_request_context(headers={"Accept-Language": language}):
        (reason,) = reasons.reasons(feedback(spam=label))
    assert (reason.words, reason.against) == (("优惠", price), (against,))


@pytest.mark.parametrize(("language", "said"), [("en", "what it means, taken as a whole"), ("zh", "整段话的意思")])
def test_a_kind_says_where_its_meaning_decided(app: Flask, language, said):
    kind = {"ranked": [["bug", 0.9]], "sure": True, "why": [["‹meaning›", 1.3], ["app", 0.2]], "against": []}
    with app.test_request_context(headers={"Accept-Language": language}):
        (reason,) = reasons.reasons(feedback(kind=kind))
    assert reason.words == (said, "app")


def test_where_there_was_nothing_to_judge_by_no_kind_is_told(app: Flask):
    kind = {"guess": "", "ranked": [["other", 0.3]], "sure": False, "why": [], "against": []}
    unjudged = Feedback(kind="", component="", state="analysed", labels={"kind": {**kind, "guess": None}})
    with app.test_request_context():
        assert reasons.reasons(feedback(kind=kind)) == []
        assert reasons.reasons(unjudged) == []  # as an earlier version stored it


def test_a_kind_that_was_changed_is_told_as_it_was(app: Flask):
    kind = {"guess": "praise", "ranked": [["praise", 0.7]], "sure": False, "why": [], "against": []}
    with app.test_request_context(headers={"Accept-Language": "en"}):
        (reason,) = reasons.reasons(feedback(kind=kind))
    assert reason.sure == str(reasons.CHANGED)


def test_what_contradicts_is_never_very_likely_the_same(app: Flask):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert reasons.sameness(0.99) == "Very likely the same"
        assert reasons.sameness(0.99, [["version", "2.1", "2.3"]]) == "Possibly the same"


def test_of_what_both_say_parts_of_words_are_not_told_beside_the_whole(app: Flask):
    said = ["ei", "ei0002", "误码", "错误码", "昇腾910b", "910b", "昇腾", "cuda", "rpc failed", "rpc", "in", "train"]
    with app.test_request_context():
        found = reasons.both_say([[word, 1.0 - at / 100] for at, word in enumerate(said)])
    assert found == ("ei0002", "错误码", "昇腾910b", "cuda", "rpc failed")

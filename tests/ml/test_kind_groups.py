"""Projects that share no kind are learned apart, and each is asked about its own texts."""

import dataclasses

import pytest

from tests.ml.test_kinds import EXAMPLES, PLACES, SEGMENTER
from triage.errors import InvalidError
from triage.ml.evaluation_kinds import evaluate_kinds
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.kind_groups import apart, learn_groups
from triage.ml.kind_training import learn

SHOP = [
    Example("", f"{place} {words}", kind, "shop")
    for place in PLACES
    for kind, words in (("refund", "I want my money back"), ("delivery", "where is my parcel"))
]


@pytest.fixture(scope="module")
def models():
    return learn_groups([*EXAMPLES, *SHOP], Reader(SEGMENTER))


def test_projects_that_share_a_kind_belong_together():
    assert apart([*EXAMPLES, *SHOP]) == [{"甲", "乙"}, {"shop"}]


def test_a_project_may_join_two_groups():
    both = [dataclasses.replace(SHOP[0], project="both"), dataclasses.replace(EXAMPLES[0], project="both")]
    assert apart([*EXAMPLES, *SHOP, *both]) == [{"甲", "乙", "shop", "both"}]


@pytest.mark.parametrize("few", [SHOP[::2], SHOP[:8]])
def test_a_group_with_too_little_to_learn_stays_with_the_others(few):
    assert apart([*EXAMPLES, *few]) == [{"甲", "乙", "shop"}]


def test_each_group_is_learned_as_if_it_were_alone(models):
    alone = learn(EXAMPLES, Reader(SEGMENTER))
    for text in ("评论区报错了，一直失败", "where is my parcel", "xyz"):
        assert models.predict(text, "", project="甲") == alone.predict(text, "", project="甲")
    assert models.act == min(one.confidence.act for one in models.models)


@pytest.mark.parametrize(
    ("title", "body", "kind"), [("", "I want my money back", "refund"), ("评论区报错了，一直失败", "", "bug")]
)
def test_a_project_that_is_unknown_is_judged_by_who_knows_the_words(models, title, body, kind):
    assert models.predict(title, body, project="another").guess == kind


def test_figures_of_a_mixture_are_those_of_its_parts():
    rows = [
        [{"project": one.project, "title": one.title, "body": one.body, "kind": one.kind} for one in part]
        for part in (EXAMPLES, SHOP)
    ]
    both = evaluate_kinds([*rows[0], *rows[1]], [*rows[1], *rows[0]], SEGMENTER)
    each = [evaluate_kinds(part, part, SEGMENTER) for part in rows]
    assert both.per_project == {**each[0].per_project, **each[1].per_project}
    assert both.threshold == min(one.threshold for one in each)


def test_one_kind_cannot_be_learned():
    with pytest.raises(InvalidError):
        learn_groups(SHOP[::2], Reader(SEGMENTER))

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.ml.clusters import Policy
from triage.ml.duplicates import DuplicateModel
from triage.ml.evaluation_topics import b_cubed, feedback_topics, placed, plain_topics, truth_of
from triage.ml.segment import Segmenter

POLICY = Policy(join=0.5, suggest=0.1, margin=0.05)
WEIGHTS = Path(__file__).parents[2] / "models" / "weights"
ROWS = [
    {"title": "训练任务一直排队", "body": "显卡是空的", "cluster": "queue"},
    {"title": "积分没有到账", "body": "昨天签到的", "cluster": None},
    {"title": "训练任务一直在排队", "body": "显卡空着", "cluster": "queue"},
    {"title": "登录收不到验证码", "body": "", "cluster": "login"},
    {"title": "收不到登录验证码", "body": "", "cluster": "login"},
]


@pytest.mark.parametrize(
    ("found", "expected"),
    [("aab", (1.0, 1.0, 1.0)), ("abc", (1.0, 2 / 3, 0.8)), ("aaa", (5 / 9, 1.0, 5 / 7))],
)
def test_b_cubed(found, expected):
    assert b_cubed("xxy", found) == pytest.approx(expected)


@given(groups=st.lists(st.sampled_from("abc"), min_size=1))
def test_b_cubed_of_the_truth_is_one(groups):
    assert b_cubed(groups, groups) == pytest.approx((1, 1, 1))


def test_b_cubed_of_nothing():
    assert b_cubed([], []) == (0.0, 0.0, 0.0)


def test_rows_join_the_topic_of_what_they_resemble():
    assert placed([[], [(0, 0.9, False)], [(1, 0.8, False)], [(2, 0.2, False)]], POLICY) == [0, 0, 0, 3]


def test_rows_without_a_cluster_are_alone():
    assert truth_of(ROWS) == ["queue", "alone 1", "queue", "login", "login"]


def test_feedback_is_put_into_topics():
    cutter = Segmenter()
    ranker = DuplicateModel.load(WEIGHTS, cutter).ranker
    report = feedback_topics(ROWS, cutter, ranker)
    assert report.numbers["recall_at_5"] == 1.0
    assert report.numbers["b3_f1"] > 0.8
    assert [line.row for line in report.rows] == list(range(5))
    assert report.as_dict()["n"] == 2


def test_plain_topics():
    assert plain_topics(ROWS, Segmenter()).numbers["b3_f1"] > 0.7

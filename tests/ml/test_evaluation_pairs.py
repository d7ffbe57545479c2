from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InvalidError
from triage.ml.evaluation_pairs import pairs, plain_pairs, pooled, shared_signs
from triage.ml.meaning import bags, learned, unit
from triage.ml.pairs import common_signs


class Signs:
    def tokens(self, text: str) -> list[str]:
        return list(text)


THINGS = ["借款怎么还", "额度为什么低", "银行卡换一张", "验证码收不到", "利息怎么算", "提前还清可以吗"]
ENDS = ["", "呢", "啊", "请问", "谢谢", "急"]
ROWS = [
    {"a": one + end, "b": (one if same else THINGS[(at + 1) % len(THINGS)]) + "吗" + end[::-1], "same": same}
    for at, one in enumerate(THINGS)
    for end in ENDS
    for same in (1, 0)
]


def test_same_pairs_connect_sentences_into_groups():
    pool = pooled([{"a": "x", "b": "y", "same": 1}, {"a": "y", "b": "z", "same": 1}, {"a": "x", "b": "w", "same": 0}])
    assert pool.sentences == ("x", "y", "z", "w")
    assert len(set(pool.group.tolist())) == 2
    assert pool.asked == (0, 1)


def test_a_pair_of_one_sentence_asks_nothing():
    assert pooled([{"a": "x", "b": "x", "same": 1}]).asked == ()


def test_learns_which_pairs_mean_the_same():
    report = pairs(ROWS, ROWS * 4, Signs())
    assert report.numbers["accuracy"] > 0.9
    assert report.numbers["recall_at_5"] > 0.9
    assert [line.row for line in report.rows] == list(range(len(ROWS)))
    assert ROWS[0]["a"] not in report.rows[0].ranked


def test_the_baseline_finds_by_common_words():
    assert plain_pairs(ROWS, Signs()).numbers["recall_at_10"] > 0.9


def test_without_training_the_most_alike_three_in_ten_are_taken_for_the_same():
    report = pairs(ROWS, [], Signs())
    scores = sorted((line.score for line in report.rows), reverse=True)
    same = [line.score for line in report.rows if line.prediction]
    assert len(same) == pytest.approx(0.3 * len(ROWS), abs=5)
    assert sorted(same, reverse=True) == scores[: len(same)]
    assert report.numbers["accuracy"] == 0.5 + len(same) / len(
        ROWS
    )  # every other row is the same, and none is mistaken


def test_no_answer_is_looked_at_without_training():
    turned = [{**row, "same": 1 - row["same"]} for row in ROWS]
    ours, theirs = (pairs(rows, [], Signs()).rows for rows in (ROWS, turned))
    assert [line.prediction for line in ours] == [line.prediction for line in theirs]


def test_a_small_file_does_not_say_how_alike_is_alike_enough():
    report = pairs([row for row in ROWS if row["same"]][:10], [], Signs())
    assert [line.prediction for line in report.rows] == [1] * 10


def test_without_training_common_signs_count_beside_rare_words():
    common = [{"a": f"乙丙丁{end}", "b": f"{end}乙丙丁{end}", "same": 0} for end in "子丑"]
    rows = [{"a": "甲乙丙丁", "b": "乙丙丁", "same": 1}, {"a": "甲", "b": "天", "same": 0}, *common]
    assert plain_pairs(rows, Signs()).rows[0].ranked[0] == "1a"
    assert pairs(rows, [], Signs()).rows[0].ranked[0] == "0b"


@pytest.mark.parametrize(
    ("left", "right", "share"), [("", "", 0), ("甲", "", 0), ("甲乙", "乙丙", 1 / 3), ("甲", "甲", 1)]
)
def test_shared_signs(left, right, share):
    assert shared_signs(set(left), set(right)) == share


def test_pairs_of_one_kind_teach_nothing():
    with pytest.raises(InvalidError):
        pairs(ROWS, [row for row in ROWS if row["same"]], Signs())


def test_a_learned_projection_brings_other_words_together():
    left, right = bags(["甲", "乙", "丙", "丁"] * 8, Signs()), bags(["一", "二", "三", "四"] * 8, Signs())
    table = learned(left, right, epochs=20)
    alike = unit(left[:4] @ table) @ unit(right[:4] @ table).T
    assert np.argmax(alike, axis=1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("left", "right", "common"), [("", "", 0), ("abc", "", 0), ("abcbdab", "bdcaba", 4), ("甲乙", "乙甲", 1)]
)
def test_longest_common_subsequence(left, right, common):
    assert common_signs(left, right) == common


@given(left=st.text("ab", max_size=40), right=st.text("ab", max_size=40))
def test_common_signs_are_at_least_what_difflib_matches(left, right):
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    assert sum(block.size for block in blocks) <= common_signs(left, right) <= min(len(left), len(right))
    assert common_signs(left, right) == common_signs(right, left)

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InvalidError
from triage.ml.evaluation_pairs import pairs, plain_pairs, pooled
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


def test_without_training_it_is_plain():
    assert pairs(ROWS, [], Signs()).numbers["pairs"] == len(ROWS)
    assert plain_pairs(ROWS, Signs()).numbers["recall_at_10"] > 0.9


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

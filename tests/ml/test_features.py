import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.ml.cues import cues
from triage.ml.features import Reader
from triage.ml.segment import Segmenter

READER = Reader(Segmenter())


@pytest.mark.parametrize(
    ("block", "token"),
    [
        ("title", "登录"),
        ("title", "登录 页"),
        ("body", "刷新"),
        ("opening", "刷新"),
        ("code", "traceback"),
        ("title grams", " 登录页白"),
        ("lines", "### 复现步骤"),
        ("headings", "### 复现步骤"),
        ("starts", "first 登录"),
        ("cues", "title 白屏"),
        ("links", "docs.example"),
        ("versions", "12.4"),
        ("shape", "fences 2"),
        ("shape", "title ? 1"),
        ("project", "p"),
    ],
)
def test_each_block_sees_its_part(block, token):
    body = "刷新也没用，见 https://docs.example/a\n### 复现步骤\nCUDA 12.4\n```\nTraceback\n```"
    assert token in READER.blocks("登录页白屏？", body, "p")[block]


def test_code_is_not_prose():
    blocks = READER.blocks("", "请看\n```\nfoobar()\n```")
    assert "foobar" in blocks["code"]
    assert "foobar" not in blocks["body"]


def test_an_unknown_project_adds_nothing():
    assert READER.blocks("a", "b")["project"] == []


@given(st.text(st.characters(), max_size=300))
def test_anything_gives_strings_without_newlines(text):
    blocks = READER.blocks(text, text, "p")
    assert all(isinstance(token, str) and "\n" not in token for block in blocks.values() for token in block)


@pytest.mark.parametrize("unit", ["# a\n", "https://a.b/c ", "#1234 ", "1.2.3 ", "```", "？", "报错"])
def test_a_hundred_kilobytes_are_read_in_bounded_time(unit):
    start = time.perf_counter()
    READER.blocks(unit * 100, unit * 25_000)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("能不能加个暗色模式", "feature"),
        ("请问怎么申请显卡", "question"),
        ("一提交就报错", "bug"),
        ("太好用了，点赞", "praise"),
        ("真垃圾，浪费时间", "complaint"),
        ("It would be nice to have tabs", "feature"),
        ("How do I log in", "question"),
    ],
)
def test_cues_name_the_kind(text, kind):
    assert f"body {kind} 0" in cues("", text)


def test_a_polite_wish_is_not_taken_for_a_failure():
    assert not [cue for cue in cues("", "能不能支持") if "bug" in cue]


def test_words_inside_words_are_no_cues():
    assert cues("", "whyever addendum terror") == []

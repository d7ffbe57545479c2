import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain import text as texts
from triage.domain.text import facts, is_empty, language, normalise, placeholders, plain, unmask

ANY_TEXT = st.text(st.characters(), max_size=300)
READERS = [normalise, plain, placeholders, facts, language, is_empty, unmask]
HOSTILE = [
    *("![", "<!--", "`", "加 ", "1 ", "a.", "/a", "<b", "[x](", "\n", "at a.b(", "https://", "a@", "1.", "error "),
    *(
        "[a] ",
        '  File "x", line 1, in f\n',
        "(",
        "- [ ] ",
        " ",
        "-",
        "0x",
        "a1",
        "cuda ",
        "#",
        "a-",
        "_",
        "aа",
        "2024-01-01 [",
        "s3://a",
        "1月1日 ",
        "2024年",
    ),
]


@pytest.mark.parametrize("read", READERS)
@given(text=ANY_TEXT)
def test_anything_can_be_read(read, text):
    read(text)


@pytest.mark.parametrize("read", READERS)
def test_a_hundred_kilobytes_are_read_in_bounded_time(read):
    start = time.perf_counter()
    for unit in HOSTILE:
        read(unit * (100_000 // len(unit)))
    assert time.perf_counter() - start < 0.3 * len(HOSTILE)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("见 https://a.example/b?c=d。谢谢", "见 ‹url›。谢谢"),
        ("www.openi.example打不开", "‹url›打不开"),
        ("见https://a.example/b?x=1，谢谢", "见‹url›，谢谢"),
        ("打开https://a.example/b就报错", "打开‹url›就报错"),
        ("存到s3://bucket/a/b失败", "存到‹url›失败"),
        ("版本v2.1失败", "版本2.1失败"),
        ("3月5日开始报错", "3月5日开始报错"),  # of two bills the day tells them apart
        ("3 月卡和 12 个月", "3 月卡和 12 个月"),
        ("写信给 somebody@mail.example 吧", "写信给 ‹mail› 吧"),
        ("任务 3f2504e0-4f89-11d3-9a0c-0305e82c3301 挂了", "任务 ‹id› 挂了"),
        ("提交 deadbeef12345678", "提交 ‹id›"),
        ("2024-01-02 10:11:12 开始", "‹time› 开始"),
        ("电话 13800000000", "电话 ‹num›"),
        ("v1.2.3 和 1.2.3", "1.2.3 和 1.2.3"),
        ("/home/someone/work/train.py 出错", " train.py 出错"),
        ("错误码 507011 与 0x80070005", "错误码 507011 与 0x80070005"),
        ("功能/优化/建议", "功能/优化/建议"),
    ],
)
def test_what_differs_by_chance_is_replaced(written, read):
    assert placeholders(written) == read


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("训练任务一直排队", "zh"),
        ("RPC failed 怎么办呢", "zh"),
        ("The job hangs on 昇腾", "en"),
        ("これはテストです", "other"),
        ("Не работает", "other"),
        ("Ça n'a pas été réglé, très déçu", "other"),
        ("https://a.example/page 123", ""),
        ("👍", ""),
    ],
)
def test_language_by_script(text, code):
    assert language(text) == code


@pytest.mark.parametrize("text", ["", " \n", "👍👍", "…？！", "\u200b\u202e", "___"])
def test_nothing_to_judge(text):
    assert is_empty(text)


def test_one_letter_is_something():
    assert not is_empty("a")


@pytest.mark.parametrize(
    "disguised",
    ["加·微.信 abc", "加 微 信 abc", "加薇❤信 abc", "+V信 abc", "加VX abc", "加Ｖ✉ Ｘ abc", "加w x abc", "佳徽信 abc"],
)
def test_a_contact_is_seen_through_its_disguise(disguised):
    assert "微信" in unmask(disguised)


@pytest.mark.parametrize(
    "number", ["一三八〇〇一二三四", "1 3 8 0 0 1 2 3 4", "①③⑧⓪⓪①②③④", "138-0012-34", "壹叁捌零零壹贰叁肆"]
)
def test_a_number_is_seen_through_its_disguise(number):
    assert "138001234" in unmask(number)


def test_russian_is_left_to_the_russians():
    assert "привет" in unmask("привет, как дела")


def test_everything_that_others_need_is_in_one_place():
    assert all(hasattr(texts, name) for name in texts.__all__)

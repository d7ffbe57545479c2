import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain.characters import LIMIT, cleanse, emoji, normalise

ANY_TEXT = st.text(st.characters(), max_size=300)  # lone surrogates included


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("  两端的空白 \n", "两端的空白"),
        ("nul\x00bell\x07tab\tstays", "nulbelltab\tstays"),
        ("\u202eevil\u202c\u2066x\u2069", "evilx"),
        ("lone \ud800 one", "lone \ufffd one"),
        ("e\u0301", "é"),
        ("原样Ａ①Ⅷ", "原样Ａ①Ⅷ"),
    ],
)
def test_cleanse_keeps_the_words_and_drops_what_harms(sent, stored):
    assert cleanse(sent) == stored


@given(ANY_TEXT)
def test_what_is_stored_can_be_encoded_and_stays_as_it_is(text):
    stored = cleanse(text)
    stored.encode("utf-8")
    assert cleanse(stored) == stored
    assert not {sign for sign in stored if unicodedata.category(sign) == "Cc"} - {"\n", "\t"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ＣＵＤＡ　１２．４", "cuda 12.4"),
        ("①②❸ ➉ ⓿", "123 10 0"),
        ("🅰🅑", "ab"),
        ("zero\u200bwidth\u2060joined", "zerowidthjoined"),
        ("Сuda еrror", "cuda error"),  # Cyrillic С and е
        ("αctive", "active"),
        ("привет мир", "привет мир"),
        ("z\u0335a\u0336lgo", "zalgo"),
        ("赞👍🏽了", "赞 了"),
        ("训*练*任*务 卡住", "训练任务 卡住"),
        ("训 练 任 务 排 队", "训练任务排队"),
        ("训💬练💬任💬务", "训练任务"),
        ("l.o.g.i.n fails", "login fails"),
        ("红、黄、蓝，上/下/左", "红、黄、蓝,上/下/左"),  # a list is no word
        ("e.g. the U.S.A. on 1.2.3.4", "e.g. the u.s.a. on 1.2.3.4"),
        ("登录 不 了", "登录 不 了"),
        ("训*练-任*务", "训练-任务"),
        ("加*微信，训_练任务，这个*很*慢", "加微信,训练任务,这个很慢"),
        ("**粗体**和 a*b", "**粗体**和 a*b"),
        ("ᴄᴜᴅᴀ 和 lоgın", "cuda 和 login"),
        ("٥٠٠ و ۴۰۴ १२", "500 و 404 12"),
        ("İSTANBUL", "istanbul"),
        ("Γa ㏁", "ya mw"),
        ("a \n\t b", "a b"),
        ("bad\udfffhalf", "badhalf"),
    ],
)
def test_one_spelling(written, meant):
    assert normalise(written) == meant


@given(st.text("训练务ab1 *-.、", max_size=40))
def test_what_was_put_together_stays_so(text):
    once = normalise(text)
    assert normalise(once) == once


def test_the_case_can_be_kept():
    assert normalise("OutOfMemory", lower=False) == "OutOfMemory"


@given(ANY_TEXT)
def test_normalising_twice_changes_nothing_more(text):
    once = normalise(text)
    assert normalise(once) == once


def test_emoji_are_given_one_by_one():
    assert emoji("好👍👍，棒🎉") == ["👍", "👍", "🎉"]


UNITS = ["训*", "训 练-", "a.b ", "a ", "\u0300\u0316", "\u0e38\u0e48", "аa", "x\u0301", "\ufdfa"]


@pytest.mark.parametrize("unit", UNITS)
def test_hostile_text_costs_no_more_than_any_other(unit):
    start = time.process_time()
    assert len(normalise(unit * LIMIT)) <= LIMIT
    cleanse(unit * LIMIT)
    assert time.process_time() - start < 2

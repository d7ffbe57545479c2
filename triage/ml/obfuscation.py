"""Disguises that advertisers use, to train against and to measure with; always driven by a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import Any

Disguise = Callable[[str, Random], str]

MOST, HALF, OFTEN, SOMETIMES = 0.7, 0.5, 0.4, 0.2

_SEPARATORS = " ·.-*~_|、"
_EMOJI = "😀🎉🔥💰✨👍❤⭐🎁💯"
_DIGITS: Mapping[str, str] = {
    "0": "〇零Oo０⓪",
    "1": "一壹lI①１",
    "2": "二贰②２❷",
    "3": "三叁③３❸",
    "4": "四肆④４❹",
    "5": "五伍⑤５❺",
    "6": "六陆⑥６❻",
    "7": "七柒⑦７❼",
    "8": "八捌⑧８❽",
    "9": "九玖⑨９❾",
}
_LETTERS = str.maketrans("aeopcxyABEHKMOPCTXY", "аеорсхуАВЕНКМОРСТХУ")
# what training sees, and what it never sees: new spellings appear every week
_VARIANTS: Mapping[str, tuple[str, ...]] = {
    "微信": ("薇信", "威信", "VX", "wx", "v信", "徽信"),
    "加": ("+", "佳", "伽"),
    "qq": ("扣扣", "QQ", "企鹅"),
    "QQ": ("扣扣", "q q", "企鹅"),
    "发票": ("发漂", "fa票", "發票"),
    "贷款": ("贷欵", "dai款", "袋款"),
    "免费": ("免費", "兔费", "免废"),
    "优惠": ("优恵", "优慧"),
    "兼职": ("兼织", "jian职"),
    "赚钱": ("赚浅", "zhuan钱"),
}
_UNSEEN: Mapping[str, tuple[str, ...]] = {
    "微信": ("維信", "微❤", "巍信", "wei信"),
    "加": ("茄", "嘉"),
    "发票": ("发嘌", "发pia0"),
    "贷款": ("代款", "贷kuan"),
    "免费": ("mian费", "免F"),
    "优惠": ("优hui", "幽惠"),
    "活动": ("活动动", "huo动", "活動"),
    "电话": ("diàn话", "電話", "电huà"),
    "公司": ("gong司", "公sī"),
    "欢迎": ("歡迎", "欢营"),
    "办理": ("办里", "ban理"),
}


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("s2t")


def full_width(text: str, random: Random) -> str:
    """Return `text` with its ASCII letters, digits and signs full-width."""
    del random
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def homoglyphs(text: str, random: Random) -> str:
    """Return `text` with most digits written otherwise and Latin letters from other scripts."""
    signs = (random.choice(_DIGITS[sign]) if sign in _DIGITS and random.random() < MOST else sign for sign in text)
    return "".join(sign.translate(_LETTERS) if random.random() < HALF else sign for sign in signs)


def spaced(text: str, random: Random) -> str:
    """Return `text` with a separator after every second or third character."""
    separator = random.choice(_SEPARATORS)
    return "".join(sign + (separator if random.random() < OFTEN else "") for sign in text)


def pictured(text: str, random: Random) -> str:
    """Return `text` with an emoji after every fifth character or so."""
    return "".join(sign + (random.choice(_EMOJI) if random.random() < SOMETIMES else "") for sign in text)


def traditional(text: str, random: Random) -> str:
    """Return `text` in traditional characters."""
    del random
    return str(_converter().convert(text))


def varied(text: str, random: Random) -> str:
    """Return `text` with the words that a filter looks for spelled otherwise, as training knows them."""
    return _replaced(text, _VARIANTS, random)


def varied_anew(text: str, random: Random) -> str:
    """Return `text` with spellings that training has never seen, beside those that it has."""
    return _replaced(_replaced(text, _UNSEEN, random), _VARIANTS, random)


def everything(text: str, random: Random) -> str:
    """Return `text` under all disguises at once."""
    for disguise in (varied_anew, traditional, homoglyphs, spaced, pictured, full_width):
        text = disguise(text, random)
    return text


DISGUISES: Mapping[str, Disguise] = {
    "full-width": full_width,
    "homoglyphs": homoglyphs,
    "spaces": spaced,
    "emoji": pictured,
    "traditional": traditional,
    "variants": varied_anew,
    "all": everything,
}


def trained_against(text: str, random: Random) -> str:
    """Return `text` under one to four disguises, none of the spellings that are kept for measuring."""
    for disguise in random.sample(
        [full_width, homoglyphs, spaced, pictured, traditional, varied], random.randint(1, 4)
    ):
        text = disguise(text, random)
    return text


def _replaced(text: str, table: Mapping[str, tuple[str, ...]], random: Random) -> str:
    for word, others in table.items():
        if word in text:
            text = text.replace(word, random.choice(others))
    return text

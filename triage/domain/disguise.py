"""Undoing the disguises by which an advertisement slips past a filter; far too coarse for anything but spam."""

from __future__ import annotations

import re

from triage.domain.characters import HAN, LOOKALIKE_TABLE, normalise

_MARK = r"[\s·.。•,，、;；:：_\-—~^|/\\*'\"`!！?？+=…()（）\[\]【】{}<>《》「」『』@#$%&]"
_INSIDE_HAN = re.compile(rf"(?<=[{HAN}])(?:{_MARK}+)(?=[{HAN}])")
_INSIDE_NUMBER = re.compile(r"(?<=\d)[\s.\-_*·,/]{1,3}(?=\d)")
_SPELLED = re.compile(r"(?<![a-z0-9])[a-z0-9](?:[\s·.\-_*/]{1,3}[a-z0-9](?![a-z0-9]))+")
_SPELLED_MARK = re.compile(r"[\s·.\-_*/]+")
_NUMERALS = re.compile("[零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖幺0-9]{5,}")
_NUMERAL = str.maketrans("零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖幺", "001234567891234567891")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f]")

# how people write what they want to be reached by, and what they sell
_VARIANTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"[微薇威徽維维溦嶶魏巍葳崴v]\s?[信芯心新欣亻✉❤]", "微信"),
        (r"(?<![a-z0-9])(?:vx|wx|wechat|weixin|wei\s?xin|w\s?x|v\s?x)(?![a-z])", "微信"),
        (r"(?:[加佳珈伽茄嘉]|(?<![a-z0-9+])\+|jia)\s?(?:[微薇威徽維维溦嶶]|wei|v(?![a-z]))(?!信)", "加微信"),
        (r"[佳珈伽茄嘉+]\s?(?=微信|qq|扣扣)", "加"),
        (r"扣扣|[扣叩蔻]\s?[扣叩蔻]|企鹅号?|秋秋|q\s?q", "qq"),
        (r"[发發髪]\s?[票漂標標嘌飘]|fa\s?piao|fa票|发piao", "发票"),
        (r"[免兔]\s?[费費废肺]|mian\s?fei", "免费"),
        (r"[贷貸袋]\s?[款欵]|dai\s?kuan", "贷款"),
        (r"[代玳]\s?[开開]", "代开"),
        (r"[兼蒹]\s?[职職织]|jian\s?zhi", "兼职"),
        (r"[赚賺]\s?[钱錢浅]|zhuan\s?qian", "赚钱"),
        (r"[优優]\s?[惠恵慧]", "优惠"),
        (r"[返反]\s?[利莉]", "返利"),
    )
)


def unmask(text: str) -> str:
    """Return `text` normalised and with the usual disguises undone: separators, spelled-out numbers, variant words.

    It glues ordinary words together, so it is for the spam model alone. Simplify traditional characters before it.
    """
    text = normalise(text)
    if len(_FOREIGN.findall(text)) * 3 < len(text):
        text = text.translate(LOOKALIKE_TABLE).lower()
    text = _INSIDE_HAN.sub("", text)
    text = _SPELLED.sub(lambda found: _SPELLED_MARK.sub("", found[0]), _INSIDE_NUMBER.sub("", text))
    for pattern, plain in _VARIANTS:
        text = pattern.sub(plain, text)
    return _NUMERALS.sub(lambda found: found[0].translate(_NUMERAL), text)

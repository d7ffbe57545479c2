"""Text as every part of the service reads it: one spelling, what was said, placeholders, facts, language."""

from __future__ import annotations

import re

from triage.domain.boilerplate import plain
from triage.domain.characters import HAN, LIMIT, cleanse, emoji, normalise
from triage.domain.disguise import unmask
from triage.domain.facts import Contradiction, Facts, contradictions, facts

__all__ = [
    "LIMIT",
    "PLACEHOLDER",
    "Contradiction",
    "Facts",
    "cleanse",
    "contradictions",
    "emoji",
    "facts",
    "is_empty",
    "language",
    "normalise",
    "placeholders",
    "plain",
    "unmask",
]

PLACEHOLDER = re.compile("‹[a-z]+›")

# Chinese goes on without a blank: “https://a.cn/x打不开”; who copies an address with Chinese in it copies it encoded
_BEHIND = rf"\s<>\"'{HAN}\u3000-\u303f\uff00-\uffef"
_URL = re.compile(
    rf"(?:https?|ftp|wss?|s3|obs|oss|hdfs|file|ssh|git)://[^{_BEHIND})\]]{{1,2000}}"
    rf"|(?<![a-z0-9@.])www\.[a-z0-9\-]{{1,63}}\.[^{_BEHIND})]{{1,500}}",
    re.IGNORECASE,
)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}", re.IGNORECASE | re.ASCII)
_PATH = re.compile(r"(?<![\w.])(?:[a-z]:)?(?:[\\/][\w.\-]{1,80}){2,40}", re.IGNORECASE | re.ASCII)
_LAST_PART = re.compile(r"[\\/]([^\\/]+)$")
_ID = re.compile(
    r"(?<![\w])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|0x[0-9a-f]{9,64}"
    r"|(?=[0-9a-f]{0,39}\d)(?=[0-9a-f]{0,39}[a-f])[0-9a-f]{12,128})(?![\w])",
    re.IGNORECASE | re.ASCII,
)
_VERSION_MARK = re.compile(r"(?<![A-Za-z0-9_])v(?=\d{1,4}(?:\.\d{1,5}){1,3})", re.IGNORECASE)
_TIME = re.compile(
    r"(?<!\d)\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[t ]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?z?)?(?!\d)", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.])\d{9,}(?![\w.])", re.ASCII)
_HAN_SIGN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_OTHER_SCRIPT = re.compile("[\u0370-\u1fff\u3040-\u30ff\u3131-\u3163\u3165-\u318e\uac00-\ud7af]")
_WORD_SIGN = re.compile(r"[^\W_]")


def placeholders(text: str) -> str:
    """Return normalised `text` with what differs by chance replaced: ‹url›, ‹mail›, ‹id›, ‹time›, ‹num›.

    Versions lose their leading v and stay; a path keeps its last part, which names the file.
    """
    text = _MAIL.sub("‹mail›", _URL.sub("‹url›", text))
    text = _TIME.sub("‹time›", _ID.sub("‹id›", text))
    text = _PATH.sub(lambda found: " " + _LAST_PART.search(found[0])[1], text)  # type: ignore[index]
    return _NUMBER.sub("‹num›", _VERSION_MARK.sub("", text))


def is_empty(text: str) -> bool:
    """Return whether nothing is left to judge once `text` is normalised: no letter and no digit."""
    return not _WORD_SIGN.search(normalise(text))


def language(text: str) -> str:
    """Return "zh", "en", "other" or, where there are no letters, "" by the shares of the scripts in `text`.

    A Chinese character weighs as much as a Latin word. Latin letters are English unless every twentieth is accented.
    """
    text = _URL.sub(" ", text[:LIMIT])
    han, latin = len(_HAN_SIGN.findall(text)), len(_LATIN_WORD.findall(text))
    foreign = len(_OTHER_SCRIPT.findall(text))
    if not han + latin + foreign:
        return ""
    if foreign > han + latin:
        return "other"
    if han >= latin:
        return "zh"
    letters = sum(map(len, _LATIN_WORD.findall(text)))
    return "other" if len(_ACCENTED.findall(text)) * 20 > letters else "en"

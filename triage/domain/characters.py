"""Characters: what is kept for showing, and one spelling for everything that is matched."""

from __future__ import annotations

import re
import unicodedata

LIMIT = 20_000  # characters that any rule looks at; more would let one sender cost everybody's time
MARKS_BEFORE_TAMING = 64
MARK_RUN = 3
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"

_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_EMOJI = (
    "\u2190-\u21ff\u231a-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f1e6-\U0001f1ff\U0001f200-\U0001faff\ufffc\ufffd"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BROKEN_LINE = re.compile("\r\n?|[\u2028\u2029\x85]")
# C0 and C1 but tab and newline, bidi embeddings, overrides and isolates, byte order marks, noncharacters
_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ufdd0-\ufdef]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_MARK = re.compile(f"[{_MARKS}]")
_EMOJI_RUN = re.compile(f"[{_EMOJI}\U0001f3fb-\U0001f3ff]+")
_SPACE = re.compile(r"\s+")
_BETWEEN = r"[ *.·_~^|-]"
# three Chinese characters or four letters on their own with the same sign between each two: “训*练*任*务”, “l o g i n”
_PULLED_APART = re.compile(
    rf"(?<![{HAN}])[{HAN}]({_BETWEEN})[{HAN}](?:\1[{HAN}])+(?![{HAN}])"
    rf"|(?<![0-9A-Za-z])[A-Za-z]({_BETWEEN})[A-Za-z](?:\2[A-Za-z]){{2,}}(?![0-9A-Za-z])"
)
# one such sign between two Chinese characters, wherever the word began: “加*微信”, “训*练任务”, “这个*很*慢”
_BROKEN_WORD = re.compile(rf"(?<=[{HAN}])[*^_·](?=[{HAN}])")
_LATIN = re.compile("[a-zA-Z]")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_MIXED_WORD = re.compile("[0-9A-Za-z\u0370-\u03ff\u0400-\u052f]+")

_LOOKALIKES = dict(
    zip(
        "аАвВсСеЕНніІјЈкКмМоОрРѕЅтТуУхХһԁԛԝԍαΑβΒεΕηΗιΙκΚμΜνΝοΟρΡτΤυΥχΧΖζγω",
        "aAbBcCeEHhiIjJkKmMoOpPsStTyYxXhdqwgaAbBeEnHiIkKuMvNoOpPtTuYxXZzyw",
        strict=True,
    )
)
LOOKALIKE_TABLE = {ord(odd): plain for odd, plain in _LOOKALIKES.items()}


def _dressed() -> dict[int, str]:
    """Return the letters and digits in circles and squares that NFKC leaves as they are."""
    table = {0x24FF: "0", 0x1F100: "0", 0x1F10B: "0", 0x1F10C: "0"}
    for first in (0x2776, 0x2780, 0x278A):
        table |= {first + step: str(step + 1) for step in range(10)}
    table |= {0x24EB + step: str(step + 11) for step in range(10)}
    for first in (0x1F150, 0x1F170):
        table |= {first + step: chr(ord("a") + step) for step in range(26)}
    return table


# small capitals, and letters of phonetics that pass for Latin ones
_SMALL = dict(zip(map(ord, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡı"), "abcdefghijklmnoprstuvwyzagi", strict=True))
_DRESSED = _dressed()


def cleanse(text: str) -> str:
    r"""Return `text` as it is stored and shown: the sender's words, NFC, without what can harm a reader or a database.

    Control characters but `\n` and `\t` and bidi overrides go; a lone surrogate becomes U+FFFD, a line end `\n`.
    """
    text = _BROKEN_LINE.sub("\n", _SURROGATE.sub("\ufffd", text))
    return unicodedata.normalize("NFC", _tamed(_HOSTILE.sub("", text))).strip()


def normalise(text: str, *, lower: bool = True) -> str:
    """Return `text` in the one spelling that matching compares: one line, NFKC, lower case, at most `LIMIT` characters.

    Invisible characters, stray marks and emoji go; dressed-up letters and digits become plain ones; a Cyrillic or Greek
    letter inside a Latin word becomes the Latin letter that it imitates; a word pulled apart sign by sign is put
    together. Applying it twice changes nothing more.
    """
    text = _SURROGATE.sub("", text[:LIMIT]).translate(_DRESSED)
    text = unicodedata.normalize("NFKC", _tamed(_INVISIBLE.sub("", text)))[:LIMIT]
    text = _MARK.sub("", _INVISIBLE.sub("", text))
    text = _OTHER_DIGIT.sub(lambda found: str(unicodedata.digit(found[0])), _EMOJI_RUN.sub(" ", text))
    if _FOREIGN.search(text):
        text = _MIXED_WORD.sub(_latin_word, text)
    text = (_MARK.sub("", text.lower()) if lower else text).translate(_SMALL)
    if lower and _FOREIGN.search(text):  # small letters imitate others than their capitals do
        text = _MIXED_WORD.sub(_latin_word, text)
    text = _PULLED_APART.sub(lambda found: found[0][::2], _SPACE.sub(" ", text).strip())
    return _BROKEN_WORD.sub("", text)


def emoji(text: str) -> list[str]:
    """Return the single emoji and pictographs of `text` in order, for those who read a mood in them."""
    return [sign for run in _EMOJI_RUN.findall(text[:LIMIT]) for sign in run]


def _tamed(text: str) -> str:
    # NFC and NFKC sort each run of combining marks in quadratic time: no run may be longer than three
    if sum(map(bool, map(unicodedata.combining, text))) < MARKS_BEFORE_TAMING:
        return text
    kept, run = [], 0
    for sign in text:
        run = run + 1 if unicodedata.combining(sign) else 0
        kept.append(sign if run <= MARK_RUN else "")
    return "".join(kept)


def _latin_word(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(LOOKALIKE_TABLE) if _LATIN.search(word) else word

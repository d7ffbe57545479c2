"""What a model sees of a feedback: words, n-grams, template lines, cues and shape, each in a block of its own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from triage.domain.text import LIMIT, emoji, normalise, plain
from triage.ml.cues import cues
from triage.ml.english import stem
from triage.ml.segment import Segmenter, simplify

Blocks = Mapping[str, Sequence[str]]

TITLE_LIMIT = 400  # characters
OPENING = 300  # characters in which people say what they want
SENTENCES = 30
START = 30  # characters that hold the first two words
GRAM_LIMIT = 1_500  # characters; more costs time and tells nothing new
LINE_LIMIT = 60
HEADING_LIMIT = 80
CODE_LIMIT = 1_500

_FENCE = re.compile(r"```|^ {0,3}~~~(?!~*\^)", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.?!])\s+|(?<=[。？！])|\n")
_HEADING = re.compile(r"\s{0,3}(?:#|\*\*)")
_URL = re.compile(r"https?://([^\s)\]>\"'，。]{1,500})")
_ENDING = re.compile(r"\.([a-z0-9]{2,5})$")
_REFERENCE = re.compile(r"(?<![\w&])#(\d{2,6})\b")
_VERSION = re.compile(r"(?<![\d.])(\d{1,4})\.(\d{1,4})(?:\.\d{1,4}){0,2}(?![\d.])")
_YEAR = re.compile(r"(?<!\d)20[12]\d(?:-\d\d)?(?!\d)")
_SHAPES = (
    ("fences", re.compile(r"```"), 8),
    ("images", re.compile(r"!\[|<img"), 3),
    ("links", re.compile(r"https?://"), 3),
    ("headings", re.compile(r"^#{1,6} ", re.MULTILINE), 4),
    ("ticked", re.compile(r"\[[xX]\]"), 3),
    ("unticked", re.compile(r"\[ \]"), 3),
    ("comment", re.compile(r"<!--"), 1),
    ("trace", re.compile(r"Traceback|^[^\S\n]+at \S", re.MULTILINE), 1),  # \s would be quadratic in empty lines
    ("steps", re.compile(r"^[^\S\n]*1[.)、]", re.MULTILINE), 1),
    ("pull request", re.compile(r"pull request", re.IGNORECASE), 1),
    ("mentions", re.compile(r"(?<![\w/])@[A-Za-z]"), 2),
    ("references", _REFERENCE, 3),
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns a feedback into blocks of tokens with the words of `segmenter`."""

    segmenter: Segmenter

    def blocks(self, title: str, body: str, project: str = "") -> Blocks:
        """Return the blocks of one feedback; `LIMIT` characters of the body are looked at."""
        title, body = title[:TITLE_LIMIT], body[:LIMIT]
        prose, code = _apart(body)
        said = plain(prose)
        head, words = self._stems(title), self._stems(said)
        shape = _shape(title, body, said)
        return {
            "title": _pairs(head),
            "body": _pairs(words),
            "opening": _pairs(self._stems(said[:OPENING])),
            "code": self._stems(code),
            "title grams": _grams(title),
            "body grams": _grams(said),
            "characters": _characters(f"{title} {said}"),
            "lines": _lines(body),
            "headings": [normalise(line)[:HEADING_LIMIT] for line in body.splitlines() if _HEADING.match(line)],
            "starts": self._starts(head, said),
            "cues": cues(title, said),
            "links": _links(body),
            "versions": _versions(f"{title} {body}"),
            "shape": shape,
            "project": [project, *(f"{project} {one}" for one in shape)] if project else [],
        }

    def _stems(self, text: str) -> list[str]:
        return [stem(word) for word in self.segmenter.words(text)]

    def _starts(self, head: list[str], said: str) -> list[str]:
        found = [f"first {word}" for word in head[:3]] + [f"last {word}" for word in head[-2:]]
        for sentence in _SENTENCE.split(said)[:SENTENCES]:
            found += [f"start {word}" for word in self._stems(sentence[:START])[:2]]
        return found


def _apart(body: str) -> tuple[str, str]:
    parts = _FENCE.split(body)
    return "\n".join(parts[::2]), "\n".join(part[:CODE_LIMIT] for part in parts[1::2])


def _pairs(words: list[str]) -> list[str]:
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def _grams(text: str) -> list[str]:
    found = []
    for word in simplify(normalise(text))[:GRAM_LIMIT].split(" "):
        padded = f" {word} "
        for size in range(2, 6):
            found += [padded[start : start + size] for start in range(len(padded) - size + 1)]
    return found


def _characters(text: str) -> list[str]:
    """Return 1 to 3 characters in a row, and pairs up to four apart: what short Chinese messages are told apart by."""
    text = simplify(normalise(text))[:OPENING]
    found = [text[start : start + size] for size in (1, 2, 3) for start in range(len(text) - size + 1)]
    return found + [text[start] + "…" + text[start + gap] for gap in (2, 3, 4) for start in range(len(text) - gap)]


def _lines(body: str) -> list[str]:
    lines = (normalise(line) for line in body.splitlines())
    return [line for line in lines if line and len(line) < LINE_LIMIT]


def _links(body: str) -> list[str]:
    found = []
    for address in _URL.findall(body)[:60]:
        parts = address.lower().split("/")
        found += [parts[0], "/".join(parts[:2]), "/".join(parts[:4])[:HEADING_LIMIT]]
        found += _ENDING.findall(address.lower())
    return found + [f"#{number[:-3]}k" for number in _REFERENCE.findall(body)[:40] if len(number) > len("999")]


def _versions(text: str) -> list[str]:
    found = []
    for major, minor in _VERSION.findall(text[: LIMIT // 2]):
        found += [f"{major}.{minor}", major]
    return found + _YEAR.findall(text[: LIMIT // 2])


def _shape(title: str, body: str, said: str) -> list[str]:
    whole = normalise(f"{title} {body}")
    heading = normalise(title)
    found = [f"? {min(3, whole.count('?'))}", f"! {min(3, whole.count('!'))}", f"title ? {int('?' in heading)}"]
    found += [f"{name} {_size(part)}" for name, part in (("body", body), ("said", said), ("title", title))]
    found += [f"{name} {min(most, len(pattern.findall(body)))}" for name, pattern, most in _SHAPES]
    found += [f"title starts {heading.split(' ')[0][:20]}", f"title tag {int(heading.startswith(('[', '【')))}"]
    return found + emoji(title + body[:OPENING])


def _size(text: str) -> int:
    return int(math.log2(len(text) + 1))

"""Finding what must not become public (secrets, personal data) and putting a named blank in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

Finder = Callable[[str], Iterable["Span"]]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text, end exclusive, and the rule that found it."""

    start: int
    end: int
    rule: str


def _luhn(digits: str) -> bool:
    doubled = [int(d) if i % 2 == 0 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _resident(number: str) -> bool:
    """Check digit of a Chinese resident identity number, GB 11643-1999 (ISO 7064 MOD 11-2)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(number, weights, strict=False)) % 11] == number[17].upper()


def _always(_: str) -> bool:
    return True


def _numbered(found: str) -> bool:
    """Digits tell an account or a password from a word, where no colon says which it is."""
    return any(sign.isdigit() for sign in found)


def _card(number: str) -> bool:
    digits = re.sub(r"[ -]", "", number)
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and _luhn(digits)  # noqa: PLR2004


_FREE = r"(?<![A-Za-z0-9])"  # and not \b: Chinese is written up against what it names, and is made of \w too
_WORD = r"(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|密码|口令|令牌|密钥|授权码)"
_CHAT = r"(?:微信号?|weixin|wechat|VX|QQ号?|扣扣)"
_VISIBLE = r"[!#-&(-+\--:<-~]"  # ASCII but quotes, comma and semicolon

_RULES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    (
        "private key",
        re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.{0,8000}?(?:-----END [A-Z ]{0,40}-----|\Z)", re.DOTALL),
        _always,
    ),
    ("key", re.compile(_FREE + r"(?:sk|pk|rk)-[A-Za-z0-9_-]{16,200}"), _always),
    ("key", re.compile(_FREE + r"(?:ghp|gho|ghs|ghu|github_pat|glpat|hf|xox[abpr])[_-][A-Za-z0-9_-]{16,200}"), _always),
    ("key", re.compile(_FREE + r"(?:AKIA|ASIA|LTAI|AKID)[A-Za-z0-9]{12,40}(?![A-Za-z0-9])"), _always),
    ("key", re.compile(_FREE + r"eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}"), _always),
    ("key", re.compile(_FREE + r"bearer[ \t]{1,4}(?P<hide>[A-Za-z0-9._~+/=-]{12,2000})", re.IGNORECASE), _numbered),
    (
        "password",
        re.compile(
            _WORD + rf"[\"'”]?[ \t]{{0,4}}(?:[:=：]|是|为)[ \t]{{0,4}}[\"'“]?(?P<hide>{_VISIBLE}{{4,200}})",
            re.IGNORECASE,
        ),
        _always,
    ),
    ("password", re.compile(r"(?:密码|口令)[ \t]?(?P<hide>[!-~]{6,64})"), _numbered),
    ("password", re.compile(r"://[^/\s:@]{1,80}:(?P<hide>[^/\s@]{1,200})@"), _always),
    (
        "mail",
        re.compile(
            r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}",
            re.ASCII,
        ),
        _always,
    ),
    ("identity number", re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{9}[\dXx](?![\dXx])", re.ASCII), _resident),
    ("bank card", re.compile(r"(?<![\d-])[2-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\d-])", re.ASCII), _card),
    ("phone", re.compile(r"(?<![\d.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\d.])", re.ASCII), _always),
    (
        "chat account",
        re.compile(
            _FREE + _CHAT + r"[ \t]{0,3}(?:[:：]|号|是)[ \t]{0,3}(?P<hide>[A-Za-z0-9_-]{5,30})",
            re.IGNORECASE,
        ),
        _always,
    ),
    ("chat account", re.compile(_FREE + _CHAT + r"[ \t]?(?P<hide>[A-Za-z0-9_-]{5,30})", re.IGNORECASE), _numbered),
    ("address", re.compile(r"(?<![\d.])(?:10|127|172|192)(?:\.\d{1,3}){3}(?![\d.])", re.ASCII), _always),
    ("home folder", re.compile(r"(?:/home/|/Users/|[A-Z]:\\Users\\)(?P<hide>[^/\\\s:]{1,64})"), _always),
)


def spans(text: str, finders: Iterable[Finder] = ()) -> list[Span]:
    """Return what must not be public, in order and without overlaps; the earlier and then the longer one wins.

    `finders` add what needs more than the standard library (see triage.detectors).
    """
    found = sorted(
        [*_own(text), *(span for finder in finders for span in finder(text))], key=lambda s: (s.start, -s.end)
    )
    kept: list[Span] = []
    for span in found:
        if span.start >= span.end:
            continue
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif span.end > kept[-1].end:
            kept[-1] = Span(kept[-1].start, span.end, kept[-1].rule)
    return kept


def _own(text: str) -> Iterator[Span]:
    for rule, pattern, holds in _RULES:
        for found in pattern.finditer(text):
            start, end = found.span("hide" if "hide" in pattern.groupindex else 0)
            if holds(text[start:end]):
                yield Span(start, end, rule)


def redact(text: str, finders: Iterable[Finder] = ()) -> str:
    """Return `text` with a blank such as ⟨mail⟩ in the place of each span."""
    parts, last = [], 0
    for span in spans(text, finders):
        parts += [text[last : span.start], f"⟨{span.rule}⟩"]
        last = span.end
    return "".join([*parts, text[last:]])


def rules_found(text: str, finders: Iterable[Finder] = ()) -> tuple[str, ...]:
    """Return the rules that found something, each once, in order: what a sender is warned with, never the match."""
    return tuple(dict.fromkeys(span.rule for span in spans(text, finders)))

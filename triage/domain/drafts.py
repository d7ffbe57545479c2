"""What is to be written elsewhere: the issue's draft, its evidence, and the marker by which it is found again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_MARKER = re.compile(r"<!-- triage:topic=([A-Za-z0-9-]{1,64})(?: rev=(\d{1,9}))? -->")
_REMARK = re.compile(r"<!-- triage:remark=([A-Za-z0-9-]{1,80}) -->")
_DUPLICATE = re.compile(
    r"^[^\S\n]*duplicate of #([0-9A-Z]{1,20})\b|^[^\S\n]*(?:与|和|同)\s{0,4}#([0-9A-Z]{1,20})\s{0,4}重复",
    re.IGNORECASE | re.MULTILINE,  # [^\S\n] and not \s, which would be quadratic in empty lines
)
EVIDENCE_END = "<!-- triage:end -->"


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue as it is to be filed: plain title, Markdown body that holds the marker, label names of the host."""

    title: str
    body: str
    labels: tuple[str, ...] = ()
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """One reporter's words, redacted, with the receipt's public tail so that staff can find them."""

    text: str
    said_at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the issue says about its topic: people and reports are counts, `shared` the words that tie them together.

    `versions` are those that reports name, each with the number of reports.
    """

    title: str
    kind: str
    component: str
    people: int
    reports: int
    first_seen: datetime
    last_seen: datetime
    quotes: tuple[Quote, ...]
    shared: tuple[str, ...]
    channels: tuple[tuple[str, int], ...]
    link: str
    versions: tuple[tuple[str, int], ...] = ()


def marker(key: str, revision: int = 1) -> str:
    """Return the hidden line that ties an issue to the topic `key`."""
    return f"<!-- triage:topic={key} rev={revision} -->"


def marked_key(body: str | None) -> str | None:
    """Return the topic key of the first marker in an issue's `body`, or None.

    Quoted user text can't forge one: `defuse` breaks comment openings before a quote is written.
    """
    found = _MARKER.search(body or "")
    return found[1] if found else None


def block(body: str) -> tuple[int, int] | None:
    """Return where the evidence stands in an issue's `body`, from its marker to the end of its end; None where not.

    There must be exactly one of each, in order: whoever quoted or tore the block apart must not lose a word by us.
    """
    begin, end = _MARKER.search(body), body.find(EVIDENCE_END)
    if begin is None or end < begin.end() or len(_MARKER.findall(body)) > 1 or body.count(EVIDENCE_END) > 1:
        return None
    return begin.start(), end + len(EVIDENCE_END)


def splice(body: str, fresh: str) -> str | None:
    """Return `body` with its evidence replaced by that of `fresh`, all else byte for byte; None where that can't be.

    `fresh` is a whole body as it would be filed now, about the same topic; the revision is counted on.
    """
    old, new = block(body), block(fresh)
    if old is None or new is None or marked_key(body) != marked_key(fresh):
        return None
    said = _MARKER.match(body, old[0])
    counted = marker(marked_key(fresh) or "", int(said[2] or 1) + 1 if said else 1)
    return body[: old[0]] + _MARKER.sub(counted, fresh[new[0] : new[1]], count=1) + body[old[1] :]


def same_evidence(body: str, fresh: str) -> bool:
    """Return whether the evidence in two bodies differs in nothing but its revision."""
    pair = [_MARKER.sub("", body[at[0] : at[1]]) for body in (body, fresh) if (at := block(body))]
    return len(pair) == 2 and pair[0].split() == pair[1].split()  # noqa: PLR2004


def remark(key: str, text: str) -> str:
    """Return a comment of ours: `text` under the hidden line by which it is found again."""
    return f"<!-- triage:remark={key} -->\n{text}"


def remark_key(body: str | None) -> str | None:
    """Return the key of a comment of ours, None for anybody else's: a quoted marker doesn't stand at the beginning."""
    found = _REMARK.match((body or "").lstrip())
    return found[1] if found else None


def duplicate_of(comment: str) -> str:
    """Return the number that a comment names as the original ("Duplicate of #12", "与 #12 重复"), or ""."""
    found = _DUPLICATE.search(comment)
    return (found[1] or found[2]) if found else ""


def defuse(text: str) -> str:
    """Make user text harmless in Markdown: no HTML comments (so no forged marker), no mentions, no issue references."""
    text = text.replace("<!--", "<\u200b!--").replace("-->", "--\u200b>")
    text = re.sub(r"^([^\S\n]*)/(?=[a-z])", "\\1/\u200b", text, flags=re.MULTILINE)  # “/close” is an order to many bots
    text = re.sub(r"(?<![\w/])@(?=\w)", "@\u200b", text)
    return re.sub(r"(?<![\w&])#(?=\d)", "#\u200b", text)

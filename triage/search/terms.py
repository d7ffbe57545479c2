"""Texts and queries as tantivy takes them: the terms of a project, the rarest of them first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import tantivy

Kind = Literal["feedback", "issue"]

TERM_LIMIT = 64  # characters; longer tokens are hashes and base64 that nobody else repeats
WORDS = 64
GRAMS = 24
POSTINGS = 1_000_000  # what one query may touch: about 10 ms on one core of 2024
LEAST = 6  # terms that are asked for however common they are, so that short texts find something
TITLE_BOOST = 2.2
GRAM_BOOST = 0.3
_BLANK = {ord(char): "\x1f" for char in " \t\n\f\r"}  # what tantivy's whitespace tokenizer splits at


@dataclass(frozen=True, slots=True)
class Entry:
    """One text as it is indexed: ready tokens of title and body and the character n-grams of both."""

    id: int
    project: int
    title: Sequence[str]
    body: Sequence[str]
    grams: Sequence[str] = ()
    kind: Kind = "feedback"


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for within one project; made by the same segmenter as the entries."""

    project: int
    title: Sequence[str]
    body: Sequence[str]
    grams: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A stored text and its BM25 score (above 0, of no fixed scale)."""

    id: int
    score: float
    kind: Kind = "feedback"


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("key", fast=True)
    builder.add_text_field("ref", tokenizer_name="raw", index_option="basic")  # 0.27 deletes by text terms only
    builder.add_text_field("words", tokenizer_name="spaces", index_option="freq")
    builder.add_text_field("grams", tokenizer_name="spaces", index_option="freq")
    return builder.build()


SCHEMA = _schema()


def key_of(kind: Kind, one: int) -> int:
    """Return the number by which a text is known in the index."""
    return one * 2 + (kind == "issue")


def hit_of(key: int, score: float) -> Hit:
    """Return the hit of a number that `key_of` gave."""
    return Hit(key // 2, score, "issue" if key % 2 else "feedback")


def _term(project: int, token: str) -> str:
    """Return the token as it stands in the index: it carries its project, so no filter slows the query down."""
    return f"{project}:{_clean(token)}"


@lru_cache(maxsize=100_000)  # about 15 MB; a rebuild of the index spends its time here
def _clean(token: str) -> str:
    return token[:TERM_LIMIT].encode("utf-8", "replace").decode().translate(_BLANK)


def document(entry: Entry) -> Any:
    """Return `entry` as tantivy stores it."""
    made = tantivy.Document()
    key = key_of(entry.kind, entry.id)
    made.add_unsigned("key", key)
    made.add_text("ref", str(key))
    words = [*entry.title, *entry.title, *entry.body]  # the title counts double
    made.add_text("words", " ".join(_term(entry.project, token) for token in words))
    made.add_text("grams", " ".join(_term(entry.project, token) for token in entry.grams))
    return made


def clauses(searcher: Any, query: Query) -> list[tuple[Any, Any]]:
    """Return `query` as clauses of which any may hold: its rarest words and n-grams, as many as are affordable."""
    title = {_term(query.project, token) for token in query.title}
    words = dict.fromkeys([*title, *(_term(query.project, token) for token in query.body)])
    boosts = {term: TITLE_BOOST if term in title else 1.0 for term in words}
    grams = dict.fromkeys((_term(query.project, token) for token in query.grams), GRAM_BOOST)
    chosen = [*_rarest(searcher, "words", boosts, WORDS), *_rarest(searcher, "grams", grams, GRAMS)]
    return [(tantivy.Occur.Should, _clause(field, term, boost)) for field, term, boost in _affordable(chosen)]


def _rarest(searcher: Any, field: str, boosts: Mapping[str, float], most: int) -> list[tuple[int, str, str, float]]:
    """Return the `most` rarest of the terms that occur at all, as (postings, field, term, boost)."""
    counted = ((searcher.doc_freq(field, term), field, term, boost) for term, boost in boosts.items())
    return sorted(row for row in counted if row[0])[:most]


def _affordable(chosen: list[tuple[int, str, str, float]]) -> list[tuple[str, str, float]]:
    spent = 0
    kept: list[tuple[str, str, float]] = []
    for count, field, term, boost in sorted(chosen):
        spent += count
        if spent > POSTINGS and len(kept) >= LEAST:
            break
        kept.append((field, term, boost))
    return kept


def _clause(field: str, term: str, boost: float) -> Any:
    return tantivy.Query.boost_query(tantivy.Query.term_query(SCHEMA, field, term, "freq"), boost)

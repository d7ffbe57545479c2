"""The plain ways to find similar texts that the bench of analysis compares with; texts are words joined by spaces."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

Ask = Callable[[str], Sequence[int]]


def fts5(texts: Sequence[str]) -> tuple[float, Ask]:
    """Return the seconds to fill, and how to ask, SQLite's full-text index: every word, BM25."""
    began = time.perf_counter()
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE t USING fts5(words, tokenize='unicode61')")
    base.executemany("INSERT INTO t(rowid, words) VALUES (?, ?)", enumerate(texts))
    base.commit()

    def ask(query: str) -> Sequence[int]:
        words = " OR ".join('"' + word.replace('"', '""') + '"' for word in sorted(set(query.split())))
        rows = base.execute("SELECT rowid FROM t WHERE t MATCH ? ORDER BY bm25(t) LIMIT 100", (words,))
        return [row[0] for row in rows]

    return time.perf_counter() - began, ask


def brute(texts: Sequence[str]) -> tuple[float, Ask]:
    """Return the seconds to fit, and how to ask, scikit-learn's tf-idf against every row."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import linear_kernel

    began = time.perf_counter()
    vectors = TfidfVectorizer(analyzer=str.split)
    matrix = vectors.fit_transform(texts)

    def ask(query: str) -> Sequence[int]:
        scores = linear_kernel(vectors.transform([query]), matrix).ravel()
        best = np.argpartition(-scores, min(100, len(scores) - 1))[:100]
        return [int(at) for at in best[np.argsort(-scores[best])]]

    return time.perf_counter() - began, ask


def postgres(texts: Sequence[str], url: str) -> Iterator[tuple[str, float, Ask]]:
    """Yield full-text search (all words, ranked) and trigrams of PostgreSQL, in a temporary table."""
    import psycopg

    base = psycopg.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", url))  # never committed: nothing stays
    base.execute("CREATE TEMP TABLE bench (id int, words text, vector tsvector)")
    began = time.perf_counter()
    with base.cursor().copy("COPY bench (id, words) FROM STDIN") as copy:
        for row in enumerate(texts):
            copy.write_row(row)
    base.execute("UPDATE bench SET vector = to_tsvector('simple', words)")
    base.execute("CREATE INDEX ON bench USING gin (vector)")
    base.execute("ANALYZE bench")
    filled = time.perf_counter() - began

    def ask_text(query: str) -> Sequence[int]:
        wanted = " | ".join("'" + re.sub(r"['\\]", "", word) + "'" for word in sorted(set(query.split())))
        order = "SELECT id FROM bench, to_tsquery('simple', %s) q WHERE vector @@ q ORDER BY ts_rank(vector, q) DESC"
        return [row[0] for row in base.execute(order + " LIMIT 100", (wanted,))]

    yield "PostgreSQL FTS", filled, ask_text
    try:
        with base.transaction():
            base.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except psycopg.Error as error:
        print(f"PostgreSQL pg_trgm: {error}")
        return
    began = time.perf_counter()
    base.execute("CREATE INDEX ON bench USING gin (words gin_trgm_ops)")

    def ask_grams(query: str) -> Sequence[int]:
        order = "SELECT id FROM bench WHERE words %% %s ORDER BY similarity(words, %s) DESC LIMIT 100"
        return [row[0] for row in base.execute(order, (query, query))]

    yield "PostgreSQL pg_trgm", filled + time.perf_counter() - began, ask_grams

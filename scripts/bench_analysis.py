#!/usr/bin/env python3
"""How quick finding duplicates is: scripts/bench analysis [--size 10000,100000,1000000] [--svg FILE].

Ours, SQLite FTS5, scikit-learn and, where TRIAGE_TEST_DATABASE_URL names one, PostgreSQL, on the same made-up feedback.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from growth import drawn
from plain_methods import brute, fts5, postgres

from triage.config import data
from triage.ml.components import component_of
from triage.ml.duplicates import Cut, DuplicateModel, Text
from triage.ml.kinds import KindModel
from triage.ml.segment import Segmenter, grams
from triage.ml.spam import SpamModel
from triage.ml.training import rows_of
from triage.search import Entry, Hit, Index, Query
from triage.services.components import vocabulary

SEED = 20_26
BATCH = 20_000
QUERIES = 200
SLOW_QUERIES = 20  # of PostgreSQL, and of every plain method beyond LARGEST_PLAIN: they take a second each
LARGEST_PLAIN = 100_000  # texts; beyond it the plain methods are only asked with --all
LENGTHS = range(4, 60)  # characters of a stretch
LOST = 0.33  # of the stretches, when another person reports the same
MODELS = data("models")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a feedback with what the segmenter makes of it, cut once."""

    text: str
    words: tuple[str, ...]
    grams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up feedback: a title piece, body pieces."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return "，".join(piece.text for piece in self.pieces)

    def entry(self, one: int) -> Entry:
        """Return what is indexed."""
        body = [word for piece in self.pieces[1:] for word in piece.words]
        return Entry(one, 1, self.pieces[0].words, body, [gram for piece in self.pieces for gram in piece.grams])


class Maker:
    """Makes feedback from stretches of the seed examples and the dictionary, drawn with Zipf's weights, by a seed."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        seeds = [f"{row.get('title', '')}。{row['body']}" for row in rows_of(MODELS / "seeds" / "feedback.jsonl")]
        parts = {part.strip() for text in seeds for part in re.split(r"[，。！？\n,.!?；;]", text)}
        stems = [self.piece(part) for part in sorted(parts) if len(part) in LENGTHS]
        words = (MODELS / "words" / "dictionary.txt").read_text("utf-8").split()
        self.words = sorted({word for word in words if len(word) > 1 and not word.isdigit()})
        self.random = random.Random(SEED)  # noqa: S311 - the same feedback each time, nobody is to be kept from guessing it
        self.random.shuffle(stems)
        self.stems = stems
        self.weights = list(itertools.accumulate(1 / (rank + 10) ** 0.7 for rank in range(len(stems))))

    def piece(self, text: str) -> Piece:
        """Return `text` cut."""
        return Piece(text, tuple(self.segmenter.tokens(text)), tuple(grams(text)))

    def detail(self) -> Piece:
        """Return what only a few feedback share: a word of the dictionary and a number or name."""
        number = f"{self.random.choice('abcdefghjkmnpqrstuvwxyz')}{int(10 ** (self.random.random() * 5))}"
        word = self.random.choice(self.words)
        return Piece(f"{word}{number}", (word.lower(), number), tuple(grams(f"{word}{number}")))

    def feedback(self) -> Made:
        """Return the next feedback: 2 to 7 stretches and one or two details, about 60 characters."""
        stems = self.random.choices(self.stems, cum_weights=self.weights, k=self.random.randint(2, 7))
        return Made((*stems, *(self.detail() for _ in range(self.random.randint(1, 2)))))

    def changed(self, made: Made) -> Made:
        """Return `made` as another person would report it: a third left out, one stretch added, another order."""
        kept = [piece for piece in made.pieces if self.random.random() > LOST] or list(made.pieces)
        self.random.shuffle(kept)
        return Made((*kept, self.random.choice(self.stems)))


@dataclass(frozen=True, slots=True)
class Timed:
    """One method at one size: milliseconds of a query, the shares found among 10 and 100, seconds to build.

    `cpu95` is of this process's own time, which a busy machine leaves alone; a server's work is not in it.
    """

    method: str
    size: int
    p50: float
    p95: float
    cpu95: float
    recall: float
    recall_100: float
    build: float
    asked: int


Ask = Callable[[Made], Sequence[int]]


def timed(method: str, size: int, build: float, asked: Sequence[tuple[int, Made]], ask: Ask) -> Timed:
    """Return how long `ask` takes for each of `asked` (right id, query)."""
    times, own, right, hundred = [], [], 0, 0
    for one, query in asked:
        began, worked = time.perf_counter(), time.process_time()
        found = ask(query)
        times.append((time.perf_counter() - began) * 1000)
        own.append((time.process_time() - worked) * 1000)
        right += one in list(found)[:10]
        hundred += one in list(found)[:100]
    middle, high = map(float, np.percentile(times, [50, 95]))
    shares = right / len(asked), hundred / len(asked)
    return Timed(method, size, middle, high, float(np.percentile(own, 95)), *shares, build, len(asked))


def query_of(made: Made) -> Query:
    """Return the query for `made`."""
    entry = made.entry(0)
    return Query(1, entry.title, entry.body, entry.grams)


def build_ours(folder: Path, texts: Iterator[Made]) -> float:
    """Fill an index and return the seconds it took, without the making of the texts."""
    spent, start = 0.0, 0
    with Index(folder) as index:
        while batch := list(itertools.islice(texts, BATCH)):
            began = time.perf_counter()
            index.add(made.entry(start + at) for at, made in enumerate(batch))
            index.commit(start + len(batch))
            spent += time.perf_counter() - began
            start += len(batch)
    return spent


def found_after(index: Index, size: int, maker: Maker) -> float:
    """Return the 95th percentile of milliseconds from adding a feedback to its being found by another reader."""
    times = []
    with Index(index.folder, write=False) as reader:
        for at in range(20):
            made = maker.feedback()
            began = time.perf_counter()
            index.add([made.entry(size + at)])
            index.commit()
            hits = reader.find(query_of(made), 10)
            times.append((time.perf_counter() - began) * 1000)
            assert size + at in [hit.id for hit in hits], "added but not found"  # noqa: S101
    return float(np.percentile(times, 95))


PROBE = """
import pickle, sys, time
from pathlib import Path
from triage.search import Index, Query
def rss():
    return int(next(line for line in open('/proc/self/status') if line.startswith('VmRSS')).split()[1]) / 1024
idle, began = rss(), time.perf_counter()
index = Index(Path(sys.argv[1]))
started = time.perf_counter() - began
for line in sys.stdin:
    title, body, grams = (part.split(' ') for part in line.rstrip('\\n').split('\\t'))
    index.find(Query(1, title, body, grams), 200)
print(idle, rss(), started, index.count)
"""


def probed(folder: Path, asked: Sequence[tuple[int, Made]]) -> tuple[float, float]:
    """Return megabytes over idle of a fresh process after `asked`, and the seconds it took to open the index."""
    queries = [made.entry(0) for _, made in asked]
    lines = [
        "\t".join(" ".join(word.replace(" ", "_") for word in part) for part in (q.title, q.body, q.grams))
        for q in queries
    ]
    program = [sys.executable, "-c", PROBE, str(folder)]
    said = subprocess.run(program, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout
    idle, after, started, _ = map(float, said.split())
    return after - idle, started


class Whole:
    """All of one analysis in one thread: kind, component, spam, cutting, candidates, putting in order."""

    def __init__(self, index: Index, texts: Sequence[Made], segmenter: Segmenter) -> None:
        self.index, self.texts = index, texts
        self.kinds = KindModel.load(MODELS / "weights", segmenter=segmenter)
        self.spam = SpamModel.load(MODELS / "weights", segmenter=segmenter)
        self.model = DuplicateModel.load(MODELS / "weights", segmenter)
        self.components = vocabulary({})
        for at in range(min(len(texts), 3_000)):
            self.model.learn(self.stored(at))

    def stored(self, one: int) -> Text:
        """Return a feedback as the database holds it: with its words cut."""
        made, entry = self.texts[one], self.texts[one].entry(one)
        return Text(one, made.pieces[0].text, made.text, cut=Cut(tuple(entry.title), tuple(entry.body)))

    def ask(self, made: Made) -> Sequence[int]:
        """Analyse `made` and return the ids of its matches."""
        title, body = made.pieces[0].text, made.text
        self.kinds.predict(title, body)
        component_of(f"{title}\n{body}", self.components, {})
        self.spam.predict(f"{title}\n{body}")
        cut = self.model.cut(title, body)
        hits: list[Hit] = self.index.find(Query(1, cut.title, cut.body, grams(f"{title} {body}")), 100)
        text = Text(-1, title, body, cut=cut)
        known = [(self.stored(hit.id), hit.score) for hit in hits if hit.id < len(self.texts)]
        return [match.id for match in self.model.rank(text, known)]


def joined(made: Made) -> str:
    """Return the words of `made`, joined by spaces."""
    return " ".join(word for piece in made.pieces for word in piece.words)


def run(size: int, *, everything: bool, segmenter: Segmenter) -> Iterator[Timed]:
    """Yield the methods at one size, ours first, and print what is only ours."""
    maker = Maker(segmenter)
    texts = [maker.feedback() for _ in range(size)]
    chosen = [maker.random.randrange(size) for _ in range(QUERIES)]
    asked = [(one, maker.changed(texts[one])) for one in chosen]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "index"
        build = build_ours(folder, iter(texts))
        disk = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        memory, started = probed(folder, asked)
        with Index(folder) as index:
            yield timed(
                "candidates (tantivy)", size, build, asked, lambda q: [h.id for h in index.find(query_of(q), 100)]
            )
            yield timed("whole analysis", size, build, asked, Whole(index, texts, segmenter).ask)
            after = found_after(index, size, maker)
    print(
        f"{size:>9,}: found after adding p95 {after:.0f} ms · {memory:.0f} MB over idle · {disk:.0f} MB on disk", end=""
    )
    print(f" · opened in {started:.2f} s", flush=True)
    if size > LARGEST_PLAIN and not everything:
        return
    plain = [joined(made) for made in texts]
    asked = asked if size <= LARGEST_PLAIN else asked[:SLOW_QUERIES]
    for name, make in (("SQLite FTS5", fts5), ("scikit-learn brute force", brute)):
        seconds, ask = make(plain)
        yield timed(name, size, seconds, asked, lambda made, ask=ask: ask(joined(made)))
    if url := os.environ.get("TRIAGE_TEST_DATABASE_URL", ""):
        for name, seconds, ask in postgres(plain, url):
            yield timed(name, size, seconds, asked[:SLOW_QUERIES], lambda made, ask=ask: ask(joined(made)))


def table(rows: Sequence[Timed]) -> None:
    """Print the rows with the ratio of each to ours at its size."""
    ours = {row.size: row.p95 for row in rows if row.method.startswith("candidates")}
    heads = ("texts", 11), ("p50 ms", 9), ("p95 ms", 9), ("own p95", 9), ("R@10", 7), ("R@100", 7)
    heads = *heads, ("of", 5), ("build s", 9), ("p95 ÷ ours", 12)
    print(f"\n{'method':26}" + "".join(f"{name:>{width}}" for name, width in heads))
    for row in rows:
        ratio = row.p95 / ours[row.size]
        speeds = f"{row.p50:>9.1f}{row.p95:>9.1f}{row.cpu95:>9.1f}"
        found = f"{row.recall:>7.3f}{row.recall_100:>7.3f}{row.asked:>5}"
        print(f"{row.method:26}{row.size:>11,}{speeds}{found}{row.build:>9.1f}{ratio:>12.1f}")


def curve(rows: Sequence[Timed]) -> None:
    """Print the growth of the 95th percentile, a bar a row, logarithmic: ten times longer is 12 signs more."""
    print("\np95, logarithmic")
    for row in sorted(rows, key=lambda row: (row.method, row.size)):
        bar = "█" * max(1, round(12 * (np.log10(max(row.p95, 0.1)) + 1)))
        print(f"{row.method:26}{row.size:>11,} {bar} {row.p95:.1f}")


def main() -> None:
    """Run the bench at each size."""
    parser = argparse.ArgumentParser(prog="scripts/bench analysis", description=__doc__)
    parser.add_argument("--size", default="10000,100000", help="numbers of stored texts, with commas between")
    parser.add_argument("--all", action="store_true", help="ask the plain methods at every size, however slow")
    parser.add_argument("--svg", type=Path, help="draw the growth curve into this file")
    given = parser.parse_args()
    segmenter = Segmenter.shipped(MODELS)
    segmenter.tokens("先读字典")
    sizes = [int(size) for size in given.size.split(",")]
    rows = [row for size in sizes for row in run(size, everything=given.all, segmenter=segmenter)]
    table(rows)
    curve(rows)
    if given.svg:
        names = dict.fromkeys(row.method for row in rows)
        points = {name: [(row.size, row.p95) for row in rows if row.method == name] for name in names}
        given.svg.write_text(drawn(points), encoding="utf-8")
    print(f"\npeak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, texts included")


if __name__ == "__main__":
    main()

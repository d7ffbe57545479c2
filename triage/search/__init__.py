"""The candidate index: which stored texts share words with this one; quick, and rebuilt whenever it is in doubt."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import IO, Any, Self

import tantivy

from triage.errors import ConflictError
from triage.search.files import STATE, fault, is_filled, put_aside, stamp, state_of, unpanicked, write_state
from triage.search.terms import SCHEMA, Entry, Hit, Kind, Query, clauses, document, hit_of, key_of

__all__ = ["Entry", "Hit", "Index", "Kind", "Query"]

_HEAP = 15_000_000  # bytes; tantivy's least, and enough for a service that adds a few texts at a time


class Index:
    """A tantivy index in `folder`: one process writes it, all read it, all threads share it.

    A damaged or foreign folder is put aside as `<folder>.damaged` by the process that may write, and an empty index
    takes its place; `needs_rebuild` then says why in a few words (the caller empties it when it has caught up) and
    `watermark` is 0. A changed `recipe` (the name of the segmentation and its dictionary) does the same, since index
    and query must be cut alike.
    """

    def __init__(self, folder: Path, *, recipe: str = "", write: bool = True) -> None:
        self.folder = folder
        self.recipe = recipe
        self.needs_rebuild = ""
        self.watermark = 0
        self._guard = threading.RLock()
        self._lock: IO[bytes] | None = None
        self._index: Any = None
        self._searcher: Any = None
        self._writer: Any = None
        self._seen: tuple[int, ...] = ()
        self._fresh: set[int] = set()  # added since the last commit
        self._sound: set[str] = set()  # files whose checksum was seen to be right; they never change
        if not (write and self.claim()):
            self.reload()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def writable(self) -> bool:
        """Whether this process is the one that writes."""
        return self._writer is not None

    @property
    def count(self) -> int:
        """How many texts can be found."""
        return int(self._searcher.num_docs) if self._searcher else 0

    def claim(self) -> bool:
        """Become the writer if no other process is, and repair the folder on the way. True where this one writes."""
        with self._guard:
            if self.writable or not self._take_lock():
                return self.writable
            self.needs_rebuild = fault(self.folder, self.recipe, self._sound) if is_filled(self.folder) else ""
            if self.needs_rebuild:
                put_aside(self.folder)
                self._index = None
            self._open()
            self._writer = self._index.writer(_HEAP, 1)
            if not (self.folder / STATE).exists():
                self._note(0)
            self._seen = ()
            self.reload()
            return True

    def add(self, entries: Iterable[Entry]) -> int:
        """Add or replace `entries` and return how many; found after `commit`. Raises ConflictError for a reader."""
        writer, count = self._writing(), 0
        with self._guard:
            for count, entry in enumerate(entries, 1):  # noqa: B007 - the count is what is returned
                self._forget(key_of(entry.kind, entry.id))
                self._fresh.add(key_of(entry.kind, entry.id))
                writer.add_document(document(entry))
        return count

    def remove(self, ids: Iterable[int], kind: Kind = "feedback") -> None:
        """Forget the texts of `ids`; unknown ones are no error. Raises ConflictError for a reader."""
        self._writing()
        with self._guard:
            for one in ids:
                self._forget(key_of(kind, one))

    def commit(self, watermark: int | None = None) -> None:
        """Make what was added findable, here and in the other processes, and remember how far the database was read.

        The watermark is written after the commit: a crash between the two only adds the same texts again.
        """
        writer = self._writing()
        with self._guard:
            writer.commit()
            self._fresh.clear()
            if watermark is not None and watermark != self.watermark:
                self._note(watermark)
            self.reload()

    def clear(self) -> None:
        """Forget everything: the way to a rebuild while others go on reading."""
        writer = self._writing()
        with self._guard:
            writer.delete_all_documents()
            self._fresh.clear()
            self.needs_rebuild = ""
            writer.commit()
            self._note(0)
            self.reload()

    def reload(self) -> None:
        """See what was committed since, by any process. Costs one stat where nothing was."""
        with self._guard:
            seen = stamp(self.folder)
            if seen == self._seen:
                return
            self._seen = seen
            if not self.writable:
                self.needs_rebuild = fault(self.folder, self.recipe, self._sound)
                self._index = None  # the folder may be another one by now
            if self.writable or not self.needs_rebuild:
                self._look()
            else:
                self._searcher = None

    def find(self, query: Query, limit: int = 100, exclude: Collection[tuple[Kind, int]] = ()) -> list[Hit]:
        """Return at most `limit` hits of the query's project, best first; `exclude` names what not to return.

        The rarest words decide and the number of postings touched is bounded, so a 100 KB text costs what a page does.
        """
        self.reload()
        searcher = self._searcher
        if searcher is None:
            return []
        terms = clauses(searcher, query)
        if not terms:
            return []
        found = searcher.search(tantivy.Query.boolean_query(terms), limit + len(exclude), count=False).hits
        keys = searcher.fast_field_values("key", [address for _, address in found])
        hits = (hit_of(int(key), float(score)) for key, (score, _) in zip(keys, found, strict=True))
        return [hit for hit in hits if (hit.kind, hit.id) not in exclude][:limit]

    def close(self) -> None:
        """Let go of the lock, after the merges under way; what was not committed is lost. Reading stays possible."""
        with self._guard:
            if self._writer is not None:
                self._writer.wait_merging_threads()
                self._writer = None
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def _take_lock(self) -> bool:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        lock = self.folder.with_name(self.folder.name + ".lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _open(self) -> None:
        if self._index is None:
            self.folder.mkdir(exist_ok=True)
            self._index = tantivy.Index(SCHEMA, str(self.folder))
            spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer("spaces", spaces)
            self._index.config_reader("manual")
        self._index.reload()

    def _look(self) -> None:
        """Take the newest commit; where its description is damaged under a running writer, keep the last good one."""
        try:
            unpanicked(self._open)
            self._searcher = unpanicked(self._index.searcher)
        except ValueError:
            self.needs_rebuild = "the index can't be opened"
            return
        self.watermark = int(state_of(self.folder).get("watermark", 0))

    def _forget(self, key: int) -> None:
        """Delete a text where there is one: asking first halves the time of a rebuild."""
        if key in self._fresh or self._searcher.doc_freq("ref", str(key)):
            self._writer.delete_documents_by_term("ref", str(key))

    def _writing(self) -> Any:
        if self._writer is None:
            raise ConflictError("another process writes the index")
        return self._writer

    def _note(self, watermark: int) -> None:
        write_state(self.folder, self.recipe, watermark)
        self.watermark = watermark

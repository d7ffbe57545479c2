"""Files of feedback: CSV, JSON lines and XLSX, row by row, in whatever encoding they are."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from triage.channels import delimited, sheets
from triage.channels.fields import LIMIT, loads
from triage.channels.rows import Item, Refused, Row
from triage.errors import InvalidError

TEXT = (".csv", ".tsv", ".jsonl", ".ndjson")
NAMES = (*TEXT, ".xlsx")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Rows:
    """An open file: its size in bytes, how many of them are read, its column names (none for JSON lines), its rows."""

    size: int
    done: Callable[[], int]
    header: tuple[str, ...] | None
    items: Iterator[Item]


@contextmanager
def opened(path: Path) -> Iterator[Rows]:
    """Yield the rows of the file, read as they are asked for. Raises InvalidError: no such kind, empty, damaged."""
    kind = path.suffix.lower()
    if kind not in NAMES:
        raise InvalidError(f"a file is one of {', '.join(NAMES)}, not “{kind}”", field="file", code="file_type")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            size = path.stat().st_size
        except OSError as error:
            raise InvalidError(f"the file can't be read: {error.strerror}", field="file", code="file") from error
        if not size:
            raise InvalidError("the file is empty", field="file", code="file_empty")
        if kind == ".xlsx":
            yield _sheet(file, size)
        else:
            header, items = _text(stack.enter_context(_decoded(file)), kind)
            yield Rows(size, file.tell, header, items)


def _sheet(file: BinaryIO, size: int) -> Rows:
    sheet = sheets.Sheet(file)
    return Rows(size, lambda: int(size * sheet.share), sheet.header, sheet.rows())


def _text(text: TextIO, kind: str) -> tuple[tuple[str, ...] | None, Iterator[Item]]:
    if kind in {".jsonl", ".ndjson"}:
        return None, _json_lines(text)
    return delimited.read(text, tabs=kind == ".tsv")


def _decoded(file: BinaryIO) -> io.TextIOWrapper:
    encoding = encoding_of(file)
    # what can't be decoded stays recognisable, so that only its row is refused; UTF-16 can't be marked in that way
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    return io.TextIOWrapper(file, encoding, errors, newline="")


def encoding_of(file: BinaryIO) -> str:
    """Return the encoding by its mark; else UTF-8, or GB18030 where most lines that tell the two apart are no UTF-8.

    Looks at the whole file and goes back to its beginning.
    """
    file.seek(0)
    start = file.read(4)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    file.seek(0)
    if marked:
        return marked
    told = [0, 0]
    for line in iter(lambda: file.readline(LIMIT), b""):
        if not line.isascii():
            told[_is_utf8(line)] += 1
    file.seek(0)
    return "gb18030" if told[False] > told[True] else "utf-8"


def _is_utf8(line: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line)  # a very long line may be cut within a character
    except UnicodeDecodeError:
        return False
    return True


def _json_lines(text: TextIO) -> Iterator[Item]:
    for number, line in _whole_lines(text):
        if line is None:
            yield Refused(number, f"the line is longer than {LIMIT:,} characters")
        elif line.strip("\ufeff \t\r\n"):
            yield _json_row(number, line.strip("\ufeff \t\r\n"))


def _json_row(number: int, line: str) -> Item:
    try:
        found: dict[str, Any] = loads(line.encode("utf-8", "surrogateescape"))
    except InvalidError as error:
        return Refused(number, str(error))
    return Row(number, found)


def _whole_lines(text: TextIO) -> Iterator[tuple[int, str | None]]:
    """Yield each line with its number, None for one that is too long to be held."""
    number = 0
    while line := text.readline(LIMIT):
        number += 1
        whole = line.endswith(("\n", "\r")) or len(line) < LIMIT
        while len(line) == LIMIT and not line.endswith(("\n", "\r")):
            line = text.readline(LIMIT)
        yield number, line if whole else None

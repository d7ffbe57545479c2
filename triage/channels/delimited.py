"""CSV with commas, semicolons or tabs; a row that is broken is refused by its line, and the next ones are read."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import TextIO

from triage.channels.fields import LIMIT
from triage.channels.rows import Item, Refused, fitted, named
from triage.errors import InvalidError

DELIMITERS = ",;\t"
SECOND_LOOKS = 20_000_000  # characters in all that are read again after a quote that is never closed
_UNDECODED = re.compile("[\udc80-\udcff]")

csv.field_size_limit(LIMIT)  # of the whole process; the default makes a field of 128 KB break the rows behind it


def read(text: TextIO, *, tabs: bool = False) -> tuple[tuple[str, ...], Iterator[Item]]:
    """Return the column names and the rows that follow. Raises InvalidError where there is no header."""
    lines = _Lines(text)
    for line in lines:
        if line.strip("\ufeff \t\r\n,;"):
            delimiter = "\t" if tabs else _delimiter(line)
            lines.again(lines.row[-1:])
            return _table(lines, delimiter)
    raise InvalidError("the file has no header row", field="file", code="file_header")


def _delimiter(line: str) -> str:
    """Return what parts the header into most cells; a comma where nothing does."""
    return max(DELIMITERS, key=lambda sign: len(next(csv.reader([line], delimiter=sign), [])))


class _Lines:
    """Physical lines, each with its number; those of the row that is being read can be looked at again.

    A very long line comes in pieces of one number: none is ever held whole.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._waiting: list[tuple[int, str]] = []
        self._left = SECOND_LOOKS
        self._next = 1
        self.row: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, line = self._waiting.pop() if self._waiting else self._read()
        if not line:
            raise StopIteration
        self.row.append((number, line))
        return line

    def _read(self) -> tuple[int, str]:
        number, line = self._next, self._text.readline(LIMIT)
        self._next += line.endswith(("\n", "\r"))
        return number, line

    def again(self, lines: list[tuple[int, str]]) -> bool:
        """Take these, the last that were read, once more; False where that was done too often."""
        self._left -= sum(len(line) for _, line in lines)
        if self._left >= 0:
            self._waiting.extend(reversed(lines))
        return self._left >= 0


def _table(lines: _Lines, delimiter: str) -> tuple[tuple[str, ...], Iterator[Item]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = named(next(reader))
    except csv.Error as error:
        raise InvalidError(f"the header row can't be read: {error}", field="file", code="file_header") from error
    return names, _rows(reader, lines, names)


def _rows(reader: Iterator[list[str]], lines: _Lines, names: tuple[str, ...]) -> Iterator[Item]:
    while True:
        lines.row = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken(lines, str(error))
            continue
        if any(cell.strip() for cell in cells):
            yield _row(lines.row[0][0], names, cells)


def _row(start: int, names: tuple[str, ...], cells: list[str]) -> Item:
    if any(_UNDECODED.search(cell) for cell in cells):
        return Refused(start, "the row is in another encoding than the file")
    if any("\x00" in cell for cell in cells):
        return Refused(start, "the row has NUL bytes: the file is damaged, or UTF-16 without its mark")
    return fitted(start, names, cells)


def _broken(lines: _Lines, why: str) -> Refused:
    """Refuse the first line of such a row and read the rest again: its quote may have swallowed good rows."""
    start, end = lines.row[0][0], lines.row[-1][0]
    if not lines.again(lines.row[1:]):
        why = f"{why}; nothing up to line {end} was read"
    return Refused(start, f"the row can't be read: {why}")

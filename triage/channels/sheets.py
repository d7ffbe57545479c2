"""The first sheet of an XLSX workbook, row by row, with bounds on what it unpacks to."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any, BinaryIO

from triage.channels.rows import Item, Refused, fitted, named
from triage.errors import InvalidError

PACKED = 64 * 1024 * 1024  # bytes of the file
UNPACKED = 512 * 1024 * 1024  # bytes of all its parts; the sheet itself is read in pieces
STRINGS = 128 * 1024 * 1024  # bytes of each part that the library holds whole
ROWS = 1_048_576  # as many as a spreadsheet can have
UNKNOWN = object()  # stands for the result of a formula that is not in the file
# what the library raises on workbooks that lie, each seen under tests
_BROKEN = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    SyntaxError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


class Sheet:
    """A workbook's first sheet; `share` is how much of it is read, from 0 to 1."""

    def __init__(self, file: BinaryIO) -> None:
        self.share, self._line = 0.0, 0
        try:
            _bounded(file)
            self._rows, self._expected = _open(file)
            first = next(((line, cells) for line, cells in self._numbered() if _filled(cells)), None)
        except _BROKEN as error:
            raise _damaged() from error
        if first is None:
            raise InvalidError("the sheet has no header row", field="file", code="file_header")
        self.header = named([None if cell is UNKNOWN else cell for cell in _trimmed(first[1])])

    def rows(self) -> Iterator[Item]:
        """Yield the rows under the header; one of damaged data ends them, with a refusal that says so."""
        try:
            for line, cells in self._numbered():
                if _filled(cells):
                    yield self._row(line, cells)
        except _BROKEN:
            yield Refused(self._line + 1, "the workbook is damaged from here on")

    def _numbered(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        for cells in self._rows:
            self._line += 1
            self.share = min(self._line / self._expected, 1.0)
            yield self._line, cells
            if self._line >= ROWS:
                return

    def _row(self, line: int, cells: tuple[Any, ...]) -> Item:
        if UNKNOWN in cells:
            return Refused(line, "a formula was never calculated; open the file in a spreadsheet and save it again")
        shown = [_plain(cell) for cell in _trimmed(cells)]
        return fitted(line, self.header, shown + [None] * (len(self.header) - len(shown)))


def _bounded(file: BinaryIO) -> None:
    """Refuse a workbook by its table of contents; nothing unpacks to more than that says, or reading it fails."""
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
    held = max((part.file_size for part in parts if "/worksheets/" not in part.filename), default=0)
    packed = file.seek(0, 2)
    file.seek(0)
    if packed > PACKED or sum(part.file_size for part in parts) > UNPACKED or held > STRINGS:
        raise InvalidError("the workbook is too large; save it as CSV", field="file", code="too_large")


def _open(file: BinaryIO) -> tuple[Iterator[tuple[Any, ...]], int]:
    import openpyxl

    both = [openpyxl.load_workbook(file, read_only=True, data_only=only, keep_links=False) for only in (True, False)]
    if not both[0].worksheets:
        raise InvalidError("the workbook has no sheet", field="file", code="file_header")
    values, formulas = (book.worksheets[0] for book in both)
    expected = values.max_row or ROWS
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # what a sheet says of its size may be wrong, and would cut rows off or add millions
    rows = zip(values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True)
    return (_known(*row) for row in rows), expected


def _known(values: tuple[Any, ...], formulas: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values, with `UNKNOWN` where there is a formula and no result: a program wrote it, none reckoned."""
    if len(values) == len(formulas) and None in values:
        pairs = zip(values, formulas, strict=True)
        return tuple(UNKNOWN if value is None and written is not None else value for value, written in pairs)
    return values


def _filled(cells: tuple[Any, ...]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in cells)


def _trimmed(cells: tuple[Any, ...]) -> list[Any]:
    kept = list(cells)
    while kept and kept[-1] is None:
        kept.pop()
    return kept


def _plain(cell: Any) -> Any:
    """Return the cell as JSON or a date can say it: a time of day, or a span, as text."""
    return str(cell) if isinstance(cell, time | timedelta) else cell


def _damaged() -> InvalidError:
    return InvalidError("this is no XLSX workbook that can be read", field="file", code="file_damaged")

"""What a file of feedback consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One feedback as the file has it; `line` is where it begins, counted from 1 as editors and spreadsheets do."""

    line: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that can't be read, and why."""

    line: int
    reason: str


Item = Row | Refused


def named(cells: Sequence[Any]) -> tuple[str, ...]:
    """Return the column names of a header row: each one different, and those without a name by their number."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = str(cell if cell is not None else "").strip("\ufeff \t\r\n") or f"column {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return tuple(names)


def fitted(line: int, names: Sequence[str], cells: Sequence[Any]) -> Item:
    """Return the row, or refuse it where it has more or fewer cells than the header; empty ones behind don't count."""
    wide = len(cells)
    while wide > len(names) and cells[wide - 1] in (None, ""):
        wide -= 1
    if wide != len(names):
        return Refused(line, f"the row has {wide} cell{'s' if wide != 1 else ''} where the header has {len(names)}")
    return Row(line, dict(zip(names, cells, strict=False)))

"""Files of rows to train on and to be measured by: JSON lines of a known shape, or one line that says what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from triage.errors import InvalidError

Row = dict[str, Any]
Shape = Mapping[str, Callable[[Any], Any]]  # field → what makes of its value what is used; raises ValueError
_SURROGATE = re.compile("[\ud800-\udfff]")


def text(value: Any) -> str:
    """Return a text; nothing where it is null."""
    if value is not None and not isinstance(value, str):
        raise ValueError("is no text")
    return _SURROGATE.sub("\ufffd", value or "")


def label(value: Any) -> str:
    """Return a text that says something."""
    if not (found := text(value)).strip():
        raise ValueError("is missing")
    return found


def flag(value: Any) -> int:
    """Return 0 or 1."""
    if value is None:
        raise ValueError("is missing")
    if not isinstance(value, int) or value not in (0, 1):
        raise ValueError("is neither 0 nor 1")
    return int(value)


def name(value: Any) -> str | None:
    """Return a name (a number will do) as text; None where it is null."""
    return str(value) if isinstance(value, int) else text(value) or None


WRITTEN = {"title": text, "body": text, "project": text}
KINDS = WRITTEN | {"kind": label}
FEEDBACK = WRITTEN | {"kind": text, "cluster": name}
DUPLICATES = WRITTEN | {"cluster": name, "created": text, "component": text}
PAIRS = {"a": text, "b": text, "same": flag}
SPAM = {"text": text, "spam": flag}


def rows_of(file: Path, shape: Shape | None = None) -> Iterator[Row]:
    """Yield the JSON objects of `file`, one a line; empty lines and a byte order mark don't count.

    With a `shape` its fields are there and of the right sort. Raises InvalidError, with the line's number, for anything
    else, and for a file that can't be read.
    """
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _row(f"{file.name}, line {number}", line, shape)
    except UnicodeDecodeError as error:
        raise InvalidError(f"{file.name} is no UTF-8 text", code="not_json") from error
    except OSError as error:
        raise InvalidError(f"{file.name} can't be read: {error.strerror}", code="not_json") from error


def read(file: Path, shape: Shape) -> list[Row]:
    """Return the rows of `file`, at least one. Raises InvalidError."""
    found = list(rows_of(file, shape))
    if not found:
        raise InvalidError(f"{file.name} holds no rows", code="empty")
    return found


def spam_or_feedback(file: Path) -> list[Row]:
    """Return rows of {text, spam}, or feedback {title, body, kind}, which is ham but for the kind spam."""
    rows = read(file, {})
    for at, row in enumerate(rows, 1):
        if not {"text", "title", "body"} & row.keys():
            raise InvalidError(f"{file.name}, row {at}: “text” is missing", field="text", code="not_shaped")
    shapes: list[Shape] = [SPAM if "text" in row else FEEDBACK for row in rows]
    return [_shaped(f"{file.name}, row {at}", *one) for at, one in enumerate(zip(rows, shapes, strict=True), 1)]


def _row(where: str, line: str, shape: Shape | None) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidError(f"{where}: {said}", code="not_json") from error
    if not isinstance(row, dict):
        raise InvalidError(f"{where}: not an object", code="not_json")
    return row if shape is None else _shaped(where, row, shape)


def _shaped(where: str, row: Row, shape: Shape) -> Row:
    made = dict(row)
    for field, used in shape.items():
        try:
            made[field] = used(row.get(field))
        except ValueError as error:
            raise InvalidError(f"{where}: “{field}” {error}", field=field, code="not_shaped") from error
    return made


def half_untitled(rows: Sequence[Mapping[str, Any]], seed: int) -> list[Mapping[str, Any]]:
    """Return `rows` with every other title, by lot, as the first line of its text.

    Trackers demand titles, chats have none: what learned from titles alone misjudges texts without.
    """
    lots = np.random.default_rng(seed).random(len(rows)) < 0.5  # noqa: PLR2004
    return [_untitled(row) if lot else row for row, lot in zip(rows, lots, strict=True)]


def untitled(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return `rows` with every title as the first line of its text, as chats send it."""
    return [_untitled(row) for row in rows]


def _untitled(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "title": "", "body": f"{row.get('title') or ''}\n{row.get('body') or ''}".strip()}

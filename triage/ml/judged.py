"""Kinds that this project judged for a public set: kept are numbers and kinds, the texts stay in the set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from triage.domain.feedback import Kind
from triage.errors import InvalidError
from triage.ml.rows import Row

_NUMBER = re.compile(r"/(\d+)/?$")


def kinds_of(file: Path) -> dict[int, str]:
    """Return the kind of each issue number in `file` ({"kinds": {kind: [number, …]}, …}).

    Raises InvalidError for a file of another shape, a kind that doesn't exist and a number under two kinds.
    """
    found: dict[int, str] = {}
    for kind, numbers in _kinds(file).items():
        if kind not in {one.value for one in Kind} or not isinstance(numbers, list):
            raise _wrong(file, f"“{kind}” is no kind with a list of numbers")
        for number in numbers:
            if not isinstance(number, int) or number in found:
                raise _wrong(file, f"{number!r} is no number, or stands there twice")
            found[number] = kind
    return found


def with_kinds(rows: Iterable[Mapping[str, Any]], kinds: Mapping[int, str]) -> list[Row]:
    """Return those of `rows` whose `source_url` ends in a number of `kinds`, with that kind.

    Rows that nobody judged are left out. A number that no row has is no error: another part of the set may be there.
    """
    found = []
    for row in rows:
        number = _NUMBER.search(str(row.get("source_url") or ""))
        if number and int(number[1]) in kinds:
            found.append({**row, "kind": kinds[int(number[1])]})
    return found


def _kinds(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except ValueError as error:  # UnicodeDecodeError is one
        raise _wrong(file, str(error)) from error
    except OSError as error:
        raise _wrong(file, f"can't be read: {error.strerror}") from error
    kinds = content.get("kinds") if isinstance(content, dict) else None
    if not isinstance(kinds, dict):
        raise _wrong(file, "holds no “kinds”")
    return kinds


def _wrong(file: Path, what: str) -> InvalidError:
    return InvalidError(f"{file.name}: {what}", code="not_shaped")

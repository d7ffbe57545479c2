"""The files of an index: what changes with each commit, and whether they are whole."""

from __future__ import annotations

import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import tantivy

from triage.search.terms import SCHEMA

T = TypeVar("T")

FORMAT = 1
STATE = "triage.json"
_FOOTER_MAGIC = 1337


def stamp(folder: Path) -> tuple[int, ...]:
    """Return what changes with every commit, wherever it was made; zeros where there is no index."""
    try:
        facts, state = (folder / "meta.json").stat(), (folder / STATE).stat()
    except OSError:
        return (0,)
    return (facts.st_ino, facts.st_mtime_ns, facts.st_size, state.st_ino, state.st_mtime_ns)


def state_of(folder: Path) -> dict[str, Any]:
    """Return what `write_state` wrote, nothing where it can't be read."""
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def is_filled(folder: Path) -> bool:
    """Return whether there is anything at `folder`, be it a file."""
    return folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))


def put_aside(folder: Path) -> None:
    """Move `folder` to `<folder>.damaged`, in place of an earlier one."""
    aside = folder.with_name(folder.name + ".damaged")
    shutil.rmtree(aside, ignore_errors=True)
    aside.unlink(missing_ok=True)
    folder.rename(aside)


def _segment_files(folder: Path) -> list[Path]:
    """Return the files of the live segments; those of a merge under way are nobody's business."""
    segments = json.loads((folder / "meta.json").read_text("utf-8"))["segments"]
    stems = {segment["segment_id"].replace("-", "") for segment in segments}
    return [path for path in folder.iterdir() if path.name.partition(".")[0] in stems]


def _intact(path: Path) -> bool:
    """Check a file against the CRC-32 in its tantivy footer (JSON, its length, a magic number); about 1 GB/s.

    A file that has gone meanwhile was merged away by the writer and counts as sound.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(-8, os.SEEK_END)
            length, magic = struct.unpack("<II", file.read(8))
            body = file.seek(size - length)
            footer = json.loads(file.read(length))
            return bool(magic == _FOOTER_MAGIC and footer["crc"] == _checksum(file, body))
    except FileNotFoundError:
        return True
    except (OSError, struct.error, ValueError, KeyError, TypeError):
        return False


def _checksum(file: IO[bytes], size: int) -> int:
    """Return the CRC-32 of the first `size` bytes, a megabyte at a time so that memory stays flat."""
    file.seek(0)
    total = 0
    while size and (block := file.read(min(size, 1 << 20))):
        total = zlib.crc32(block, total)
        size -= len(block)
    return total


def fault(folder: Path, recipe: str, sound: set[str]) -> str:
    """Return in a few words why the index in `folder` can't be used, "" where it can.

    `sound` are the files that were checked before; what is checked now is added, for they never change.
    """
    state = state_of(folder)
    if not (folder / "meta.json").is_file():
        return "there is no index yet"
    if state.get("format") != FORMAT or not isinstance(state.get("watermark"), int):
        return "the folder is not an index of this version"
    if state.get("recipe") != recipe:
        return "the words are cut differently now"
    try:
        fresh = [path for path in _segment_files(folder) if path.name not in sound]
        broken = [path.name for path in fresh if not _intact(path)]
        if broken:
            return f"damaged: {broken[0]}"
        unpanicked(lambda: tantivy.Index(SCHEMA, str(folder)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "the index can't be opened"
    sound.update(path.name for path in fresh)
    return ""


def unpanicked(ask: Callable[[], T]) -> T:
    """Return what `ask` says. Raises ValueError where tantivy panics over a file: its panics are no `Exception`."""
    try:
        return ask()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"tantivy panicked: {error}") from error


def write_state(folder: Path, recipe: str, watermark: int) -> None:
    """Write what the index is made by and how far the database was read, whole or not at all."""
    state = {"format": FORMAT, "recipe": recipe, "watermark": watermark}
    fresh = folder / (STATE + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / STATE)

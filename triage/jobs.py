"""The job queue: Huey on SQLite or Redis. It only carries (name, row id); what is to be done stands in the rows.

Losing the whole queue loses nothing: the sweep finds every row that waits and puts it in again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from triage.config import made
from triage.errors import SettingError

log = structlog.get_logger()

Handler = Callable[[int], None]


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Messages as JSON: Huey's own way is pickle, and whoever can write to Redis could then run code here."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data, default=_moment).encode()

    def _deserialize(self, data: bytes) -> Any:
        loaded = json.loads(data, object_hook=_restored)
        return Message(*loaded) if isinstance(loaded, list) and len(loaded) == len(Message._fields) else loaded


def _moment(value: object) -> dict[str, str]:
    """Write the time at which a delayed job is due, the one thing in a message that JSON doesn't know."""
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    raise TypeError(f"{type(value).__name__} is not for the job queue")


def _restored(found: dict[str, Any]) -> Any:
    return datetime.fromisoformat(found["moment"]) if found.keys() == {"moment"} else found


class Jobs:
    """Puts jobs in, and runs those for which handlers were given; `name` keeps installations on one Redis apart."""

    def __init__(self, redis_url: str, folder: Path, *, name: str = "triage") -> None:
        self.huey = _huey(redis_url, folder, name)
        self.handlers: Mapping[str, Handler] = {}
        self._run = self.huey.task(name="run")(self._handle)

    def _handle(self, name: str, row: int) -> None:
        handler = self.handlers.get(name)
        if handler:
            handler(row)

    def put(self, name: str, row: int = 0, *, delay: float = 0) -> None:
        """Ask for job `name` on row `row` in `delay` seconds; call it after the commit, or it may come too early.

        A queue that can't be reached is logged and no error: the row is stored, whoever sent it must not send it again,
        and the sweep will find it.
        """
        try:
            if delay:
                self._run.schedule((name, row), delay=delay)
            else:
                self._run(name, row)
        except failures() as error:
            log.warning("the job queue can't be reached", job=name, row=row, error=type(error).__name__)

    def pending(self) -> int:
        """Return how many jobs wait."""
        return int(self.huey.pending_count())

    def every(self, due: Callable[[Any], bool], name: str) -> None:
        """Run job `name` whenever `due` (a Huey crontab) says so."""
        self.huey.periodic_task(due, name=f"every {name}")(lambda: self._handle(name, 0))

    def drain(self, limit: int = 10_000) -> int:
        """Run waiting jobs here until none is left, at most `limit`; return how many ran. For tests and commands."""
        for done in range(limit):
            task = self.huey.dequeue()
            if task is None:
                return done
            self.huey.execute(task)
        return limit


def failures() -> tuple[type[Exception], ...]:
    """Return what a queue that can't be reached raises."""
    try:
        from redis import RedisError
    except ImportError:  # an extra that this installation does without
        return OSError, sqlite3.Error
    return OSError, sqlite3.Error, RedisError


def _huey(redis_url: str, folder: Path, name: str) -> Huey:
    if redis_url:
        if urlsplit(redis_url).scheme not in {"redis", "rediss", "unix"}:
            raise SettingError("TRIAGE_REDIS_URL must begin with redis://, rediss:// or unix://")
        if find_spec("redis") is None:
            raise SettingError("TRIAGE_REDIS_URL needs the package redis, of triage[redis]")
        return RedisHuey(name, url=redis_url, results=False, serializer=JsonSerializer())
    made(folder)
    file = folder / "jobs.db"
    try:
        return SqliteHuey(name, filename=str(file), results=False, fsync=False, serializer=JsonSerializer())
    except sqlite3.Error as error:
        raise SettingError(f"the job queue {file} can't be opened or written: {error}") from error

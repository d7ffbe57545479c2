"""Waiting as a host asked: what it told one worker holds for all, in every process, until the time is over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Unpack
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from triage.db.engine import Database
from triage.db.tables import HostPause
from triage.errors import OutsideError
from triage.hosts import Connection
from triage.hosts.refusals import pause, told
from triage.http import Http, Parts, Response

SOON = timedelta(hours=1)  # a pause that is as long over is forgotten; also the longest that is not the host's word


class Patient:
    """An Http to one host with one token, whose limits are the token's: none of its requests leaves during a pause."""

    def __init__(self, http: Http, db: Database, connection: Connection, now: Callable[[], datetime]) -> None:
        place = urlsplit(connection.url)
        self._http, self._db, self._now = http, db, now
        self._name = place.netloc.rpartition("@")[2]
        self._key = hashlib.sha256(f"{self._name}\n{connection.token}".encode()).hexdigest()

    def request(self, method: str, url: str, **parts: Unpack[Parts]) -> Response:
        """Send once, and remember the pause that the answer asks for. Raises OutsideError: no answer, or a pause."""
        self._hold()
        answer = self._http.request(method, url, **parts)
        seconds = pause(answer)
        if seconds:
            self._rest(seconds, unsaid=not answer.ok and not told(answer))
        return answer

    def _hold(self) -> None:
        with self._db.read() as session:
            until = session.scalar(select(HostPause.until).where(HostPause.key == self._key))
        left = (until - self._now()).total_seconds() if until else 0
        if left > 0:
            said = f"{self._name} asks us to wait {left:.0f} seconds"
            raise OutsideError(said, retry_after=left, status=429, code="rate_limited")

    def _rest(self, seconds: float, *, unsaid: bool) -> None:
        """Keep the pause; where the host doesn't say how long, one that follows soon on another is twice as long."""
        now = self._now()
        with self._db.write() as session:
            try:
                with session.begin_nested():
                    session.add(HostPause(key=self._key, until=now + timedelta(seconds=seconds), seconds=seconds))
            except IntegrityError:
                row = session.scalars(select(HostPause).where(HostPause.key == self._key).with_for_update()).one()
                if unsaid and row.until <= now <= row.until + SOON:
                    seconds = max(seconds, min(2 * row.seconds, SOON.total_seconds()))
                row.until, row.seconds = max(row.until, now + timedelta(seconds=seconds)), seconds

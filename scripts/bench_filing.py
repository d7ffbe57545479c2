"""File 1,000 accepted topics on the fake host while requests fail at random; count issues and what was lost.

10 % of the writing requests lose their answer (half of them after the work is done), 5 % answer 500 (half after it),
2 % answer 429. The clock jumps to the next due time, so waiting costs nothing; no request may come that a 429 forbade.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from tests import factories
from tests.databases import sqlite_copy, sqlite_template
from tests.fakes.clock import Clock
from tests.fakes.githost import GitHost
from triage.db.engine import Database
from triage.db.tables import Filing, Topic
from triage.domain.drafts import Draft, marked_key, marker
from triage.services import filing, review
from triage.services.review import Actor

CHANCES = {"drop_after": 0.05, "drop_before": 0.05, "error_after": 0.025, "error_before": 0.025, "limit": 0.02}
WAIT = 90.0  # seconds that a 429 asks for
ROUNDS = 100


def accepted(db: Database, count: int, now: datetime) -> None:
    """Make a project with `count` accepted topics."""
    with db.write() as session:
        project = factories.project(session, host="gitea")
        for number in range(count):
            topic = factories.topic(session, project, [f"Something is wrong, number {number}"])
            review.accept(session, topic, Actor(None, now))


def attempts(db: Database, server: GitHost, clock: Clock) -> int:
    """Make every attempt that is due, as a worker does, and return how many."""
    host = server.host()
    with db.read() as session:
        rows = filing.due(session, now=clock(), limit=10_000)
        named = select(Filing.id, Topic.key).join(Topic, Topic.id == Filing.topic_id)
        keys = {row: key for row, key in session.execute(named)}  # noqa: C416
    for row in rows:
        draft = Draft(f"Topic {keys[row]}", f"Found.\n\n{marker(keys[row])}\n")
        filing.work(db, row, host=host, draft=draft, now=clock())
    return len(rows)


def forbidden(server: GitHost, made: list[tuple[datetime, str]]) -> int:
    """Return how many creations came although the one before them for that topic was told to wait."""
    until: dict[str, datetime] = {}
    broken = 0
    for (at, key), call in zip(made, server.called("POST", "/issues"), strict=True):
        broken += at < until.get(key, at)
        if call.fault == "limit":
            until[key] = at + timedelta(seconds=WAIT)
    return broken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    given = parser.parse_args()
    clock = Clock(datetime.now(UTC))
    with tempfile.TemporaryDirectory() as folder, GitHost("gitea-1.22", now=clock) as server:
        db = Database(sqlite_copy(sqlite_template(Path(folder)), Path(folder)))
        accepted(db, given.count, clock())
        server.faults.randomly(7, seconds=WAIT, **CHANCES)
        made: list[tuple[datetime, str]] = []
        _watch(server, clock, made)
        began, tried = time.perf_counter(), 0
        for _ in range(ROUNDS):
            clock.forward(seconds=30)
            tried += attempts(db, server, clock)
        took = time.perf_counter() - began
        keys = Counter(marked_key(issue.body) for issue in server.issues if issue.open)
        with db.read() as session:
            counted = session.execute(select(Filing.state, func.count()).group_by(Filing.state))
            states = {state: count for state, count in counted}  # noqa: C416
            topics = set(session.scalars(select(Topic.key)))
        happened = {kind: count for kind, count in server.faults.happened.items() if count}
        print(f"{tried} attempts in {took:.0f} s; faults: {happened}")
        print(f"{sum(keys.values())} open issues for {len(topics)} topics, {len(topics - set(keys))} lost; {states}")
        print(f"{forbidden(server, made)} requests were made that a 429 forbade")
        db.close()


def _watch(server: GitHost, clock: Clock, made: list[tuple[datetime, str]]) -> None:
    """Note when each creation came, by the worker's clock, and for which topic."""
    record = server._record

    def recorded(request, raw, answer, fault):
        if request.method == "POST" and request.path.endswith("/issues"):
            made.append((clock(), marked_key(raw.decode()) or ""))
        record(request, raw, answer, fault)

    server._record = recorded  # type: ignore[method-assign]


if __name__ == "__main__":
    main()

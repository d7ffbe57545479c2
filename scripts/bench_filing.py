"""File 1,000 accepted topics on the fake host while requests fail at random; count issues and what was lost.

10 % of the writing requests lose their answer (half of them after the work is done), 5 % answer 500 (half after it),
2 % answer 429. Two workers that share nothing but the database take turns. The clock jumps to the next due time, so
waiting costs nothing; from a 429 on no request at all may come with that token until its time is over.
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
from triage.config import Settings
from triage.db.seal import seal
from triage.db.tables import Filing, Project, Topic
from triage.domain.drafts import Draft, marked_key, marker
from triage.services import filing, review
from triage.services.review import Actor
from triage.services.site import Site, open_site

CHANCES = {"drop_after": 0.05, "drop_before": 0.05, "error_after": 0.025, "error_before": 0.025, "limit": 0.02}
WAIT = 90.0  # seconds that a 429 asks for
ROUNDS = 500


def accepted(site: Site, server: GitHost, count: int) -> None:
    """Make a project with `count` accepted topics."""
    fields = {"host": "gitea", "host_url": server.url, "sealed_host_token": seal(server.token, factories.KEY)}
    with site.db.write() as session:
        project = factories.project(session, **fields)
        for number in range(count):
            topic = factories.topic(session, project, [f"Something is wrong, number {number}"])
            review.accept(session, topic, Actor(None, site.now()))


def attempts(workers: list[Site]) -> int:
    """Make every attempt that is due, the workers in turns, and return how many."""
    with workers[0].db.read() as session:
        rows = filing.due(session, now=workers[0].now(), limit=10_000)
        named = select(Filing.id, Topic.key).join(Topic, Topic.id == Filing.topic_id)
        keys = {row: key for row, key in session.execute(named)}  # noqa: C416
        project = session.scalars(select(Project)).one()
    for turn, row in enumerate(rows):
        worker = workers[turn % len(workers)]
        draft = Draft(f"Topic {keys[row]}", f"Found.\n\n{marker(keys[row])}\n")
        filing.work(worker.db, row, host=worker.host(project), draft=draft, now=worker.now())
    return len(rows)


class Watch:
    """Counts the requests that came although a 429 before them forbade it, by the workers' clock."""

    def __init__(self, server: GitHost, clock: Clock) -> None:
        self.requests = self.forbidden = 0
        self._until, self._clock, self._record = clock(), clock, server._record
        server._record = self.record  # type: ignore[method-assign]

    def record(self, request, raw, answer, fault) -> None:
        """Look at one request."""
        self.requests += 1
        self.forbidden += self._clock() < self._until
        if fault and fault.kind == "limit":
            self._until = self._clock() + timedelta(seconds=WAIT)
        self._record(request, raw, answer, fault)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    given = parser.parse_args()
    clock = Clock(datetime.now(UTC))
    with tempfile.TemporaryDirectory() as folder, GitHost("gitea-1.22", now=clock, record=False) as server:
        url = sqlite_copy(sqlite_template(Path(folder)), Path(folder))
        settings = Settings(
            instance=Path(folder), database_url=url, secret_key=factories.KEY, allowed_hosts=("127.0.0.1",)
        )
        workers = [open_site(settings, now=clock) for _ in range(2)]
        accepted(workers[0], server, given.count)
        server.faults.randomly(7, seconds=WAIT, **CHANCES)
        watch = Watch(server, clock)
        began, tried, rounds = time.perf_counter(), 0, 0
        while rounds < ROUNDS and _waiting(workers[0]):
            clock.forward(seconds=30)
            tried, rounds = tried + attempts(workers), rounds + 1
        _tell(workers[0], server, f"{tried} attempts in {time.perf_counter() - began:.0f} s")
        print(f"{watch.requests} requests, {watch.forbidden} of them made although a 429 forbade it")
        for worker in workers:
            worker.db.close()


def _waiting(site: Site) -> int:
    with site.db.read() as session:
        return session.scalar(select(func.count(Filing.id)).where(Filing.state == "waiting")) or 0


def _tell(site: Site, server: GitHost, what: str) -> None:
    keys = Counter(marked_key(issue.body) for issue in server.issues if issue.open)
    with site.db.read() as session:
        counted = session.execute(select(Filing.state, func.count()).group_by(Filing.state))
        states = {state: count for state, count in counted}  # noqa: C416
        topics = set(session.scalars(select(Topic.key)))
    happened = {kind: count for kind, count in server.faults.happened.items() if count}
    print(f"{what}; faults: {happened}")
    print(f"{sum(keys.values())} open issues for {len(topics)} topics, {len(topics - set(keys))} lost; {states}")


if __name__ == "__main__":
    main()

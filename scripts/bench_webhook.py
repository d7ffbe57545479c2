"""How quickly a host's webhook is answered (queued), and that everything is worked through afterwards.

Two clients at once over loopback against the served application; prints the median and the 95th percentile.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path

import requests
from sqlalchemy import func, select
from werkzeug.serving import WSGIRequestHandler, make_server

from tests import factories
from tests.databases import sqlite_copy, sqlite_template
from tests.fakes.githost import GitHost
from triage.app import create_app
from triage.config import Settings
from triage.db.seal import seal
from triage.db.tables import Delivery
from triage.services import followup
from triage.services.site import open_site

COUNT = 300  # deliveries a client


class Quiet(WSGIRequestHandler):
    """Says nothing of the requests that it answers."""

    def log(self, *_) -> None:
        """Say nothing."""


def served(folder: Path, server: GitHost):
    """Return a site whose one project lives on the fake host, with its hook recorded on the other side."""
    url = sqlite_copy(sqlite_template(folder), folder)
    settings = Settings(instance=folder, database_url=url, secret_key=factories.KEY, allowed_hosts=("127.0.0.1",))
    site = open_site(settings)
    with site.db.write() as session:
        project = factories.project(session, slug="p", host="gitea", host_url=server.url)
        project.sealed_host_token = seal(server.token, factories.KEY)
        project.sealed_host_secret = seal("host secret", factories.KEY)
    return site


def send(url: str, deliveries: list, took: list[float]) -> None:
    """Send `deliveries` one after the other and note how long each answer took."""
    with requests.Session() as session:
        for made in deliveries:
            began = time.perf_counter()
            answer = session.post(url, data=made.body, headers=made.headers, timeout=10)
            took.append(time.perf_counter() - began)
            assert answer.ok, answer.text  # noqa: S101


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, GitHost("gitea-1.22") as server:
        site = served(Path(folder), server)
        server.hook(secret="host secret")  # noqa: S106
        for number in range(2 * COUNT):
            server.repository.open(f"Issue {number}", "x" * 2_000, by="lin")
        web = make_server("127.0.0.1", 0, create_app(site), threaded=True, request_handler=Quiet)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        address, took = f"http://127.0.0.1:{web.port}/hooks/host/p", []
        halves = server.deliveries[:COUNT], server.deliveries[COUNT : 2 * COUNT]
        clients = [threading.Thread(target=send, args=(address, half, took)) for half in halves]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        web.shutdown()
        took.sort()
        p95 = took[int(len(took) * 0.95)]
        print(f"{len(took)} deliveries: median {statistics.median(took) * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms")
        _work(site, server)


def _work(site, server: GitHost) -> None:
    with site.db.read() as session:
        rows = followup.due(session, now=site.now(), limit=10_000)
    began = time.perf_counter()
    for row in rows:
        followup.work(site.db, row, host=server.host(), now=site.now())
    with site.db.read() as session:
        done = session.scalar(select(func.count(Delivery.id)).where(Delivery.state == "done"))
    print(f"{done} of {len(rows)} worked through in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Which server serves the pages: granian against gunicorn, in turns: scripts/bench server [ROUNDS]."""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from triage.config import load
from triage.services import projects
from triage.services.site import open_site

PORT = 8765
CLIENTS = 4
REQUESTS = 1500
SERVERS = {
    "granian": f"granian --interface wsgi --factory --blocking-threads 4 --log-level error --port {PORT} "
    "triage.app:from_environment",
    "gunicorn": f"gunicorn --threads 4 --log-level error -b 127.0.0.1:{PORT} triage.app:from_environment()",
}
Calls = list[tuple[str, str, str, dict[str, str]]]


def call(calls: Calls, times: list[float]) -> None:
    """Make each call of (method, path, body, headers) on one connection and note its seconds."""
    line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    for method, path, body, headers in calls:
        began = time.perf_counter()
        line.request(method, path, body or None, headers)
        answer = line.getresponse()
        answer.read()
        if answer.status >= 400:  # noqa: PLR2004
            sys.exit(f"{method} {path} answered {answer.status}")
        times.append(time.perf_counter() - began)
    line.close()


def measure(calls: Calls) -> tuple[float, float]:
    """Return requests a second and the 95th percentile in milliseconds of `calls`, spread over the clients."""
    times: list[float] = []
    threads = [threading.Thread(target=call, args=(calls[at::CLIENTS], times)) for at in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - began), statistics.quantiles(times, n=20)[-1] * 1000


def wait() -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            return call([("GET", "/healthz", "", {})], [])
        except OSError:
            time.sleep(0.1)
    sys.exit("the server never answered")


def round_of(server: str, what: dict[str, Calls]) -> dict[str, tuple[float, float]]:
    """Start `server`, measure everything once, stop it."""
    program, *words = SERVERS[server].split()
    process = subprocess.Popen([Path(sys.executable).parent / program, *words])
    try:
        wait()
        return {name: measure(calls) for name, calls in what.items()}
    finally:
        process.terminate()
        process.wait(30)


def main(rounds: int) -> None:
    """Print requests a second and p95 of each server, and the ratio of the medians."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "TRIAGE_INSTANCE": folder,
            "TRIAGE_SUBMIT_LIMIT": "1000000 per minute",
            "TRIAGE_LOG_LEVEL": "ERROR",
        }
        site = open_site(load())
        site.db.upgrade()
        with site.db.write() as session:
            project = projects.add(session, "bench", "Bench", key=site.key, now=site.now())
            token = projects.add_token(session, project, "bench", now=site.now())
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        path, body = "/api/v1/projects/bench/feedback", json.dumps({"text": "镜像拉取失败，任务启动不了"})
        what: dict[str, Calls] = {
            "the form": [("GET", "/p/bench/new", "", {})] * REQUESTS,
            "one feedback": [("POST", path, body, headers)] * REQUESTS,
        }
        found: dict[str, list[dict[str, tuple[float, float]]]] = {name: [] for name in SERVERS}
        for _ in range(rounds):
            for name in SERVERS:
                found[name].append(round_of(name, what))
    for part in what:
        rates = {name: statistics.median(one[part][0] for one in runs) for name, runs in found.items()}
        slow = {name: statistics.median(one[part][1] for one in runs) for name, runs in found.items()}
        ratio = rates["granian"] / rates["gunicorn"]
        print(
            f"{part}: " + ", ".join(f"{name} {rates[name]:.0f}/s, p95 {slow[name]:.1f} ms" for name in SERVERS), end=""
        )
        print(f"; granian/gunicorn {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

"""Replaying a recorded delivery: what the host sent once is worked through again, without a signature to check."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from triage.db.tables import Delivery, Project
from triage.errors import InvalidError
from triage.hosts import Host, HostEvent
from triage.hosts.deliveries import shown
from triage.services import followup
from triage.services.site import Site

LARGEST = 5_000_000  # bytes
Sent = tuple[HostEvent, tuple[str, int]]


def recorded(host: Host, project: Project, file: Path) -> Sent:
    """Return what the delivery in `file` (JSON: `headers`, and `body` as an object or text) is about, and how it reads.

    Raises InvalidError for anything else, for one about no issue, and for another repository's.
    """
    try:
        found: Any = json.loads(file.read_bytes()[: LARGEST + 1])
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidError(f"{file.name} holds no recorded delivery: {error}", field="file") from error
    headers, body = (found.get("headers"), found.get("body")) if isinstance(found, dict) else (None, None)
    if not isinstance(headers, dict) or not isinstance(body, dict | str):
        raise InvalidError(f"{file.name} lacks its headers or its body", field="file")
    raw = (body if isinstance(body, str) else json.dumps(body)).encode("utf-8", "replace")
    named = {str(name): str(value) for name, value in headers.items()}
    event = host.parse(named, raw)
    if event is None:
        raise InvalidError("the delivery is about no issue", field="file")
    if event.repo.casefold() != project.host_repo.casefold():
        raise InvalidError(f"the delivery is about {event.repo}, not {project.host_repo}", field="file")
    return event, (shown(named, raw), len(raw))


def replay(site: Site, project: Project, file: Path) -> Delivery:
    """Take the delivery in `file` as if it came anew, work on it at once, and return its row."""
    host = site.host(project)
    event, request = recorded(host, project, file)
    named = f"replay-{site.now():%Y%m%d%H%M%S%f}-{event.delivery}"[:100]
    with site.db.write() as session:
        here = session.get_one(Project, project.id)
        row = followup.take(session, here, replace(event, delivery=named), now=site.now(), request=request)
    if row is None:
        raise InvalidError("this very replay is there already", field="file")
    followup.work(site.db, row.id, host=host, now=site.now())
    return _row(site, row.id)


def _row(site: Site, delivery_id: int) -> Delivery:
    with site.db.read() as session:
        return session.get_one(Delivery, delivery_id)


def again(row: Delivery, *, now: datetime) -> None:
    """Let a delivery that was given up, or waits, be worked on now."""
    if row.state in {"failed", "waiting"}:
        row.state, row.next_try_at, row.attempts, row.done_at = "waiting", now, 0, None

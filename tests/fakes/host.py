"""A Git host in memory that fails on command; people's acts on it are methods too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.clock import Clock
from triage.domain.drafts import Draft
from triage.errors import OutsideError
from triage.hosts import Check, Connection, HostComment, HostEvent, HostIssue, HostRelease, Reason
from triage.http import Http

LOST = OutsideError("the connection was closed")
BROKEN = OutsideError("the host said 500", status=500)
DENIED = OutsideError("the token lacks write:issue", permanent=True, status=403)


@dataclass
class Fault:
    """What goes wrong at a call of `method`: an error before or after its work, or something else meanwhile.

    It is the next call, or one later for each that `skip` lets pass.
    """

    method: str
    error: OutsideError | None = None
    after: bool = False
    meanwhile: Callable[[], object] | None = None
    skip: int = 0

    def hits(self, method: str) -> bool:
        if self.method != method:
            return False
        self.skip -= 1
        return self.skip < 0


class FakeHost:
    """Implements triage.hosts.Host; its newest issue has the highest number. `hidden` are those only members see.

    `open_to_all` is whether everybody can read the repository.
    """

    confidential = False

    unshown = False
    attaches = True

    def __init__(self, connection: Connection | None = None, http: Http | None = None) -> None:
        self.clock = Clock()
        self.issues: dict[str, HostIssue] = {}
        self.notes: list[HostComment] = []
        self.attached: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.hidden: list[str] = []
        self.open_to_all = True
        self.releases: dict[str, HostRelease] = {}
        self.faults: list[Fault] = []
        self.lock = threading.Lock()

    # --- what tests command

    def fail(self, method: str, error: OutsideError = BROKEN, *, after: bool = False) -> None:
        self.faults.append(Fault(method, error, after))

    def meanwhile(self, method: str, act: Callable[[], object], *, after: bool = False) -> None:
        """Let something happen while a call of `method` is under way: before it does its work, or after."""
        self.faults.append(Fault(method, meanwhile=act, after=after))

    def open(self, body: str = "", *, author: str = "bot", title: str = "T") -> HostIssue:
        number, now = str(len(self.issues) + 1), self.clock()
        url = f"http://git.test/team/product/issues/{number}"
        issue = HostIssue(number, url, title, body, True, Reason.UNKNOWN, (), author, now, now)
        self.issues[number] = issue
        return issue

    def close(self, number: str = "1", reason: Reason = Reason.COMPLETED, **more: Any) -> HostIssue:
        now = self.clock.forward(minutes=1)
        return self._set(number, open=False, reason=reason, closed_at=now, **more)

    def reopen(self, number: str = "1") -> HostIssue:
        self.clock.forward(minutes=1)
        return self._set(number, open=True, reason=Reason.UNKNOWN, closed_at=None)

    def say(
        self,
        body: str,
        number: str = "1",
        *,
        member: bool | None = True,
        author: str = "mei",
        internal: bool = False,
    ) -> HostComment:
        now = self.clock.forward(minutes=1)
        note = HostComment(str(len(self.notes) + 1), number, author, body, now, now, member, internal=internal)
        self.notes.append(note)
        self._set(number)
        return note

    def reword(self, note: HostComment, body: str) -> None:
        now = self.clock.forward(minutes=1)
        self.notes = [replace(one, body=body, updated_at=now) if one.id == note.id else one for one in self.notes]
        self._set(note.number)

    def delete(self, number: str = "1") -> None:
        del self.issues[number]

    def _set(self, number: str, **change: Any) -> HostIssue:
        self.issues[number] = replace(self.issues[number], updated_at=self.clock(), **change)
        return self.issues[number]

    @contextmanager
    def _call(self, method: str) -> Iterator[None]:
        with self.lock:
            self.calls.append(method)
            fault = next((one for one in self.faults if one.hits(method)), Fault(method))
            if fault in self.faults:
                self.faults.remove(fault)
        if not fault.after:
            self._happen(fault)
        yield
        if fault.after:
            self._happen(fault)

    def _happen(self, fault: Fault) -> None:
        if fault.meanwhile:
            fault.meanwhile()
        if fault.error:
            raise fault.error

    # --- what every host can do

    def check(self) -> Check:
        with self._call("check"):
            return Check("bot", "1")

    def public(self) -> bool:
        with self._call("public"):
            return self.open_to_all

    def create(self, draft: Draft) -> HostIssue:
        with self._call("create"):
            assert self.confidential or not draft.confidential
            issue = self.open(draft.body, title=draft.title)
            self.hidden += [issue.number] if draft.confidential else []
            return self._set(issue.number, labels=draft.labels, confidential=draft.confidential)

    def get(self, number: str) -> HostIssue:
        with self._call("get"):
            if number not in self.issues:
                raise OutsideError("there is no such issue", permanent=True, status=404)
            return self.issues[number]

    def edit(
        self,
        number: str,
        *,
        title: str | None = None,
        body: str | None = None,
        open: bool | None = None,  # noqa: A002
    ) -> HostIssue:
        given = {"title": title, "body": body, "open": open}
        with self._call("edit"):
            closed = {"closed_at": None if open else self.clock()} if open is not None else {}
            return self._set(number, **{name: new for name, new in given.items() if new is not None}, **closed)

    def label(self, number: str, names: tuple[str, ...]) -> None:
        with self._call("label"):
            self._set(number, labels=tuple(dict.fromkeys([*self.issues[number].labels, *names])))

    def comment(self, number: str, body: str) -> HostComment:
        with self._call("comment"):
            return self.say(body, number, author="bot")

    def attach(self, number: str, name: str, media_type: str, content: bytes) -> str | None:
        with self._call("attach"):
            if not self.attaches:
                return None
            self.attached[name] = content
            return f"http://git.test/attachments/{name}"

    def created_since(self, since: datetime | None) -> Iterator[HostIssue]:
        with self._call("created_since"):
            own = [one for one in self.issues.values() if one.author == "bot"]
            yield from reversed([one for one in own if since is None or one.created_at >= since - timedelta(hours=1)])

    def changed_since(self, since: datetime | None) -> Iterator[HostIssue]:
        with self._call("changed_since"):
            yield from [one for one in self.issues.values() if since is None or one.updated_at >= since]

    def comments(self, number: str) -> Iterator[HostComment]:
        with self._call("comments"):
            yield from [one for one in self.notes if one.number == number]

    def release(self, milestone: str) -> HostRelease | None:
        with self._call("release"):
            return self.releases.get(milestone)

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        return True

    def parse(self, headers: Mapping[str, str], body: bytes) -> HostEvent | None:
        return None

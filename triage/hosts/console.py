"""The host for trying the product without any: issues are printed, and kept in a file beside the instance."""

from __future__ import annotations

import fcntl
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TextIO
from urllib.parse import unquote, urlsplit

from triage.domain.drafts import Draft
from triage.errors import InvalidError, OutsideError
from triage.hosts import Check, Connection, HostComment, HostEvent, HostIssue, HostRelease, Reason
from triage.hosts.labels import names
from triage.hosts.payload import clean, flag, items, loads, moment, moment_or_none, text
from triage.hosts.rest import changed, ours
from triage.http import Http


def _clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class _Book:
    """What the file holds: issues and comments as plain JSON objects, oldest first."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)

    def issue(self, number: str) -> dict[str, Any]:
        """Return the issue `number`, or raise OutsideError as a host does for one that is not there."""
        for found in self.issues:
            if found.get("number") == number:
                return found
        said = f"there is no issue {number} on the console host"
        raise OutsideError(said, permanent=True, status=404, code="no_issue")


class Console:
    """One repository in a JSON file, named by the connection's URL ("file:///…/console.json"); processes may share it.

    `stream` is where issues are printed (standard error where None); `now` is the clock that stamps them.
    """

    confidential: ClassVar[bool] = True  # nobody but the operator reads the file
    unshown: ClassVar[bool] = False

    def __init__(
        self,
        connection: Connection,
        http: Http | None = None,  # noqa: ARG002 — every host is made with a client
        *,
        stream: TextIO | None = None,
        now: Callable[[], datetime] = _clock,
    ) -> None:
        self._path = Path(unquote(urlsplit(connection.url).path))
        self._account = connection.account or "triage"
        self._stream = stream
        self._now = now

    def check(self) -> Check:
        """Return whether the file can be written."""
        try:
            with self._book():
                return Check(self._account, "")
        except OutsideError as err:
            return Check(self._account, "", (str(err),))

    def public(self) -> bool:
        """Return False: nobody but the operator reads the file."""
        return False

    def create(self, draft: Draft) -> HostIssue:
        """Keep and print an issue."""
        with self._book() as book:
            stamp = self._now().isoformat()
            made = {
                "number": str(len(book.issues) + 1),
                "title": clean(draft.title),
                "body": clean(draft.body),
                "open": True,
            }
            made |= {"labels": [{"name": name} for name in draft.labels], "author": self._account}
            made |= {"created_at": stamp, "updated_at": stamp, "confidential": draft.confidential}
            book.issues.append(made)
        self._print(f"issue {made['number']}: {draft.title}", draft.body)
        return self._issue(made)

    def get(self, number: str) -> HostIssue:
        """Return the issue as it is in the file now."""
        with self._book(write=False) as book:
            return self._issue(book.issue(number))

    def edit(
        self,
        number: str,
        *,
        title: str | None = None,
        body: str | None = None,
        open: bool | None = None,  # noqa: A002
    ) -> HostIssue:
        """Change what is given."""
        change: dict[str, Any] = {"title": title and clean(title), "body": body and clean(body), "open": open}
        with self._book() as book:
            found = book.issue(number)
            stamp = self._now().isoformat()
            found |= {key: value for key, value in change.items() if value is not None} | {"updated_at": stamp}
            if open is not None:
                found["closed_at"] = None if open else stamp
        self._print(f"issue {number} changed: {found['title']}", found["body"])
        return self._issue(found)

    def label(self, number: str, names: tuple[str, ...]) -> None:
        """Add labels."""
        with self._book() as book:
            found = book.issue(number)
            known = [label["name"] for label in found["labels"]]
            found["labels"] = [{"name": name} for name in dict.fromkeys([*known, *names])]
            found["updated_at"] = self._now().isoformat()

    def comment(self, number: str, body: str) -> HostComment:
        """Keep and print a comment."""
        with self._book() as book:
            stamp = self._now().isoformat()
            made = {"id": str(len(book.comments) + 1), "number": number, "author": self._account, "body": clean(body)}
            made |= {"created_at": stamp, "updated_at": stamp}
            book.issue(number)["updated_at"] = stamp
            book.comments.append(made)
        self._print(f"comment on issue {number}", body)
        return self._comment(made)

    def attach(self, number: str, name: str, media_type: str, content: bytes) -> str | None:  # noqa: ARG002
        """Return None: a file of JSON holds no pictures."""
        return None

    def created_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield our own issues, newest first."""
        return ours(self._issues(), self._account, since)

    def changed_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield issues changed since `since`, newest first."""
        return changed(self._issues(), since)

    def comments(self, number: str) -> Iterator[HostComment]:
        """Yield an issue's comments, oldest first."""
        with self._book(write=False) as book:
            book.issue(number)
            found = [self._comment(item) for item in book.comments if item.get("number") == number]
        yield from found

    def release(self, milestone: str) -> HostRelease | None:  # noqa: ARG002
        """Return None: nothing is released here."""
        return None

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:  # noqa: ARG002
        """Return False: a file sends no deliveries."""
        return False

    def parse(self, headers: Mapping[str, str], body: bytes) -> HostEvent | None:  # noqa: ARG002
        """Return None: a file sends no deliveries."""
        return None

    def _issues(self) -> list[HostIssue]:
        with self._book(write=False) as book:
            return [self._issue(found) for found in reversed(book.issues)]

    def _issue(self, found: dict[str, Any]) -> HostIssue:
        opened = flag(found, "open", default=True)
        return HostIssue(
            number=text(found, "number"),
            url=f"{self._path.as_uri()}#{text(found, 'number')}",
            title=text(found, "title"),
            body=text(found, "body"),
            open=opened,
            reason=Reason.UNKNOWN if opened else Reason(text(found, "reason", default=Reason.COMPLETED)),
            labels=names(found["labels"], "name"),
            author=text(found, "author"),
            created_at=moment(found, "created_at"),
            updated_at=moment(found, "updated_at"),
            closed_at=moment_or_none(found, "closed_at"),
            confidential=flag(found, "confidential"),
        )

    def _comment(self, found: dict[str, Any]) -> HostComment:
        return HostComment(
            id=text(found, "id"),
            number=text(found, "number"),
            author=text(found, "author"),
            body=text(found, "body"),
            created_at=moment(found, "created_at"),
            updated_at=moment(found, "updated_at"),
            member=True,
        )

    @contextmanager
    def _book(self, *, write: bool = True) -> Iterator[_Book]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                book = self._read()
                yield book
                if write:
                    self._write(book)
        except OSError as err:
            raise OutsideError(f"the console host can't use {self._path}: {err.strerror}", code="no_place") from None
        except (InvalidError, AttributeError, KeyError, TypeError, ValueError):
            said = f"{self._path} is damaged; move it away to start anew"
            raise OutsideError(said, permanent=True, code="damaged") from None

    def _read(self) -> _Book:
        if not self._path.exists():
            return _Book()
        found = loads(self._path.read_bytes())
        return _Book(items(found, "issues"), items(found, "comments"))

    def _write(self, book: _Book) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(
            json.dumps({"issues": book.issues, "comments": book.comments}, ensure_ascii=False, indent=1), "utf-8"
        )
        fresh.replace(self._path)  # whole or not at all, should the machine stop here

    def _print(self, head: str, body: str) -> None:
        out = self._stream or sys.stderr
        out.write(f"── {head}\n" + "".join(f"   {line}\n" for line in body.splitlines()))
        out.flush()


HOSTS = {"console": Console}

"""What a Git host remembers, whatever words its API has for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Issue:
    number: int
    title: str
    body: str
    author: str
    created: datetime
    updated: datetime
    labels: list[int] = field(default_factory=list)
    open: bool = True
    reason: str = ""
    closed: datetime | None = None
    pull: bool = False
    confidential: bool = False
    moved_to: str = ""
    duplicate_of: int = 0


@dataclass
class Comment:
    id: int
    number: int
    author: str
    body: str
    created: datetime
    updated: datetime
    system: bool = False
    internal: bool = False


@dataclass
class Label:
    id: int
    name: str
    color: str


@dataclass(frozen=True)
class Attached:
    """A file; `number` 0 is one of the repository, as GitLab has them."""

    name: str
    media_type: str
    content: bytes
    number: int = 0


@dataclass(frozen=True)
class Change:
    """Something that a webhook tells: `event` is issues or comment, `action` in Gitea's words."""

    event: str
    action: str
    issue: Issue
    comment: Comment | None = None
    by: str = ""


class Repository:
    """One repository's issues; every method is what somebody does there and tells the listeners."""

    def __init__(self, full_name: str, account: str, now: Callable[[], datetime] = utc_now) -> None:
        self.full_name, self.account, self.now = full_name, account, now
        self.owner, self.name = full_name.rsplit("/", 1)
        self.members = {self.owner, account, "maintainer"}
        self.archived = self.issues_off = False
        self.private = False  # only members see it
        self.closed = False  # the whole host answers nobody who has not signed in
        self.issues: dict[int, Issue] = {}
        self.comments: dict[int, Comment] = {}
        self.labels: dict[int, Label] = {}
        self.attached: list[Attached] = []
        self.releases: list[str] = []  # their tags
        self.listeners: list[Callable[[Change], None]] = []
        self.lock = threading.RLock()
        self._last = 0  # the number of a deleted issue is never given again

    def open(self, title: str, body: str = "", *, by: str = "", **more: object) -> Issue:
        with self.lock:
            now = self.now()
            self._last += 1
            number = self._last
            made = Issue(number, title, body, by or self.account, now, now, **more)  # type: ignore[arg-type]
            self.issues[number] = made
            return self._tell("issues", "opened", made, by=made.author)

    def edit(self, number: int, *, by: str = "", **change: object) -> Issue:
        with self.lock:
            issue = self.issues[number]
            was = issue.open
            for key, value in change.items():
                setattr(issue, key, value)
            issue.updated = self.now()
            if was != issue.open:
                issue.closed = None if issue.open else issue.updated
                issue.reason = "" if issue.open else issue.reason
            action = "edited" if was == issue.open else ("reopened" if issue.open else "closed")
            return self._tell("issues", action, issue, by=by)

    def close(self, number: int, reason: str = "completed", *, by: str = "maintainer", duplicate_of: int = 0) -> Issue:
        return self.edit(number, open=False, reason=reason, duplicate_of=duplicate_of, by=by)

    def reopen(self, number: int, *, by: str = "maintainer") -> Issue:
        return self.edit(number, open=True, by=by)

    def say(self, number: int, body: str, *, by: str = "maintainer", **more: bool) -> Comment:
        with self.lock:
            now = self.now()
            made = Comment(max(self.comments, default=0) + 1, number, by, body, now, now, **more)
            self.comments[made.id] = made
            self.issues[number].updated = now
            self._tell("comment", "created", self.issues[number], made, by=by)
            return made

    def relabel(self, number: int, ids: Iterable[int], *, by: str = "") -> Issue:
        with self.lock:
            issue = self.issues[number]
            issue.labels = sorted({label for label in ids if label in self.labels})
            issue.updated = self.now()
            return self._tell("issues", "label_updated", issue, by=by)

    def add_label(self, name: str, color: str = "ededed") -> Label:
        with self.lock:
            made = Label(max(self.labels, default=0) + 1, name, color.lstrip("#"))
            self.labels[made.id] = made
            return made

    def label_names(self, issue: Issue) -> list[str]:
        return [self.labels[label].name for label in issue.labels if label in self.labels]

    def name_labels(self, names: Iterable[str]) -> list[int]:
        """The ids of labels by name, those that lack made."""
        known = {label.name: label.id for label in self.labels.values()}
        return [known.get(name) or self.add_label(name).id for name in names]

    def delete(self, number: int) -> None:
        with self.lock:
            del self.issues[number]

    def deleted(self, number: int) -> bool:
        return 0 < number <= self._last and number not in self.issues

    def said(self, number: int) -> list[Comment]:
        return [comment for comment in self.comments.values() if comment.number == number]

    def _tell(self, event: str, action: str, issue: Issue, comment: Comment | None = None, *, by: str = "") -> Issue:
        for listener in self.listeners:
            listener(Change(event, action, issue, comment, by or self.account))
        return issue

"""Git hosts, one file each: what every host can do, and the list of those there are.

A host is any class with the methods of `Host` in a module of this folder that lists itself in `HOSTS`; nothing is
registered by hand. Hosts raise OutsideError and nothing else; they know neither the database nor the clock.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from triage.domain.drafts import Draft
from triage.errors import SettingError
from triage.hosts.kept import Kept
from triage.http import Http


class Reason(StrEnum):
    """Why an issue is closed, as far as the host says it."""

    COMPLETED = "completed"
    NOT_PLANNED = "not_planned"
    DUPLICATE = "duplicate"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one repository: the host's web address, "owner/name", and `account`, who we are there.

    `kept` are the answers that conditional requests go by; share one for as long as the process lives.
    """

    url: str
    repo: str
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    account: str = ""
    kept: Kept = field(default_factory=Kept, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class HostRelease:
    """A release of the host's: what it is called, and its web address, "" where there is none."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class HostIssue:
    """An issue as the host has it now. `number` is text, for Gitee's are; times are aware UTC.

    `release` is known only to who asked for that of its milestone; `confidential` is what only members see.
    """

    number: str
    url: str
    title: str
    body: str
    open: bool
    reason: Reason
    labels: tuple[str, ...]
    author: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    milestone: str = ""
    assignees: tuple[str, ...] = ()
    duplicate_of: str = ""
    release: HostRelease | None = None
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class HostComment:
    """A comment as the host has it now. `member` is true where the host says that its author belongs to the project.

    `internal` is one that only members see.
    """

    id: str
    number: str
    author: str
    body: str
    created_at: datetime
    updated_at: datetime
    member: bool | None = None
    url: str = ""
    internal: bool = False


@dataclass(frozen=True, slots=True)
class HostEvent:
    """What a webhook delivery is about: enough to know what to read again; nothing in it is believed beyond that.

    But for `private`, that not everybody can read the repository: that makes us say less, never more.
    """

    delivery: str
    event: str
    action: str
    repo: str
    number: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """The answer of `Host.check`: who we are, the host's version, and which permissions are missing, in plain words."""

    account: str
    version: str
    missing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True where nothing is missing."""
        return not self.missing

    @classmethod
    def unanswered(cls, error: Exception) -> Check:
        """Return what is told where the host gave no answer: why."""
        return cls("", "", (str(error),))


class Host(Protocol):
    """What every Git host can do; every method but `verify` and `parse` talks to it and may raise OutsideError.

    `confidential` says whether the host has issues that only members see; one that has none refuses such a draft.
    `unshown` says that what is attached is seen only once a comment shows it.
    """

    confidential: ClassVar[bool]
    unshown: ClassVar[bool]

    def __init__(self, connection: Connection, http: Http) -> None: ...

    def check(self) -> Check:
        """Return who we are there and which permissions are missing; nothing is written."""
        ...

    def public(self) -> bool:
        """Return whether everybody can read the repository's issues without signing in; unknown is no."""
        ...

    def create(self, draft: Draft) -> HostIssue:
        """File an issue, once; where the answer is lost, whether it was made is found out by `created_since`."""
        ...

    def get(self, number: str) -> HostIssue:
        """Return the issue as it is now. OutsideError, permanent: status 404 or 410 gone, 301 moved."""
        ...

    def edit(
        self,
        number: str,
        *,
        title: str | None = None,
        body: str | None = None,
        open: bool | None = None,  # noqa: A002
    ) -> HostIssue:
        """Change what is given and nothing else."""
        ...

    def label(self, number: str, names: tuple[str, ...]) -> None:
        """Add labels by name, making those that the repository lacks; none is taken away, for people set labels too."""
        ...

    def comment(self, number: str, body: str) -> HostComment:
        """Write a comment."""
        ...

    def attach(self, number: str, name: str, media_type: str, content: bytes) -> str | None:
        """Attach a file to the issue and return its web address; None where this host, or its version, can't.

        A file of that name that is there already is taken for this one, where the host can tell: names are hashes.
        """
        ...

    def created_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield the issues that our own account created since `since` (all where None), newest first.

        By listing, never by search, which lags; an hour before `since` is included, for clocks that differ. Where the
        host doesn't tell who we are, issues of every author come: the caller goes by the marker anyway.
        """
        ...

    def changed_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield issues changed at or after `since` (all where None), in any state and no particular order."""
        ...

    def comments(self, number: str) -> Iterator[HostComment]:
        """Yield the issue's comments, oldest first, internal ones too, without what the host itself wrote."""
        ...

    def release(self, milestone: str) -> HostRelease | None:
        """Return the release that `milestone` became: the one with its name, by tag or title. None where there is none.

        Hosts but GitLab tie no issue to a release; where teams name milestones by versions, that is the tie.
        """
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Return whether a delivery is signed rightly over its raw body (constant time); False without a secret.

        Also False for one whose signature is of a time too far from `now`, where the host signs one.
        """
        ...

    def parse(self, headers: Mapping[str, str], body: bytes) -> HostEvent | None:
        """Return what a verified delivery is about, None if about no issue.

        Raises InvalidError for hostile JSON, and for an event that the host doesn't have.
        """
        ...


def kinds() -> dict[str, type[Host]]:
    """Return every host by its name, read from the modules of this folder (each has `HOSTS: dict[str, type]`)."""
    found: dict[str, type[Host]] = {}
    for module in pkgutil.iter_modules(__path__):
        found.update(getattr(importlib.import_module(f"{__name__}.{module.name}"), "HOSTS", {}))
    return found


def connect(kind: str, connection: Connection, http: Http) -> Host:
    """Return the host `kind` for one repository, or raise SettingError for a kind that there isn't."""
    known = kinds()
    if kind not in known:
        raise SettingError(f"there is no host “{kind}”; there are {', '.join(sorted(known))}")
    return known[kind](connection, http)

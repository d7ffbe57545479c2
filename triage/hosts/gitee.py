"""Gitee, by its API v5: the token among the parameters, forms instead of JSON, numbers that are text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import unquote

from triage.domain.drafts import Draft
from triage.errors import InvalidError, OutsideError
from triage.hosts import Check, Connection, HostComment, HostEvent, HostIssue, HostRelease, Reason
from triage.hosts.deliveries import delivery, fingerprint, header, near, same, wanted
from triage.hosts.labels import COLOUR, Labels, names, told_by_labels
from triage.hosts.payload import flag, integer, moment, moment_or_none, part, text, text_or_empty
from triage.hosts.rest import Api, changed, ours, refuse_confidential, released, segment, stamp
from triage.http import Http

PAGE = "100"  # the most it gives at once
EVENTS = frozenset({"Issue Hook", "Note Hook"})
OTHERS = frozenset({"Push Hook", "Tag Push Hook", "Merge Request Hook"})
AGE = timedelta(hours=1)  # by how much the time of a signature may differ from ours, either way
_NUMBER = re.compile(r"[A-Za-z0-9]{1,20}")
_REASONS = {"closed": Reason.COMPLETED, "rejected": Reason.NOT_PLANNED}


class Gitee:
    """One repository on Gitee."""

    confidential: ClassVar[bool] = False
    unshown: ClassVar[bool] = False

    def __init__(self, connection: Connection, http: Http) -> None:
        self._connection = connection
        self._owner, _, self._name = connection.repo.partition("/")
        self._repo = f"/repos/{segment(self._owner)}/{segment(self._name)}"
        self._api = Api(http, connection.url.rstrip("/") + "/api/v5", {}, connection)
        self._token = {"access_token": connection.token} if connection.token else {}
        self._account: str | None = connection.account or None
        self._labels = Labels(self._read_labels, self._make_label)
        self._members: dict[str, bool | None] = {}

    def check(self) -> Check:
        """Return who we are and what is missing, by asking; nothing is written. Raises OutsideError for no answer."""
        refused = self._api.tried("GET", "/user", params=self._token)[1]
        if refused and refused.status == HTTPStatus.UNAUTHORIZED:
            return Check("", "v5", (str(refused),))
        return Check(self._who(), "v5", tuple(dict.fromkeys(self._missing())))

    def public(self) -> bool:
        """Return whether everybody can read the issues."""
        found = self._api.tried("GET", self._repo, params=self._token)[0]
        return part(found, "private") is False and not flag(found, "internal")

    def create(self, draft: Draft) -> HostIssue:
        """File `draft` once. Labels that may not be made are left out: an issue without them beats no issue."""
        refuse_confidential(draft, self._api.name)
        labels = ",".join(self._labels.ensure(draft.labels, lenient=True))
        fields = {"title": draft.title, "body": draft.body} | ({"labels": labels} if labels else {})
        return self._issue(self._send("POST", f"/repos/{segment(self._owner)}/issues", repo=self._name, **fields))

    def get(self, number: str) -> HostIssue:
        """Return the issue as it is now. OutsideError with status 404: gone; 301: moved, and where to."""
        return self._issue(self._read(self._path(number)))

    def edit(
        self,
        number: str,
        *,
        title: str | None = None,
        body: str | None = None,
        open: bool | None = None,  # noqa: A002
    ) -> HostIssue:
        """Change what is given and nothing else."""
        state = None if open is None else ("open" if open else "closed")
        change = {"title": title, "body": body, "state": state}
        return self._change(number, {key: value for key, value in change.items() if value is not None})

    def label(self, number: str, names: tuple[str, ...]) -> None:
        """Add labels by name, making those that the repository lacks; none is taken away.

        By an edit that names them all: of the route that adds, the documents contradict each other about the body.
        """
        wanted = self._labels.ensure(names, lenient=False)
        self._change(number, {"labels": ",".join(dict.fromkeys([*self.get(number).labels, *wanted]))})

    def comment(self, number: str, body: str) -> HostComment:
        """Write a comment."""
        return self._comment(number, self._send("POST", f"{self._path(number)}/comments", body=body), member=None)

    def attach(self, number: str, name: str, media_type: str, content: bytes) -> str | None:  # noqa: ARG002
        """Return None: uploads have no API."""
        return None

    def created_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield our own account's issues made since `since`, less an hour for clocks that differ."""
        return ours(self._listed({"sort": "created", "direction": "desc"}), self._who(), since)

    def changed_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield issues changed since `since`, the last changed first, so that a change meanwhile hides none."""
        more = {"since": stamp(since)} if since else {}
        return changed(self._listed({"sort": "updated", "direction": "desc", **more}), since, newest_first=True)

    def comments(self, number: str) -> Iterator[HostComment]:
        """Yield all comments, oldest first."""
        query = {"per_page": PAGE, **self._token}
        for item in self._api.pages(f"{self._path(number)}/comments", query, lambda item: integer(item, "id")):
            yield self._comment(number, item, member=self._member(text_or_empty(item, "user", "login")))

    def release(self, milestone: str) -> HostRelease | None:
        """Return the release with the milestone's name, None where there is none or the token may not see any."""
        query = {"per_page": PAGE, "direction": "desc", **self._token}
        found = self._api.tried("GET", f"{self._repo}/releases", params=query)[0]
        return released(found, milestone, "html_url")

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:  # noqa: ARG002
        """Return whether X-Gitee-Token is our secret, or signs X-Gitee-Timestamp with it. The body is never signed.

        The time that is signed is in milliseconds, and Gitee itself holds with no more than an hour's difference.
        """
        secret, given = self._connection.secret, header(headers, "X-Gitee-Token")
        stamp = header(headers, "X-Gitee-Timestamp")
        stamped = f"{stamp}\n{secret}".encode("utf-8", "replace")
        expected = base64.b64encode(hmac.new(secret.encode(), stamped, hashlib.sha256).digest()).decode()
        is_signed = (same(given, expected) or same(unquote(given), expected)) and near(stamp[:-3], now, AGE)
        return bool(secret) and (same(given, secret) or is_signed)

    def parse(self, headers: Mapping[str, str], body: bytes) -> HostEvent | None:
        """Return what a delivery is about; None for notes on other things and for events that concern no issue."""
        event = header(headers, "X-Gitee-Event")
        found = delivery(body, header(headers, "Content-Type"))
        if not wanted(event, EVENTS, OTHERS) or part(found, "noteable_type") not in (None, "Issue"):
            return None
        number = text(found, "issue", "number")
        if not _NUMBER.fullmatch(number):
            raise InvalidError("issue.number should be letters and digits", field="issue.number", code="wrong_type")
        return HostEvent(
            delivery=header(headers, "X-Gitee-Delivery")[:100] or fingerprint(body),
            event=event,
            action=text(found, "action"),
            repo=text(found, "repository", "full_name"),
            number=number,
            private=flag(found, "repository", "private"),
        )

    def _path(self, number: str) -> str:
        return f"{self._repo}/issues/{segment(number)}"

    def _read(self, path: str) -> Any:
        return self._api.call("GET", path, params=self._token)

    def _send(self, method: str, path: str, **fields: str) -> Any:
        form = {key: (None, value) for key, value in {**self._token, **fields}.items()}  # multipart, without a file
        return self._api.call(method, path, files=form)

    def _change(self, number: str, fields: dict[str, str]) -> HostIssue:
        path = f"/repos/{segment(self._owner)}/issues/{segment(number)}"
        return self._issue(self._send("PATCH", path, repo=self._name, **fields))

    def _listed(self, params: Mapping[str, str]) -> Iterator[HostIssue]:
        query = {"state": "all", "per_page": PAGE, **params, **self._token}
        for item in self._api.pages(f"{self._repo}/issues", query, lambda item: text(item, "number")):
            yield self._issue(item)

    def _issue(self, found: Any) -> HostIssue:
        with self._api.reading():
            labels = names(part(found, "labels"), "name")
            state = text(found, "state")
            why = told_by_labels(labels) or _REASONS.get(state, Reason.UNKNOWN)
            return HostIssue(
                number=text(found, "number"),
                url=text(found, "html_url", default=""),
                title=text(found, "title"),
                body=text(found, "body", default=""),
                open=state not in _REASONS,
                reason=why if state in _REASONS else Reason.UNKNOWN,
                labels=labels,
                author=text(found, "user", "login", default=""),
                created_at=moment(found, "created_at"),
                updated_at=moment(found, "updated_at"),
                closed_at=moment_or_none(found, "finished_at"),
                milestone=text(found, "milestone", "title", default=""),
                assignees=names([part(found, "assignee")], "login"),
            )

    def _comment(self, number: str, found: Any, *, member: bool | None) -> HostComment:
        with self._api.reading():
            created = moment(found, "created_at")
            return HostComment(
                id=str(integer(found, "id")),
                number=number,
                author=text(found, "user", "login", default=""),
                body=text(found, "body", default=""),
                created_at=created,
                updated_at=moment_or_none(found, "updated_at") or created,
                member=member,
                url=text(found, "html_url", default=""),
            )

    def _who(self) -> str:
        if self._account is None:
            self._account = text_or_empty(self._api.tried("GET", "/user", params=self._token)[0], "login")
        return self._account

    def _missing(self) -> Iterator[str]:
        if not self._who():
            yield "the token lacks user_info; without it name our account in the connection"
        found, refused = self._api.tried("GET", self._repo, params=self._token)
        if refused:
            yield str(refused)
            return
        if part(found, "has_issues") is False:
            yield "issues are switched off in the repository"
        if part(found, "permission", "push") is False:
            yield "the account has no write access to the repository: it may not make labels or close issues"
        try:  # an issue without a title is refused, but only after the token was looked at
            self._send("POST", f"/repos/{segment(self._owner)}/issues", repo=self._name)
        except OutsideError as err:
            if not err.permanent:
                raise
            if err.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
                yield "the token lacks the scope “issues”"
                yield str(err)

    def _read_labels(self) -> dict[str, str]:
        return {name: name for name in names(self._read(f"{self._repo}/labels"), "name")}

    def _make_label(self, name: str) -> str:
        self._send("POST", f"{self._repo}/labels", name=name, color=COLOUR)
        return name

    def _member(self, login: str) -> bool | None:
        if login and login not in self._members:
            path = f"{self._repo}/collaborators/{segment(login)}"
            refused = self._api.tried("GET", path, params=self._token)[1]
            unknown = refused is not None and refused.status != HTTPStatus.NOT_FOUND
            self._members[login] = None if unknown else refused is None
        return self._members.get(login)


HOSTS = {"gitee": Gitee}

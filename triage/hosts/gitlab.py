"""GitLab, by its REST API v4: notes instead of comments, `iid` as number, confidential issues."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlsplit

from triage.domain.drafts import Draft, block
from triage.errors import OutsideError
from triage.hosts import Check, Connection, HostComment, HostEvent, HostIssue, HostRelease, Reason
from triage.hosts.deliveries import delivery, fingerprint, header, near, same, signed_as_standard, wanted
from triage.hosts.labels import names, told_by_labels
from triage.hosts.payload import address, flag, integer, moment, moment_or_none, part, text, text_or_empty
from triage.hosts.rest import Api, changed, ours, released, segment, stamp
from triage.http import Http

PAGE = "100"  # the most it gives at once
AGE = timedelta(minutes=5)  # of a signature, as Standard Webhooks advises
EVENTS = frozenset({"issue", "note"})
OTHERS = frozenset(
    "push tag_push merge_request wiki_page pipeline build deployment release emoji access_token "  # noqa: SIM905
    "feature_flag work_item milestone vulnerability member project subgroup".split()
)
PRIVATE, INTERNAL = 0, 10  # the visibility levels of what not everybody can read
PLANNER = 15  # the access level from which labels may be set; until 17.7 the next was Reporter, 20
_QUICK_ACTION = re.compile(r"^([^\S\n]*)/(?=[a-z_]{1,64}(?:\s|$))", re.MULTILINE)


class GitLab:
    """One project on a GitLab. It says why an issue was closed for duplicates only; for the rest labels may tell."""

    confidential: ClassVar[bool] = True
    unshown: ClassVar[bool] = True  # an upload belongs to the project, not to the issue

    def __init__(self, connection: Connection, http: Http) -> None:
        self._connection = connection
        self._project = f"/projects/{segment(connection.repo)}"
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(connection.url))
        headers = {"PRIVATE-TOKEN": connection.token} if connection.token else {}
        self._api = Api(http, connection.url.rstrip("/") + "/api/v4", headers, connection)
        self._account: str | None = connection.account or None
        self._members: dict[int, bool | None] = {}

    def check(self) -> Check:
        """Return who we are and what is missing, by asking; nothing is written. Raises OutsideError for no answer."""
        found, refused = self._api.tried("GET", "/version")
        if refused and refused.status == HTTPStatus.UNAUTHORIZED:
            return Check.unanswered(refused)
        return Check(self._who(), text_or_empty(found, "version"), tuple(dict.fromkeys(self._missing())))

    def public(self) -> bool:
        """Return whether everybody can read the issues: a public project may keep them for its members."""
        found = self._api.tried("GET", self._project)[0]
        level = part(found, "issues_access_level")
        return part(found, "visibility") == "public" and level in (None, "enabled", "public")

    def create(self, draft: Draft) -> HostIssue:
        """File `draft` once; GitLab makes the labels that lack, and drops them all where we may not set any."""
        body = {"title": draft.title, "description": defuse(draft.body), "labels": list(draft.labels)}
        return self._issue(self._api.call("POST", f"{self._project}/issues", json=body | _hidden(draft)))

    def get(self, number: str) -> HostIssue:
        """Return the issue as it is now. OutsideError with status 404: gone; 301: moved to another project."""
        found = self._api.call("GET", self._path(number))
        if part(found, "moved_to_id"):
            said = f"{self._api.name} says that issue {number} has moved to another project"
            raise OutsideError(said, permanent=True, status=HTTPStatus.MOVED_PERMANENTLY, code="moved_project")
        return self._issue(found)

    def edit(
        self,
        number: str,
        *,
        title: str | None = None,
        body: str | None = None,
        open: bool | None = None,  # noqa: A002
    ) -> HostIssue:
        """Change what is given and nothing else."""
        event = None if open is None else ("reopen" if open else "close")
        change = {"title": title, "description": None if body is None else _ours(body), "state_event": event}
        change = {key: value for key, value in change.items() if value is not None}
        return self._issue(self._api.call("PUT", self._path(number), json=change))

    def label(self, number: str, names: tuple[str, ...]) -> None:
        """Add labels by name; GitLab makes those that lack, and none is taken away."""
        self._api.call("PUT", self._path(number), json={"add_labels": list(names)})

    def comment(self, number: str, body: str) -> HostComment:
        """Write a note."""
        found = self._api.call("POST", f"{self._path(number)}/notes", json={"body": defuse(body)})
        return self._note(number, found, member=None)

    def attach(self, number: str, name: str, media_type: str, content: bytes) -> str | None:  # noqa: ARG002
        """Upload a file to the project and return its address; the issue gets it by a note that shows it."""
        found = self._api.call("POST", f"{self._project}/uploads", files={"file": (name, content, media_type)})
        with self._api.reading():
            path = text(found, "full_path", default="") or f"/{self._connection.repo}{text(found, 'url')}"
            # told without the host's name; put behind it a path can't lead anywhere else
            return address({"url": self._origin + path if path.startswith("/") else ""}, "url")

    def created_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield our own account's issues made since `since`, less an hour for clocks that differ."""
        return ours(self._listed({"order_by": "created_at", "sort": "desc"}), self._who(), since)

    def changed_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield issues changed since `since`, the last changed first, so that a change meanwhile hides none."""
        more = {"updated_after": stamp(since)} if since else {}
        return changed(self._listed({"order_by": "updated_at", "sort": "desc", **more}), since, newest_first=True)

    def comments(self, number: str) -> Iterator[HostComment]:
        """Yield what people wrote, oldest first, without GitLab's own notes."""
        query = {"per_page": PAGE, "order_by": "created_at", "sort": "asc"}
        for item in self._api.linked(f"{self._path(number)}/notes", query, _id):
            if not flag(item, "system"):
                yield self._note(number, item, member=self._member(part(item, "author", "id")))

    def release(self, milestone: str) -> HostRelease | None:
        """Return the release with the milestone's name, None where there is none or the token may not see any."""
        found = self._api.tried("GET", f"{self._project}/releases", params={"per_page": PAGE})[0]
        return released(found, milestone, "_links", "self")

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Return whether X-Gitlab-Token is our secret, sent as it is, or a newer GitLab signs with it."""
        secret = self._connection.secret
        fresh = near(header(headers, "webhook-timestamp"), now, AGE)
        return same(secret, header(headers, "X-Gitlab-Token")) or (fresh and signed_as_standard(secret, headers, body))

    def parse(self, headers: Mapping[str, str], body: bytes) -> HostEvent | None:
        """Return what a delivery is about; None for notes on other things and for events that concern no issue."""
        found = delivery(body, header(headers, "Content-Type"))
        kind = text(found, "object_kind")
        if not wanted(kind, EVENTS, OTHERS) or part(found, "object_attributes", "noteable_type") not in (None, "Issue"):
            return None
        # Hooks that set each other off share the event's UUID, so the key of the one delivery goes first
        named = header(headers, "Idempotency-Key", "X-Gitlab-Event-UUID")
        return HostEvent(
            delivery=named[:100] or fingerprint(body),
            event=kind,
            action=text(found, "object_attributes", "action", default=""),
            repo=text(found, "project", "path_with_namespace"),
            number=str(integer(found, "object_attributes" if kind == "issue" else "issue", "iid")),
            private=part(found, "project", "visibility_level") in (PRIVATE, INTERNAL),
        )

    def _path(self, number: str) -> str:
        return f"{self._project}/issues/{segment(number)}"

    def _listed(self, params: Mapping[str, str]) -> Iterator[HostIssue]:
        for item in self._api.linked(f"{self._project}/issues", {"state": "all", "per_page": PAGE, **params}, _id):
            yield self._issue(item)

    def _issue(self, found: Any) -> HostIssue:
        with self._api.reading():
            labels = names(part(found, "labels"), "name")
            closed = text(found, "state") == "closed"
            canonical = text(found, "_links", "closed_as_duplicate_of", default="").rpartition("/")[2]
            why = Reason.DUPLICATE if canonical else told_by_labels(labels)
            return HostIssue(
                number=str(integer(found, "iid")),
                url=text(found, "web_url", default=""),
                title=text(found, "title"),
                body=text(found, "description", default=""),
                open=not closed,
                reason=why if closed else Reason.UNKNOWN,
                labels=labels,
                author=text(found, "author", "username", default=""),
                created_at=moment(found, "created_at"),
                updated_at=moment(found, "updated_at"),
                closed_at=moment_or_none(found, "closed_at"),
                milestone=text(found, "milestone", "title", default=""),
                assignees=names(part(found, "assignees"), "username"),
                duplicate_of=canonical,
                confidential=flag(found, "confidential"),
            )

    def _note(self, number: str, found: Any, *, member: bool | None) -> HostComment:
        with self._api.reading():
            return HostComment(
                id=str(_id(found)),
                number=number,
                author=text(found, "author", "username", default=""),
                body=text(found, "body", default=""),
                created_at=moment(found, "created_at"),
                updated_at=moment(found, "updated_at"),
                member=member,
                internal=flag(found, "internal") or flag(found, "confidential"),  # its name until 15
            )

    def _who(self) -> str:
        if self._account is None:
            self._account = text_or_empty(self._api.tried("GET", "/user")[0], "username")
        return self._account

    def _missing(self) -> Iterator[str]:
        if not self._who():
            yield "the token lacks read_user; without it name our account in the connection"
        found, refused = self._api.tried("GET", self._project)
        if refused:
            yield str(refused)
            return
        if part(found, "archived") is True:
            yield "the project is archived"
        if part(found, "issues_access_level") == "disabled" or part(found, "issues_enabled") is False:
            yield "issues are switched off in the project"
        if part(found, "permissions") and _level(found) < PLANNER:
            yield "the account is neither Planner nor Reporter of the project: its labels would be dropped silently"
        # An issue without a title is refused, but only after the token's scopes were looked at
        refused = self._api.tried("POST", f"{self._project}/issues", json={})[1]
        if refused and refused.status != HTTPStatus.BAD_REQUEST:
            yield "the token lacks the scope “api”"
            yield str(refused)

    def _member(self, user: Any) -> bool | None:
        if not isinstance(user, int):
            return None
        if user not in self._members:
            found, refused = self._api.tried("GET", f"{self._project}/members/all/{user}")
            level = part(found, "access_level")
            unknown = refused is not None and refused.status != HTTPStatus.NOT_FOUND
            self._members[user] = None if unknown else isinstance(level, int) and level >= PLANNER
        return self._members[user]


def defuse(text: str) -> str:
    """Return `text` with no line that GitLab would carry out as a quick action ("/close") in our name."""
    return _QUICK_ACTION.sub("\\1\u200b/", text)


def _ours(body: str) -> str:
    """Return `body` with our evidence made harmless and what people wrote around it as it is, byte for byte."""
    at = block(body)
    return body[: at[0]] + defuse(body[at[0] : at[1]]) + body[at[1] :] if at else defuse(body)


def _hidden(draft: Draft) -> dict[str, bool]:
    return {"confidential": True} if draft.confidential else {}


def _id(found: Any) -> int:
    return integer(found, "id")


def _level(found: Any) -> int:
    levels = [part(found, "permissions", kind, "access_level") for kind in ("project_access", "group_access")]
    return max(level if isinstance(level, int) else 0 for level in levels)


HOSTS = {"gitlab": GitLab}

"""Gitea from 1.12 on, with its relatives Forgejo and OpenI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar

from triage.domain.drafts import Draft
from triage.errors import InvalidError, OutsideError
from triage.hosts import Check, Connection, HostComment, HostEvent, HostIssue, HostRelease
from triage.hosts.deliveries import delivery, fingerprint, form_payload, header, is_form, signed, wanted
from triage.hosts.labels import COLOUR, Labels, names, told_by_labels
from triage.hosts.payload import address, flag, integer, moment, moment_or_none, part, text, text_or_empty
from triage.hosts.rest import Api, changed, ours, refuse_confidential, released, segment, stamp
from triage.http import Http

PAGE = 50  # the most that any version gives at once
EVENTS = frozenset({"issues", "issue_comment"})
OTHERS = frozenset(
    "create delete fork push wiki repository release package status schedule workflow_run workflow_job "  # noqa: SIM905
    "issue_assign issue_label issue_milestone pull_request pull_request_assign pull_request_label "
    "pull_request_milestone pull_request_comment pull_request_sync pull_request_approved pull_request_rejected "
    "pull_request_review_approved pull_request_review_rejected pull_request_review_comment "
    "pull_request_review_request action_run_failure action_run_recover action_run_success".split()
)
_ADDRESS = "browser_download_url"


class Gitea:
    """One repository on a Gitea. Its API has no word for why an issue was closed, so that is read from its labels."""

    kind: ClassVar[str] = "gitea"
    edit_method: ClassVar[str] = "PATCH"
    confidential: ClassVar[bool] = False
    unshown: ClassVar[bool] = False

    def __init__(self, connection: Connection, http: Http) -> None:
        self._connection = connection
        self._repo = "/repos/" + "/".join(map(segment, connection.repo.split("/")))
        headers = {"Authorization": f"token {connection.token}"} if connection.token else {}
        self._api = Api(http, connection.url.rstrip("/") + "/api/v1", headers, connection)
        self._nobody = Api(http, self._api.base, {}, connection)
        self._account: str | None = connection.account or None
        self._labels = Labels(self._read_labels, self._make_label)
        self._members: dict[str, bool | None] = {}
        self._assignable: frozenset[str] | None = None
        self._no_list: OutsideError | None = None

    def check(self) -> Check:
        """Return who we are and what is missing, by asking; nothing is written. Raises OutsideError for no answer."""
        version = text_or_empty(self._api.tried("GET", "/version")[0], "version")
        refused = self._api.tried("GET", "/user")[1]
        if refused and refused.status == HTTPStatus.UNAUTHORIZED:
            return Check("", version, (str(refused),))
        return Check(self._who(), version, tuple(dict.fromkeys(self._missing())))

    def public(self) -> bool:
        """Return whether everybody can read the issues: asked as nobody, for an instance may be closed as a whole."""
        found = self._nobody.tried("GET", self._repo)[0]
        return part(found, "private") is False and not flag(found, "internal")

    def create(self, draft: Draft) -> HostIssue:
        """File `draft` once. Labels that may not be made are left out: an issue without them beats no issue."""
        refuse_confidential(draft, self._api.name)
        body: dict[str, Any] = {"title": draft.title, "body": draft.body}
        ids = self._labels.ensure(draft.labels, lenient=True)
        found = self._issue(self._api.call("POST", f"{self._repo}/issues", json={**body, "labels": ids}))
        if not set(draft.labels) <= set(found.labels):
            self._labels.forget()  # ids that the host doesn't know are dropped silently: look again the next time
        return found

    def get(self, number: str) -> HostIssue:
        """Return the issue as it is now. OutsideError with status 404: gone; 301: moved, and where to."""
        return self._issue(self._api.call("GET", self._path(number)))

    def edit(
        self,
        number: str,
        *,
        title: str | None = None,
        body: str | None = None,
        open: bool | None = None,  # noqa: A002
    ) -> HostIssue:
        """Change what is given and nothing else."""
        state = None if open is None else ("open" if open else "closed")  # any other word opens the issue
        change = {"title": title, "body": body, "state": state}
        change = {key: value for key, value in change.items() if value is not None}
        return self._issue(self._api.call(self.edit_method, self._path(number), json=change))

    def label(self, number: str, names: tuple[str, ...]) -> None:
        """Add labels by name, making those that the repository lacks; none is taken away."""
        ids = self._labels.ensure(names, lenient=False)
        self._api.call("POST", f"{self._path(number)}/labels", json={"labels": ids})

    def comment(self, number: str, body: str) -> HostComment:
        """Write a comment."""
        found = self._api.call("POST", f"{self._path(number)}/comments", json={"body": body})
        return self._comment(number, found, member=None)

    def attach(self, number: str, name: str, media_type: str, content: bytes) -> str | None:
        """Attach a file once and return its address; None before about 1.16, and where attachments are off."""
        path = f"{self._path(number)}/assets"
        try:
            known = self._api.listed(path)
        except OutsideError as err:
            if err.status != HTTPStatus.NOT_FOUND:
                raise
            self.get(number)  # raises where it is the issue that is gone
            return None
        with self._api.reading():
            there = [item for item in known if text(item, "name") == name]
            return address(there[0] if there else self._upload(path, (name, content, media_type)), _ADDRESS)

    def created_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield our own account's issues made since `since`, less an hour for clocks that differ.

        Gitea lists by creation, newest first, so the first older one ends it.
        """
        return ours(self._listed({}), self._who(), since)

    def changed_since(self, since: datetime | None) -> Iterator[HostIssue]:
        """Yield issues changed since `since`. 1.12 ignores it silently and can't list by change: every page is read."""
        return changed(self._listed({"since": stamp(since)} if since else {}), since)

    def comments(self, number: str) -> Iterator[HostComment]:
        """Yield all comments, oldest first; Gitea gives them at once."""
        for item in self._api.listed(f"{self._path(number)}/comments"):
            yield self._comment(number, item, member=self._member(text_or_empty(item, "user", "login")))

    def release(self, milestone: str) -> HostRelease | None:
        """Return the release with the milestone's name, None where there is none or the token may not see any."""
        found = self._api.tried("GET", f"{self._repo}/releases", params={"limit": str(PAGE)})[0]
        return released(found, milestone, "html_url")

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:  # noqa: ARG002
        """Return whether one of the signatures is ours. Forms are signed over their decoded payload."""
        if is_form(header(headers, "Content-Type")):
            try:
                body = form_payload(body)
            except InvalidError:
                return False
        found = header(headers, "X-Gitea-Signature", "X-Forgejo-Signature", "X-Hub-Signature-256", "X-Gogs-Signature")
        return signed(self._connection.secret, body, found)

    def parse(self, headers: Mapping[str, str], body: bytes) -> HostEvent | None:
        """Return what a delivery is about; None for pull requests and for events that concern no issue."""
        event = header(headers, "X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event", "X-GitHub-Event")
        found = delivery(body, header(headers, "Content-Type"))
        if not wanted(event, EVENTS, OTHERS) or part(found, "issue", "pull_request") or flag(found, "is_pull"):
            return None
        named = header(headers, "X-Gitea-Delivery", "X-Forgejo-Delivery", "X-Gogs-Delivery", "X-GitHub-Delivery")
        return HostEvent(
            delivery=named[:100] or fingerprint(body),
            event=event,
            action=text(found, "action"),
            repo=text(found, "repository", "full_name"),
            number=str(integer(found, "issue", "number")),
            private=flag(found, "repository", "private"),
        )

    def _upload(self, path: str, file: tuple[str, bytes, str]) -> Any:
        try:
            return self._api.call("POST", path, files={"attachment": file})
        except OutsideError as err:
            if "not allowed to be uploaded" not in str(err):
                raise
            # Gitea calls this an error of its own (500), but it will refuse the type the next time too
            said = f"{self._api.name} does not take files of this kind"
            raise OutsideError(said, permanent=True, status=err.status, code="file_kind") from None

    def _path(self, number: str) -> str:
        return f"{self._repo}/issues/{segment(number)}"

    def _listed(self, params: Mapping[str, str]) -> Iterator[HostIssue]:
        query = {"state": "all", "type": "issues", "limit": str(PAGE), **params}
        for item in self._api.pages(f"{self._repo}/issues", query, lambda item: integer(item, "number")):
            if not part(item, "pull_request"):
                yield self._issue(item)

    def _issue(self, found: Any) -> HostIssue:
        with self._api.reading():
            labels = names(part(found, "labels"), "name")
            closed = text(found, "state") == "closed"
            return HostIssue(
                number=str(integer(found, "number")),
                url=text(found, "html_url", default=""),
                title=text(found, "title"),
                body=text(found, "body", default=""),
                open=not closed,
                reason=told_by_labels(labels) if closed else told_by_labels(()),
                labels=labels,
                author=text(found, "user", "login", default=""),
                created_at=moment(found, "created_at"),
                updated_at=moment(found, "updated_at"),
                closed_at=moment_or_none(found, "closed_at"),
                milestone=text(found, "milestone", "title", default=""),
                assignees=names(part(found, "assignees"), "login"),
            )

    def _comment(self, number: str, found: Any, *, member: bool | None) -> HostComment:
        with self._api.reading():
            return HostComment(
                id=str(integer(found, "id")),
                number=number,
                author=text(found, "user", "login", default=""),
                body=text(found, "body", default=""),
                created_at=moment(found, "created_at"),
                updated_at=moment(found, "updated_at"),
                member=member,
                url=text(found, "html_url", default=""),
            )

    def _who(self) -> str:
        if self._account is None:
            self._account = text_or_empty(self._api.tried("GET", "/user")[0], "login")
        return self._account

    def _missing(self) -> Iterator[str]:
        if not self._who():
            yield "the token lacks read:user; without it name our account in the connection"
        found, refused = self._api.tried("GET", self._repo)
        if refused:  # without read:repository issues can be filed, but nobody told who of those that answer is the team
            yield str(refused)
        if refused and refused.status != HTTPStatus.FORBIDDEN:
            return
        if part(found, "has_issues") is False:
            yield "issues are switched off in the repository"
        if part(found, "permissions", "push") is False:
            yield "the account has no write access to the repository: its labels would be dropped silently"
        yield from self._missing_for_issues()

    def _missing_for_issues(self) -> Iterator[str]:
        refused = self._api.tried("GET", f"{self._repo}/issues", params={"limit": "1"})[1]
        if refused:
            yield str(refused)
        # An issue without a title is refused by every version, but only after the token's scopes were looked at
        refused = self._api.tried("POST", f"{self._repo}/issues", json={})[1]
        if refused and refused.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            yield str(refused)

    def _read_labels(self) -> dict[str, Any]:
        found = self._api.listed(f"{self._repo}/labels")  # without a page all of them come at once
        with self._api.reading():
            known = sorted((integer(item, "id"), text(item, "name")) for item in found)
        return {name: id_ for id_, name in reversed(known)}  # of two with one name the older counts

    def _make_label(self, name: str) -> int:
        made = self._api.call("POST", f"{self._repo}/labels", json={"name": name, "color": f"#{COLOUR}"})
        with self._api.reading():
            return integer(made, "id")

    def _member(self, login: str) -> bool | None:
        if login not in self._members:
            self._members[login] = self._belongs(login) if login else None
        return self._members[login]

    def _belongs(self, login: str) -> bool | None:
        if login.casefold() == self._connection.repo.partition("/")[0].casefold():
            return True
        if self._assignable is None:
            found, self._no_list = self._api.tried("GET", f"{self._repo}/assignees")
            self._assignable = frozenset(name.casefold() for name in names(found, "login"))
        if not self._no_list:  # everyone with write access, teams included
            return login.casefold() in self._assignable
        # 1.12 has no such list, and its collaborators leave out an organisation's teams: "no" says nothing there
        return True if self._api.tried("GET", f"{self._repo}/collaborators/{segment(login)}")[1] is None else None


class Forgejo(Gitea):
    """Gitea's fork that kept its API."""

    kind = "forgejo"


class OpenI(Gitea):
    """OpenI (启智), a fork of Gitea 1.12 whose edits are POST."""

    kind = "openi"
    edit_method = "POST"


HOSTS = {"gitea": Gitea, "forgejo": Forgejo, "openi": OpenI}

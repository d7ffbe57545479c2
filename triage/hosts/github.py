"""GitHub and GitHub Enterprise Server, by their REST API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlsplit

from triage.domain.drafts import Draft
from triage.hosts import Check, Connection, HostComment, HostEvent, HostIssue, HostRelease, Reason
from triage.hosts.deliveries import delivery, fingerprint, header, signed, wanted
from triage.hosts.labels import COLOUR, Labels, names
from triage.hosts.payload import flag, integer, moment, moment_or_none, part, text, text_or_empty
from triage.hosts.rest import Api, changed, ours, refuse_confidential, released, segment, stamp
from triage.http import Http

API_VERSION = "2022-11-28"
PAGE = "100"  # the most it gives at once
EVENTS = frozenset({"issues", "issue_comment"})
OTHERS = frozenset(
    "ping branch_protection_configuration branch_protection_rule check_run check_suite "  # noqa: SIM905
    "code_scanning_alert commit_comment create custom_property custom_property_values delete dependabot_alert "
    "deploy_key deployment deployment_protection_rule deployment_review deployment_status discussion "
    "discussion_comment fork gollum installation installation_repositories issue_dependencies label member "
    "membership merge_group meta milestone org_block organization package page_build project project_card "
    "project_column projects_v2 projects_v2_item public pull_request pull_request_review "
    "pull_request_review_comment pull_request_review_thread push registry_package release repository "
    "repository_advisory repository_dispatch repository_import repository_ruleset repository_vulnerability_alert "
    "secret_scanning_alert secret_scanning_alert_location security_advisory security_and_analysis sponsorship star "
    "status sub_issues team team_add watch workflow_dispatch workflow_job workflow_run".split()
)
MEMBERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


def api_base(url: str) -> str:
    """Return where the API of the GitHub at the web address `url` is; github.com and ghe.com have a host for it."""
    parts = urlsplit(url.rstrip("/"))
    host = (parts.hostname or "").removeprefix("www.")
    if host == "github.com" or host.endswith(".ghe.com"):
        return f"https://{host}" if host.startswith("api.") else f"https://api.{host}"
    return url.rstrip("/") if host == "api.github.com" else f"{url.rstrip('/')}/api/v3"


class GitHub:
    """One repository on GitHub."""

    confidential: ClassVar[bool] = False
    unshown: ClassVar[bool] = False

    def __init__(self, connection: Connection, http: Http) -> None:
        self._connection = connection
        self._repo = "/repos/" + "/".join(map(segment, connection.repo.split("/")))
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
        headers |= {"Authorization": f"Bearer {connection.token}"} if connection.token else {}
        self._api = Api(http, api_base(connection.url), headers, connection)
        nobody = {name: value for name, value in headers.items() if name != "Authorization"}
        self._nobody = Api(http, self._api.base, nobody, connection)
        self._account: str | None = connection.account or None
        self._labels = Labels(self._read_labels, self._make_label)

    def check(self) -> Check:
        """Return who we are and what is missing, by asking; nothing is written. Raises OutsideError for no answer."""
        refused = self._api.tried("GET", "/user")[1]
        if refused and refused.status == HTTPStatus.UNAUTHORIZED:
            return Check.unanswered(refused)
        return Check(self._who(), API_VERSION, tuple(dict.fromkeys(self._missing())))

    def public(self) -> bool:
        """Return whether everybody can read the issues.

        An Enterprise Server may be closed as a whole, so there it is asked as nobody; on github.com nobody may ask
        but sixty times an hour.
        """
        hosted = not self._api.base.endswith("/api/v3")
        found = (self._api if hosted else self._nobody).tried("GET", self._repo)[0]
        return part(found, "private") is False and part(found, "visibility") in (None, "public")

    def create(self, draft: Draft) -> HostIssue:
        """File `draft` once. Labels that may not be made are left out: an issue without them beats no issue."""
        refuse_confidential(draft, self._api.name)
        body = {"title": draft.title, "body": draft.body, "labels": self._labels.ensure(draft.labels, lenient=True)}
        return self._issue(self._api.call("POST", f"{self._repo}/issues", json=body))

    def get(self, number: str) -> HostIssue:
        """Return the issue as it is now. OutsideError with status 404 or 410: gone; 301: transferred, and where to."""
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
        state = None if open is None else ("open" if open else "closed")
        change = {"title": title, "body": body, "state": state}
        change = {key: value for key, value in change.items() if value is not None}
        return self._issue(self._api.call("PATCH", self._path(number), json=change))

    def label(self, number: str, names: tuple[str, ...]) -> None:
        """Add labels by name, making those that the repository lacks; none is taken away."""
        wanted = self._labels.ensure(names, lenient=False)
        self._api.call("POST", f"{self._path(number)}/labels", json={"labels": wanted})

    def comment(self, number: str, body: str) -> HostComment:
        """Write a comment."""
        return self._comment(number, self._api.call("POST", f"{self._path(number)}/comments", json={"body": body}))

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
        for item in self._api.linked(f"{self._path(number)}/comments", {"per_page": PAGE}, _id):
            yield self._comment(number, item)

    def release(self, milestone: str) -> HostRelease | None:
        """Return the release with the milestone's name, None where there is none or the token may not see any."""
        found = self._api.tried("GET", f"{self._repo}/releases", params={"per_page": PAGE})[0]
        return released(found, milestone, "html_url")

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:  # noqa: ARG002
        """Return whether X-Hub-Signature-256 is ours; forms too are signed as they come."""
        return signed(self._connection.secret, body, header(headers, "X-Hub-Signature-256"))

    def parse(self, headers: Mapping[str, str], body: bytes) -> HostEvent | None:
        """Return what a delivery is about; None for pull requests and for events that concern no issue."""
        event = header(headers, "X-GitHub-Event")
        found = delivery(body, header(headers, "Content-Type"))
        if not wanted(event, EVENTS, OTHERS) or part(found, "issue", "pull_request"):
            return None
        return HostEvent(
            delivery=header(headers, "X-GitHub-Delivery")[:100] or fingerprint(body),
            event=event,
            action=text(found, "action"),
            repo=text(found, "repository", "full_name"),
            number=str(integer(found, "issue", "number")),
            private=flag(found, "repository", "private"),
        )

    def _path(self, number: str) -> str:
        return f"{self._repo}/issues/{segment(number)}"

    def _listed(self, params: Mapping[str, str]) -> Iterator[HostIssue]:
        for item in self._api.linked(f"{self._repo}/issues", {"state": "all", "per_page": PAGE, **params}, _id):
            if not part(item, "pull_request"):  # to GitHub a pull request is an issue
                yield self._issue(item)

    def _issue(self, found: Any) -> HostIssue:
        with self._api.reading():
            closed = text(found, "state") == "closed"
            return HostIssue(
                number=str(integer(found, "number")),
                url=text(found, "html_url", default=""),
                title=text(found, "title"),
                body=text(found, "body", default=""),
                open=not closed,
                reason=_reason(text(found, "state_reason", default="")) if closed else Reason.UNKNOWN,
                labels=names(part(found, "labels"), "name"),
                author=text(found, "user", "login", default=""),
                created_at=moment(found, "created_at"),
                updated_at=moment(found, "updated_at"),
                closed_at=moment_or_none(found, "closed_at"),
                milestone=text(found, "milestone", "title", default=""),
                assignees=names(part(found, "assignees"), "login"),
            )

    def _comment(self, number: str, found: Any) -> HostComment:
        with self._api.reading():
            association = text(found, "author_association", default="")
            return HostComment(
                id=str(integer(found, "id")),
                number=number,
                author=text(found, "user", "login", default=""),
                body=text(found, "body", default=""),
                created_at=moment(found, "created_at"),
                updated_at=moment(found, "updated_at"),
                member=association in MEMBERS if association else None,
                url=text(found, "html_url", default=""),
            )

    def _who(self) -> str:
        if self._account is None:  # the token of an app has no user
            self._account = text_or_empty(self._api.tried("GET", "/user")[0], "login")
        return self._account

    def _missing(self) -> Iterator[str]:
        if not self._who():
            yield "the token has no user; name our account in the connection"
        found, refused = self._api.tried("GET", self._repo)
        if refused:
            yield str(refused)
            return
        if part(found, "archived") is True:
            yield "the repository is archived"
        if part(found, "has_issues") is False:
            yield "issues are switched off in the repository"
        if part(found, "permissions", "push") is False:
            yield "the account has no write access to the repository: its labels would be dropped silently"
        else:
            yield from self._missing_for("labels")  # in a public repository every token may file, but not edit
        yield from self._missing_for("issues")

    def _missing_for(self, what: str) -> Iterator[str]:
        """Try to make one without a title or name: it is refused, but only after the token was looked at."""
        refused = self._api.tried("POST", f"{self._repo}/{what}", json={})[1]
        if refused and refused.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            yield "the token can't write issues"
            yield str(refused)

    def _read_labels(self) -> dict[str, str]:
        found = self._api.linked(f"{self._repo}/labels", {"per_page": PAGE}, _id)
        return {name: name for name in names(list(found), "name")}

    def _make_label(self, name: str) -> str:
        refused = self._api.tried("POST", f"{self._repo}/labels", json={"name": name, "color": COLOUR})[1]
        if refused and refused.status != HTTPStatus.UNPROCESSABLE_ENTITY:  # that one: somebody was quicker
            raise refused
        return name


def _id(found: Any) -> int:
    return integer(found, "id")


def _reason(word: str) -> Reason:
    known = {reason.value: reason for reason in Reason}
    return known.get(word, Reason.UNKNOWN)


HOSTS = {"github": GitHub}

"""GitHub as its documents describe it: Link pages, pull requests among the issues, ETags, secondary limits."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from tests.fakes.githost.state import Change, Comment, Issue, Label
from tests.fakes.githost.web import Refused, Traits, answer, conditional, paged, person_id, release_json, z

if TYPE_CHECKING:
    from tests.fakes.githost import GitHost, Hook, Token

FLAVOURS = {"github": Traits("github", "github", prefix="/api/v3", whole=False)}


def app(host: GitHost) -> Flask:
    made = Flask(__name__)
    api = Api(host)
    made.before_request(api.admit)
    made.register_error_handler(HTTPException, api.failed)
    repo, issue = f"/api/v3/repos/{host.repo}", f"/api/v3/repos/{host.repo}/issues/<int:number>"
    for rule, method, view in [
        ("/api/v3/user", "GET", api.user),
        (repo, "GET", api.repo),
        (f"{repo}/issues", "GET", api.listed),
        (f"{repo}/issues", "POST", api.create),
        (issue, "GET", api.get),
        (issue, "PATCH", api.edit),
        (f"{issue}/comments", "GET", api.comments),
        (f"{issue}/comments", "POST", api.comment),
        (f"{issue}/labels", "POST", api.label),
        (f"{repo}/labels", "GET", api.labels),
        (f"{repo}/releases", "GET", api.releases),
        (f"{repo}/labels", "POST", api.make_label),
    ]:
        made.add_url_rule(rule, f"{method} {rule}", view, methods=[method])
    return made


class Api:
    """The routes, over the host's repository."""

    def __init__(self, host: GitHost) -> None:
        self.host, self.repository = host, host.repository

    def token(self) -> Token | None:
        return self.host.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))

    def admit(self) -> None:
        known = self.token()
        if "Authorization" in request.headers and known is None:
            raise Refused(401, "Bad credentials")
        if known is None and self.repository.closed:
            raise Refused(401, "Must authenticate to access this API.")
        if known is None and self.repository.private:
            raise Refused(404, "Not Found")
        if known is None and (request.method != "GET" or request.path.endswith("/user")):
            raise Refused(401, "Requires authentication")
        # whoever sees a public repository may open an issue there, whatever the token was given (github/docs#44656)
        anyones = request.path.endswith("/issues") and not self.repository.private
        if known and known.scopes is not None and request.method != "GET" and not anyones:
            raise Refused(403, "Resource not accessible by personal access token")
        if self.repository.archived and request.method != "GET":
            raise Refused(403, "Repository was archived so is read-only.")
        if self.repository.issues_off and "/issues" in request.path:
            raise Refused(410, "Issues has been disabled in this repository.")

    def failed(self, err: HTTPException) -> Response:
        said = "Not Found" if err.code == 404 else str(err.description)
        found: dict[str, Any] = {"message": said, "documentation_url": "https://docs.example.com/rest"}
        if err.code == 403:
            needs = {"X-Accepted-GitHub-Permissions": "issues=write"}  # sent whatever it was that was refused
            return answer(found | {"status": "403"}, 403, needs)
        if getattr(err, "field", ""):
            found["errors"] = [{"resource": "Issue", "code": "missing_field", "field": err.field}]  # type: ignore[attr-defined]
        return answer(found | {"status": str(err.code)}, err.code or 500)

    def user(self) -> Response:
        known = self.token()
        return answer(person(self.host, known.login if known else ""))

    def repo(self) -> Response:
        return conditional(answer(repo_json(self.host)))

    def listed(self) -> Response:
        ask = request.args
        since = datetime.fromisoformat(ask.get("since", "1970-01-01T00:00:00Z"))
        states = {"all": (True, False), "closed": (False,)}.get(ask.get("state", "open"), (True,))
        found = [one for one in self.host.issues if one.open in states and one.updated.replace(microsecond=0) >= since]
        by = "updated" if ask.get("sort") == "updated" else "created"
        found.sort(key=lambda one: (getattr(one, by), one.number), reverse=ask.get("direction", "desc") == "desc")
        page, more = paged(found, 30, 100)
        return conditional(answer([issue_json(self.host, one) for one in page], headers=more))

    def create(self) -> Response:
        body = request.get_json()
        if not body.get("title"):
            raise Refused(422, "Validation Failed", "title")
        known = self.token()
        login = known.login if known else ""
        names = body.get("labels", []) if login in self.repository.members else []
        ids = self.repository.name_labels(names)
        made = self.repository.open(body["title"], body.get("body", ""), by=login, labels=ids)
        return answer(issue_json(self.host, made), 201)

    def issue(self, number: int) -> Issue:
        if self.repository.deleted(number):
            raise Refused(410, "This issue was deleted")
        if number not in self.repository.issues:
            raise Refused(404, "Not Found")
        return self.repository.issues[number]

    def get(self, number: int) -> Response:
        issue = self.issue(number)
        if issue.moved_to:
            return answer({"message": "Moved Permanently"}, 301, {"Location": issue.moved_to})
        return conditional(answer(issue_json(self.host, issue)))

    def edit(self, number: int) -> Response:
        self.issue(number)
        body = request.get_json()
        change = {key: body[key] for key in ("title", "body") if key in body}
        if "state" in body:
            change |= {"open": body["state"] == "open", "reason": body.get("state_reason", "completed")}
        return answer(issue_json(self.host, self.repository.edit(number, **change)))

    def comments(self, number: int) -> Response:
        self.issue(number)
        page, more = paged([one for one in self.repository.said(number) if not one.system], 30, 100)
        return conditional(answer([comment_json(self.host, one) for one in page], headers=more))

    def comment(self, number: int) -> Response:
        self.issue(number)
        made = self.repository.say(number, request.get_json()["body"], by=self.host.account)
        return answer(comment_json(self.host, made), 201)

    def label(self, number: int) -> Response:
        ids = self.repository.name_labels(request.get_json()["labels"])
        issue = self.repository.relabel(number, [*self.issue(number).labels, *ids])
        return answer([label_json(self.host, self.repository.labels[one]) for one in issue.labels])

    def releases(self) -> Response:
        return conditional(answer([release_json(self.host, tag) for tag in self.repository.releases]))

    def labels(self) -> Response:
        page, more = paged(list(self.repository.labels.values()), 30, 100)
        return conditional(answer([label_json(self.host, one) for one in page], headers=more))

    def make_label(self) -> Response:
        if self.host.account not in self.repository.members:
            raise Refused(404, "Not Found")
        name = request.get_json().get("name")
        if not name or name in [label.name for label in self.repository.labels.values()]:
            raise Refused(422, "Validation Failed", "name")
        return answer(label_json(self.host, self.repository.add_label(name)), 201)


def person(host: GitHost, login: str) -> dict[str, Any]:
    return {"login": login, "id": person_id(login), "node_id": f"U_{login}", "type": "User", "site_admin": False}


def repo_json(host: GitHost) -> dict[str, Any]:
    repository = host.repository
    found = {"id": 7, "name": repository.name, "full_name": host.repo, "owner": person(host, repository.owner)}
    found |= {"private": repository.private, "archived": repository.archived, "has_issues": not repository.issues_off}
    return found | {"permissions": {"admin": False, "push": host.account in repository.members, "pull": True}}


def label_json(host: GitHost, label: Label) -> dict[str, Any]:
    page = f"{host.url}/api/v3/repos/{host.repo}/labels/{label.id}"
    found = {"id": label.id, "node_id": f"L_{label.id}", "url": page, "name": label.name}
    return found | {"description": None, "color": label.color, "default": False}


def issue_json(host: GitHost, issue: Issue) -> dict[str, Any]:
    repository, page = host.repository, f"{host.url}/{host.repo}/issues/{issue.number}"
    found = {"id": 1000 + issue.number, "node_id": f"I_{issue.number}", "number": issue.number, "html_url": page}
    found |= {"url": f"{host.url}/api/v3/repos/{host.repo}/issues/{issue.number}", "title": issue.title}
    found |= {"body": issue.body or None, "state": "open" if issue.open else "closed", "locked": False}
    found |= {"state_reason": issue.reason or None, "user": person(host, issue.author) if issue.author else None}
    found |= {"labels": [label_json(host, repository.labels[one]) for one in issue.labels if one in repository.labels]}
    found |= {"assignee": None, "assignees": [], "milestone": None, "comments": len(repository.said(issue.number))}
    found |= {"created_at": z(issue.created), "updated_at": z(issue.updated), "closed_at": z(issue.closed)}
    found |= {"author_association": association(host, issue.author)}
    return found | (
        {"pull_request": {"url": page, "html_url": page, "diff_url": page, "patch_url": page}} if issue.pull else {}
    )


def comment_json(host: GitHost, comment: Comment) -> dict[str, Any]:
    page = f"{host.url}/{host.repo}/issues/{comment.number}"
    found = {"id": comment.id, "node_id": f"IC_{comment.id}", "html_url": f"{page}#issuecomment-{comment.id}"}
    found |= {"url": page, "issue_url": page, "user": person(host, comment.author), "body": comment.body}
    found |= {"created_at": z(comment.created), "updated_at": z(comment.updated)}
    return found | {"author_association": association(host, comment.author)}


def association(host: GitHost, login: str) -> str:
    return "OWNER" if login == host.repository.owner else "MEMBER" if login in host.repository.members else "NONE"


def delivery(host: GitHost, hook: Hook, change: Change) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a webhook delivery, signed with the hook's secret."""
    found = {"action": change.action, "issue": issue_json(host, change.issue), "repository": repo_json(host)}
    found |= {"comment": comment_json(host, change.comment)} if change.comment else {}
    body = json.dumps(found | {"sender": person(host, change.by)}).encode()
    headers = {"Content-Type": "application/json", "X-GitHub-Delivery": str(uuid.uuid4())}
    headers |= {"X-GitHub-Event": "issue_comment" if change.comment else "issues"}
    return headers | signature(host.flavour, hook.secret, body), body


def signature(flavour: str, secret: str, body: bytes) -> dict[str, str]:
    """The header that signs `body`; there is none without a secret."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"} if secret else {}

"""Gitee v5 as its documents describe it: the token among the parameters, forms, numbers that are text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from tests.fakes.clock import START
from tests.fakes.githost.state import Change, Comment, Issue, Label
from tests.fakes.githost.web import Refused, Traits, answer, paged, person_id, release_json, z

if TYPE_CHECKING:
    from tests.fakes.githost import GitHost, Hook, Token


def text_number(number: int) -> str:
    return f"I{number:04X}"


FLAVOURS = {"gitee": Traits("gitee", "gitee", prefix="/api/v5", kept_prefix="/v5", number=text_number)}


def app(host: GitHost) -> Flask:
    made = Flask(__name__)
    api = Api(host)
    made.before_request(api.admit)
    made.register_error_handler(HTTPException, api.failed)
    v5 = "/api/v5"
    owner, repo = f"{v5}/repos/{host.repository.owner}", f"{v5}/repos/{host.repo}"
    for rule, method, view in [
        (f"{v5}/user", "GET", api.user),
        (repo, "GET", api.repo),
        (f"{repo}/collaborators/<login>", "GET", api.collaborator),
        (f"{owner}/issues", "POST", api.create),
        (f"{owner}/issues/<number>", "PATCH", api.edit),
        (f"{repo}/issues", "GET", api.listed),
        (f"{repo}/issues/<number>", "GET", api.get),
        (f"{repo}/issues/<number>/comments", "GET", api.comments),
        (f"{repo}/issues/<number>/comments", "POST", api.comment),
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
        return self.host.tokens.get(request.values.get("access_token", ""))

    def admit(self) -> None:
        known = self.token()
        if "access_token" in request.values and known is None:
            raise Refused(401, "401 Unauthorized: Access token does not exist")
        if known is None and (request.method != "GET" or request.path.endswith("/user")):
            raise Refused(401, "401 Unauthorized: Access token is required")
        if known and known.scopes is not None and request.method != "GET":
            raise Refused(403, "没有权限：issues")
        if self.repository.archived and request.method != "GET":
            raise Refused(403, "仓库已归档")

    def failed(self, err: HTTPException) -> Response:
        return answer({"message": "Not Found Project" if err.code == 404 else str(err.description)}, err.code or 500)

    def user(self) -> Response:
        known = self.token()
        return answer(person(self.host, known.login if known else ""))

    def repo(self) -> Response:
        # the description calls `permission` a text; in its examples it is an object
        outside = self.host.account not in self.repository.members
        more = {"permission": {"pull": True, "push": False, "admin": False}} if outside else {}
        return answer(repo_json(self.host) | {"has_issues": not self.repository.issues_off} | more)

    def collaborator(self, login: str) -> Response:
        if login not in self.repository.members:
            raise Refused(404, "Not Found")
        return Response(status=204)

    def listed(self) -> Response:
        ask = request.args
        since = datetime.fromisoformat(ask.get("since", "1970-01-01T00:00:00Z"))
        wanted = ask.get("state", "open")
        found = [one for one in self.host.issues if not one.pull and wanted in ("all", state(one))]
        found = [one for one in found if one.updated.replace(microsecond=0) >= since]
        by = "updated" if ask.get("sort") == "updated" else "created"
        found.sort(key=lambda one: (getattr(one, by), one.number), reverse=ask.get("direction", "desc") == "desc")
        page, _ = paged(found, 20, 100)
        return answer([issue_json(self.host, one) for one in page])

    def create(self) -> Response:
        form = request.form
        if form.get("repo") != self.repository.name:
            raise Refused(404, "Not Found")
        if not form.get("title"):
            raise Refused(400, "title is missing")
        known = self.token()
        login = known.login if known else ""
        ids = self.named(form.get("labels", "")) if login in self.repository.members else []
        made = self.repository.open(form["title"], form.get("body", ""), by=login, labels=ids)
        return answer(issue_json(self.host, made), 201)

    def named(self, labels: str) -> list[int]:
        return self.repository.name_labels(name for name in labels.split(",") if name)

    def issue(self, number: str) -> Issue:
        found = [one for one in self.host.issues if text_number(one.number) == number]
        if not found:
            raise Refused(404, "Not Found")
        return found[0]

    def get(self, number: str) -> Response:
        issue = self.issue(number)
        if issue.moved_to:
            return Response(status=301, headers={"Location": issue.moved_to})
        return answer(issue_json(self.host, issue))

    def edit(self, number: str) -> Response:
        form, issue = request.form, self.issue(number)
        if form.get("repo") != self.repository.name:
            raise Refused(404, "Not Found")
        change: dict[str, Any] = {key: form[key] for key in ("title", "body") if key in form}
        change |= {"open": form["state"] != "closed", "reason": ""} if "state" in form else {}
        change |= {"labels": self.named(form["labels"])} if "labels" in form else {}
        return answer(issue_json(self.host, self.repository.edit(issue.number, **change)))

    def comments(self, number: str) -> Response:
        page, _ = paged(self.repository.said(self.issue(number).number), 20, 100)
        return answer([comment_json(self.host, one) for one in page])

    def comment(self, number: str) -> Response:
        made = self.repository.say(self.issue(number).number, request.form["body"], by=self.host.account)
        return answer(comment_json(self.host, made), 201)

    def releases(self) -> Response:
        shown = [release_json(self.host, tag) for tag in self.repository.releases]
        return answer([{key: one[key] for key in one if key != "html_url"} for one in shown])

    def labels(self) -> Response:
        return answer([label_json(one) for one in self.repository.labels.values()])

    def make_label(self) -> Response:
        if self.host.account not in self.repository.members:
            raise Refused(403, "没有权限")
        return answer(label_json(self.repository.add_label(request.form["name"], request.form["color"])), 201)


def state(issue: Issue) -> str:
    if issue.open:
        return "progressing" if issue.reason == "progressing" else "open"
    return "rejected" if issue.reason == "not_planned" else "closed"


def person(host: GitHost, login: str) -> dict[str, Any]:
    return {"id": person_id(login), "login": login, "name": login, "html_url": f"{host.url}/{login}", "type": "User"}


def repo_json(host: GitHost) -> dict[str, Any]:
    found = {"id": 7, "full_name": host.repo, "path": host.repository.name, "html_url": f"{host.url}/{host.repo}"}
    return found | {"owner": person(host, host.repository.owner), "private": host.repository.private}


def label_json(label: Label) -> dict[str, Any]:
    return {"id": label.id, "name": label.name, "color": label.color, "repository_id": 7}


def issue_json(host: GitHost, issue: Issue) -> dict[str, Any]:
    labels = host.repository.labels
    found = {"id": 1000 + issue.number, "number": text_number(issue.number), "state": state(issue)}
    found |= {"html_url": f"{host.url}/{host.repo}/issues/{text_number(issue.number)}", "title": issue.title}
    found |= {"body": issue.body or None, "user": person(host, issue.author), "assignee": None, "milestone": None}
    found |= {"labels": [label_json(labels[one]) for one in issue.labels if one in labels]}
    found |= {"created_at": z(issue.created), "updated_at": z(issue.updated), "finished_at": z(issue.closed)}
    return found | {"comments": len(host.repository.said(issue.number)), "issue_type": "任务"}


def comment_json(host: GitHost, comment: Comment) -> dict[str, Any]:
    found = {"id": comment.id, "body": comment.body, "user": person(host, comment.author), "source": None}
    return found | {"created_at": z(comment.created), "target": None}


def delivery(host: GitHost, hook: Hook, change: Change) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a webhook delivery; the timestamp is signed, not the body."""
    number = len(host.deliveries) + 1
    found = {"hook_id": 5, "hook_name": "note_hooks" if change.comment else "issue_hooks", "timestamp": str(number)}
    found |= {"action": "comment" if change.comment else "state_change", "issue": issue_json(host, change.issue)}
    found |= {"repository": repo_json(host), "sender": person(host, change.by)}
    found |= {"comment": comment_json(host, change.comment), "noteable_type": "Issue"} if change.comment else {}
    headers = {"Content-Type": "application/json", "X-Gitee-Event": "Note Hook" if change.comment else "Issue Hook"}
    body = json.dumps(found).encode()
    return headers | signature(host.flavour, hook.secret, body, host.now()), body


def signature(flavour: str, secret: str, body: bytes, at: datetime = START) -> dict[str, str]:
    """The headers that sign a time with the secret."""
    stamp = f"{at.timestamp() * 1000:.0f}"
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"X-Gitee-Timestamp": stamp, "X-Gitee-Token": base64.b64encode(digest).decode() if secret else ""}

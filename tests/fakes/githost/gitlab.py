"""GitLab as its documents describe it: notes, `iid`, labels by name, confidential issues, quick actions."""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from tests.fakes.githost.state import Change, Comment, Issue
from tests.fakes.githost.web import Refused, Traits, answer, paged, person_id, release_json, sent, z

if TYPE_CHECKING:
    from tests.fakes.githost import GitHost, Hook, Token


class GitLabTraits(Traits):
    def template(self, path: str) -> str:
        return re.sub(r"/projects/[^/]+/[^/]+", "/projects/7", path)


FLAVOURS = {
    "gitlab": GitLabTraits(
        "gitlab",
        "gitlab",
        prefix="/api/v4",
        system_notes=True,
        attaches=True,
        typed=False,
        beyond=frozenset({"order_by", "sort"}),
    )
}


def app(host: GitHost) -> Flask:
    made = Flask(__name__)
    api = Api(host)
    made.before_request(api.admit)
    made.register_error_handler(HTTPException, api.failed)
    project, issue = f"/api/v4/projects/{host.repo}", f"/api/v4/projects/{host.repo}/issues/<int:number>"
    for rule, method, view in [
        ("/api/v4/version", "GET", lambda: answer({"version": "17.5.0", "revision": "abc"})),
        ("/api/v4/user", "GET", api.user),
        (project, "GET", api.project),
        (f"{project}/members/all/<int:user>", "GET", api.member),
        (f"{project}/releases", "GET", api.releases),
        (f"{project}/uploads", "POST", api.upload),
        (f"{project}/issues", "GET", api.listed),
        (f"{project}/issues", "POST", api.create),
        (issue, "GET", api.get),
        (issue, "PUT", api.edit),
        (f"{issue}/notes", "GET", api.notes),
        (f"{issue}/notes", "POST", api.note),
    ]:
        made.add_url_rule(rule, f"{method} {rule}", view, methods=[method])
    return made


class Api:
    """The routes, over the host's repository."""

    def __init__(self, host: GitHost) -> None:
        self.host, self.repository = host, host.repository

    def token(self) -> Token | None:
        return self.host.tokens.get(request.headers.get("PRIVATE-TOKEN", ""))

    def admit(self) -> None:
        known = self.token()
        if known is None:
            raise Refused(401, "401 Unauthorized")
        if known.scopes is not None and request.method != "GET":
            raise Refused(403, "insufficient_scope", "scope")
        if self.repository.archived and request.method != "GET":
            raise Refused(403, "403 Forbidden")

    def failed(self, err: HTTPException) -> Response:
        said, field = str(err.description), getattr(err, "field", "")
        if field == "scope":
            more = "The request requires higher privileges than provided by the access token."
            return answer({"error": said, "error_description": more, "scope": "api read_api"}, 403)
        if err.code == 404:
            return answer({"message": "404 Not Found"}, 404)
        return answer({"error": said} if field else {"message": said}, err.code or 500)

    def user(self) -> Response:
        known = self.token()
        return answer(person(self.host, known.login if known else ""))

    def project(self) -> Response:
        repository = self.repository
        level = 40 if self.host.account in repository.members else 10
        found = {"id": 7, "name": repository.name, "path_with_namespace": self.host.repo}
        found |= {
            "visibility": "private" if repository.private else "public",
            "archived": repository.archived,
            "issues_access_level": "disabled" if repository.issues_off else "enabled",
        }
        return answer(found | {"permissions": {"project_access": {"access_level": level}, "group_access": None}})

    def member(self, user: int) -> Response:
        if user not in map(person_id, self.repository.members):
            raise Refused(404, "404 Not found")
        return answer({"id": user, "access_level": 40})

    def releases(self) -> Response:
        shown = [release_json(self.host, tag) for tag in self.repository.releases]
        return answer([one | {"_links": {"self": one["html_url"]}} for one in shown])

    def upload(self) -> Response:
        made = sent("file")
        self.repository.attached.append(made)
        number, path = len(self.repository.attached), f"/uploads/{'a' * 32}/{made.name}"
        found = {"id": number, "alt": made.name, "url": path, "full_path": f"/-/project/7{path}"}
        return answer(found | {"markdown": f"![{made.name}]({path})"}, 201)

    def listed(self) -> Response:
        ask = request.args
        since = datetime.fromisoformat(ask.get("updated_after", "1970-01-01T00:00:00Z"))
        states = {"opened": (True,), "closed": (False,)}.get(ask.get("state", "all"), (True, False))
        found = [one for one in self.host.issues if not one.pull and one.open in states]
        found = [one for one in found if one.updated.replace(microsecond=0) >= since]
        by = "updated" if ask.get("order_by") == "updated_at" else "created"
        found.sort(key=lambda one: (getattr(one, by), one.number), reverse=ask.get("sort", "desc") == "desc")
        page, more = paged(found, 20, 100)
        return answer([issue_json(self.host, one) for one in page], headers=more)

    def create(self) -> Response:
        body = request.get_json()
        if not body.get("title"):
            raise Refused(400, "title is missing", "title")
        known = self.token()
        login = known.login if known else ""
        ids = self.repository.name_labels(body.get("labels", [])) if login in self.repository.members else []
        hidden = bool(body.get("confidential"))
        text, closing = acted_on(body.get("description", ""))
        made = self.repository.open(body["title"], text, by=login, labels=ids, confidential=hidden)
        if closing:
            self.repository.close(made.number)
        return answer(issue_json(self.host, made), 201)

    def issue(self, number: int) -> Issue:
        if number not in self.repository.issues:
            raise Refused(404, "404 Not found")
        return self.repository.issues[number]

    def get(self, number: int) -> Response:
        return answer(issue_json(self.host, self.issue(number)))

    def edit(self, number: int) -> Response:
        issue, body = self.issue(number), request.get_json()
        change = {"title": body["title"]} if "title" in body else {}
        if "description" in body:
            change["body"], closing = acted_on(body["description"])
            change |= {"open": False} if closing else {}
        if "state_event" in body:
            change["open"] = body["state_event"] == "reopen"
        if "add_labels" in body:
            change["labels"] = sorted({*issue.labels, *self.repository.name_labels(body["add_labels"])})
        return answer(issue_json(self.host, self.repository.edit(number, **change)))

    def notes(self, number: int) -> Response:
        self.issue(number)
        found = sorted(self.repository.said(number), key=lambda one: one.id, reverse=request.args.get("sort") != "asc")
        page, more = paged(found, 20, 100)
        return answer([note_json(self.host, one) for one in page], headers=more)

    def note(self, number: int) -> Response:
        self.issue(number)
        text, closing = acted_on(request.get_json()["body"])
        if closing:
            self.repository.close(number, by=self.host.account)
        return answer(note_json(self.host, self.repository.say(number, text, by=self.host.account)), 201)


def acted_on(text: str) -> tuple[str, bool]:
    """`text` without its quick actions, and whether one of them closes the issue."""
    return re.sub(r"(?m)^/close$\n?", "", text), bool(re.search(r"(?m)^/close$", text))


def person(host: GitHost, login: str) -> dict[str, Any]:
    return {
        "id": person_id(login),
        "username": login,
        "name": login,
        "state": "active",
        "web_url": f"{host.url}/{login}",
    }


def issue_json(host: GitHost, issue: Issue) -> dict[str, Any]:
    page = f"{host.url}/{host.repo}/-/issues"
    found = {"id": 1000 + issue.number, "iid": issue.number, "project_id": 7, "title": issue.title}
    found |= {"description": issue.body, "state": "opened" if issue.open else "closed", "type": "ISSUE"}
    found |= {"created_at": z(issue.created), "updated_at": z(issue.updated), "closed_at": z(issue.closed)}
    found |= {"labels": host.repository.label_names(issue), "milestone": None, "assignees": [], "assignee": None}
    found |= {"author": person(host, issue.author), "confidential": issue.confidential, "issue_type": "issue"}
    found |= {"web_url": f"{page}/{issue.number}", "user_notes_count": len(host.repository.said(issue.number))}
    canonical = f"{host.url}/api/v4/projects/7/issues/{issue.duplicate_of}" if issue.duplicate_of else None
    found |= {"_links": {"self": f"{page}/{issue.number}", "closed_as_duplicate_of": canonical}}
    return found | {"moved_to_id": 99 if issue.moved_to else None}


def note_json(host: GitHost, comment: Comment) -> dict[str, Any]:
    found = {"id": comment.id, "body": comment.body, "author": person(host, comment.author), "system": comment.system}
    found |= {"created_at": z(comment.created), "updated_at": z(comment.updated), "internal": comment.internal}
    return found | {"noteable_id": 1000 + comment.number, "noteable_type": "Issue", "noteable_iid": comment.number}


def delivery(host: GitHost, hook: Hook, change: Change) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a webhook delivery; the secret goes along as it is."""
    issue = issue_json(host, change.issue)
    verbs = {"opened": "open", "closed": "close", "reopened": "reopen"}
    found = {"object_kind": "note" if change.comment else "issue", "user": person(host, change.by)}
    level = 0 if host.repository.private else 20
    found |= {"project": {"id": 7, "path_with_namespace": host.repo, "visibility_level": level}}
    if change.comment:
        found |= {"object_attributes": note_json(host, change.comment) | {"action": "create"}, "issue": issue}
    else:
        found |= {"object_attributes": issue | {"action": verbs.get(change.action, "update")}}
    headers = {"Content-Type": "application/json", "X-Gitlab-Event": "Note Hook" if change.comment else "Issue Hook"}
    headers |= {"X-Gitlab-Event-UUID": str(uuid.uuid4()), "Idempotency-Key": str(uuid.uuid4())}
    body = json.dumps(found).encode()
    return headers | signature(host.flavour, hook.secret, body), body


def signature(flavour: str, secret: str, body: bytes) -> dict[str, str]:
    """The header that carries the secret; there is none without one."""
    return {"X-Gitlab-Token": secret} if secret else {}

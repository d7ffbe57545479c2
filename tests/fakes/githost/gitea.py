"""Gitea 1.22, Gitea 1.12 and OpenI as they were seen to answer, quirks included."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from tests.fakes.githost.state import Attached, Change, Comment, Issue, Label
from tests.fakes.githost.web import Refused, Traits, asked, release_json, sent, z

if TYPE_CHECKING:
    from tests.fakes.githost import GitHost, Hook


FLAVOURS = {
    "gitea-1.22": Traits("gitea", "gitea-1.22dev", attaches=True),
    "gitea-1.12": Traits("gitea", "gitea-1.12.6", old=True, beyond=frozenset({"since"})),
    "forgejo": Traits("forgejo", "forgejo", attaches=True),
    "openi": Traits("openi", "openi-like", old=True, edit="POST", beyond=frozenset({"since"})),
}
CREATED_AT = "2026-01-05T08:00:00Z"


def app(host: GitHost) -> Flask:
    made = Flask(__name__)
    made.json.sort_keys = False  # type: ignore[attr-defined]
    api = Api(host)
    made.register_blueprint(api.blueprint())
    made.register_error_handler(HTTPException, api.failed)
    return made


class Api:
    """The routes, over the host's repository."""

    def __init__(self, host: GitHost) -> None:
        self.host, self.old = host, host.traits.old
        self.repository = host.repository

    def blueprint(self) -> Blueprint:
        routes = Blueprint("gitea", __name__, url_prefix="/api/v1")
        routes.before_request(self.admit)
        repo, issue = f"/repos/{self.host.repo}", f"/repos/{self.host.repo}/issues/<int:number>"
        for rule, methods, view in [
            ("/version", "GET", self.version),
            ("/user", "GET", self.user),
            (repo, "GET", self.repo),
            ("/repos/issues/search", "GET", self.search),
            (f"{repo}/issues", "GET", self.listed),
            (f"{repo}/issues", "POST", self.create),
            (issue, "GET", self.get),
            (issue, self.host.traits.edit, self.edit),
            (f"{issue}/comments", "GET", self.comments),
            (f"{issue}/comments", "POST", self.comment),
            (f"{issue}/labels", "GET", self.labels_of),
            (f"{issue}/labels", "POST", self.label),
            (f"{issue}/labels", "PUT", self.relabel),
            (f"{repo}/labels", "GET", self.labels),
            (f"{repo}/labels", "POST", self.make_label),
            (f"{repo}/releases", "GET", self.releases),
            (f"{repo}/collaborators/<login>", "GET", self.collaborator),
        ]:
            routes.add_url_rule(rule, f"{methods} {rule}", view, methods=[methods])
        if not self.old:
            routes.add_url_rule(f"{repo}/assignees", view_func=self.assignees)
            routes.add_url_rule(f"{issue}/assets", view_func=self.attached)
            routes.add_url_rule(f"{issue}/assets", view_func=self.attach, methods=["POST"])
        return routes

    # --- who may do what

    def admit(self) -> None:
        given = request.headers.get("Authorization", "").partition(" ")[2]
        known = self.host.tokens.get(given)
        if given and known is None:
            raise Refused(401, "user does not exist [uid: 0, name: , keyid: 0]")
        if known is None and self.repository.closed:
            raise Refused(403, "Only signed in user is allowed to call APIs.")
        if known is None and self.repository.private and not request.path.endswith(("/version", "/user")):
            raise Refused(404, "Not Found")
        if known is None and (request.method != "GET" or request.path.endswith("/user")):
            raise Refused(401, "token is required")
        if known and not self.old:
            self._scoped(known.scopes)
        if self.repository.archived and request.method != "GET":
            raise Refused(404, "Not Found") if self.old else Refused(423, "<Repository> is archived")

    def _scoped(self, scopes: frozenset[str] | None) -> None:
        tail = request.path.rpartition(self.host.repo)[2]
        area = "user" if request.path.endswith("/user") else ("issue" if tail[1:] else "repository")
        area = "repository" if tail.startswith(("/assignees", "/collaborators", "/releases")) else area
        if scopes is None or request.path.endswith("/version"):
            return
        verb = "read" if request.method == "GET" else "write"
        if not scopes & {f"{verb}:{area}", f"write:{area}"}:
            raise Refused(403, f"token does not have at least one of required scope(s): [{verb}:{area}]")

    def failed(self, err: HTTPException) -> tuple[Response, int] | tuple[str, int]:
        code, said = err.code or 500, str(err.description)
        docs = f"{self.host.url}/api/swagger"
        if code == 405:
            return (jsonify(_missing(docs)), 404) if self.old else ("", 405)
        if code == 404:
            new = {"errors": None, "message": "The target couldn't be found.", "url": docs}
            return jsonify(_missing(docs) if self.old else new), 404
        field = getattr(err, "field", "")
        if self.old and field == "labels":
            return jsonify([{"classification": "DeserializationError", "message": said}]), 400
        if self.old and field:
            return jsonify([{"fieldNames": [field], "classification": "RequiredError", "message": "Required"}]), 422
        return jsonify({"message": f"[{field}]: {said}" if field else said, "url": docs}), code

    # --- routes

    def version(self) -> Response:
        return jsonify({"version": "1.12.6" if self.old else "1.22.0"})

    def user(self) -> Response:
        token = self.host.tokens[request.headers["Authorization"].partition(" ")[2]]
        return jsonify(user_json(self.host, token.login))

    def repo(self) -> Response:
        return jsonify(repo_json(self.host))

    def assignees(self) -> Response:
        return jsonify([user_json(self.host, login) for login in sorted(self.repository.members)])

    def collaborator(self, login: str) -> tuple[str, int]:
        if login not in self.repository.members - {self.repository.owner}:
            raise Refused(404, "Not Found")
        return "", 204

    def search(self) -> Response:
        ripe = self.host.now() - timedelta(seconds=self.host.lag)
        words = request.args.get("q", "").casefold()
        found = [one for one in self.host.issues if one.created <= ripe and words in (one.title + one.body).casefold()]
        return jsonify([self.issue_json(one) for one in found])

    def listed(self) -> Response:
        found = list(filter(self._wanted(), self.host.issues))
        # newest first; within a second 1.12 was seen to go the other way
        found.sort(key=lambda one: (-int(one.created.timestamp()), one.number if self.old else -one.number))
        page, limit = asked("page", 1), asked("limit", 10 if self.old else 30)
        limit = min(limit, 50)
        answer = jsonify([self.issue_json(one) for one in found[(page - 1) * limit : page * limit]])
        if not self.old:
            answer.headers["X-Total-Count"] = str(len(found))
        return answer

    def _wanted(self) -> Callable[[Issue], bool]:
        state, kind, since = request.args.get("state", "open"), request.args.get("type", ""), self._since()
        # whether OpenI heeds `type` could not be seen; here it doesn't, so that clients look for themselves
        kind = "" if self.host.kind == "openi" else kind
        states = {"all": (True, False), "closed": (False,)}.get(state, (True,))
        return lambda one: one.open in states and (not kind or (kind == "pulls") == one.pull) and one.updated >= since

    def _since(self) -> datetime:
        given = request.args.get("since")
        if self.old or not given:
            return datetime.fromisoformat("1970-01-01T00:00:00Z")
        try:
            return datetime.fromisoformat(given)
        except ValueError:
            raise Refused(422, f'parsing time "{given}"') from None

    def create(self) -> tuple[Response, int]:
        body = request.get_json(force=True)
        self._ids(body)
        if not body.get("title"):
            raise Refused(422, "Required", "Title")
        login = self.host.tokens[request.headers["Authorization"].partition(" ")[2]].login
        ids = [one for one in self._ids(body) if one in self.repository.labels and login in self.repository.members]
        made = self.repository.open(body["title"], body.get("body", ""), by=login, labels=ids)
        return jsonify(self.issue_json(made)), 201

    def _ids(self, body: dict[str, Any]) -> list[int]:
        ids = body.get("labels") or []
        if not all(isinstance(one, int) for one in ids):
            raise Refused(422, "json: cannot unmarshal string into Go struct field labels of type int64", "labels")
        return list(ids)

    def _issue(self, number: int) -> Issue:
        if number not in self.repository.issues:
            raise Refused(404, "Not Found")
        return self.repository.issues[number]

    def get(self, number: int) -> Response | tuple[str, int, dict[str, str]]:
        issue = self._issue(number)
        if issue.moved_to:
            return "", 301, {"Location": issue.moved_to}
        return jsonify(self.issue_json(issue))

    def edit(self, number: int) -> tuple[Response, int]:
        self._issue(number)
        body = request.get_json(force=True)
        change = {key: body[key] for key in ("title", "body") if body.get(key) is not None}
        if "state" in body:
            change["open"] = body["state"] != "closed"  # any other word opens
        return jsonify(self.issue_json(self.repository.edit(number, **change))), 201

    def comments(self, number: int) -> Response:
        self._issue(number)
        return jsonify([self.comment_json(one) for one in self.repository.said(number)])

    def comment(self, number: int) -> tuple[Response, int]:
        self._issue(number)
        body = request.get_json(force=True).get("body")
        if not body:
            raise Refused(422, "Required", "Body")
        return jsonify(self.comment_json(self.repository.say(number, body, by=self.host.account))), 201

    def releases(self) -> Response:
        return jsonify([release_json(self.host, tag) for tag in self.repository.releases])

    def labels(self) -> Response:
        found = list(self.repository.labels.values())
        if "page" in request.args:
            page, limit = asked("page", 1), min(asked("limit", 30), 50)
            found = found[(page - 1) * limit : page * limit]
        return jsonify([label_json(self.host, one) for one in found])

    def make_label(self) -> tuple[Response, int]:
        if self.host.account not in self.repository.members:
            raise Refused(403, "user should have a permission to write to a repo")
        body = request.get_json(force=True)
        return jsonify(label_json(self.host, self.repository.add_label(body["name"], body["color"]))), 201

    def labels_of(self, number: int) -> Response:
        labels = self.repository.labels
        return jsonify([label_json(self.host, labels[one]) for one in self._issue(number).labels])

    def label(self, number: int) -> Response:
        ids = self._ids(request.get_json(force=True))
        self.repository.relabel(number, [*self._issue(number).labels, *ids])
        return self.labels_of(number)

    def relabel(self, number: int) -> Response:
        self._issue(number)
        self.repository.relabel(number, self._ids(request.get_json(force=True)))
        return self.labels_of(number)

    def attached(self, number: int) -> Response:
        self._issue(number)
        found = enumerate(self.repository.attached)
        return jsonify([attached_json(self.host, place, one) for place, one in found if one.number == number])

    def attach(self, number: int) -> tuple[Response, int]:
        self._issue(number)
        made = sent("attachment", number)
        if not made.media_type.startswith("image/"):
            raise Refused(500, "This file extension or type is not allowed to be uploaded.")
        self.repository.attached.append(made)
        return jsonify(attached_json(self.host, len(self.repository.attached) - 1, made)), 201

    def issue_json(self, issue: Issue) -> dict[str, Any]:
        return issue_json(self.host, issue)

    def comment_json(self, comment: Comment) -> dict[str, Any]:
        return comment_json(self.host, comment)


# --- shapes


def user_json(host: GitHost, login: str) -> dict[str, Any]:
    found = {"id": sum(login.encode()), "login": login, "full_name": "", "email": f"{login}@noreply.example.com"}
    found |= {"avatar_url": f"{host.url}/avatars/{login}", "language": "", "is_admin": False}
    return found | {"last_login": "0001-01-01T00:00:00Z", "created": CREATED_AT}


def repo_json(host: GitHost) -> dict[str, Any]:
    repository = host.repository
    member = host.account in repository.members
    found = {"id": 7, "owner": user_json(host, repository.owner), "name": repository.name, "full_name": host.repo}
    found |= {"description": "", "private": repository.private, "html_url": f"{host.url}/{host.repo}"}
    found |= {"archived": repository.archived, "has_issues": not repository.issues_off}
    return found | {"permissions": {"admin": False, "push": member, "pull": True}, "default_branch": "main"}


def label_json(host: GitHost, label: Label) -> dict[str, Any]:
    return {"id": label.id, "name": label.name, "color": label.color, "description": "", "url": ""}


def issue_json(host: GitHost, issue: Issue) -> dict[str, Any]:
    repository, page = host.repository, f"{host.repo}/issues/{issue.number}"
    found = {"id": 1000 + issue.number, "url": f"{host.url}/api/v1/repos/{page}", "html_url": f"{host.url}/{page}"}
    found |= {"number": issue.number, "user": user_json(host, issue.author), "title": issue.title, "body": issue.body}
    found |= {"original_author": "", "original_author_id": 0}
    found |= {"labels": [label_json(host, repository.labels[one]) for one in issue.labels if one in repository.labels]}
    found |= {"milestone": None, "assignee": None, "assignees": None, "state": "open" if issue.open else "closed"}
    found |= {"comments": len(repository.said(issue.number)), "created_at": z(issue.created)}
    found |= {"updated_at": z(issue.updated), "closed_at": z(issue.closed), "due_date": None}
    found["pull_request"] = {"merged": False, "merged_at": None} if issue.pull else None
    meta = {"id": 7, "name": repository.name, "owner": repository.owner, "full_name": host.repo}
    return found | {"repository": meta}


def comment_json(host: GitHost, comment: Comment) -> dict[str, Any]:
    page = f"{host.url}/{host.repo}/issues/{comment.number}"
    found = {"id": comment.id, "html_url": f"{page}#issuecomment-{comment.id}", "pull_request_url": ""}
    found |= {"issue_url": page, "user": user_json(host, comment.author)}
    found |= {"original_author": "", "original_author_id": 0}
    return found | {"body": comment.body, "created_at": z(comment.created), "updated_at": z(comment.updated)}


def attached_json(host: GitHost, place: int, one: Attached) -> dict[str, Any]:
    named = str(uuid.UUID(int=place))
    found = {"id": place + 1, "name": one.name, "size": len(one.content), "download_count": 0, "uuid": named}
    return found | {"created_at": CREATED_AT, "browser_download_url": f"{host.url}/attachments/{named}"}


def delivery(host: GitHost, hook: Hook, change: Change) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a webhook delivery, signed with the hook's secret."""
    event = "issue_comment" if change.comment else "issues"
    found = {"action": change.action, "issue": issue_json(host, change.issue), "repository": repo_json(host)}
    found |= {"sender": user_json(host, change.by)}
    found |= {"comment": comment_json(host, change.comment), "is_pull": change.issue.pull} if change.comment else {}
    found |= {} if change.comment else {"number": change.issue.number}
    if host.traits.old:
        found = {"secret": hook.secret, **found}  # in clear, as 1.12 does
    body = json.dumps(found, indent=2).encode()
    named = str(uuid.uuid4())
    headers = {}
    for maker in ("GitHub", "Gitea", "Gogs"):
        headers |= {f"X-{maker}-Delivery": named, f"X-{maker}-Event": event}
        headers |= {} if host.traits.old else {f"X-{maker}-Event-Type": event}
    headers |= signature(host.flavour, hook.secret, body)
    if hook.form:
        return headers | {"Content-Type": "application/x-www-form-urlencoded"}, urlencode({"payload": body}).encode()
    return headers | {"Content-Type": "application/json"}, body


def signature(flavour: str, secret: str, body: bytes) -> dict[str, str]:
    """The headers that sign `body`; without a secret they are there, empty of a digest."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() if secret else ""
    newer = {} if FLAVOURS[flavour].old else {"X-Hub-Signature-256": f"sha256={digest}"}
    return {"X-Gitea-Signature": digest, "X-Gogs-Signature": digest, **newer}


def _missing(docs: str) -> dict[str, Any]:
    return {"documentation_url": docs, "errors": None, "message": "Not Found"}

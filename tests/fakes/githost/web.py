"""What the flavours share of answering over the web."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.exceptions import HTTPException

from tests.fakes.githost.state import Attached


@dataclass(frozen=True)
class Traits:
    """What tests need to know of a flavour; `spec` names its API description."""

    kind: str
    spec: str
    prefix: str = "/api/v1"
    kept_prefix: str = ""  # what of the prefix is in the description's paths too
    old: bool = False  # Gitea 1.12: small pages, no totals, no `since`, no scopes, arrays of errors, no assignees
    edit: str = "PATCH"
    system_notes: bool = False
    attaches: bool = False  # whether files can be attached over the API
    beyond: frozenset[str] = frozenset()  # parameters that the description leaves out
    whole: bool = True  # whether the fake sends all that the description requires
    typed: bool = True  # whether the description is right about the types of answers
    number: Callable[[int], str] = str

    @property
    def scopes(self) -> bool:
        """Whether tokens may be less than whole."""
        return not self.old

    @property
    def members(self) -> bool:
        """Whether the host can tell who belongs to the project."""
        return True

    @property
    def closes(self) -> bool:
        """Whether somebody runs it who may close it as a whole to those who have not signed in."""
        return self.kind not in {"gitee", "gitlab"}

    def template(self, path: str) -> str:
        return self.kept_prefix + path.removeprefix(self.prefix)


class Refused(HTTPException):
    def __init__(self, code: int, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code, self.field = code, field


def asked(name: str, default: int) -> int:
    given = request.args.get(name, "")
    return int(given) if given.isdigit() and int(given) else default


def release_json(host: Any, tag: str) -> dict[str, Any]:
    page = f"{host.url}/{host.repo}/releases/tag/{tag}"
    return {"tag_name": tag, "name": f"Release {tag}", "html_url": page, "draft": False, "prerelease": False}


def sent(name: str, number: int = 0) -> Attached:
    """The file that came in the form's field `name`."""
    with closing(request.files[name]) as file:
        return Attached(file.filename or "", file.mimetype, file.read(), number)


def z(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def person_id(login: str) -> int:
    return zlib.crc32(login.encode()) & 0x7FFFFFFF


def answer(found: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(found, ensure_ascii=False), status, headers, mimetype="application/json")


def paged(found: Sequence[Any], default: int, most: int) -> tuple[Sequence[Any], dict[str, str]]:
    """The page that was asked for, and a Link to the next one where there is one."""
    page, size = asked("page", 1), min(asked("per_page", default), most)
    query = urlencode({**request.args.to_dict(), "page": page + 1})
    more = {"Link": f'<{request.base_url}?{query}>; rel="next"'} if page * size < len(found) else {}
    return found[(page - 1) * size : page * size], more


def conditional(made: Response) -> Response:
    """With an ETag; empty and 304 where the caller has it already."""
    tag = f'W/"{hashlib.sha256(made.get_data()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return Response(status=304, headers={"ETag": tag})
    made.headers["ETag"] = tag
    return made

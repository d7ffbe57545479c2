"""Projects: adding and setting them, their tokens and their secrets."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage import hosts
from triage.db.seal import seal, unseal
from triage.db.tables import ApiToken, Project
from triage.domain.feedback import Kind
from triage.domain.verdicts import parse
from triage.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from triage.services import places

DEFAULT_LABELS: dict[str, list[str]] = {kind.value: [] for kind in Kind}
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_PLAIN = {"name", "about", "language", "host", "host_url", "host_repo", "host_account"}
_CONNECTING = {"host", "host_url", "host_repo", "host_account", "host_token"}
_SEALED = {"host_token", "host_secret", "hook_secret"}
SETTABLE = (*sorted(_PLAIN | _SEALED | {f"label.{kind}" for kind in Kind}), "word.COMPONENT", "policy.RULE")


def add(session: Session, slug: str, name: str, *, key: str, now: datetime) -> Project:
    """Add a project with fresh webhook secrets. Raises InvalidError for the slug, ConflictError where it is taken."""
    if not _SLUG.fullmatch(slug):
        raise InvalidError("a slug is 1 to 60 small letters, digits and inner dashes", field="slug", code="slug")
    if session.scalar(select(Project.id).where(Project.slug == slug)):
        raise ConflictError(f"there is a project “{slug}” already")
    project = Project(
        slug=slug,
        name=name.strip() or slug,
        labels=dict(DEFAULT_LABELS),
        sealed_host_secret=seal(secrets.token_hex(24), key),
        sealed_hook_secret=seal(new_hook_secret(), key),
        created_at=now,
    )
    session.add(project)
    session.flush()
    return project


def new_hook_secret() -> str:
    """Return a secret in the form that Standard Webhooks libraries take."""
    import base64

    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def change(session: Session, project: Project, pairs: Sequence[tuple[str, str]], *, key: str) -> None:
    """Set what each (name, value) says; InvalidError names the first that can't be, and then nothing is set."""
    before = places.place(project)
    with session.begin_nested():  # flushes what is pending, and on an error takes back what was set here
        for name, value in pairs:
            _change_one(project, name, value.strip(), key)
        if places.place(project) != before:
            places.leave(session, project, before)
        if _CONNECTING & {name for name, _ in pairs}:
            places.try_again(session, project)


def _change_one(project: Project, name: str, value: str, key: str) -> None:
    if name in _SEALED:
        setattr(project, f"sealed_{name}", seal(value, key))
    elif name in _PLAIN:
        setattr(project, name, _checked(name, value))
    elif name.startswith("label.") and name[6:] in set(Kind):
        project.labels = {**project.labels, name[6:]: _listed(value)}
    elif name.startswith("policy."):
        project.policy = {**project.policy, name[7:]: parse(name[7:], value)}
    elif name.startswith("word.") and name[5:]:
        project.words = {k: v for k, v in {**project.words, name[5:]: _listed(value)}.items() if v}
    else:
        raise InvalidError(f"there is no setting “{name}”; there are {', '.join(SETTABLE)}", field=name, code="unknown")


def _listed(value: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,，、]", value) if part.strip()]


def _checked(name: str, value: str) -> str:
    if name == "host" and value not in hosts.kinds():
        raise InvalidError(f"there is no host “{value}”; there are {', '.join(sorted(hosts.kinds()))}", field=name)
    if name == "host_url" and value and urlsplit(value).scheme not in {"http", "https"}:
        raise InvalidError("the host's address begins with http:// or https://", field=name)
    if name == "host_url" and "@" in urlsplit(value).netloc:
        raise InvalidError("the host's address is shown to all maintainers: give the token as host_token", field=name)
    if name == "host_repo" and value and not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", value):
        raise InvalidError("the repository is written owner/name", field=name)
    if name == "language" and value not in {"zh", "en"}:
        raise InvalidError("the language is zh or en", field=name)
    return value.rstrip("/") if name == "host_url" else value


def listing(session: Session) -> list[Project]:
    """Return all projects by their slug."""
    return list(session.scalars(select(Project).order_by(Project.slug)))


def shown(project: Project) -> dict[str, Any]:
    """Return a project's settings for reading, with secrets as set or unset only."""
    plain = {name: getattr(project, name) for name in sorted(_PLAIN)}
    sealed = {name: "(set)" if getattr(project, f"sealed_{name}") else "(not set)" for name in sorted(_SEALED)}
    whole = {"labels": project.labels, "words": project.words, "policy": project.policy}
    return {"slug": project.slug, **plain, **sealed, **whole}


def add_token(session: Session, project: Project, name: str, *, now: datetime) -> str:
    """Make a token of the submit API and return it: the only time that it can be read."""
    token = "tr_" + secrets.token_urlsafe(30)
    session.add(ApiToken(project_id=project.id, name=name, digest=_digest(token), created_at=now))
    return token


def check_token(session: Session, project: Project, token: str, *, now: datetime) -> None:
    """Raise ForbiddenError unless `token` is one of the project's that still holds."""
    row = session.scalar(
        select(ApiToken).where(
            ApiToken.digest == _digest(token), ApiToken.project_id == project.id, ApiToken.revoked_at.is_(None)
        )
    )
    if row is None:
        raise ForbiddenError("the token is wrong, or not this project's")
    row.used_at = now


def tokens(session: Session, project: Project) -> list[ApiToken]:
    """Return the tokens of the submit API that still hold, the oldest first."""
    holds = select(ApiToken).where(ApiToken.project_id == project.id, ApiToken.revoked_at.is_(None))
    return list(session.scalars(holds.order_by(ApiToken.id)))


def revoke(session: Session, project: Project, number: int, *, now: datetime) -> None:
    """Let token `number` hold no longer."""
    row = next((row for row in tokens(session, project) if row.id == number), None)
    if row is None:
        raise NotFoundError(f"{project.slug} has no token {number} that still holds")
    row.revoked_at = now


def hook_secret(project: Project, *, key: str) -> str:
    """Return the secret with which senders sign the generic webhook."""
    return unseal(project.sealed_hook_secret, key)


def host_secret(project: Project, *, key: str) -> str:
    """Return the secret to be set at the Git host's webhook."""
    return unseal(project.sealed_host_secret, key)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

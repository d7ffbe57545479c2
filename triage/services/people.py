"""Maintainers: adding them, their passwords, and signing in."""

from __future__ import annotations

import secrets
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage.db.tables import User
from triage.domain.codes import ALPHABET
from triage.domain.text import cleanse
from triage.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError

SHORTEST = 10  # characters of a password

_hasher = PasswordHasher()
# Verifying against this costs as much as against a real one: the time of an answer doesn't tell which names exist.
_NOBODY = _hasher.hash("nobody has this password")


def one_time_password() -> str:
    """Return a password to be read off a screen once."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4)).lower()


def add(session: Session, name: str, password: str = "", *, now: datetime) -> str:
    """Add a maintainer and return the password: the one given, or a one-time one that must be changed at first use."""
    name = cleanse(name)
    if not 1 <= len(name) <= 100:  # noqa: PLR2004
        raise InvalidError("a name has 1 to 100 characters", field="name", code="name")
    if session.scalar(select(User.id).where(User.name == name)):
        raise ConflictError(f"there is a maintainer “{name}” already; “triage user reset” makes a new password")
    chosen = _long_enough(password) if password else one_time_password()
    user = User(
        name=name, password_hash=_hasher.hash(_encoded(chosen)), must_change_password=not password, created_at=now
    )
    session.add(user)
    return chosen


def sign_in(session: Session, name: str, password: str) -> User:
    """Return the maintainer, or raise ForbiddenError: the same for a wrong name and a wrong password."""
    user = session.scalar(select(User).where(User.name == cleanse(name), User.active))
    try:
        _hasher.verify(user.password_hash if user else _NOBODY, _encoded(password))
    except (VerificationError, InvalidHashError) as error:
        raise ForbiddenError("the name or the password is wrong") from error
    if user is None:
        raise ForbiddenError("the name or the password is wrong")
    return user


def change_password(user: User, password: str) -> None:
    """Set a new password; raises InvalidError for one that is too short."""
    user.password_hash = _hasher.hash(_encoded(_long_enough(password)))
    user.must_change_password = False


def listing(session: Session) -> list[User]:
    """Return all maintainers by name, those who left too: their decisions keep their names."""
    return list(session.scalars(select(User).order_by(User.name)))


def reset(session: Session, name: str) -> str:
    """Return a new one-time password for a maintainer, whoever left comes back in; every session of theirs ends."""
    user, chosen = _named(session, name), one_time_password()
    user.password_hash, user.must_change_password, user.active = _hasher.hash(_encoded(chosen)), True, True
    return chosen


def remove(session: Session, name: str) -> None:
    """Shut a maintainer out at once, also where they are signed in; what they decided stays as it is."""
    user = _named(session, name)
    if not user.active:
        raise ConflictError(f"“{user.name}” is shut out already")
    user.active = False


def _named(session: Session, name: str) -> User:
    user = session.scalar(select(User).where(User.name == cleanse(name)))
    if user is None:
        raise NotFoundError(f"there is no maintainer “{cleanse(name)}”")
    return user


def count(session: Session) -> int:
    """Return how many maintainers there are."""
    return session.scalar(select(func.count(User.id))) or 0


def _long_enough(password: str) -> str:
    if len(password) < SHORTEST:
        raise InvalidError(f"a password has at least {SHORTEST} characters", field="password", code="password_short")
    return password


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")

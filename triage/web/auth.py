"""Signing in and out, and the first password of one's own."""

from __future__ import annotations

import hashlib

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user, logout_user

from triage.db.tables import User
from triage.errors import ForbiddenError, InvalidError
from triage.services import people
from triage.web import language
from triage.web.context import safe_next, site
from triage.web.errors import sentence
from triage.web.guards import limiter, login

blueprint = Blueprint("auth", __name__)
TRIES = "10 per 10 minutes"  # failed ones, from one address
QUEUE = "/queue"


class Maintainer(UserMixin):  # type: ignore[misc]
    """Who is signed in. The session holds a print of the password's hash too: changing it ends every other session."""

    def __init__(self, user: User) -> None:
        self.id = user.id
        self.name = user.name
        self.must_change_password = user.must_change_password
        self._print = hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]

    def get_id(self) -> str:
        """Return what the session remembers."""
        return f"{self.id}.{self._print}"


@login.user_loader  # type: ignore[untyped-decorator]
def load(remembered: str) -> Maintainer | None:
    """Return who the session belongs to; None where they are gone or changed their password elsewhere."""
    number = remembered.partition(".")[0]
    if not number.isdecimal() or "database_away" in g:
        return None
    with site().db.read() as db:
        user = db.get(User, int(number))
    known = Maintainer(user) if user and user.active else None
    return known if known and known.get_id() == remembered else None


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Show the sign-in form."""
    target = safe_next(request.args.get("next", ""), QUEUE)
    if current_user.is_authenticated:
        return redirect(target)
    return render_template("auth/sign_in.html", next=target, name="", problem=False)


@blueprint.post("/sign-in")
@limiter.limit(TRIES, deduct_when=lambda response: response.status_code == 403)  # noqa: PLR2004
def enter() -> ResponseReturnValue:
    """Sign in."""
    name, target = request.form.get("name", ""), safe_next(request.form.get("next", ""), QUEUE)
    with site().db.read() as db:
        try:
            user = people.sign_in(db, name, request.form.get("password", ""))
        except ForbiddenError:
            return render_template("auth/sign_in.html", next=target, name=name, problem=True), 403
    _begin(user)
    return redirect(url_for(".password", next=target) if user.must_change_password else target, 303)


def _begin(user: User) -> None:
    """Start a session from nothing but the language: what a stranger may have planted before is gone."""
    chosen = session.get(language.KEY)
    session.clear()
    if chosen:
        session[language.KEY] = chosen
    login_user(Maintainer(user))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out."""
    logout_user()
    return redirect(url_for("submit.home"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"], deduct_when=lambda response: response.status_code == 422)  # noqa: PLR2004
def password() -> ResponseReturnValue:
    """Change one's password; who came with a one-time password gets nowhere else."""
    if not current_user.is_authenticated:
        return redirect(url_for(".sign_in", next=url_for(".password")))
    target = safe_next(request.values.get("next", ""), QUEUE)
    if request.method == "GET":
        return render_template("auth/password.html", next=target, problem="")
    try:
        _begin(_changed())
    except (InvalidError, ForbiddenError) as error:
        return render_template("auth/password.html", next=target, problem=_why(error)), 422
    return redirect(target, 303)


def _changed() -> User:
    form = request.form
    fresh = form.get("password", "")
    if fresh != form.get("repeat", ""):
        raise InvalidError("the two passwords differ", field="repeat", code="password_repeat")
    if fresh == form.get("current", ""):
        raise InvalidError("the same password again", field="password", code="password_same")
    with site().db.write() as db:
        user = people.sign_in(db, current_user.name, form.get("current", ""))
        people.change_password(user, fresh)
    return user


def _why(error: InvalidError | ForbiddenError) -> str:
    if isinstance(error, ForbiddenError):
        error = InvalidError(str(error), field="current", code="password_wrong")
    return sentence(error)

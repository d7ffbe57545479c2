"""Pages that only maintainers see."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from triage.web.guards import login


def only() -> ResponseReturnValue | None:
    """Let nobody in who is not signed in, nor anyone with a one-time password."""
    if not current_user.is_authenticated:
        return login.unauthorized()  # type: ignore[no-any-return]
    return redirect(url_for("auth.password")) if current_user.must_change_password else None

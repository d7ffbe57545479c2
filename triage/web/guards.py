"""What stands before every view: security headers, CSRF, rate limits, sign-in."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, Response, abort, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect, ValidationError, validate_csrf

from triage.services.site import Site

csrf = CSRFProtect()
limiter = Limiter(get_remote_address)
login = LoginManager()

POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",  # Bootstrap's stylesheet holds its small signs as data
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
DRAINED = 64 * 1024 * 1024  # bytes
_PRIVATE = ("status.", "reply.", "queue.", "hosts.", "learning.", "dictionary.", "auth.")


def valid_csrf() -> bool:
    """Return whether the form's token is right, for the views that show the form again rather than an error."""
    try:
        validate_csrf(request.form.get("csrf_token", ""))
    except ValidationError:
        return False
    return True


def attach(app: Flask, site: Site) -> None:
    """Put the guards before `app`."""
    app.before_request(_no_nul)
    app.after_request(_drained)
    app.after_request(_discreet)  # runs after Talisman's, for the last that is registered runs first
    Talisman(
        app,
        content_security_policy=POLICY,
        force_https=False,  # the proxy that ends TLS does that; here it would turn in circles
        frame_options="DENY",
        referrer_policy="same-origin",
        session_cookie_secure=site.settings.secure,
        strict_transport_security=site.settings.secure,
        strict_transport_security_include_subdomains=False,
    )
    csrf.init_app(app)
    _limits(app, site)
    login.init_app(app)
    login.login_view = "auth.sign_in"
    login.login_message = None


def _no_nul() -> None:
    """Refuse addresses with NUL: PostgreSQL takes it in no text, and no address of ours has one."""
    if "\0" in request.path or any("\0" in value for value in request.args.values()):
        abort(404)


def _drained(response: Response) -> Response:
    """Read what was refused for its length to its end, within reason: browsers show no answer before all is sent."""
    length, most = request.content_length or 0, request.max_content_length or 0
    refused = response.status_code == 413 and length > most  # noqa: PLR2004  # else a part was read: the rest may never come
    left = min(length, DRAINED) if refused else 0
    while left > 0 and (piece := request.environ["wsgi.input"].read(min(left, 65_536))):
        left -= len(piece)
    return response


def _limits(app: Flask, site: Site) -> None:
    app.config["RATELIMIT_STORAGE_URI"] = site.settings.redis_url or "memory://"
    app.config["RATELIMIT_SWALLOW_ERRORS"] = True  # a Redis that is down must not keep feedback out
    limiter.init_app(app)
    app.after_request(_patient)


def _patient(response: Response) -> Response:
    """Say in how many seconds there is room again; programs wait for that, and else try at once."""
    limit = limiter.current_limit
    if response.status_code == 429 and limit:  # noqa: PLR2004
        response.headers["Retry-After"] = str(max(limit.reset_at - int(time.time()), 1))
    return response


def _discreet(response: Response) -> Response:
    """Keep personal pages out of search engines, shared caches and the referrers of links followed from them."""
    endpoint: Any = request.endpoint or ""
    if endpoint.startswith(_PRIVATE):
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
    return response

"""The Flask application of one site: settings, guards, language, blueprints, errors."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from flask import Response, jsonify
from flask_bootstrap import Bootstrap5
from sqlalchemy import text
from werkzeug.middleware.proxy_fix import ProxyFix

from triage import __version__, logs
from triage.config import data, load
from triage.services.site import Site, open_site
from triage.web import (
    api,
    auth,
    dictionary,
    errors,
    guards,
    hooks,
    hosts,
    language,
    learning,
    queue,
    reply,
    status,
    submit,
    words,
)

MEGABYTE = 1024 * 1024


def create_app(site: Site) -> APIFlask:
    """Return the application that serves `site`; it connects to nothing before the first request."""
    app = APIFlask(
        "triage",
        title="Triage",
        version=__version__,
        spec_path="/api/openapi.json",
        docs_path=None,  # APIFlask's page loads its script from a CDN
        json_errors=False,
        template_folder=str(data("templates")),
    )
    app.config.update(_config(site))
    app.url_map.strict_slashes = False  # people type and paste addresses with a slash at the end
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # so that people can read it
    app.extensions["triage"] = site
    _behind_proxies(app, site.settings.trusted_proxies)
    Bootstrap5(app)
    language.attach(app, site)
    guards.attach(app, site)
    words.attach(app)
    errors.attach(app)
    for blueprint in (submit, status, reply, auth, queue, hosts, learning, dictionary, language, api, hooks):
        app.register_blueprint(blueprint.blueprint)
    for machine in (api, hooks):  # no cookies there: tokens and signatures
        guards.csrf.exempt(machine.blueprint)
    app.add_url_rule("/healthz", "healthz", app.doc(hide=True)(_healthz(site)))
    return app


def _config(site: Site) -> dict[str, Any]:
    settings = site.settings
    return {
        "SECRET_KEY": site.key,
        "SESSION_COOKIE_NAME": "triage",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure,
        "MAX_CONTENT_LENGTH": (settings.upload_megabytes + 2) * MEGABYTE,
        "MAX_FORM_MEMORY_SIZE": 2 * MEGABYTE,  # so that an overlong text is answered with a sentence, not cut off
        "BOOTSTRAP_SERVE_LOCAL": True,
        "WTF_CSRF_TIME_LIMIT": None,  # who writes for two hours must not lose it; the token ends with the session
        "WTF_CSRF_SSL_STRICT": False,  # our own pages send no referrer; token and SameSite are what is checked
        "TRUSTED_HOSTS": None,
    }


def _behind_proxies(app: APIFlask, proxies: int) -> None:
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]


def _healthz(site: Site) -> Any:
    def healthz() -> Response:
        with site.db.read() as session:
            session.execute(text("SELECT 1"))
        return jsonify(ok=True, version=__version__)

    return healthz


def from_environment() -> APIFlask:
    """Return the application of the installation that the environment describes: what the web server loads."""
    settings = load()
    logs.set_up(settings.log_level, settings.log_format)
    return create_app(open_site(settings))

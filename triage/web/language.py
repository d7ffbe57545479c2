"""Which language a visitor reads: chosen by link, else the browser's wish, else the site's."""

from __future__ import annotations

from flask import Blueprint, Flask, abort, redirect, request, session
from flask_babel import Babel
from werkzeug.wrappers import Response

from triage.render import LOCALES, TRANSLATIONS, ZONES
from triage.services.site import Site
from triage.web.context import safe_next, site

blueprint = Blueprint("language", __name__)
KEY = "language"


def attach(app: Flask, of: Site) -> None:
    """Translate the pages of `app`."""
    Babel(
        app,
        default_locale=LOCALES[of.settings.default_language],
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=lambda: LOCALES[chosen()],
        timezone_selector=lambda: ZONES[chosen()],
    )


def chosen() -> str:
    """Return the visitor's language, zh or en."""
    language = session.get(KEY)
    if language in LOCALES:
        return str(language)
    return request.accept_languages.best_match(LOCALES) or site().settings.default_language


@blueprint.get("/language/<code>")
def switch(code: str) -> Response:
    """Remember the language and go back to the page that the link was on."""
    if code not in LOCALES:
        abort(404)
    session[KEY] = code
    return redirect(safe_next(request.args.get("next", "")))

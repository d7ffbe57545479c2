"""What every view needs of the request: the site, the maintainer, where to go next."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import current_app
from flask_login import current_user

from triage.db.tables import User
from triage.services.review import Actor
from triage.services.site import Site


def site() -> Site:
    """Return the installation that this app serves."""
    return cast(Site, current_app.extensions["triage"])


def actor() -> Actor:
    """Return the signed-in maintainer as the one who decides, now."""
    return Actor(user_id=cast(User, current_user).id, at=site().now())


def safe_next(target: str, default: str = "/") -> str:
    r"""Return `target` where it is a path on this site, else `default`: browsers read “//” and “/\” as another site."""
    if not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable():
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else target

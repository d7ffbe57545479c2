"""A browser without eyes: the application over the fixture `site`, a client, a project, a maintainer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import factories
from triage.app import create_app
from triage.db.tables import Project, Topic, User
from triage.services.site import Site

Post = Callable[..., object]


@pytest.fixture
def app(site: Site) -> Flask:
    return create_app(site)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor who reads English."""
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def project(session: Session) -> Project:
    row = factories.project(session, slug="demo", name="Demo")
    session.commit()
    return row


@pytest.fixture
def topic(session: Session, project: Project) -> Topic:
    row = factories.topic(session, project)
    session.commit()
    return row


@pytest.fixture
def user(session: Session) -> User:
    row = factories.user(session, "maintainer")
    session.commit()
    return row


@pytest.fixture
def signed_in(client: FlaskClient, user: User) -> FlaskClient:
    """A maintainer's browser."""
    answer = client.post("/sign-in", data=filled(client, "/sign-in", name=user.name, password=factories.PASSWORD))
    assert answer.status_code == 303
    return client


def filled(client: FlaskClient, page: str, **fields: object) -> dict[str, object]:
    """Return what the form on `page` sends, hidden fields included, with `fields` filled in."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', client.get(page).text)
    return dict(found) | fields

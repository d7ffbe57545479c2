"""A real browser before a real server: on a phone and on a desk, and any complaint of the browser is a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session

from tests import factories
from tests.browser.stage import CHROMIUM, browser, served
from tests.databases import sqlite_copy
from triage.db.engine import Database
from triage.db.tables import Project
from triage.services.site import Site

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("browser")


@pytest.fixture
def db(_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """SQLite only: what differs between the databases is tested without a browser."""
    made = Database(sqlite_copy(_sqlite, tmp_path))
    yield made
    made.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: install the system's package chromium")
    with browser() as started:
        yield started


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    with served(site) as address:
        yield address


@pytest.fixture
def project(session: Session) -> Project:
    row = factories.project(session, slug="demo", name="Demo")
    session.commit()
    return row


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Page]:
    """A page in English, whose addresses begin at the server."""
    context = chromium.new_context(base_url=address, locale="en-GB", viewport=SIZES[request.param])
    page, said = context.new_page(), []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


def fits(page: Page) -> bool:
    """Return whether nothing has to be scrolled sideways."""
    page.wait_for_load_state()  # a busy machine shows the heading before the styles have come
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

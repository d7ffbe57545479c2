"""What tests are given: an installation in a folder of its own, on each kind of database and queue that answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.databases import POSTGRESQL, REDIS, emptied, postgresql_schema, sqlite_copy, sqlite_template
from tests.fakes.clock import Clock
from tests.fakes.http import Refusing
from tests.fakes.mail import Letters
from triage.config import Settings, data
from triage.db.engine import Database
from triage.jobs import Jobs
from triage.services.models import Models
from triage.services.site import Site

pytest_plugins = ["tests.skips"]

# a fixture that is made once for all examples of a property is what such a test wants: it cleans up by itself
hypothesis.settings.register_profile(
    "triage",
    deadline=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),  # CI judges the change, not the dice; at home every run rolls new ones
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("triage")


@pytest.fixture(scope="session")
def _sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[Database]:
    if not os.environ.get(POSTGRESQL):
        pytest.skip(f"no PostgreSQL: set {POSTGRESQL}")
    with postgresql_schema() as url:
        db = Database(url)
        db.upgrade()
        yield db
        db.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with the newest schema; each test that asks for it runs on both kinds."""
    if request.param == "postgresql":
        found = request.getfixturevalue("_postgresql")
        yield found
        emptied(found)
        return
    made = Database(sqlite_copy(request.getfixturevalue("_sqlite"), tmp_path))
    event.listen(made.engine, "connect", _backwards)
    yield made
    made.close()


def _backwards(connection: Any, _: Any) -> None:
    """Let rows come the other way round where no order was asked for, so that nothing leans on one by luck."""
    connection.execute("PRAGMA reverse_unordered_selects=ON")


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """A session that writes; commit it where another one is to see its work."""
    with Session(db.engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(instance=tmp_path, secret_key="a key for tests", base_url="http://triage.test")


@pytest.fixture
def site(settings: Settings, db: Database, clock: Clock, letters: Letters) -> Iterator[Site]:
    """An installation with nothing in it, whose clock stands still, whose mail is kept, and which can't call out."""
    settings = replace(settings, database_url=db.url)
    site = Site(settings, db, Jobs("", settings.instance), Refusing(), letters, clock)
    yield site
    if "index" in vars(site):  # it is opened when first asked for, and then holds a lock
        site.index.close()
    site.jobs.huey.storage.close()


@pytest.fixture
def redis_url() -> str:
    if not os.environ.get(REDIS):
        pytest.skip(f"no Redis: set {REDIS}")
    return os.environ[REDIS]


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Jobs]:
    """A job queue; each test that asks for it runs on both kinds."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    made = Jobs(url, tmp_path, name=f"triage-test-{uuid4()}")
    yield made
    made.huey.flush()
    made.huey.storage.close()


@pytest.fixture(scope="session")
def shipped() -> Models:
    """The shipped models; a test that changes a part of them makes a copy."""
    return Models.load(data("models"))

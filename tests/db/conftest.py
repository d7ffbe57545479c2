"""A database of one's own, for tests that change the schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import postgresql_schema
from triage.db.engine import Database


@pytest.fixture
def fresh_db(db: Database, tmp_path: Path) -> Iterator[Database]:
    """Like `db`, but nobody else's."""
    if db.engine.dialect.name == "sqlite":
        yield db
        return
    with postgresql_schema() as url:
        made = Database(url)
        made.upgrade()
        yield made
        made.close()

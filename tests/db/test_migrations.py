import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests import factories
from triage.db.engine import MIGRATIONS, _config
from triage.db.tables import Table, Topic
from triage.errors import SettingError


def test_migrations_make_what_the_classes_say(db):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_there_is_one_head_and_the_schema_is_there(db):
    heads = ScriptDirectory.from_config(_config()).get_heads()
    assert db.revision() == (heads[0], heads[0])
    assert len(heads) == 1


def test_files_are_named_by_their_time():
    names = [path.name for path in (MIGRATIONS / "versions").glob("*.py") if path.name != "__init__.py"]
    assert names
    assert all(re.fullmatch(r"\d{8}_\d{4}_[a-z0-9_]+\.py", name) for name in names)


def test_files_in_the_order_of_their_names_are_the_order_of_the_migrations():
    scripts = list(ScriptDirectory.from_config(_config()).walk_revisions("base", "heads"))
    assert [script.path for script in scripts] == sorted((script.path for script in scripts), reverse=True)


def test_upgrading_twice_changes_nothing(db):
    with db.write() as session:
        factories.topic(session, title="Still here")
    db.upgrade()
    with db.read() as session:
        assert [topic.title for topic in session.query(Topic)] == ["Still here"]


LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "later", "{head}"


def upgrade():
    with op.batch_alter_table("topics") as table:
        table.alter_column("title", type_=sa.String(500))
        table.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))
    op.execute("{statement}")
"""


@pytest.fixture
def later(tmp_path, monkeypatch):
    """Pretend that there is one more migration; altering a column makes SQLite rebuild the table."""

    def add(statement="UPDATE topics SET mood = 'sunny'"):
        head = ScriptDirectory.from_config(_config()).get_current_head()
        (tmp_path / "29991231_2359_later.py").write_text(LATER.format(head=head, statement=statement))
        config = _config()
        config.set_main_option("version_locations", f"{MIGRATIONS / 'versions'};{tmp_path}")
        config.set_main_option("path_separator", ";")
        monkeypatch.setattr("triage.db.engine._config", lambda: config)

    return add


def test_a_migration_to_come_keeps_what_is_stored(fresh_db, later):
    with fresh_db.write() as session:
        factories.filed(session, title="Kept")
    later()
    fresh_db.upgrade()
    with fresh_db.read() as session:
        assert session.execute(text("SELECT title, mood FROM topics")).all() == [("Kept", "sunny")]
        assert session.execute(text("SELECT count(*) FROM issues")).scalar() == 1


def test_a_migration_that_loses_rows_is_taken_back_whole(fresh_db, later):
    with fresh_db.write() as session:
        factories.filed(session, title="Kept")
    before = fresh_db.revision()
    later("DELETE FROM topics")
    with pytest.raises((SettingError, IntegrityError)):
        fresh_db.upgrade()
    with fresh_db.write() as session:
        assert session.execute(text("SELECT title FROM topics")).all() == [("Kept",)]
    assert fresh_db.revision()[0] == before[0]


def test_foreign_keys_hold_after_an_upgrade(db):
    db.upgrade()
    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(text("UPDATE topics SET project_id = 4711 WHERE id = :id"), {"id": factories.topic(session).id})

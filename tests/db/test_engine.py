import sys
import threading

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories
from triage.db.engine import Database
from triage.db.tables import Project
from triage.errors import SettingError


def slugs(db):
    with db.read() as session:
        return [row.slug for row in session.query(Project).order_by(Project.slug)]


def test_writing_commits(db):
    with db.write() as session:
        factories.project(session, slug="kept")
    assert slugs(db) == ["kept"]


def test_an_error_takes_everything_back(db):
    with pytest.raises(ZeroDivisionError), db.write() as session:
        factories.project(session, name=1 / len(factories.project(session).about))
    assert slugs(db) == []


def test_reading_commits_nothing(db):
    with db.read() as session:
        factories.project(session)
    assert slugs(db) == []


def test_rows_can_be_read_after_their_session(db):
    with db.write() as session:
        row = factories.project(session, slug="kept")
    assert row.slug == "kept"


def test_writers_wait_for_each_other_and_lose_nothing(db):
    with db.write() as session:
        number = factories.project(session, name="0").id
    threads = [threading.Thread(target=_add_one, args=(db, number)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as session:
        assert session.get_one(Project, number).name == "6"


def _add_one(db, number):
    with db.write() as session:
        row = session.get_one(Project, number, with_for_update=True)
        row.name = str(int(row.name) + 1)


@pytest.mark.parametrize("url", ["mysql://localhost/x", "postgres://old-style/x"])
def test_other_databases_are_refused_in_words(url):
    with pytest.raises(SettingError, match="TRIAGE_DATABASE_URL"):
        Database(url)


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingError, match=r"psycopg, of triage\[postgresql\]"):
        Database("postgresql://127.0.0.1/x")


def test_sqlite_makes_its_folder_and_survives_a_power_cut(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'deep' / 'down' / 'x.db'}")
    with db.engine.connect() as connection:
        said = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    db.close()
    assert said == ["wal", 2]


def test_an_empty_database_has_no_revision(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'x.db'}")
    assert db.revision()[0] is None
    db.close()


def test_an_error_tells_nobodys_words(session):
    """It ends in a log with its traceback."""
    factories.project(session, slug="same")
    with pytest.raises(IntegrityError) as caught:
        factories.project(session, slug="same", about="me@example.org said so")
    assert "me@example.org" not in str(caught.value)

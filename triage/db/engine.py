"""One database, SQLite (WAL) or PostgreSQL: sessions that read and sessions that write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from triage.config import made
from triage.errors import SettingError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

_WANTED = "TRIAGE_DATABASE_URL must be sqlite:///… or postgresql://…"


class Database:
    """The engine and its two kinds of session.

    On SQLite a session that will write takes the write lock at its beginning (BEGIN IMMEDIATE): a reader that turns
    writer half-way is refused at once when somebody else wrote meanwhile, however long the time-out.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(immediate=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session for reading; nothing of it is committed."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose work is committed at the end, or rolled back whole on any error."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self) -> None:
        """Bring the schema to the newest migration."""
        with self._writing.connect() as connection, _unchecked(connection), connection.begin():
            from alembic import command  # here and below: only migrating is worth its 11 MB and quarter of a second

            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _check(connection)

    def revision(self) -> tuple[str | None, str | None]:
        """Return the schema's revision and the newest there is."""
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        with self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current, ScriptDirectory.from_config(_config()).get_current_head()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def _unchecked(connection: Connection) -> Iterator[None]:
    """Let a migration rebuild a table that others point to: SQLite alters by copying, dropping and renaming."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction, so before it begins
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _check(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if lost:
            raise SettingError(f"the migration would leave rows that point nowhere, in {lost[0][0]}")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _engine(url: str) -> Engine:
    """Return the engine of `url`; its errors, which end in logs, tell what was tried and nobody's words or address."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise SettingError(_WANTED) from error
    if address.get_backend_name() == "postgresql":
        if find_spec("psycopg") is None:
            raise SettingError("TRIAGE_DATABASE_URL needs the package psycopg, of triage[postgresql]")
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=20,
            hide_parameters=True,
        )
    if address.get_backend_name() != "sqlite":
        raise SettingError(_WANTED)
    if address.database:
        made(Path(address.database).parent)
    engine = create_engine(address, connect_args={"timeout": 30}, hide_parameters=True)
    event.listen(engine, "connect", _tune)
    event.listen(engine, "begin", _begin)
    return engine


def _tune(connection: DBAPIConnection, _: Any) -> None:
    """Let many read while one writes; keep FULL sync, for what is acknowledged must survive a power cut."""
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

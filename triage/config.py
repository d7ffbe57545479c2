"""Settings from the environment: `TRIAGE_NAME`, or `TRIAGE_NAME_FILE` naming a file that holds the value."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from triage.errors import SettingError

PACKAGE = Path(__file__).resolve().parent


def _setting(default: Any, about: str, *, secret: bool = False) -> Any:
    """Declare a setting: its default, its sentence in the configuration table, and whether doctor masks it."""
    return field(default=default, metadata={"about": about, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can set; field `name` is read from TRIAGE_NAME or TRIAGE_NAME_FILE."""

    instance: Path = _setting(Path("instance"), "folder of the database, index, uploads and secrets")
    database_url: str = _setting("", "SQLAlchemy address; empty: SQLite in the instance folder", secret=True)
    redis_url: str = _setting("", "Redis for the job queue; empty: SQLite in the instance folder", secret=True)
    secret_key: str = _setting("", "signs sessions, seals stored tokens; empty: made once in the instance", secret=True)
    base_url: str = _setting("http://127.0.0.1:8000", "public address, used in links, mails and issues")
    bind: str = _setting("127.0.0.1", "address that the web server listens on")
    port: int = _setting(8000, "port that the web server listens on")
    web_workers: int = _setting(1, "web server processes")
    job_threads: int = _setting(2, "threads of the worker")
    trusted_proxies: int = _setting(0, "reverse proxies in front whose X-Forwarded-* headers are believed")
    smtp_url: str = _setting("", "smtp://user:password@host:587, or smtps://; empty: mails are printed", secret=True)
    mail_from: str = _setting("Triage <triage@localhost>", "sender of mails")
    default_language: str = _setting("zh", "language where a visitor asks for none: zh or en")
    allowed_hosts: tuple[str, ...] = _setting((), "inner addresses (host or host:port) that may be called all the same")
    filing: str = _setting("on", "on: issues are filed; dry: only said; off: held back; each project can do the same")
    submit_limit: str = _setting("20 per 10 minutes", "how much one address may submit")
    upload_megabytes: int = _setting(5, "largest picture, in megabytes")
    encoder: str = _setting(
        "", "folder of a text encoder (needs triage[semantic]); empty: none, and nothing is missing"
    )
    poll_minutes: int = _setting(10, "minutes between polls of each Git host")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")
    log_format: str = _setting("text", "text or json")

    @property
    def database(self) -> str:
        """The SQLAlchemy address in force."""
        return self.database_url or f"sqlite:///{self.instance.resolve() / 'triage.db'}"

    @property
    def secure(self) -> bool:
        """True where the public address is https: then cookies and headers insist on it."""
        return urlsplit(self.base_url).scheme == "https"

    def path(self, name: str) -> Path:
        """Return a path inside the instance folder."""
        return self.instance.resolve() / name


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of `environ` (default: the process's); SettingError names the variable at fault."""
    source = os.environ if environ is None else environ
    given: dict[str, Any] = {
        item.name: _parse(item.name, item.default, raw) for item in fields(Settings) if (raw := _raw(item.name, source))
    }
    given.setdefault("base_url", f"http://127.0.0.1:{given.get('port', Settings().port)}")
    given["base_url"] = given["base_url"].rstrip("/")  # links are made by adding /…
    return _checked(Settings(**given))


def _raw(name: str, environ: Mapping[str, str]) -> str:
    variable = f"TRIAGE_{name.upper()}"
    file = environ.get(f"{variable}_FILE")
    if not file:
        return environ.get(variable, "").strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{variable}_FILE names {file}, which can't be read: {error}") from error


def _parse(name: str, default: object, raw: str) -> object:
    if isinstance(default, int):
        if not raw.isdecimal():
            raise SettingError(f"TRIAGE_{name.upper()} must be a whole number, not “{raw}”")
        return int(raw)
    if isinstance(default, Path):
        return Path(raw)
    return tuple(part.strip() for part in raw.split(",") if part.strip()) if isinstance(default, tuple) else raw


def _checked(settings: Settings) -> Settings:
    if urlsplit(settings.base_url).scheme not in {"http", "https"}:
        raise SettingError("TRIAGE_BASE_URL must begin with http:// or https://")
    if not 0 < settings.port < 2**16:
        raise SettingError(f"TRIAGE_PORT must be between 1 and 65535, not {settings.port}")
    for name, allowed in {
        "default_language": ("zh", "en"),
        "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
        "log_format": ("text", "json"),
        "filing": ("on", "dry", "off"),
    }.items():
        if getattr(settings, name) not in allowed:
            raise SettingError(f"TRIAGE_{name.upper()} must be one of {', '.join(allowed)}")
    return settings


def masked(settings: Settings) -> dict[str, str]:
    """Return every setting in force as text, with secrets shown as set or unset only."""
    return {
        item.name: ("(set)" if getattr(settings, item.name) else "(not set)")
        if item.metadata["secret"]
        else _text(getattr(settings, item.name))
        for item in fields(Settings)
    }


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def secret_key(settings: Settings) -> str:
    """Return the key that signs and seals; where none is set, one is made in the instance, for its owner only."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.path("secret_key")
    made(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _written(path)
    except OSError as error:
        raise SettingError(f"the instance folder {path.parent} can't be written: {error}") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key


def made(folder: Path) -> None:
    """Make the instance folder, or one in it, where it is missing; SettingError where that can't be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"the instance folder {folder} can't be written: {error.strerror}") from error


def _written(path: Path) -> str:
    """Return the key that another process made, or is making: the file is there a moment before its content."""
    for _ in range(100):
        if key := path.read_text(encoding="ascii").strip():
            return key
        time.sleep(0.02)
    raise SettingError(f"{path} is empty; remove it (everybody must sign in again, stored tokens must be set again)")


def data(name: str) -> Path:
    """Return the folder `templates` or `models`: inside the installed package, else beside it in a checkout."""
    for folder in (PACKAGE / "_data" / name, PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise SettingError(f"the folder {name} is missing from this installation")

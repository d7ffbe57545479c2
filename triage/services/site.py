"""One running installation: its settings, database, queue and ways to the outside, made once and handed to services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from triage import hosts
from triage.channels.mail import Mailer, mailer
from triage.config import Settings, data, secret_key
from triage.db.engine import Database
from triage.db.seal import unseal
from triage.db.tables import Project
from triage.hosts import Connection, Host
from triage.hosts.kept import Kept
from triage.http import Http, OutsideHttp
from triage.jobs import Jobs
from triage.ml.encoder import Encoder
from triage.render import Renderer
from triage.search import Index
from triage.services.indexing import Follower
from triage.services.library import Library
from triage.services.models import Comparing, Models
from triage.services.patience import Patient


def utcnow() -> datetime:
    """Return the time now, aware."""
    return datetime.now(UTC)


@dataclass
class Site:
    """What everything else is handed. Heavy parts (models, index) are loaded when first asked for."""

    settings: Settings
    db: Database
    jobs: Jobs
    http: Http
    mail: Mailer
    now: Callable[[], datetime] = field(default=utcnow)

    @cached_property
    def key(self) -> str:
        """The secret key in force."""
        return secret_key(self.settings)

    @cached_property
    def comparing(self) -> Comparing:
        """The part of the shipped models that cuts and compares texts."""
        folder = self.settings.encoder
        return Comparing.load(data("models"), Encoder(Path(folder)) if folder else None)

    @cached_property
    def models(self) -> Models:
        """The shipped models."""
        return Models.load(data("models"), self.comparing)

    @cached_property
    def library(self) -> Library:
        """The models of each project: the shipped ones with what its people taught in their place."""
        return Library(self.models, self.settings.path("models"), data("models"))

    @cached_property
    def index(self) -> Index:
        """The candidate index of this node."""
        return Index(self.settings.path("index"), write=False)

    @cached_property
    def follower(self) -> Follower:
        """What keeps the index in step with the database, where this process writes it."""
        return Follower(self.index, self.comparing.duplicates, self.settings.path("words.npz"))

    @cached_property
    def renderer(self) -> Renderer:
        """Templates outside a request."""
        return Renderer(data("templates"))

    @cached_property
    def kept(self) -> Kept:
        """What hosts answered to this process before."""
        return Kept()

    def host(self, project: Project, repo: str = "") -> Host:
        """Return the host of `project`, ready to talk to about its repository, or about another one of the host."""
        connection = Connection(
            url=project.host_url or self.settings.path(f"console-{project.slug}.json").as_uri(),
            repo=repo or project.host_repo,
            token=unseal(project.sealed_host_token, self.key),
            secret=unseal(project.sealed_host_secret, self.key),
            account=project.host_account,
            kept=self.kept,
        )
        return hosts.connect(project.host, connection, Patient(self.http, self.db, connection, self.now))


def open_site(settings: Settings, *, now: Callable[[], datetime] = utcnow) -> Site:
    """Return the installation that `settings` describe; connects to nothing yet."""
    return Site(
        settings=settings,
        db=Database(settings.database),
        jobs=Jobs(settings.redis_url, settings.instance.resolve()),
        http=OutsideHttp(frozenset(settings.allowed_hosts)),
        mail=mailer(settings.smtp_url, settings.mail_from),
        now=now,
    )

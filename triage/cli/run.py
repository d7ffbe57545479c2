"""`triage setup`, `serve`, `worker`: making an installation and running it."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click
from apiflask import APIFlask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server as Granian
from huey import crontab
from huey.consumer import Consumer

from triage.app import from_environment
from triage.cli import opened
from triage.cli.beside import PATIENCE, Beside, as_interrupt, end_with, hang_up
from triage.config import Settings, data
from triage.errors import SettingError, TriageError
from triage.services import demo
from triage.services.site import Site
from triage.services.worker import handlers

NIGHT = "19"  # o'clock UTC: three in the morning where most users are


@click.command()
def setup() -> None:
    """Make the instance: database, first maintainer (password printed once) and a demo project; overwrites nothing."""
    site = opened(ready=False)
    site.db.upgrade()
    examples = data("models") / "demo" / "feedback.jsonl"
    with site.db.write() as session:
        made = demo.first_start(session, examples, key=site.key, now=site.now())
    for feedback_id in made.feedback_ids:
        site.jobs.put("analyse", feedback_id)
    if made.password:
        click.echo(f"First maintainer: {demo.MAINTAINER}   one-time password: {made.password}")


@click.command()
@click.option("--with-worker", is_flag=True, help="Run a worker beside the web server.")
def serve(with_worker: bool) -> None:
    """Serve the pages, the API and the webhooks."""
    settings = opened().settings
    _free(settings)
    with suppress(KeyboardInterrupt), _beside(with_worker):
        click.echo(f"Triage is at {settings.base_url}  (Ctrl-C stops it)")
        _server(settings).serve()


def _free(settings: Settings) -> None:
    """Raise SettingError unless the port is free: the server would share it, and each get a part of the requests."""
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    try:
        socket.create_server((settings.bind, settings.port), family=family).close()
    except OSError as error:
        why = str(error.strerror).partition(" (")[0]
        where = f"{settings.bind}:{settings.port} can't be listened on ({why})"
        raise SettingError(f"{where}; perhaps Triage runs already. TRIAGE_PORT names another port") from error


@contextmanager
def _beside(wanted: bool) -> Iterator[None]:
    """Keep a worker process while the web server runs, and stop it afterwards."""
    if not wanted:
        yield
        return
    for stopping in (signal.SIGINT, signal.SIGTERM):  # from here on there is something to be stopped
        signal.signal(stopping, signal.default_int_handler)
    words = [sys.executable, "-m", "triage", "worker", "--parent", str(os.getpid())]
    worker = Beside(words, over=lambda: os.kill(os.getpid(), signal.SIGTERM))
    try:
        yield
    finally:
        worker.stop()
    if worker.failed:
        raise TriageError("the worker died again and again, so everything was stopped; what it said stands above")


def pages() -> APIFlask:
    """Return the application, in a process that Ctrl-C in the terminal doesn't reach: its parent alone stops it.

    Two signals at once, the terminal's and the parent's, leave it hanging now and then.
    """
    os.setpgid(0, 0)
    end_with(os.getppid())
    return from_environment()


def _server(settings: Settings) -> Any:
    server = Granian(
        "triage.cli.run:pages",
        factory=True,
        address=settings.bind,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=4,
        workers_kill_timeout=15,  # a supervisor may signal each of them, which leaves one hanging now and then
        log_level=LogLevels.error,
    )
    hung_up = hang_up()
    server.on_startup(lambda: signal.signal(signal.SIGHUP, hung_up))  # else it reloads, and lives on without a terminal
    server.on_startup(lambda: os.register_at_fork(after_in_child=lambda: _mortal(server)))
    return server


def _mortal(server: Any) -> None:
    """Let a web process end at once while it loads: forked with the server's handlers, it would do nothing.

    One that is forked when the server is to stop already may miss the signal: Python drops what comes while it forks.
    """
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.SIG_DFL)
    if server.interrupt_signal:
        time.sleep(1)  # who ends before the server asks for it has failed
        os._exit(0)


class _Consumer(Consumer):  # type: ignore[misc]
    """Runs jobs until Ctrl-C, a supervisor's SIGTERM or a closed terminal; each lets it finish the job at hand."""

    def start(self) -> None:
        hung_up = hang_up()
        super().start()
        signal.signal(signal.SIGHUP, hung_up)  # else it starts itself anew
        signal.signal(signal.SIGTERM, as_interrupt)


@click.command()
@click.option("--parent", type=int, hidden=True)
def worker(parent: int | None) -> None:
    """Analyse, file, listen and mail: run the jobs until stopped."""
    site = opened()
    if parent:
        end_with(parent)
    _schedule(site)
    consumer = _Consumer(
        site.jobs.huey,
        workers=site.settings.job_threads,
        max_delay=0.5,
        check_worker_health=True,
        shutdown_timeout=PATIENCE - 5,
    )
    consumer.run()


def _schedule(site: Site) -> None:
    site.index.claim()
    site.jobs.handlers = handlers(site)
    site.jobs.every(crontab(minute="*"), "sweep")
    site.jobs.every(crontab(minute=f"*/{min(max(site.settings.poll_minutes, 1), 59)}"), "poll_all")
    site.jobs.every(crontab(hour=NIGHT, minute="10"), "learn")
    site.jobs.every(crontab(hour=NIGHT, minute="40"), "tidy")
    site.jobs.put("sweep")


COMMANDS = (setup, serve, worker)

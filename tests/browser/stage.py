"""A served installation and a browser to look at it with: for the browser tests and for scripts/pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from triage.app import create_app
from triage.services.site import Site

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _closing(app: WSGIApplication) -> WSGIApplication:
    """Close each answer, also where the browser hung up: there Werkzeug's server (3.1) leaves its file open."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        with closing(app(environ, start_response)) as answer:
            yield from answer

    return serve


@contextmanager
def served(site: Site) -> Iterator[str]:
    """Serve `site` on a free port of loopback and yield its address."""
    server = make_server("127.0.0.1", 0, _closing(create_app(site)), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the system's Chromium; --no-sandbox, for in a container everybody is root."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()

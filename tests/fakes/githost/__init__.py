"""A Git host on loopback that remembers, sends signed webhooks, and fails on command; `GitHost(flavour)` starts one."""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import requests
from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.fakes.githost.faults import Fault, Faults
from tests.fakes.githost.state import Change, Issue, Repository, utc_now
from triage.hosts import Connection, Host, connect
from triage.http import OutsideHttp


@dataclass(frozen=True)
class Token:
    """Who a token speaks for; `scopes` None is everything, else words such as read:issue."""

    login: str
    scopes: frozenset[str] | None = None


@dataclass(frozen=True)
class Call:
    """One request as it came, and what was answered; `status` 0 is a connection that was closed."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    status: int
    answer: Any
    fault: str = ""


@dataclass
class Hook:
    """Where deliveries go ("" keeps them in `GitHost.deliveries` only), and how they are signed."""

    url: str = ""
    secret: str = ""
    form: bool = False


@dataclass
class Delivery:
    headers: dict[str, str]
    body: bytes
    change: Change
    status: int = 0


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"  # a connection a request: no thread outlives its answer

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        pass


def flavours() -> dict[str, ModuleType]:
    """Every flavour by its name, read from the modules of this folder that list some in `FLAVOURS`."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {name: module for module in modules for name in getattr(module, "FLAVOURS", ())}


@dataclass
class GitHost:
    """One repository on a host of the given flavour. Use it as a context manager, or start() and stop()."""

    flavour: str = "gitea-1.22"
    repo: str = "team/product"
    account: str = "triage-bot"
    now: Callable[[], datetime] = utc_now
    lag: float = 0.0  # seconds until search finds a new issue
    token: str = "token-of-the-bot"
    read_only: str = "token-that-only-reads"
    tokens: dict[str, Token] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    record: bool = True  # whether `calls` grows
    deaf: frozenset[str] = frozenset()  # parameters of a query that the host ignores
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self._module = flavours()[self.flavour]
        self.kind: str = self._module.FLAVOURS[self.flavour].kind
        self.traits = self._module.FLAVOURS[self.flavour]
        self.repository = Repository(self.repo, self.account, self.now)
        self.repository.listeners.append(self._fire)
        self.tokens.setdefault(self.token, Token(self.account))
        self.tokens.setdefault(self.read_only, Token(self.account, frozenset({"read:issue"})))
        self._app: Flask = self._module.app(self)
        self._server: BaseWSGIServer | None = None
        self._port = 0
        self._threads: list[threading.Thread] = []

    # --- running

    def start(self) -> GitHost:
        self._server = make_server("127.0.0.1", self._port, self._wsgi, threaded=True, request_handler=_Handler)
        self._port = self._server.port
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def stop(self) -> None:
        """Refuse connections from now on; start() brings the same address back, with everything remembered."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.settle()

    def __enter__(self) -> GitHost:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # --- what tests ask

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def issues(self) -> list[Issue]:
        return list(self.repository.issues.values())

    def connection(self, *, token: str | None = None, secret: str = "", account: str | None = None) -> Connection:
        return Connection(
            url=self.url,
            repo=self.repo,
            token=self.token if token is None else token,
            secret=secret,
            account=self.account if account is None else account,
        )

    def host(self, **how: Any) -> Host:
        """Our own client for this host, over a guarded HTTP client that may go to loopback."""
        return connect(self.kind, self.connection(**how), OutsideHttp({"127.0.0.1"}))

    def hook(self, url: str = "", secret: str = "", *, form: bool = False) -> None:
        """Deliver every change from now on to `url`, signed; see also `deliveries`."""
        self.hooks.append(Hook(url, secret, form))

    def settle(self) -> None:
        """Wait until the deliveries that are under way have arrived."""
        while self._threads:
            self._threads.pop().join(5)

    def called(self, method: str, ending: str = "") -> list[Call]:
        return [call for call in self.calls if call.method == method and call.path.endswith(ending)]

    # --- inside

    def _fire(self, change: Change) -> None:
        for hook in self.hooks:
            headers, body = self._module.delivery(self, hook, change)
            made = Delivery(headers, body, change)
            self.deliveries.append(made)
            if hook.url:
                thread = threading.Thread(target=_send, args=(hook.url, made), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        raw = request.get_data()
        environ["wsgi.input"] = io.BytesIO(raw)
        if self.deaf:
            heard = [(name, value) for name, value in parse_qsl(environ["QUERY_STRING"]) if name not in self.deaf]
            environ["QUERY_STRING"] = urlencode(heard)
        fault = self.faults.pick(request.method, request.path)
        answer = self._answered(environ, fault)
        self._record(request, raw, answer, fault)
        if answer is None:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            answer = Response()
        return answer(environ, start_response)

    def _answered(self, environ: dict[str, Any], fault: Fault | None) -> Response | None:
        kind = fault.kind if fault else ""
        if fault and kind == "slow":
            time.sleep(fault.seconds)
        if fault and kind == "limit":
            return _json({"message": "too many requests"}, 429, {"Retry-After": f"{fault.seconds:.0f}"})
        if fault and kind == "secondary":
            said = {"message": "You have exceeded a secondary rate limit."}
            return _json(said, 403, {"Retry-After": f"{fault.seconds:.0f}"} if fault.seconds else None)
        if kind == "error_before":
            return _json({"message": "boom"}, 500)
        if kind == "drop_before":
            return None
        answer = Response.from_app(self._app.wsgi_app, environ, buffered=True)
        after = {"drop_after": None, "error_after": _json({"message": "boom"}, 500)}
        if kind == "nonsense":
            return Response("<html>a proxy's page</html>", 200, mimetype="text/html")
        return after.get(kind, answer)

    def _record(self, request: Request, raw: bytes, answer: Response | None, fault: Fault | None) -> None:
        if not self.record:
            return
        body = _decoded(raw) if request.mimetype == "application/json" else _fields(request)
        self.calls.append(
            Call(
                request.method,
                request.path,
                parse_qs(request.query_string.decode(), keep_blank_values=True),
                body,
                answer.status_code if answer else 0,
                _decoded(answer.get_data()) if answer else None,
                fault.kind if fault else "",
            )
        )


def _fields(request: Request) -> dict[str, Any]:
    with request:  # closes the files
        return request.form.to_dict() | {name: file.filename for name, file in request.files.items()}


def _json(found: Any, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(found), status, headers, mimetype="application/json")


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _send(url: str, made: Delivery) -> None:
    try:
        made.status = requests.post(url, data=made.body, headers=made.headers, timeout=5).status_code
    except requests.RequestException:
        made.status = -1

"""The one HTTP client: time-outs, no blind retries, no way into the inner network, no secrets in errors."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Collection, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol, TypedDict, Unpack
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from triage.errors import OutsideError

TIMEOUT = (5.0, 20.0)  # seconds to connect, seconds between bytes
WHOLE = 60.0  # seconds that one answer may take in all, however steadily it drips
BIG = 20 * 1024 * 1024  # bytes of an answer that are read at most
CHUNK = 64 * 1024  # bytes read at once

Response = requests.Response  # for those who take an Http and may not know what it is made of
# 6to4, Teredo, NAT64 and the old IPv4-compatible form carry an IPv4 address past the check; no Git host is behind them
WRAPPED = [ipaddress.IPv6Network(net) for net in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "::/96")]
Resolve = Callable[[str, int], list[str]]


class Parts(TypedDict, total=False):
    """What may go along with a request, in the words of requests."""

    headers: Mapping[str, str]
    params: Mapping[str, Any]
    json: Any
    data: Any
    files: Any


class Http(Protocol):
    """What hosts and channels need of HTTP; tests pass a requests session to a loopback server or a fake."""

    def request(self, method: str, url: str, **parts: Unpack[Parts]) -> requests.Response:
        """Send once. Raises OutsideError where there is no answer; any status that did arrive is returned."""
        ...


def resolved(name: str, port: int) -> list[str]:
    """Return every address of `name`, as text, in the system's order. Raises OSError where there is none."""
    return [str(found[4][0]) for found in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]


def inner(address: str) -> bool:
    """Return whether `address` is no plain public one: loopback, private, link-local, multicast, reserved, wrapped."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return inner(str(ip.ipv4_mapped))
        if ip.is_site_local or any(ip in net for net in WRAPPED):
            return True
    return ip.is_multicast or not ip.is_global


class Guard:
    """Turns a name into addresses that may be called; `allowed` names ("host" or "host:port") may be inner ones."""

    def __init__(self, allowed: Collection[str] = (), resolve: Resolve = resolved) -> None:
        self._allowed = frozenset(name.strip().lower() for name in allowed)
        self._resolve = resolve

    def addresses(self, name: str, port: int) -> list[str]:
        """Return the addresses to connect to. Raises OutsideError for an inner one, and OSError for an unknown name."""
        bare = name.lower().strip("[]").rstrip(".")
        found = self._resolve(bare, port)
        if not found:
            raise OSError
        if bare in self._allowed or f"{bare}:{port}" in self._allowed:
            return found
        if any(inner(address) for address in found):
            raise OutsideError(
                f"{bare} is inside the network; the operator has to allow it", permanent=True, code="inner"
            )
        return found


class _Pinned(HTTPConnection):
    """A connection that goes to the very address that was checked, so that a second look-up can't change it."""

    guard: Guard

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            return self._first(self.guard.addresses(name, self.port or self.default_port))
        except OSError as err:
            raise NewConnectionError(self, f"{name} has no address") from err
        finally:
            self._dns_host = name  # the name is what TLS and the Host header go by

    def _first(self, addresses: list[str]) -> socket.socket:
        for address in addresses[:-1]:
            self._dns_host = address
            try:
                return super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError):
                continue
        self._dns_host = addresses[-1]
        return super()._new_conn()


class _Adapter(HTTPAdapter):
    """Gives requests connections that are guarded, and nothing that retries."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        plain = type("PlainConnection", (_Pinned,), {"guard": self._guard})
        secure = type("SecureConnection", (_Pinned, HTTPSConnection), {"guard": self._guard})
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }


class OutsideHttp:
    """The client for everything outside: no cookies kept, no redirects followed, no retries, no environment read.

    `allowed` are host names (or "name:port") that may be inside the network; `ca` is a file of certificates to trust;
    `clock` counts seconds.
    """

    def __init__(
        self,
        allowed: Collection[str] = (),
        *,
        ca: str | None = None,
        resolve: Resolve = resolved,
        timeout: tuple[float, float] = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout = timeout
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy or .netrc of the environment would go round the guard
        self._session.verify = ca or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(Guard(allowed, resolve))
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def request(self, method: str, url: str, **parts: Unpack[Parts]) -> requests.Response:
        """Send once and return whatever status came, its body read whole. Raises OutsideError for everything else.

        `parts` are those of `Http.request`. The errors name the host, never the query, a header or a body.
        """
        where = _place(url)
        try:
            answer = self._session.request(
                method, url, timeout=self._timeout, allow_redirects=False, stream=True, **parts
            )
            with answer:
                return self._read(answer, where)
        except (requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema, requests.exceptions.InvalidURL):
            raise _no_server(where) from None
        except requests.RequestException as err:
            code, words = _why(err)
            raise OutsideError(f"{where} {words}", code=code) from None  # the cause would show the address's query
        except ValueError:  # a token or an address that HTTP can't carry
            raise OutsideError(f"the request to {where} can't be written", permanent=True, code="unwritable") from None

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    def _read(self, answer: requests.Response, where: str) -> requests.Response:
        end = self._clock() + WHOLE
        body = bytearray()
        for chunk in answer.iter_content(CHUNK):
            body += chunk
            if len(body) > BIG:
                raise _given_up(answer, f"{where} sent more than {BIG // 1024 // 1024} MB", "flood")
            if self._clock() > end:
                raise _given_up(answer, f"{where} took more than {WHOLE:.0f} seconds to answer", "slow")
        answer._content = bytes(body)  # requests has no public way to hand over what was read in pieces
        return answer


def _given_up(answer: requests.Response, words: str, code: str) -> OutsideError:
    return OutsideError(words, status=answer.status_code, code=code)


def _no_server(where: str) -> OutsideError:
    if not where:  # a file: the console host's, which stands where a project names no other
        return OutsideError("no address of a web server is set (host_url)", permanent=True, code="no_address")
    return OutsideError(f"“{where}” is no address of a web server", permanent=True, code="address")


def _place(url: str) -> str:
    """Return the host part of an address, "" where there is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "an address that makes no sense"


def _why(err: requests.RequestException) -> tuple[str, str]:
    """Return the code and the words for it."""
    if isinstance(err, requests.exceptions.SSLError):
        return "certificate", "has a certificate that is not trusted"
    if isinstance(err, requests.Timeout):
        return "timeout", "did not answer in time"
    if isinstance(err, requests.ConnectionError):
        return "unreachable", "can't be reached, or closed the connection"
    return "unreadable", "gave an answer that can't be read"

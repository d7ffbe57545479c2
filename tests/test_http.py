from __future__ import annotations

import gzip
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from triage import http
from triage.errors import OutsideError
from triage.http import Guard, OutsideHttp, inner, resolved

SECRET = "token-that-must-not-show"


class Handler(BaseHTTPRequestHandler):
    """Answers what the path says and keeps what came."""

    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, dict(self.headers)))
        what = self.path.partition("?")[0].strip("/")
        getattr(self, f"answer_{what}", self.answer_plain)()

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_plain(self) -> None:
        self.send(200, b"hello", Set_Cookie="session=1; Path=/")

    def answer_away(self) -> None:
        self.send(302, Location="http://127.0.0.1:1/inside")

    def answer_slow(self) -> None:
        time.sleep(0.5)  # longer than the client waits; by then it is gone

    def answer_broken(self) -> None:
        self.send(200, b"not gzip at all", Content_Encoding="gzip")

    def answer_bomb(self) -> None:
        self.send(200, gzip.compress(b"\0" * 4_000_000), Content_Encoding="gzip")

    def answer_short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "99")
        self.end_headers()
        self.wfile.write(b"half")

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client() -> Iterator[OutsideHttp]:
    made = OutsideHttp({"127.0.0.1", "git.example"}, timeout=(0.3, 0.2), resolve=lambda name, port: ["127.0.0.1"])
    yield made
    made.close()


def refused(client: OutsideHttp, url: str, **parts: Any) -> OutsideError:
    with pytest.raises(OutsideError) as caught:
        client.request("GET", url, **parts)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert SECRET not in str(caught.value)
    return caught.value


def test_returns_what_came(client: OutsideHttp, port: int) -> None:
    answer = client.request("GET", f"http://127.0.0.1:{port}/")
    assert (answer.status_code, answer.text, answer.content) == (200, "hello", b"hello")


def test_connects_by_address_and_names_the_host(client: OutsideHttp, port: int) -> None:
    client.request("GET", f"http://git.example:{port}/named")
    assert Handler.seen[-1][1]["Host"] == f"git.example:{port}"


def test_keeps_no_cookies(client: OutsideHttp, port: int) -> None:
    client.request("GET", f"http://127.0.0.1:{port}/one")
    client.request("GET", f"http://127.0.0.1:{port}/two")
    assert "Cookie" not in Handler.seen[-1][1]


def test_follows_no_redirect(client: OutsideHttp, port: int) -> None:
    assert client.request("GET", f"http://127.0.0.1:{port}/away").status_code == 302


def test_reads_no_proxy_from_the_environment(client: OutsideHttp, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert client.request("GET", f"http://127.0.0.1:{port}/").ok


def test_a_slow_answer_may_come_later(client: OutsideHttp, port: int) -> None:
    err = refused(client, f"http://127.0.0.1:{port}/slow?access_token={SECRET}")
    assert (err.permanent, "in time" in str(err)) == (False, True)


def test_nobody_there_may_change(client: OutsideHttp) -> None:
    err = refused(client, f"http://127.0.0.1:1/?access_token={SECRET}", headers={"Authorization": SECRET})
    assert (err.permanent, err.status, "can't be reached" in str(err)) == (False, 0, True)


@pytest.mark.parametrize("what", ["broken", "short"])
def test_an_answer_that_breaks_off_or_is_garbled(client: OutsideHttp, port: int, what: str) -> None:
    assert not refused(client, f"http://127.0.0.1:{port}/{what}").permanent


def test_an_answer_that_is_too_big(client: OutsideHttp, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BIG", 1024 * 1024)
    err = refused(client, f"http://127.0.0.1:{port}/bomb")
    assert "more than 1 MB" in str(err)


def test_an_answer_that_never_ends(port: int) -> None:
    ticks = iter([0.0, 61.0, 62.0])
    client = OutsideHttp({"127.0.0.1"}, clock=lambda: next(ticks))
    assert "60 seconds" in str(refused(client, f"http://127.0.0.1:{port}/"))
    client.close()


def test_a_certificate_that_is_not_trusted(client: OutsideHttp, port: int) -> None:
    assert "certificate" in str(refused(client, f"https://git.example:{port}/"))


@pytest.mark.parametrize("url", ["", "git.example/a", "ftp://git.example/a", "http://", "http://[::1/a", "http://a b/"])
def test_no_address_is_for_good(client: OutsideHttp, url: str) -> None:
    assert refused(client, url).permanent


def test_a_project_without_an_address_is_told_which_setting_is_missing(client: OutsideHttp) -> None:
    assert str(refused(client, "file:///srv/console-app.json/api/v1/version")).endswith("is set (host_url)")


@pytest.mark.parametrize("token", [f"{SECRET}\n", f"{SECRET}\nX-Other: 1", f"{SECRET}令牌"])
def test_a_token_that_no_header_can_hold(client: OutsideHttp, port: int, token: str) -> None:
    assert refused(client, f"http://127.0.0.1:{port}/", headers={"Authorization": token})


INNER = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
    *("2002:7f00:1::", "64:ff9b::7f00:1", "2001:0:4136:e378::"),
    *("::127.0.0.1", "::10.0.0.1", "fec0::1", "64:ff9b:1::7f00:1", "2002:a00:1::1"),
)


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses(address: str) -> None:
    assert inner(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert not inner(address)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://localhost/", "http://2130706433/", "https://[::1]:8443/"])
def test_refuses_to_go_inside(url: str) -> None:
    client = OutsideHttp()
    err = refused(client, url)
    assert (err.permanent, "inside the network" in str(err)) == (True, True)


def test_one_inner_address_among_public_ones_is_enough() -> None:
    client = OutsideHttp(resolve=lambda name, port: ["8.8.8.8", "127.0.0.1"])
    assert "inside the network" in str(refused(client, "http://rebound.example/"))


def test_a_name_is_looked_up_once(port: int) -> None:
    asked = []

    def changing(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"]

    client = OutsideHttp({f"git.example:{port}"}, resolve=changing)
    assert client.request("GET", f"http://git.example:{port}/").ok
    assert asked == ["git.example"]
    client.close()


def test_a_connection_opened_anew_goes_by_the_name_again(port: int) -> None:
    client = OutsideHttp({"git.example"}, resolve=lambda name, port: ["127.0.0.1"])
    assert [client.request("GET", f"http://git.example:{port}/").ok for _ in range(2)] == [True, True]
    client.close()


def test_tls_goes_by_the_name_though_the_address_is_pinned(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, "git.example"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    client = OutsideHttp(
        {"git.example", "other.example"}, ca=str(tmp_path / "git.pem"), resolve=lambda *_: ["127.0.0.1"]
    )
    assert client.request("GET", f"https://git.example:{server.server_port}/").text == "hello"
    assert "certificate" in str(refused(client, f"https://other.example:{server.server_port}/"))
    client.close()
    server.shutdown()
    thread.join()
    server.server_close()


def certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate for `name`, signed by itself."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 7, now - timedelta(1), now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "git.pem"
    path.write_bytes(key.private_bytes(*pem) + made.sign(key, hashes.SHA256()).public_bytes(pem[0]))
    return path


def test_an_allowed_port_allows_no_other() -> None:
    client = OutsideHttp({"127.0.0.1:3000"})
    assert "inside" in str(refused(client, "http://127.0.0.1:3001/"))


def test_tries_the_next_address(port: int) -> None:
    client = OutsideHttp({"git.example"}, resolve=lambda name, port: ["127.0.0.2", "127.0.0.1"])
    assert client.request("GET", f"http://git.example:{port}/").ok
    client.close()


def test_a_public_name_is_let_through() -> None:
    assert Guard(resolve=lambda name, port: ["1.1.1.1"]).addresses("Git.Example.", 443) == ["1.1.1.1"]


def test_no_address_at_all_may_change() -> None:
    assert not refused(OutsideHttp(resolve=lambda name, port: []), "http://nowhere.example/").permanent


def test_a_name_without_address_may_get_one() -> None:
    def unknown(name: str, port: int) -> list[str]:
        raise OSError

    assert not refused(OutsideHttp(resolve=unknown), "http://nowhere.example/").permanent


def test_resolves_by_the_system() -> None:
    assert "127.0.0.1" in resolved("localhost", 80)

"""A mail server on loopback: real SMTP, with TLS and sign-in where wanted, and faults on command."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Server:
    """`answers` replaces what is said to a command (by its first word, or "." for the end of a letter); "" hangs up."""

    tls: str = ""  # "", "starttls" or "smtps"
    certificate: Path | None = None
    account: tuple[str, str] | None = None
    answers: dict[str, str] = field(default_factory=dict)
    letters: list[EmailMessage] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Server:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self.certificate))
        return context


def _handler(server: Server) -> type[socketserver.StreamRequestHandler]:
    class Talk(_Talk):
        owner = server

    return Talk


class _Talk(socketserver.StreamRequestHandler):
    owner: Server
    secure = False

    def handle(self) -> None:
        try:
            if self.owner.tls == "smtps":
                self._encrypt()
            self._say(self.owner.answers.get("hello", "220 here"))
            while self._turn():
                pass
        except (OSError, ssl.SSLError):  # a client that doesn't trust us, or hangs up
            return

    def finish(self) -> None:
        try:
            super().finish()
            self.connection.close()
        except (OSError, ValueError):
            return

    def _encrypt(self) -> None:
        self.connection = self.owner.context().wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.secure = True

    def _say(self, text: str) -> None:
        self.wfile.write(text.replace("\n", "\r\n").encode() + b"\r\n")
        self.wfile.flush()

    def _turn(self) -> bool:
        line = self.rfile.readline().decode().strip()
        word = line.partition(" ")[0].upper()
        self.owner.commands.append(word)
        answer = self.owner.answers.get(word, self._answer(word, line))
        if not answer:
            return False
        self._say(answer)
        if word == "STARTTLS":
            self._encrypt()
        if word == "DATA" and answer.startswith("354"):
            self._say(self._letter())
        return word != "QUIT"

    def _answer(self, word: str, line: str) -> str:
        if word == "EHLO":
            offers = ["AUTH PLAIN"] if self.owner.account else []
            offers += ["STARTTLS"] if self.owner.tls == "starttls" and not self.secure else []
            return "\n".join(["250-here", *(f"250-{offer}" for offer in offers), "250 SIZE 1000000"])
        if word == "AUTH":
            given = base64.b64decode(line.split()[2]).decode().split("\0")[1:]
            return "235 come in" if tuple(given) == self.owner.account else "535 no"
        return {"DATA": "354 go on", "STARTTLS": "220 go on", "QUIT": "221 bye", "": ""}.get(word, "250 fine")

    def _letter(self) -> str:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        answer = self.owner.answers.get(".", "250 taken")
        if answer.startswith("250"):
            self.owner.letters.append(BytesParser(policy=policy.default).parsebytes(b"".join(lines)))  # type: ignore[arg-type]
        return answer


def certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that signs itself, with its key in the same file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "here.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem))
    return path

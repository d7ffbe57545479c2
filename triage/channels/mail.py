"""Mail out: by SMTP, or printed where no server is set."""

from __future__ import annotations

import smtplib
import ssl
import sys
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import Protocol, TextIO
from urllib.parse import unquote, urlsplit

from triage.errors import OutsideError, SettingError

TIMEOUT = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: `id` stays the same over attempts, so that a mail program drops a second copy."""

    to: str
    subject: str
    text: str
    html: str
    id: str
    unsubscribe: str = ""


class Mailer(Protocol):
    """Sends a letter, or raises OutsideError."""

    def send(self, letter: Letter) -> None:
        """Send once."""
        ...


@dataclass
class ConsoleMailer:
    """Prints letters: what development and a first trial need."""

    sender: str
    stream: TextIO = field(default_factory=lambda: sys.stderr)

    def send(self, letter: Letter) -> None:
        """Print the letter as a reader would see it."""
        print(f"--- mail to {letter.to}: {letter.subject}\n{letter.text}\n---", file=self.stream, flush=True)


@dataclass(frozen=True)
class SmtpMailer:
    """Sends letters by SMTP with STARTTLS where the server offers it, or over TLS from the start (smtps)."""

    url: str
    sender: str

    def send(self, letter: Letter) -> None:
        """Send once; the server's refusal of the address or the text is permanent, everything else is not."""
        try:
            with closing(self._connect()) as server:
                self._greet(server)
                server.send_message(message(letter, self.sender))
                with suppress(smtplib.SMTPException, OSError):  # it is taken: nothing said at the door sends it again
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            code = max((reply[0] for reply in error.recipients.values()), default=550)
            raise OutsideError(f"the mail server refused the address ({code})", permanent=code >= 500) from error  # noqa: PLR2004
        except smtplib.SMTPResponseException as error:
            raise OutsideError(f"the mail server said {error.smtp_code}", permanent=error.smtp_code == 552) from error  # noqa: PLR2004
        except (smtplib.SMTPException, OSError) as error:
            raise OutsideError(f"the mail server can't be reached: {type(error).__name__}") from error

    def _connect(self) -> smtplib.SMTP:
        address = urlsplit(self.url)
        host = address.hostname or "localhost"
        if address.scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, address.port or 465, timeout=TIMEOUT, context=context)
        return smtplib.SMTP(host, address.port or 25, timeout=TIMEOUT)

    def _greet(self, server: smtplib.SMTP) -> None:
        address = urlsplit(self.url)
        server.ehlo()
        if address.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))


def message(letter: Letter, sender: str) -> EmailMessage:
    """Return the letter as a MIME message. Header values can't be broken out of: EmailMessage refuses line ends."""
    name, address = parseaddr(sender)
    user, _, domain = address.partition("@")
    mail = EmailMessage()
    mail["From"] = Address(name, user, domain or "localhost")
    mail["To"] = letter.to
    mail["Subject"] = " ".join(letter.subject.split())
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = f"<{letter.id}@{domain or 'localhost'}>"
    mail["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail


def mailer(url: str, sender: str) -> Mailer:
    """Return the mailer for TRIAGE_SMTP_URL; printed mails where it is empty."""
    if not url:
        return ConsoleMailer(sender)
    if urlsplit(url).scheme not in {"smtp", "smtps"}:
        raise SettingError("TRIAGE_SMTP_URL must begin with smtp:// or smtps://")
    return SmtpMailer(url, sender)

"""Mail out, over real SMTP on loopback."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from tests.channels.smtp import Server, certificate
from triage.channels.mail import ConsoleMailer, Letter, SmtpMailer, mailer, message
from triage.errors import OutsideError, SettingError

LETTER = Letter(
    to="ann@example.com",
    subject="您的反馈有回音了",
    text="已解决。\n.\n..\n",
    html="<p>已解决。</p>",
    id="notice-7",
    unsubscribe="http://triage.test/mute/abc",
)
SENDER = "启智反馈 <triage@example.org>"


def send(server: Server, account: str = "", letter: Letter = LETTER) -> None:
    scheme = "smtps" if server.tls == "smtps" else "smtp"
    SmtpMailer(f"{scheme}://{account}127.0.0.1:{server.port}", SENDER).send(letter)


def refused(server: Server, account: str = "") -> OutsideError:
    with pytest.raises(OutsideError) as caught:
        send(server, account)
    return caught.value


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


def test_a_letter_arrives_as_it_was_written() -> None:
    with Server() as server:
        send(server)
    (got,) = server.letters
    assert (got["To"], got["Subject"], got["Message-ID"]) == (LETTER.to, LETTER.subject, "<notice-7@example.org>")
    assert str(got["From"]) == SENDER
    text, html = got.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().strip() == LETTER.html


def test_it_is_told_to_be_automatic_and_how_to_stop_it() -> None:
    got = message(LETTER, SENDER)
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["List-Unsubscribe"] == "<http://triage.test/mute/abc>"
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in message(replace(LETTER, unsubscribe=""), SENDER)


def test_a_second_attempt_is_the_same_mail() -> None:
    assert message(LETTER, SENDER)["Message-ID"] == message(LETTER, SENDER)["Message-ID"]


def test_a_subject_is_one_line() -> None:
    assert message(replace(LETTER, subject="a\r\nBcc: eve@example.com"), SENDER)["Subject"] == "a Bcc: eve@example.com"


@pytest.mark.parametrize("sender", ["triage", "triage@localhost", "Triage <triage@localhost>"])
def test_a_sender_on_this_machine(sender: str) -> None:
    assert message(LETTER, sender)["Message-ID"] == "<notice-7@localhost>"


def test_it_signs_in() -> None:
    with Server(account=("me@home", "p:w/d")) as server:
        send(server, "me%40home:p%3Aw%2Fd@")
    assert len(server.letters) == 1


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_it_speaks_tls(trusted: Path, tls: str) -> None:
    with Server(tls=tls, certificate=trusted, account=("me", "pw")) as server:
        send(server, "me:pw@")
    assert len(server.letters) == 1
    assert ("STARTTLS" in server.commands) == (tls == "starttls")


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_a_certificate_of_nobody_is_not_trusted(tmp_path: Path, tls: str) -> None:
    with Server(tls=tls, certificate=certificate(tmp_path), account=("me", "pw")) as server:
        error = refused(server, "me:pw@")
    assert not error.permanent
    assert "AUTH" not in server.commands
    assert "SSL" in str(error)


@pytest.mark.parametrize(
    ("answers", "permanent"),
    [
        ({"RCPT": "550 nobody"}, True),
        ({"RCPT": "450 later"}, False),
        ({".": "552 too large"}, True),
        ({".": "451 later"}, False),
        ({"MAIL": "421 busy"}, False),
        ({"DATA": "554 no"}, False),
        ({"hello": "554 go away"}, False),
        ({"DATA": ""}, False),
        ({"RCPT": ""}, False),
        ({"hello": "nonsense"}, False),
    ],
    ids=str,
)
def test_what_a_server_says_tells_whether_to_try_again(answers: dict[str, str], permanent: bool) -> None:
    with Server(answers=answers) as server:
        assert refused(server).permanent is permanent
    assert not server.letters


@pytest.mark.parametrize("bye", ["", "500 stay", "nonsense"])
def test_a_letter_that_was_taken_is_sent_whatever_comes_after(bye: str) -> None:
    with Server(answers={"QUIT": bye}) as server:
        send(server)
    assert len(server.letters) == 1


def test_a_wrong_password_is_in_no_error() -> None:
    with Server(account=("me", "pw")) as server:
        error = refused(server, "me:secret@")
    assert "535" in str(error)
    assert "secret" not in str(error)
    assert not error.permanent  # the operator will set it right


def test_nobody_listens() -> None:
    with Server() as server:
        pass
    assert "can't be reached" in str(refused(server))


def test_without_a_server_letters_are_printed() -> None:
    out = io.StringIO()
    ConsoleMailer(SENDER, out).send(LETTER)
    assert LETTER.to in out.getvalue()
    assert LETTER.text in out.getvalue()


def test_the_setting_says_which() -> None:
    assert isinstance(mailer("", SENDER), ConsoleMailer)
    assert mailer("smtps://a.b", SENDER) == SmtpMailer("smtps://a.b", SENDER)
    with pytest.raises(SettingError, match="TRIAGE_SMTP_URL"):
        mailer("http://a.b", SENDER)

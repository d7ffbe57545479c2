"""The form: what is taken, what is asked back, and that nothing that was written is lost on the way."""

from __future__ import annotations

import html
import re
from io import BytesIO
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session

from tests.fakes.clock import Clock
from tests.web.conftest import filled
from triage.db.tables import Attachment, Feedback, Project
from triage.services.site import Site

FORM = "/p/demo/new"


@pytest.fixture
def write(client: FlaskClient, project: Project, clock: Clock):
    """Fill in the form as a person does, who needs some seconds, and send it."""

    def write(body: object = "The job hangs", **fields: object):
        form = filled(client, FORM, body=body, **fields)
        clock.forward(seconds=5)
        answer = client.post(FORM, data=form, content_type="multipart/form-data")
        answer.request.environ["wsgi.input"].close()  # a large one is in a file that the client leaves open
        return answer

    return write


def stored(session: Session) -> list[Feedback]:
    session.rollback()
    return session.query(Feedback).all()


def shown(answer) -> str:
    """Return the text that stands in the box of the form."""
    return html.unescape(re.search(r"<textarea.*?>\n(.*?)</textarea>", answer.text, re.DOTALL)[1])


def picture(kind: str = "PNG") -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind)
    return BytesIO(out.getvalue())


def test_the_front_page_leads_to_the_projects(client: FlaskClient, project: Project):
    page = client.get("/").text
    assert f'href="{FORM}"' in page
    assert 'name="code"' in page


def test_the_front_page_without_projects(client: FlaskClient):
    assert "There is no project yet." in client.get("/").text


def test_a_short_address_leads_to_the_form(client: FlaskClient, project: Project):
    assert client.get("/p/demo").location == FORM


def test_sent_stored_and_to_be_analysed(write, session: Session, site: Site):
    answer = write("The job hangs", title="Hangs", email="a@example.org")
    (row,) = stored(session)
    assert (answer.status_code, answer.location) == (303, f"/s/{row.receipt}?received=demo")
    assert (row.title, row.channel, row.reporter.email) == ("Hangs", "form", "a@example.org")
    assert site.jobs.pending() == 1


def test_the_receipt_is_shown_after_sending(write, client: FlaskClient, session: Session):
    page = client.get(write().location).text
    assert stored(session)[0].receipt in page
    assert "Thank you, it has arrived." in page


def test_a_double_click_stores_one(client: FlaskClient, project: Project, clock: Clock, session: Session):
    form = filled(client, FORM, body="Twice")
    clock.forward(seconds=5)
    first, second = client.post(FORM, data=form), client.post(FORM, data=form)
    assert first.location == second.location
    assert len(stored(session)) == 1


def test_a_second_thought_from_the_same_page_is_stored_too(
    client: FlaskClient, project: Project, clock: Clock, session: Session
):
    form = filled(client, FORM)
    clock.forward(seconds=5)
    for body in ("One", "Two"):
        client.post(FORM, data=form | {"body": body})
    assert len(stored(session)) == 2


def test_back_and_send_again_stores_one(write, session: Session):
    assert write("Once").location == write("Once").location
    assert len(stored(session)) == 1


def test_the_same_words_from_another_browser_are_another_feedback(write, client: FlaskClient, session: Session):
    write("It is slow")
    client.delete_cookie("triage")
    write("It is slow")
    assert len(stored(session)) == 2


def test_the_same_words_an_hour_later_are_news(write, clock: Clock, session: Session):
    write("Down again")
    clock.forward(seconds=3_600)
    write("Down again")
    assert len(stored(session)) == 2


def test_an_address_and_a_picture_thought_of_afterwards_are_not_lost(write, session: Session):
    write("It is slow")
    write("It is slow", picture=(picture(), "shot.png"))
    write("It is slow", email="a@example.org")
    assert {(row.reporter.email, len(row.attachments)) for row in stored(session)} == {("", 1), ("a@example.org", 0)}


@pytest.mark.parametrize("body", ["", "   \n\t ", "\u200b\u200d", "\x00\x07"])
def test_nothing_to_read(write, session: Session, body: str):
    answer = write(body)
    assert answer.status_code == 422
    assert "Please write something first." in answer.text
    assert stored(session) == []


def test_too_long_is_said_and_nothing_is_cut(write, session: Session):
    answer = write("长" * 100_000)
    assert answer.status_code == 422
    assert "at most 20,000 characters" in answer.text
    assert len(shown(answer)) == 100_000
    assert stored(session) == []


@pytest.mark.parametrize(
    "body",
    [
        "😀👩‍👩‍👧 works",
        "'; DROP TABLE feedback; --",
        "<script>alert(1)</script>",
        "\u202egnirts desrever\u202c",
        "Ｆｕｌｌ ｗｉｄｔｈ",
        "{{ 7 * 7 }} ${7*7} %(x)s",
        "عربي",
    ],
)
def test_odd_texts_are_taken_and_shown_as_text(write, client: FlaskClient, session: Session, body: str):
    page = client.get(write(body).location).text
    assert html.escape(stored(session)[0].body, quote=False).replace("'", "&#39;") in page
    assert "<script>alert" not in page


def test_control_signs_are_taken_out(write, session: Session):
    write("a\x00b\x07c")
    assert stored(session)[0].body == "abc"


@pytest.mark.parametrize("half", [b"%ED%A0%80", b"%ff%fe"])
def test_a_lone_surrogate_harms_nobody(client: FlaskClient, project: Project, clock: Clock, session: Session, half):
    form = filled(client, FORM)
    clock.forward(seconds=5)
    raw = urlencode(form).encode() + b"&body=a" + half + b"b"
    answer = client.post(FORM, data=raw, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 303
    assert stored(session)[0].body.encode()


def test_a_wrong_mail_address_is_asked_back(write, session: Session):
    answer = write(email="nobody@nowhere@")
    assert answer.status_code == 422
    assert "doesn&#39;t look like a mail address" in answer.text
    assert shown(answer) == "The job hangs"
    assert stored(session) == []


@pytest.mark.parametrize(
    ("secret", "words"),
    [("my phone is 13800138000", "a phone number"), ("password: hunter2hunter2", "a password or token")],
)
def test_secrets_are_warned_of_by_name_only(write, session: Session, secret: str, words: str):
    answer = write(f"It fails, {secret}")
    assert answer.status_code == 200
    assert words in answer.text
    note = answer.text.split("note-warn")[1].split("</div>")[0]
    assert "13800138000" not in note
    assert "hunter2" not in note
    assert stored(session) == []


def test_send_anyway(write, session: Session):
    assert write("call me: 13800138000", anyway="1").status_code == 303
    assert stored(session)[0].body == "call me: 13800138000"


def test_too_quick_is_asked_once_more_with_the_text(client: FlaskClient, project: Project, clock: Clock):
    form = filled(client, FORM, body="Quick")
    first = client.post(FORM, data=form)
    assert first.status_code == 422
    assert shown(first) == "Quick"
    clock.forward(seconds=3)
    assert client.post(FORM, data=form).status_code == 303


def test_the_trap_is_no_dead_end(write, session: Session):
    answer = write("I use autofill", website="http://x")
    assert answer.status_code == 422
    assert shown(answer) == "I use autofill"
    assert write("I use autofill").status_code == 303


@pytest.mark.parametrize("ticket", ["", "1.2.3", "9" * 500, "x.y"])
def test_a_forged_ticket_is_replaced(write, ticket: str):
    answer = write(ticket=ticket)
    assert answer.status_code == 422
    assert shown(answer) == "The job hangs"


def test_without_a_token_the_text_is_still_there(write, session: Session):
    answer = write(csrf_token="")
    assert answer.status_code == 422
    assert "the page had expired" in answer.text
    assert shown(answer) == "The job hangs"
    assert stored(session) == []


def test_a_picture_is_kept(write, session: Session, site: Site):
    assert write(picture=(picture(), "shot.png")).status_code == 303
    row = session.query(Attachment).one()
    assert row.media_type == "image/png"
    assert (site.settings.path("uploads") / row.name[:2] / row.name).is_file()


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a nonsense", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n" + b"0" * 99]
)
def test_no_picture_at_all(write, session: Session, content: bytes):
    answer = write(picture=(BytesIO(content), "shot.png"))
    assert answer.status_code == 422
    assert 'class="field-problem"' in answer.text
    assert stored(session) == []


def test_a_huge_picture(write, session: Session):
    answer = write(picture=(BytesIO(b"0" * (5 * 1024 * 1024 + 1)), "shot.png"))
    assert answer.status_code == 422
    assert "The picture is too large." in answer.text


def test_far_too_much_is_refused_before_it_is_read(write):
    assert write(picture=(BytesIO(b"0" * (8 * 1024 * 1024)), "shot.png")).status_code == 413


@pytest.mark.parametrize("path", ["/p/nowhere/new", "/p/%00/new", "/p/%ED%A0%80/new", "/p/'--/new"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_projects(client: FlaskClient, path: str, method: str):
    assert client.open(path, method=method).status_code == 404


def test_too_many_are_slowed_down(client: FlaskClient, project: Project):
    answers = {client.post(FORM).status_code for _ in range(21)}
    last = client.post(FORM)
    assert answers == {422, 429}
    assert "A little slower, please" in last.text
    assert 0 < int(last.headers["Retry-After"]) <= 601

"""A picture to the issue, by a button: who may press it, when it is there, and what it says."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.fakes.host import DENIED, FakeHost
from tests.web.conftest import filled
from triage.db.tables import Attachment, Feedback, Topic
from triage.services import pictures
from triage.services.site import Site

BUTTON = "Add this picture"


@pytest.fixture
def host(site: Site) -> FakeHost:
    made = FakeHost()
    made.open()
    site.host = lambda _: made  # type: ignore[method-assign]
    return made


@pytest.fixture
def picture(site: Site, session: Session, topic: Topic) -> Attachment:
    """One that came with the topic's feedback; the topic has an issue."""
    factories.issue(session, topic)
    out = io.BytesIO()
    Image.new("RGB", (4, 3)).save(out, "PNG")
    found = pictures.read(io.BytesIO(out.getvalue()), limit=10_000)
    feedback = session.scalars(select(Feedback).where(Feedback.topic_id == topic.id)).one()
    row = pictures.store(session, feedback, found, folder=site.settings.path("uploads"), now=site.now())
    session.commit()
    return row


def press(client: FlaskClient, picture: Attachment, **fields: object) -> str:
    page = f"/queue/{picture.feedback.topic.key}"
    answer = client.post(f"/queue/pictures/{picture.id}/attach", data=filled(client, page, **fields))
    return client.get(answer.location).text if answer.location else answer.text


def test_the_picture_goes_to_the_issue_and_is_linked(signed_in: FlaskClient, host: FakeHost, picture: Attachment):
    page = press(signed_in, picture)
    assert "The picture is on the issue now" in page
    assert f'href="http://git.test/attachments/{picture.name}"' in page
    assert BUTTON not in page
    assert list(host.attached) == [picture.name]


def test_the_button_says_who_will_see_it(signed_in: FlaskClient, picture: Attachment):
    page = signed_in.get(f"/queue/{picture.feedback.topic.key}").text
    assert BUTTON in page
    assert "Everyone who can read the issue will see the picture." in page


def test_there_is_no_button_without_an_issue(signed_in: FlaskClient, session: Session, picture: Attachment):
    session.delete(picture.feedback.topic.issue)
    session.commit()
    assert BUTTON not in signed_in.get(f"/queue/{picture.feedback.topic.key}").text


@pytest.mark.parametrize("confidential", [False, True])
def test_a_private_picture_has_one_for_a_confidential_issue_only(
    signed_in: FlaskClient, session: Session, picture: Attachment, confidential: bool
):
    picture.feedback.private, picture.feedback.topic.issue.confidential = True, confidential
    session.commit()
    assert (BUTTON in signed_in.get(f"/queue/{picture.feedback.topic.key}").text) == confidential


def test_a_picture_that_is_about_security_has_none(signed_in: FlaskClient, session: Session, picture: Attachment):
    picture.feedback.component = "security"
    session.commit()
    assert BUTTON not in signed_in.get(f"/queue/{picture.feedback.topic.key}").text


def test_a_private_picture_is_refused_all_the_same(
    signed_in: FlaskClient, host: FakeHost, session: Session, picture: Attachment
):
    picture.feedback.private = True
    session.commit()
    assert "its pictures stay here" in press(signed_in, picture)
    assert not host.attached


def test_a_host_without_attachments_says_so(signed_in: FlaskClient, host: FakeHost, picture: Attachment):
    host.attaches = False
    assert "takes no pictures from programs" in press(signed_in, picture)


def test_a_refusal_is_told(signed_in: FlaskClient, host: FakeHost, picture: Attachment):
    host.fail("attach", DENIED)
    page = press(signed_in, picture)
    assert "The picture was not added: the token lacks write:issue" in page
    assert BUTTON in page


def test_it_needs_a_token(signed_in: FlaskClient, host: FakeHost, picture: Attachment):
    assert signed_in.post(f"/queue/pictures/{picture.id}/attach").status_code == 400
    assert not host.calls


def test_nobody_adds_one_without_signing_in(client: FlaskClient, host: FakeHost, picture: Attachment):
    token = filled(client, "/sign-in")["csrf_token"]
    answer = client.post(f"/queue/pictures/{picture.id}/attach", data={"csrf_token": token})
    assert answer.location.startswith("/sign-in")
    assert not host.calls


def test_a_picture_that_never_was(signed_in: FlaskClient):
    assert signed_in.post("/queue/pictures/99/attach", data=filled(signed_in, "/queue")).status_code == 404

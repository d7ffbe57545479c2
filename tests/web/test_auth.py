"""Signing in and out, one-time passwords, and where one is sent afterwards."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import factories
from tests.web.conftest import filled
from triage.db.tables import User
from triage.services import people

LONG = "a long new password"


def sign_in(client: FlaskClient, name: str, password: str, **fields: object):
    return client.post("/sign-in", data=filled(client, "/sign-in") | {"name": name, "password": password} | fields)


def renew(client: FlaskClient, current: str, password: str, repeat: str):
    fields = {"current": current, "password": password, "repeat": repeat}
    return client.post("/password", data=filled(client, "/password") | fields)


def test_the_way_in_and_out(signed_in: FlaskClient):
    page = signed_in.get("/queue")
    assert "maintainer" in page.text
    signed_in.post("/sign-out", data=filled(signed_in, "/queue"))
    assert signed_in.get("/queue").status_code == 302


def test_signed_in_already(signed_in: FlaskClient):
    assert signed_in.get("/sign-in?next=/queue?kind=bug").location == "/queue?kind=bug"


@pytest.mark.parametrize(("name", "password"), [("maintainer", "wrong"), ("nobody", "wrong"), ("", ""), ("a\0b", "x")])
def test_wrong_ones_are_told_alike(client: FlaskClient, user: User, name: str, password: str):
    answer = sign_in(client, name, password)
    assert answer.status_code == 403
    assert "The name or the password is wrong." in answer.text


def test_who_left_stays_out(client: FlaskClient, session: Session, user: User):
    user.active = False
    session.commit()
    assert sign_in(client, user.name, factories.PASSWORD).status_code == 403


def test_who_left_is_out_at_once(signed_in: FlaskClient, session: Session, user: User):
    user.active = False
    session.commit()
    assert signed_in.get("/queue").status_code == 302


@pytest.mark.parametrize(
    "target", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/\t/evil.test", "//[", ""]
)
def test_nobody_is_sent_elsewhere(client: FlaskClient, user: User, target: str):
    assert sign_in(client, user.name, factories.PASSWORD, next=target).location == "/queue"


def test_one_is_sent_where_one_wanted_to_go(client: FlaskClient, user: User):
    page = client.get("/queue/ABCDEF?back=/queue").location
    answer = client.post(page, data=filled(client, page) | {"name": user.name, "password": factories.PASSWORD})
    assert answer.location == "/queue/ABCDEF?back=/queue"


def test_signing_in_needs_a_token(client: FlaskClient, user: User):
    answer = client.post("/sign-in", data={"name": user.name, "password": factories.PASSWORD})
    assert answer.status_code == 400
    assert "cookies are off" in answer.text


def test_guessing_is_slowed_down(client: FlaskClient, user: User):
    answers = [sign_in(client, user.name, "wrong").status_code for _ in range(11)]
    assert answers == [403] * 10 + [429]


@pytest.fixture
def newcomer(client: FlaskClient, session: Session, site) -> str:
    """Sign in with a one-time password, and return it."""
    password = people.add(session, "newcomer", now=site.now())
    session.commit()
    assert sign_in(client, "newcomer", password).location == "/password?next=/queue"
    return password


@pytest.mark.parametrize("path", ["/queue", "/queue/ABCDEF", "/queue/pictures/1"])
def test_a_one_time_password_opens_nothing_else(client: FlaskClient, newcomer: str, path: str):
    assert client.get(path).location == "/password"


def test_a_one_time_password_leads_on_to_where_one_was_going(client: FlaskClient, session: Session, site):
    password = people.add(session, "newcomer", now=site.now())
    session.commit()
    page = sign_in(client, "newcomer", password, next="/queue/ABCDEF?show=all").location
    form = filled(client, page) | {"current": password, "password": LONG, "repeat": "another"}
    again = client.post(page, data=form)
    assert 'value="/queue/ABCDEF?show=all"' in again.text
    assert client.post("/password", data=form | {"repeat": LONG}).location == "/queue/ABCDEF?show=all"


def test_a_new_password_leads_to_no_other_site(client: FlaskClient, newcomer: str):
    form = filled(client, "/password?next=//evil.example") | {"current": newcomer, "password": LONG, "repeat": LONG}
    assert client.post("/password", data=form | {"next": "//evil.example"}).location == "/queue"


def test_ones_own_password_opens_the_queue(client: FlaskClient, newcomer: str):
    assert renew(client, newcomer, LONG, LONG).location == "/queue"
    assert client.get("/queue").status_code == 200


@pytest.mark.parametrize(
    ("password", "repeat", "words"),
    [
        ("short", "short", "at least 10 characters"),
        (LONG, "something else", "not the same"),
        ("", "", "at least 10 characters"),
    ],
)
def test_passwords_that_will_not_do(client: FlaskClient, newcomer: str, password: str, repeat: str, words: str):
    answer = renew(client, newcomer, password, repeat)
    assert answer.status_code == 422
    assert words in answer.text


def test_the_one_time_password_is_not_ones_own(client: FlaskClient, newcomer: str):
    assert "Choose another password" in renew(client, newcomer, newcomer, newcomer).text


def test_changing_needs_the_present_one(client: FlaskClient, newcomer: str):
    assert "present password is not right" in renew(client, "wrong", LONG, LONG).text


def test_a_new_password_ends_other_sessions(app: Flask, signed_in: FlaskClient, user: User):
    other = app.test_client()
    sign_in(other, user.name, factories.PASSWORD)
    renew(signed_in, factories.PASSWORD, LONG, LONG)
    assert signed_in.get("/queue").status_code == 200
    assert other.get("/queue").status_code == 302


def test_strangers_change_no_password(client: FlaskClient):
    assert client.get("/password").location == "/sign-in?next=/password"


@pytest.mark.parametrize("remembered", ["", "x", "1", "1.wrong", "99.x"])
def test_forged_sessions(app: Flask, client: FlaskClient, user: User, remembered: str):
    with client.session_transaction() as session:
        session["_user_id"] = remembered
    assert client.get("/queue").status_code == 302

"""Every error is a calm page, or JSON for machines; none shows a trace."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from structlog.testing import capture_logs
from werkzeug.exceptions import RequestTimeout

from tests.fakes.clock import START
from triage.db.engine import Database
from triage.db.tables import Project
from triage.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, OutsideError, SettingError
from triage.services import projects
from triage.services.site import Site
from triage.web.guards import DRAINED

RAISED = [
    (NotFoundError("secret detail"), 404, "Nothing here"),
    (InvalidError("secret detail", code="email"), 422, "look like a mail address"),
    (ConflictError("secret detail"), 409, "It has changed meanwhile"),
    (ForbiddenError("secret detail"), 403, "That is not allowed"),
    (OutsideError("secret detail"), 502, "answer"),
    (SettingError("secret detail"), 503, "Not just now"),
    (ZeroDivisionError("secret detail"), 500, "That was our mistake"),
    (RequestTimeout("secret detail"), 408, "That can"),
]


def raising(app: Flask, path: str, error: Exception) -> None:
    def view() -> str:
        raise error

    app.add_url_rule(path, "raising", view)


@pytest.mark.parametrize(("error", "status", "words"), RAISED)
def test_pages(app: Flask, error: Exception, status: int, words: str):
    raising(app, "/raise", error)
    answer = app.test_client().get("/raise", headers={"Accept-Language": "en"})
    assert answer.status_code == status
    assert words in answer.text
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("error", "status", "words"), RAISED)
def test_machines_read_json(app: Flask, error: Exception, status: int, words: str):
    raising(app, "/api/raise", error)
    answer = app.test_client().get("/api/raise", headers={"Accept-Language": "en"})
    assert answer.status_code == status
    assert set(answer.json["error"]) >= {"code", "field", "message"}
    assert "secret detail" not in answer.text


def test_what_nobody_foresaw_has_a_number(app: Flask):
    raising(app, "/raise", ZeroDivisionError())
    assert re.search(
        "name the number [0-9a-f]{8}", app.test_client().get("/raise", headers={"Accept-Language": "en"}).text
    )


def test_a_wrong_method_says_which_are_right(client: FlaskClient):
    answer = client.post("/healthz", data={})
    assert answer.status_code in {400, 405}
    assert client.open("/healthz", method="PURGE").status_code == 405


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/queue/T7KQ2M/accept", "/queue/T7KQ2M"),
        ("/queue/decisions/1/undo", "/queue"),
        ("/learning/demo/rollback", "/learning/demo"),
        ("/learning/proposals/1/yes", "/learning"),
        ("/hosts/demo/check", "/hosts/demo"),
        ("/s/K7QM-3XTA-9WPD/reply", "/s/K7QM-3XTA-9WPD"),
        ("/sign-out", "/"),
    ],
)
def test_who_opens_the_address_of_a_button_gets_its_page(signed_in: FlaskClient, path: str, page: str):
    answer = signed_in.get(path)
    assert (answer.status_code, answer.location) == (302, page)


def test_machines_are_told_of_a_wrong_method(client: FlaskClient):
    answer = client.get("/api/v1/projects/demo/feedback")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_an_expired_page_says_so_and_leads_back(client: FlaskClient):
    answer = client.post("/queue/T7KQ2M/accept", data={}, headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert "The page had expired" in answer.text
    assert 'href="/queue/T7KQ2M"' in answer.text


def test_a_form_that_went_wrong_leads_back_to_where_it_was(client: FlaskClient):
    answer = client.post("/queue/decisions/1/undo", data={"back": "/queue?kind=bug"})
    assert 'href="/queue?kind=bug"' in answer.text
    assert "//evil.test" not in client.post("/queue/decisions/1/undo", data={"back": "//evil.test"}).text


def test_a_slash_at_the_end_does_no_harm(client: FlaskClient, project: Project):
    assert client.get("/p/demo/new/").status_code == 200


def test_health(client: FlaskClient):
    assert client.get("/healthz").json["ok"] is True


def test_the_content_policy_allows_nothing_inline(client: FlaskClient):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_no_page_loads_from_elsewhere(client: FlaskClient):
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', client.get("/").text)


@pytest.mark.parametrize(
    "path", ["/static/app.css", "/static/app.js", "/static/icon.svg", "/bootstrap/static/css/bootstrap.min.css"]
)
def test_what_pages_load_is_there(client: FlaskClient, path: str):
    answer = client.get(path)
    assert answer.status_code == 200
    answer.close()


def test_nul_in_an_address(client: FlaskClient):
    assert client.get("/?x=%00").status_code == 404


def test_the_api_describes_itself(client: FlaskClient):
    assert client.get("/api/openapi.json").json["openapi"].startswith("3.")


@pytest.mark.parametrize(("path", "size"), [("/p/demo/new", 9_000_000), ("/api/v1/projects/demo/feedback", 2_000_000)])
def test_what_is_too_large_is_read_to_its_end_so_that_the_answer_is_seen(
    app: Flask, session: Session, project: Project, path: str, size: int
):
    token = {"Authorization": "Bearer " + projects.add_token(session, project, "tests", now=START)}
    session.commit()
    sent = BytesIO(b" " * size)
    kind = "application/json" if path.startswith("/api") else "multipart/form-data; boundary=b"
    answer = app.test_client().post(path, input_stream=sent, content_length=size, content_type=kind, headers=token)
    assert answer.status_code == 413
    assert sent.tell() == size


def test_a_length_that_nobody_waits_for_is_not_read(app: Flask, project: Project):
    sent = BytesIO(b" " * (DRAINED + 1_000_000))
    told = {"content_length": 10**12, "content_type": "multipart/form-data; boundary=b"}
    assert app.test_client().post("/p/demo/new", input_stream=sent, **told).status_code == 413
    assert sent.tell() == DRAINED


@pytest.fixture
def away(site: Site):
    """A database that doesn't answer."""
    kept, site.db = site.db, Database("postgresql://postgres@127.0.0.1:1/nowhere")
    yield
    site.db.close()
    site.db = kept


@pytest.mark.usefixtures("away")
def test_while_the_database_is_away_machines_are_told_to_come_again(client: FlaskClient):
    headers = {"Authorization": "Bearer x", "Accept-Language": "en"}
    answer = client.post("/api/v1/projects/demo/feedback", json={"body": "x"}, headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "60"
    assert "send it again" in answer.json["error"]["message"]


@pytest.mark.parametrize("path", ["/", "/p/demo/new", "/s/K7QM-3XTA-9WPD", "/queue", "/healthz"])
def test_while_the_database_is_away_people_read_a_page_that_says_so(
    signed_in: FlaskClient, request: pytest.FixtureRequest, path: str
):
    request.getfixturevalue("away")
    answer = signed_in.get(path, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Not just now" in answer.text


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("path", ["/s/{}", "/mute/{}", "/api/v1/feedback/{}"])
def test_no_code_that_opens_a_page_is_in_the_log(client: FlaskClient, path: str):
    with capture_logs() as said:
        client.get(path.format("K7QM-3XTA-9WPD"))
    assert said
    assert "K7QM" not in str(said)

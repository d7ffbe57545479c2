"""Every error is a calm page, or JSON for machines; none shows a trace."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import RequestTimeout

from triage.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, OutsideError, SettingError

RAISED = [
    (NotFoundError("secret detail"), 404, "Nothing here"),
    (InvalidError("secret detail", code="email"), 422, "look like a mail address"),
    (ConflictError("secret detail"), 409, "It has changed meanwhile"),
    (ForbiddenError("secret detail"), 403, "That is not allowed"),
    (OutsideError("secret detail"), 502, "answer"),
    (SettingError("secret detail"), 500, "That was our mistake"),
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

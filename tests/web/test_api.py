"""The HTTP API: submitting with a token, asking with a receipt, and the document that describes it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests import factories
from tests.channels.hostile import MAPPINGS, SENSIBLE
from tests.fakes.clock import START
from triage.app import create_app
from triage.channels.fields import LIMIT
from triage.db.tables import ApiToken, Feedback, Project, Reporter
from triage.domain.feedback import FeedbackState
from triage.jobs import Jobs
from triage.services import projects
from triage.services.site import Site

URL = "/api/v1/projects/demo/feedback"
GIT = "http://git.test/team/product/issues/7"


@pytest.fixture
def token(session: Session, project: Project) -> str:
    made = projects.add_token(session, project, "tests", now=START)
    session.commit()
    return made


@pytest.fixture
def sender(client: FlaskClient, token: str) -> FlaskClient:
    """A program with a token."""
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def error(answer: TestResponse) -> tuple[int, str, str]:
    """The status, the code and the field of an error; its sentence is there and shows nothing of the inside."""
    assert set(answer.json["error"]) == {"code", "field", "message"}
    assert answer.json["error"]["message"]
    assert "Traceback" not in answer.text
    return answer.status_code, answer.json["error"]["code"], answer.json["error"]["field"]


def stored(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count(Feedback.id))) or 0


def test_feedback_is_stored_and_answered_with_a_receipt(sender: FlaskClient, session: Session, site: Site) -> None:
    answer = sender.post(URL, json={"body": "卡住了", "title": "排队", "email": "ann@example.com", "app": "2.4"})
    row = session.scalars(select(Feedback)).one()
    assert answer.status_code == 201
    assert answer.json == {"receipt": row.receipt, "status_url": f"http://triage.test/s/{row.receipt}", "added": True}
    assert (row.body, row.title, row.channel, row.context) == ("卡住了", "排队", "api", {"app": "2.4"})
    assert row.reporter.email == "ann@example.com"
    assert site.jobs.pending() == 1


@pytest.mark.parametrize("twice", [{"id": "t-1"}, {"source_url": "https://forum.test/1"}, {"id": 17}])
def test_the_same_again_stores_nothing(
    sender: FlaskClient, session: Session, site: Site, twice: dict[str, Any]
) -> None:
    first, again = (sender.post(URL, json={"text": text} | twice) for text in ("one", "another text"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json | {"added": False}
    assert (stored(session), site.jobs.pending()) == (1, 1)


def test_a_key_makes_a_request_safe_to_repeat(sender: FlaskClient, session: Session) -> None:
    answers = [sender.post(URL, json={"text": "x"}, headers={"Idempotency-Key": key}) for key in ("a", "a", "b", " ")]
    assert [answer.status_code for answer in answers] == [201, 200, 201, 201]
    assert stored(session) == 3


def test_an_id_says_more_than_a_key(sender: FlaskClient, session: Session) -> None:
    for key in ("a", "b"):
        sender.post(URL, json={"text": "x", "id": 1}, headers={"Idempotency-Key": key})
    assert session.scalars(select(Feedback)).one().identity == "id:api:1"


def test_without_either_each_is_its_own(sender: FlaskClient, session: Session) -> None:
    assert [sender.post(URL, json={"text": "x"}).status_code for _ in range(2)] == [201, 201]
    assert stored(session) == 2


def test_when_it_was_said_is_kept(sender: FlaskClient, session: Session) -> None:
    sender.post(URL, json={"text": "x", "created_at": "2026-02-01T08:00:00+08:00", "private": True, "user": "u1"})
    row = session.scalars(select(Feedback)).one()
    assert (row.said_at, row.private) == (datetime(2026, 2, 1, tzinfo=UTC), True)


def test_a_persons_feedback_is_one_persons(sender: FlaskClient, session: Session) -> None:
    for text in ("one", "two"):
        sender.post(URL, json={"text": text, "reporter": 4711})
    assert len(session.scalars(select(Reporter)).all()) == 1


@pytest.mark.parametrize("sent", ["", "Basic YTpi", "Bearer", "Bearer ", "tr_abc", "Token x", "Bearer \udcff"])
def test_without_a_token_nobody_is_let_in(client: FlaskClient, project: Project, sent: str) -> None:
    answer = client.post(
        URL, json={"text": "x"}, headers={"Authorization": sent.encode("utf-8", "surrogateescape").decode("latin-1")}
    )
    assert error(answer) in {(401, "unauthorized", ""), (403, "forbidden", "")}
    if "\udcff" not in sent:
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_wrong_token_is_refused(client: FlaskClient, project: Project) -> None:
    assert error(client.post(URL, json={}, headers={"Authorization": "Bearer tr_x"})) == (403, "forbidden", "")


def test_a_token_opens_its_own_project_only(sender: FlaskClient, session: Session) -> None:
    factories.project(session, slug="other")
    session.commit()
    assert error(sender.post(URL.replace("demo", "other"), json={"text": "x"})) == (403, "forbidden", "")
    assert stored(session) == 0


def test_a_token_that_was_taken_back_is_refused(sender: FlaskClient, session: Session) -> None:
    session.scalars(select(ApiToken)).one().revoked_at = START
    session.commit()
    assert error(sender.post(URL, json={"text": "x"})) == (403, "forbidden", "")


def test_when_a_token_was_used_is_kept(sender: FlaskClient, session: Session) -> None:
    sender.post(URL, json={"text": "x"})
    assert session.scalars(select(ApiToken)).one().used_at == START


def test_an_unknown_project(sender: FlaskClient) -> None:
    assert error(sender.post(URL.replace("demo", "none"), json={"text": "x"})) == (404, "not_found", "")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/xml"]
)
def test_only_json_is_taken(sender: FlaskClient, kind: str) -> None:
    assert error(sender.post(URL, data=b"{}", content_type=kind)) == (415, "unsupported_media_type", "")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/vnd.api+json", "APPLICATION/JSON"])
def test_json_has_many_names(sender: FlaskClient, kind: str) -> None:
    assert sender.post(URL, data=b'{"text": "x"}', content_type=kind).status_code == 201


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", (400, "not_json", "")),
        (b"{", (400, "not_json", "")),
        (b"\xff\xfe{}", (400, "not_json", "")),
        ('{"text": "编码"}'.encode("gbk"), (400, "not_json", "")),
        (b'{"text": "x", "n": NaN}', (400, "not_json", "")),
        (b"[]", (400, "not_object", "")),
        (b'"text"', (400, "not_object", "")),
        (b'{"text":' * 50_000, (422, "too_deep", "")),
        (b'{"text": "x", "a": ' + b"[" * 50 + b"]" * 50 + b"}", (422, "too_deep", "context")),
        (b"{}", (422, "empty", "body")),
        ('{"text": " \u200b\u3000"}'.encode(), (422, "empty", "body")),
        (b'{"text": 404}', (422, "wrong_type", "body")),
        (b'{"text": "x", "title": ["a"]}', (422, "wrong_type", "title")),
        (b'{"text": "x", "email": "not one"}', (422, "email", "email")),
        (b'{"text": "x", "created_at": "soon"}', (422, "date", "created_at")),
        (b'{"text": "x", "private": "maybe"}', (422, "wrong_type", "private")),
        (b'{"text": "x", "n": 1e999}', (422, "number", "context")),
        (b'{"text": "' + b"x" * 20_001 + b'"}', (422, "too_long", "body")),
        (b'{"text": "x", "title": "' + b"x" * 201 + b'"}', (422, "title_too_long", "title")),
        (b'{"text": "x", "log": "' + b"x" * 9_000 + b'"}', (422, "context", "context")),
        (b" " * (LIMIT + 1), (413, "too_large", "")),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_taken(sender: FlaskClient, session: Session, body: bytes, answer: tuple[int, str, str]) -> None:
    assert error(sender.post(URL, data=body, content_type="application/json")) == answer
    assert stored(session) == 0


def test_a_large_body_is_refused_and_never_held(sender: FlaskClient) -> None:
    pieces: list[int] = []

    class Body(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            pieces.append(len(found := super().read(size)))
            return found

    claim = {"CONTENT_LENGTH": str(2 * LIMIT), "wsgi.input": Body(b" " * 2 * LIMIT)}
    answer = sender.post(URL, content_type="application/json", environ_overrides=claim)
    assert error(answer) == (413, "too_large", "")
    assert max(pieces) < LIMIT / 10


@pytest.mark.parametrize(("spaces", "status"), [(100, 201), (LIMIT - 13, 201), (LIMIT - 12, 413), (3 * LIMIT, 413)])
def test_a_body_in_chunks_has_the_same_limit(sender: FlaskClient, spaces: int, status: int) -> None:
    """The server tells no length then, and what is behind the limit could be anything."""
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    body = io.BytesIO(b'{"text": "x"}' + b" " * spaces)
    kind = {"content_type": "application/json", "environ_overrides": chunked}
    assert sender.post(URL, input_stream=body, **kind).status_code == status


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "请先写点内容"), ("en", "Please write something")])
def test_errors_speak_the_senders_language(sender: FlaskClient, language: str, words: str) -> None:
    answer = sender.post(URL, json={}, headers={"Accept-Language": language})
    assert words in answer.json["error"]["message"]


def test_other_ways_to_call_it(sender: FlaskClient) -> None:
    assert error(sender.put(URL))[:2] == (405, "method_not_allowed")
    assert error(sender.get("/api/v1/nothing"))[:2] == (404, "not_found")


def test_receipts_cannot_be_guessed_for_long(sender: FlaskClient) -> None:
    codes = [sender.get("/api/v1/feedback/XXXX-XXXX-XXXX").status_code for _ in range(32)]
    assert codes == [404] * 30 + [429] * 2
    answer = sender.get("/api/v1/feedback/XXXX-XXXX-XXXX")
    assert error(answer) == (429, "too_many_requests", "")
    assert 0 < int(answer.headers["Retry-After"]) <= 24 * 3600


def test_a_queue_that_is_down_does_not_make_them_send_it_again(
    sender: FlaskClient, session: Session, site: Site
) -> None:
    site.jobs = Jobs("redis://127.0.0.1:1", site.settings.instance)
    assert sender.post(URL, json={"text": "x"}).status_code == 201
    assert session.scalars(select(Feedback)).one().state == FeedbackState.RECEIVED


def test_what_became_of_it(client: FlaskClient, session: Session, project: Project) -> None:
    topic = factories.filed(session, project, "7")
    row = session.scalars(select(Feedback)).one()
    factories.notice(session, row, "filed", about="7", happened_at=START + timedelta(hours=1))
    factories.notice(
        session, row, "commented", text="We found it", author="lin", happened_at=START + timedelta(hours=2)
    )
    session.commit()
    answer = client.get(f"/api/v1/feedback/{row.receipt.lower().replace('-', ' ')}")
    assert answer.json == {
        "receipt": row.receipt,
        "project": "demo",
        "status": "filed",
        "received_at": "2026-03-02T09:00:00+00:00",
        "issue": {"number": "7", "url": GIT, "open": True},
        "timeline": [
            {"event": "received", "at": "2026-03-02T09:00:00+00:00", "text": "", "author": ""},
            {"event": "filed", "at": "2026-03-02T10:00:00+00:00", "text": "", "author": ""},
            {"event": "commented", "at": "2026-03-02T11:00:00+00:00", "text": "We found it", "author": "lin"},
        ],
    }
    assert topic.title not in answer.text  # whoever reads the receipt aloud does not read out what they wrote
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_console_hosts_file_is_nobodys_business(client: FlaskClient, session: Session, project: Project) -> None:
    topic = factories.filed(session, project)
    topic.issue.url = "file:///srv/triage/console-demo.json#1"
    session.commit()
    assert client.get(f"/api/v1/feedback/{session.scalars(select(Feedback.receipt)).one()}").json["issue"] is None


def test_quarantine_is_not_told(client: FlaskClient, session: Session, project: Project) -> None:
    row = factories.feedback(session, project, state=FeedbackState.QUARANTINED)
    session.commit()
    assert client.get(f"/api/v1/feedback/{row.receipt}").json["status"] == "received"


@pytest.mark.parametrize("receipt", ["XXXX-XXXX-XXXX", "x", "%00", "%F0%9F%90%9B", "a" * 500])
def test_an_unknown_receipt(client: FlaskClient, project: Project, receipt: str) -> None:
    assert error(client.get(f"/api/v1/feedback/{receipt}"))[:2] == (404, "not_found")


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200
    return answer.json


def schema(document: dict[str, Any], path: str, method: str, status: int) -> dict[str, Any]:
    found = document["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
    return {"components": document["components"], **found}


SEND = "/api/v1/projects/{slug}/feedback"


@pytest.mark.parametrize(
    ("body", "status"), [(b'{"text": "x", "id": 1}', 201), (b"{", 400), (b"{}", 422), (b" " * (LIMIT + 1), 413)]
)
def test_answers_are_as_documented(sender: FlaskClient, document: dict[str, Any], body: bytes, status: int) -> None:
    answer = sender.post(URL, data=body, content_type="application/json")
    assert answer.status_code == status
    jsonschema.validate(answer.json, schema(document, SEND, "post", status))


def test_a_body_is_said_to_be_needed(document: dict[str, Any]) -> None:
    assert document["paths"][SEND]["post"]["requestBody"]["required"] is True


def test_standing_is_as_documented(
    client: FlaskClient, document: dict[str, Any], session: Session, project: Project
) -> None:
    factories.filed(session, project)
    session.commit()
    answer = client.get(f"/api/v1/feedback/{session.scalars(select(Feedback.receipt)).one()}")
    jsonschema.validate(answer.json, schema(document, "/api/v1/feedback/{receipt}", "get", 200))


def test_every_error_is_documented_in_one_shape(document: dict[str, Any]) -> None:
    responses = document["paths"][SEND]["post"]["responses"]
    assert set(responses) == {"200", "201", "400", "401", "403", "404", "413", "415", "422", "429", "503"}
    shapes = [schema(document, SEND, "post", int(status)) for status in responses if status >= "400"]
    assert all(shape["properties"]["error"]["required"] == ["code", "field", "message"] for shape in shapes)


def test_what_is_sent_is_documented(document: dict[str, Any]) -> None:
    operation = document["paths"][SEND]["post"]
    assert operation["security"] == [{"token": []}]
    assert "Idempotency-Key" in [given["name"] for given in operation["parameters"]]
    assert document["components"]["schemas"]["FeedbackIn"]["additionalProperties"] is True


@settings(max_examples=60)
@given(body=MAPPINGS | SENSIBLE)
def test_any_object_is_stored_whole_or_refused(app: Flask, token: str, session: Session, body: dict[str, Any]) -> None:
    before = stored(session)
    answer = app.test_client().post(
        URL,
        data=json.dumps(body, default=str),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code in {200, 201, 400, 413, 422}
    assert stored(session) == before + (answer.status_code == 201)


def test_the_api_is_the_same_under_another_address(site: Site, token: str) -> None:
    site.settings = replace(site.settings, base_url="https://feedback.example.com/triage")
    answer = create_app(site).test_client().post(URL, json={"text": "x"}, headers={"Authorization": f"Bearer {token}"})
    assert answer.json["status_url"].startswith("https://feedback.example.com/triage/s/")

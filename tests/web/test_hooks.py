"""Webhooks in: signed feedback, and what a Git host tells."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook
from werkzeug.test import TestResponse

from tests import factories
from tests.fakes.clock import START, Clock
from tests.hosts.test_hooks import FILES, sent
from triage.channels.fields import LIMIT
from triage.db.seal import seal
from triage.db.tables import Delivery, Feedback, Project
from triage.hosts import kinds
from triage.hosts.deliveries import LIMIT as HOST_LIMIT
from triage.services.site import Site

HOOK, GIT = "/hooks/feedback/demo", "/hooks/host/demo"
HOOK_SECRET, HOST_SECRET = "whsec_aG9vaw==", "host secret"  # those of factories.project
WRONG = "v1,AAAA"


def code(answer: TestResponse) -> tuple[int, str]:
    assert set(answer.json["error"]) == {"code", "field", "message"}
    assert answer.json["error"]["message"]
    return answer.status_code, answer.json["error"]["code"]


def signed(body: bytes, **headers: str) -> dict[str, str]:
    made = {"webhook-id": "msg_1", "webhook-timestamp": str(int(START.timestamp())), "Content-Type": "application/json"}
    signature = Webhook(HOOK_SECRET).sign(headers.get("webhook-id", "msg_1"), START, body.decode("utf-8", "replace"))
    return made | {"webhook-signature": signature} | headers


def send(client: FlaskClient, body: bytes, **headers: str) -> TestResponse:
    return client.post(HOOK, data=body, headers=signed(body, **headers))


def stored(session: Session, table: type[Feedback] | type[Delivery] = Feedback) -> int:
    session.rollback()
    return session.scalar(select(func.count(table.id))) or 0


@pytest.mark.usefixtures("project")
class TestFeedback:
    def test_it_is_stored_before_it_is_acknowledged(self, client: FlaskClient, session: Session, site: Site) -> None:
        answer = send(client, '{"内容": "卡住了"}'.encode())
        row = session.scalars(select(Feedback)).one()
        assert (answer.status_code, answer.json) == (202, {"receipt": row.receipt, "added": True})
        assert (row.body, row.channel, row.identity) == ("卡住了", "webhook", "webhook:msg_1")
        assert site.jobs.pending() == 1

    def test_sent_again_it_is_the_same(self, client: FlaskClient, session: Session, site: Site) -> None:
        first, again = send(client, b'{"text": "x"}'), send(client, b'{"text": "x"}')
        assert again.json == {"receipt": first.json["receipt"], "added": False}
        assert (again.status_code, stored(session), site.jobs.pending()) == (202, 1, 1)

    def test_another_delivery_is_another_feedback(self, client: FlaskClient, session: Session) -> None:
        send(client, b'{"text": "x"}')
        send(client, b'{"text": "x"}', **{"webhook-id": "msg_2"})
        assert stored(session) == 2

    @pytest.mark.parametrize(
        "headers",
        [{"webhook-signature": WRONG}, {"webhook-signature": ""}, {"webhook-id": ""}, {"webhook-timestamp": "0"}],
    )
    def test_what_is_not_signed_is_refused(
        self, client: FlaskClient, session: Session, headers: dict[str, str]
    ) -> None:
        answer = client.post(HOOK, data=b'{"text": "x"}', headers=signed(b'{"text": "x"}') | headers)
        assert code(answer) == (403, "forbidden")
        assert stored(session) == 0

    def test_an_old_delivery_is_refused(self, client: FlaskClient, clock: Clock) -> None:
        clock.forward(minutes=6)
        answer = send(client, b'{"text": "x"}')
        assert code(answer) == (403, "forbidden")
        assert "clocks" in answer.json["error"]["message"]

    def test_why_is_said_in_the_senders_language(self, client: FlaskClient) -> None:
        answer = client.post(HOOK, data=b"{}", headers={"Accept-Language": "zh"})
        assert "webhook-signature" in answer.json["error"]["message"]
        assert any(ord(sign) > 0x4E00 for sign in answer.json["error"]["message"])

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"[]", 400),
            (b'{"text": NaN}', 400),
            (b"\xff", 400),
            (b"{}", 422),
            (b'{"text": 1}', 422),
            (b'{"text":' * 9_000, 422),
            (b" " * (LIMIT + 1), 413),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_what_cannot_be_read(self, client: FlaskClient, session: Session, body: bytes, status: int) -> None:
        assert code(send(client, body))[0] == status
        assert stored(session) == 0

    def test_nothing_is_read_by_looking(self, client: FlaskClient) -> None:
        assert code(client.get(HOOK)) == (405, "method_not_allowed")


def test_a_project_without_a_secret_takes_nothing(client: FlaskClient, session: Session) -> None:
    factories.project(session, slug="demo", sealed_hook_secret="")
    session.commit()
    assert code(send(client, b'{"text": "x"}')) == (403, "forbidden")


@pytest.mark.parametrize("address", [HOOK, GIT])
def test_an_unknown_project(client: FlaskClient, address: str) -> None:
    assert code(client.post(address, data=b"{}", headers=signed(b"{}"))) == (404, "not_found")


@pytest.fixture
def gitea(session: Session) -> Project:
    row = factories.project(session, slug="demo", host="gitea", host_url="http://git.test", host_repo="Team/Product")
    session.commit()
    return row


EVENT: dict[str, Any] = {"action": "closed", "issue": {"number": 7}, "repository": {"full_name": "team/product"}}


def deliver(
    client: FlaskClient, event: dict[str, Any] = EVENT, secret: str = HOST_SECRET, **headers: str
) -> TestResponse:
    body = json.dumps(event).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    about = {"X-Gitea-Event": "issues", "X-Gitea-Delivery": "d-1", "X-Gitea-Signature": signature}
    return client.post(GIT, data=body, headers={"Content-Type": "application/json"} | about | headers)


@pytest.mark.usefixtures("gitea")
class TestHost:
    def test_a_delivery_is_remembered_and_worked_on_later(
        self, client: FlaskClient, session: Session, site: Site
    ) -> None:
        answer = deliver(client)
        row = session.scalars(select(Delivery)).one()
        assert (answer.status_code, answer.json) == (202, {"repeated": False})
        assert (row.remote_id, row.event, row.number, row.source, row.state) == (
            "d-1",
            "issues closed",
            "7",
            "gitea",
            "waiting",
        )
        heard: list[int] = []
        site.jobs.handlers = {"hear": heard.append}
        site.jobs.drain()
        assert heard == [row.id]

    def test_a_replay_is_refused_and_changes_nothing(self, client: FlaskClient, session: Session, site: Site) -> None:
        deliver(client)
        assert code(deliver(client)) == (409, "repeated")
        assert (stored(session, Delivery), site.jobs.pending()) == (1, 1)

    def test_an_event_that_the_host_does_not_have_is_refused(self, client: FlaskClient, session: Session) -> None:
        assert code(deliver(client, **{"X-Gitea-Event": "issue_explosion"})) == (422, "unknown_event")
        assert code(deliver(client, **{"X-Gitea-Event": ""})) == (422, "unknown_event")
        assert stored(session, Delivery) == 0

    def test_what_was_sent_can_be_looked_at_without_its_secrets(self, client: FlaskClient, session: Session) -> None:
        deliver(client, {"secret": HOST_SECRET, "old_token": 'a "b', **EVENT}, Authorization="Basic x")
        row = session.scalars(select(Delivery)).one()
        assert "X-Gitea-Event: issues" in row.request
        assert '"full_name": "team/product"' in row.request
        assert not [word for word in (HOST_SECRET, 'a \\"b', "Signature", "Basic") if word in row.request]

    def test_a_refusal_is_logged_without_what_was_sent(self, client: FlaskClient) -> None:
        with structlog.testing.capture_logs() as said:
            deliver(client, EVENT | {"title": "words of a person"}, secret="another")
        assert said == [
            {"event": "a delivery was refused", "project": "demo", "log_level": "warning"}
            | {"why": "the signature is wrong", "bytes": said[0]["bytes"]}
        ]

    def test_without_an_id_the_same_bytes_are_the_same_delivery(self, client: FlaskClient, session: Session) -> None:
        answers = [deliver(client, **{"X-Gitea-Delivery": ""}).status_code for _ in range(2)]
        assert (answers, stored(session, Delivery)) == ([202, 409], 1)

    @pytest.mark.parametrize("secret", ["", "another", HOOK_SECRET])
    def test_a_wrong_signature_is_refused(self, client: FlaskClient, session: Session, secret: str) -> None:
        assert code(deliver(client, secret=secret)) == (403, "forbidden")
        assert stored(session, Delivery) == 0

    def test_no_signature_is_refused(self, client: FlaskClient) -> None:
        assert code(deliver(client, **{"X-Gitea-Signature": ""})) == (403, "forbidden")

    @pytest.mark.parametrize("event", [{}, {"action": "opened", "pull_request": {}}])
    def test_what_is_about_no_issue_is_passed_over(
        self, client: FlaskClient, session: Session, event: dict[str, Any]
    ) -> None:
        answer = deliver(client, event, **{"X-Gitea-Event": "push"})
        assert (answer.status_code, answer.data, stored(session, Delivery)) == (204, b"", 0)

    def test_another_repository_is_refused(self, client: FlaskClient, session: Session) -> None:
        answer = deliver(client, EVENT | {"repository": {"full_name": "team/other"}})
        assert (code(answer), answer.json["error"]["field"]) == ((422, "other_repository"), "repository")
        assert stored(session, Delivery) == 0

    @pytest.mark.parametrize("event", [{"action": 1}, EVENT | {"issue": {"number": -1}}, EVENT | {"repository": None}])
    def test_a_signed_delivery_may_still_be_nonsense(self, client: FlaskClient, event: dict[str, Any]) -> None:
        assert code(deliver(client, event))[0] == 422

    def test_a_large_delivery_is_refused(self, client: FlaskClient) -> None:
        claim = {"CONTENT_LENGTH": str(2 * HOST_LIMIT), "wsgi.input": BytesIO()}
        assert code(client.post(GIT, environ_overrides=claim)) == (413, "too_large")

    def test_a_delivery_of_five_megabytes_is_refused(self, client: FlaskClient, session: Session) -> None:
        assert code(deliver(client, EVENT | {"comment": {"body": "x" * 5_000_000}})) == (413, "too_large")
        assert stored(session, Delivery) == 0

    def test_a_delivery_of_three_megabytes_is_read(self, client: FlaskClient) -> None:
        assert deliver(client, EVENT | {"comment": {"body": "x" * 3_000_000}}).status_code == 202

    def test_neither_secret_nor_signature_is_logged(
        self, client: FlaskClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            deliver(client)
            deliver(client, secret="another")
            send(client, b'{"text": "x"}')
        said = caplog.text + "".join(capfd.readouterr())
        assert not [word for word in (HOST_SECRET, HOOK_SECRET, "aG9vaw", "a key for tests") if word in said]

    @settings(max_examples=40)
    @given(body=st.binary(max_size=200))
    def test_any_signed_bytes_are_answered_calmly(self, client: FlaskClient, body: bytes) -> None:
        signature = hmac.new(HOST_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Gitea-Event": "issues", "X-Gitea-Signature": signature, "Content-Type": "application/json"}
        assert client.post(GIT, data=body, headers=headers).status_code in {400, 422}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recorded_delivery_is_taken(client: FlaskClient, session: Session, path: Any) -> None:
    host, headers, body, expect = sent(path, HOST_SECRET)
    kind = next(name for name, found in kinds().items() if type(host) is found)
    factories.project(session, slug="demo", host=kind, host_repo=(expect or {}).get("repo", "team/product"))
    session.commit()
    assert client.post(GIT, data=body, headers=headers).status_code == (202 if expect else 204)
    assert stored(session, Delivery) == bool(expect)


@pytest.mark.parametrize(("minutes", "answered"), [(0, 409), (59, 409), (61, 403), (-61, 403)])
def test_a_gitee_delivery_sent_again_is_known_and_an_old_one_has_no_signature(
    client: FlaskClient, session: Session, clock: Clock, minutes: int, answered: int
) -> None:
    path = next(one for one in FILES if (one.parent.name, one.stem) == ("gitee", "hook-comment-created"))
    _, headers, body, _ = sent(path, HOST_SECRET)
    factories.project(session, slug="demo", host="gitee")
    session.commit()
    assert client.post(GIT, data=body, headers=headers).status_code == 202
    clock.forward(minutes=minutes)
    assert client.post(GIT, data=body, headers=headers).status_code == answered


def test_what_gitee_signs_with_is_not_kept(client: FlaskClient, session: Session) -> None:
    path = next(one for one in FILES if (one.parent.name, one.stem) == ("gitee", "hook-comment-created"))
    _, headers, body, _ = sent(path, HOST_SECRET)
    factories.project(session, slug="demo", host="gitee")
    session.commit()
    told = json.loads(body) | {"password": "pass-word", "sign": "rLEHLuZRIQ"}
    assert client.post(GIT, json=told, headers=headers).status_code == 202
    kept = session.query(Delivery).one().request
    assert not [word for word in ("pass-word", "rLEHLuZRIQ", headers["X-Gitee-Token"]) if word in kept]


def test_the_console_host_sends_nothing(client: FlaskClient, project: Project) -> None:
    assert code(deliver(client)) == (403, "forbidden")


def test_a_secret_that_cannot_be_opened_shows_nothing(client: FlaskClient, session: Session) -> None:
    factories.project(session, slug="demo", sealed_hook_secret=seal(HOOK_SECRET, "another key"))
    session.commit()
    assert code_of_ours(send(client, b'{"text": "x"}')) == (503, "unavailable")  # an operator mends it: send it again


def code_of_ours(answer: TestResponse) -> tuple[int, str]:
    assert "another key" not in answer.text
    return answer.status_code, answer.json["error"]["code"]


def test_time_is_the_sites(client: FlaskClient, project: Project, clock: Clock) -> None:
    clock.time = START + timedelta(days=400)
    stamp = str(int(clock.time.timestamp()))
    signature = Webhook(HOOK_SECRET).sign("msg_1", clock.time, '{"text": "x"}')
    assert (
        send(client, b'{"text": "x"}', **{"webhook-timestamp": stamp, "webhook-signature": signature}).status_code
        == 202
    )

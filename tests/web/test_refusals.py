"""Every refusal of a host, known again by its words and shown in the reader's language."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import factories
from tests.hosts.test_answers import Answers
from tests.hosts.test_refusals import answer
from triage import http
from triage.db.seal import seal, unseal
from triage.db.tables import Project, Topic
from triage.domain.drafts import Draft
from triage.domain.topics import TopicState
from triage.errors import OutsideError, SettingError
from triage.hosts import Connection, connect
from triage.hosts.refusals import refusal
from triage.http import Guard, OutsideHttp, _why
from triage.web.refusals import SENTENCES, known, words

STATUSES = [301, 400, 401, 403, 404, 405, 410, 413, 418, 422, 423, 429, 500, 502, 503]
SCOPE = {"message": "token does not have at least one of required scope(s): [write:issue]"}


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest, app: Flask) -> Iterator[str]:
    with app.test_request_context("/", headers={"Accept-Language": request.param}):
        yield request.param


def error(act: Callable[[], object]) -> OutsideError:
    with pytest.raises(OutsideError) as caught:
        act()
    return caught.value


def host(kind: str, body: bytes, status: int = 200, url: str = "https://git.example.com"):
    return connect(kind, Connection(url, "team/product"), Answers(body, status))


def of_hosts(folder: Path) -> Iterator[OutsideError]:
    """One error of each kind that hosts make."""
    for status in STATUSES:
        yield refusal("git.example.com", answer(status, {"message": "(no) way"}, Location="https://elsewhere/7"))
        yield refusal("git.example.com:3000", answer(status, b""))
    yield refusal("git.example.com", answer(403, SCOPE))
    yield error(lambda: host("gitea", b"[]").get("1"))
    yield error(lambda: host("gitea", b"").create(Draft("t", "b", confidential=True)))
    yield error(lambda: host("gitlab", b'{"moved_to_id": 3}').get("1"))
    refused = b'{"message": "This file extension or type is not allowed to be uploaded."}'
    yield error(lambda: host("gitea", refused, 500)._upload("/assets", ("run.exe", b"", "x/y")))
    yield error(lambda: host("console", b"", url=(folder / "none.json").as_uri()).get("7"))
    yield error(lambda: host("console", b"", url=folder.as_uri()).get("7"))
    (folder / "bad.json").write_text("{")
    yield error(lambda: host("console", b"", url=(folder / "bad.json").as_uri()).get("7"))


def of_http() -> Iterator[OutsideError]:
    """One error of each kind that the HTTP client makes without a network."""
    yield error(lambda: Guard(resolve=lambda *_: ["10.0.0.7"]).addresses("git.example.com", 443))
    yield error(lambda: OutsideHttp().request("GET", "ftp://git.example.com/"))
    yield error(lambda: OutsideHttp().request("GET", "file:///srv/console.json/api"))
    yield error(lambda: OutsideHttp().request("GET", "http://git.example.com/", headers={"Authorization": "a\nb"}))
    for kind in ("SSLError", "Timeout", "ConnectionError", "RequestException"):
        code, said = _why(getattr(requests.exceptions, kind)())
        yield OutsideError(f"git.example.com {said}", code=code)


def test_every_error_is_known_by_its_code(tmp_path: Path):
    for one in [*of_hosts(tmp_path), *of_http()]:
        assert one.code, str(one)
        assert known(str(one))[0] == one.code


def test_every_error_is_told_in_the_readers_language(language: str, tmp_path: Path):
    for one in [*of_hosts(tmp_path), *of_http()]:
        said = words(str(one))
        assert (said == str(one)) == (language == "en")
        assert bool(re.search("[\u4e00-\u9fff]", said)) == (language == "zh")


@pytest.mark.parametrize("code", SENTENCES)
def test_no_sentence_is_taken_for_another(code: str):
    gaps = {name: f"a {name}" for name in re.findall(r"%\((\w+)\)s", SENTENCES[code])}
    assert known(SENTENCES[code] % gaps) == (code, {**gaps, "detail": ""})


def test_what_the_host_said_stays_in_its_own_words(app: Flask):
    with app.test_request_context("/", headers={"Accept-Language": "zh"}):
        said = words("git.example.com says that the token is wrong or has expired (401: 100 %(host)s) ok)")
    assert said == "git.example.com 表示令牌不正确或已过期（401: 100 %(host)s) ok）"


@pytest.mark.parametrize("stored", ["", "something new (404)", "%(host)s", "refused"])
def test_an_unknown_sentence_stays_as_it_is(language: str, stored: str):
    assert words(stored) == stored


def test_a_secret_that_can_not_be_opened_is_known():
    with pytest.raises(SettingError) as caught:
        unseal(seal("token", "one key"), "another key")
    assert known(str(caught.value))[0] == "sealed"


@pytest.mark.parametrize(
    ("wish", "said"), [("zh", "令牌缺少权限 write:issue（403）"), ("en", "the token lacks write:issue")]
)
def test_the_topic_page_says_it(signed_in: FlaskClient, session: Session, topic: Topic, wish: str, said: str):
    topic.state = TopicState.ACCEPTED
    factories.filing(session, topic, state="blocked", error="git.test says that the token lacks write:issue (403)")
    session.commit()
    assert said in signed_in.get(f"/queue/{topic.key}", headers={"Accept-Language": wish}).text


@pytest.mark.parametrize(("moments", "code"), [([0.0, 0.0], "flood"), ([0.0, 99.0], "slow")])
def test_an_answer_that_is_given_up_is_known(monkeypatch: pytest.MonkeyPatch, moments: list[float], code: str):
    monkeypatch.setattr(http, "BIG", 2 if code == "flood" else 99)
    found = requests.Response()
    found.raw = io.BytesIO(b"12345")
    one = error(lambda: OutsideHttp(clock=iter(moments).__next__)._read(found, "git.example.com"))
    assert (one.code, known(str(one))[0]) == (code, code)


def test_the_hosts_page_says_it(signed_in: FlaskClient, session: Session, project: Project):
    project.poll_error = "git.test did not answer in time"
    session.commit()
    assert "git.test 响应超时" in signed_in.get(f"/hosts/{project.slug}", headers={"Accept-Language": "zh"}).text

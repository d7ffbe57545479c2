"""Chinese and English, by the browser's wish and by choice."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import factories
from tests.web.conftest import filled
from triage.db.tables import Project, Reporter


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.5", "zh-Hans-CN"),
        ("zh-TW", "zh-Hans-CN"),
        ("en-GB", "en"),
        ("de,en;q=0.1", "en"),
        ("de", "zh-Hans-CN"),
        ("", "zh-Hans-CN"),
    ],
)
def test_the_browser_says_which(client: FlaskClient, wish: str, language: str):
    page = client.get("/", headers={"Accept-Language": wish}).text
    assert f'<html lang="{language}">' in page
    assert ("告诉我们" in page) == (language != "en")


def test_the_link_switches_and_leads_back(client: FlaskClient, project: Project):
    answer = client.get("/language/zh?next=/p/demo/new")
    assert answer.location == "/p/demo/new"
    assert "发生了什么" in client.get("/p/demo/new").text


@pytest.mark.parametrize("target", ["//evil.test", "http://evil.test/", "/\\evil.test"])
def test_the_link_leads_nowhere_else(client: FlaskClient, target: str):
    assert client.get("/language/zh", query_string={"next": target}).location == "/"


def test_there_are_two_languages(client: FlaskClient):
    assert client.get("/language/xx").status_code == 404


def test_a_choice_survives_signing_in(client: FlaskClient, session: Session):
    user = factories.user(session)
    session.commit()
    client.get("/language/zh")
    form = filled(client, "/sign-in", name=user.name, password=factories.PASSWORD)
    client.post("/sign-in", data=form)
    assert "都处理完了。" in client.get("/queue").text


def test_errors_are_translated(client: FlaskClient):
    client.get("/language/zh")
    assert "这里什么也没有" in client.get("/nowhere").text


def test_the_reporter_is_written_to_in_the_language_of_the_form(client, session: Session, project: Project, clock):
    client.get("/language/zh")
    form = filled(client, "/p/demo/new", body="任务卡住了")
    clock.forward(seconds=5)
    client.post("/p/demo/new", data=form)
    assert session.query(Reporter).one().language == "zh"


@pytest.mark.parametrize(("code", "between"), [("en", "trained yet. There are"), ("zh", "训练过。目前")])
def test_no_gap_stands_between_chinese_sentences(signed_in: FlaskClient, project: Project, code: str, between: str):
    signed_in.get(f"/language/{code}")
    assert between in signed_in.get("/learning/demo/compare").text

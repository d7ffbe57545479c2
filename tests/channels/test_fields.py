"""One mapping as a submission."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.hostile import MAPPINGS, SENSIBLE
from triage.channels.fields import DEPTH, LIMIT, NAMES, loads, names_of_text, submission
from triage.domain.feedback import Submission
from triage.errors import InvalidError


def refused(given: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(InvalidError) as caught:
        submission(given, "api")
    return caught.value.field, caught.value.code


@pytest.mark.parametrize("name", NAMES["body"])
def test_the_text_has_many_names(name: str) -> None:
    assert submission({name: "卡住了"}, "api") == Submission(body="卡住了", channel="api")


@pytest.mark.parametrize("name", ["Text", " TEXT ", "tExT"])
def test_names_have_no_case(name: str) -> None:
    assert submission({name: "hello"}, "api").body == "hello"


def test_every_field_is_read() -> None:
    given = {
        "反馈内容": "b",
        "标题": "t",
        "邮箱": "a@b.co",
        "language": "zh-CN",
        "提交时间": "2026/3/1 8:00",
        "昵称": "林",
    }
    read = submission(given | {"private": True, "id": "7"}, "webhook")
    assert read == Submission(
        "b", "t", "a@b.co", "zh", "webhook", "id:webhook:7", "林", datetime(2026, 3, 1, 8, tzinfo=UTC), private=True
    )


def test_of_two_names_for_one_thing_the_first_counts_and_the_other_is_context() -> None:
    read = submission({"description": "long", "body": "short"}, "api")
    assert (read.body, read.context) == ("short", {"description": "long"})


def test_an_empty_name_gives_way() -> None:
    assert submission({"body": "  ", "content": "here", "title": None}, "api") == Submission("here", channel="api")


def test_of_two_spellings_the_first_counts() -> None:
    assert submission({"Text": "one", "text": "two"}, "api").body == "one"


def test_unknown_names_and_context_are_kept() -> None:
    read = submission(
        {"text": "x", "app": "2.4", "context": {"page": ["/a", 1, None, True, 0.5]}, "cluster": ""}, "api"
    )
    assert read.context == {"app": "2.4", "page": ["/a", 1, None, True, 0.5]}


def test_context_that_is_no_object_is_kept_as_it_is() -> None:
    assert submission({"text": "x", "context": "from the app"}, "api").context == {"context": "from the app"}


def test_dates_in_unknown_columns_become_text() -> None:
    read = submission({"text": "x", "closed": datetime(2026, 3, 1, 8)}, "import")  # noqa: DTZ001
    assert read.context == {"closed": "2026-03-01T08:00:00"}


@pytest.mark.parametrize(
    ("given", "identity"),
    [
        ({"source_url": "https://a.b/1", "id": 1}, "url:https://a.b/1"),
        ({"id": "x1"}, "id:api:x1"),
        ({"id": 12}, "id:api:12"),
        ({"id": 12.0}, "id:api:12"),
        ({"id": " "}, ""),
        ({}, ""),
    ],
)
def test_identity(given: dict[str, Any], identity: str) -> None:
    assert submission({"text": "x"} | given, "api").identity == identity


def test_a_web_address_stays_one() -> None:
    assert submission({"source_url": "HTTPS://a.b/1"}, "api").context == {"source_url": "HTTPS://a.b/1"}


def test_anything_else_never_passes_for_a_link() -> None:
    read = submission({"source_url": "javascript:alert(1)"}, "api")
    assert (read.identity, read.context) == ("url:javascript:alert(1)", {"source": "javascript:alert(1)"})


@pytest.mark.parametrize(
    ("given", "code"),
    [("zh_Hans", "zh"), ("EN", "en"), ("en-GB", "en"), ("中文", "zh"), ("English", "en"), ("de", ""), ("", "")],
)
def test_language(given: str, code: str) -> None:
    assert submission({"lang": given}, "api").language == code


@pytest.mark.parametrize(
    ("given", "private"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        ("是", True),
        ("Yes", True),
        ("否", False),
        ("", False),
        (None, False),
    ],
)
def test_private(given: Any, private: bool) -> None:
    assert submission({"private": given}, "api").private is private


@pytest.mark.parametrize("given", ["maybe", 2, [], {}, -1, 0.5])
def test_private_or_not_is_never_guessed(given: Any) -> None:
    assert refused({"private": given}) == ("private", "wrong_type")


@pytest.mark.parametrize("field", ["body", "title", "email", "language", "source_url", "id", "reporter"])
@pytest.mark.parametrize("value", [["a"], {"a": "b"}, True, 1.5, float("nan"), 10**30])
def test_only_text_is_text(field: str, value: Any) -> None:
    assert refused({field: value}) == (field, "wrong_type")


@pytest.mark.parametrize("field", ["body", "title", "email", "language", "source_url"])
def test_a_number_is_no_text(field: str) -> None:
    assert refused({field: 404}) == (field, "wrong_type")


def test_a_number_may_be_a_person() -> None:
    assert submission({"user": 4711}, "api").reporter == "4711"


@pytest.mark.parametrize(
    "value", [float("inf"), float("nan"), 2**63, -(2**64), [1, [float("inf")]], {"a": 2**63}, b"x"]
)
def test_a_number_that_no_database_holds(value: Any) -> None:
    assert refused({"text": "x", "share": value}) == ("context", "number")


def nested(depth: int) -> list[Any]:
    return [nested(depth - 1)] if depth else []


def test_depth_has_a_limit() -> None:
    assert submission({"tree": nested(DEPTH - 2)}, "api").context
    assert refused({"tree": nested(DEPTH - 1)}) == ("context", "too_deep")


def test_a_date_that_is_none_names_the_field() -> None:
    assert refused({"created": "soon"}) == ("created_at", "date")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[]", "not_object"),
        (b"null", "not_object"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
        (b'{"a": "\xff"}', "not_json"),
        ('{"a": "编码"}'.encode("gbk"), "not_json"),
        ('{"a": 1}'.encode("utf-16"), "not_json"),
        (b'{"a":' * 100_000, "too_deep"),
        (b" " * (LIMIT + 1), "too_large"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_hostile_json(raw: bytes, code: str) -> None:
    with pytest.raises(InvalidError) as caught:
        loads(raw)
    assert caught.value.code == code


def test_of_a_name_given_twice_the_last_counts() -> None:
    assert loads(b'{"a": 1, "a": 2}') == {"a": 2}


def test_columns_of_text() -> None:
    assert names_of_text(["ID", " Text", "标题", "kind"]) == [" Text", "标题"]


@given(MAPPINGS | SENSIBLE)
def test_any_mapping_is_a_submission_or_invalid(given: dict[str, Any]) -> None:
    with suppress(InvalidError):
        read = submission(given, "api")
        assert isinstance(read.body, str)
        assert read.said_at is None or read.said_at.tzinfo is UTC
        assert json.dumps(read.context, allow_nan=False)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_object_or_invalid(raw: bytes) -> None:
    with suppress(InvalidError):
        assert isinstance(loads(raw), dict)

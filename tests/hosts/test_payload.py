from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InvalidError
from triage.hosts.payload import (
    address,
    clean,
    flag,
    integer,
    items,
    loads,
    moment,
    moment_or_none,
    part,
    text,
    text_or_empty,
)


def test_walks_down_a_path() -> None:
    assert part({"a": {"b": 3}}, "a", "b") == 3


@pytest.mark.parametrize("payload", [None, 3, [], {"a": None}, {"a": [1]}, {"a": "b"}])
def test_a_path_that_ends_early_is_none(payload: Any) -> None:
    assert part(payload, "a", "b") is None


def test_text_is_text() -> None:
    assert text({"a": "b"}, "a") == "b"
    assert text({"a": None}, "a", default="") == ""


@pytest.mark.parametrize("found", [3, None, [], {}, True])
def test_anything_else_is_no_text_and_is_named(found: Any) -> None:
    with pytest.raises(InvalidError, match=r"a\.b should be text") as caught:
        text({"a": {"b": found}}, "a", "b")
    assert caught.value.field == "a.b"


def test_text_or_empty_never_minds() -> None:
    assert [text_or_empty({"a": found}, "a") for found in ("b\x00", None, 3, [])] == ["b", "", "", ""]


def test_a_wrong_type_is_not_covered_by_the_default() -> None:
    with pytest.raises(InvalidError):
        text({"a": 3}, "a", default="")


@pytest.mark.parametrize("found", [True, 1.0, "1", -1, 2**63, None])
def test_what_is_no_number(found: Any) -> None:
    with pytest.raises(InvalidError, match="a whole number"):
        integer({"n": found}, "n")


def test_numbers() -> None:
    assert [integer({"n": n}, "n") for n in (0, 7, 2**63 - 1)] == [0, 7, 2**63 - 1]


def test_flags() -> None:
    assert [flag({"f": f}, "f") for f in (True, False, None, "yes", 1)] == [True, False, False, False, False]
    assert flag({}, "f", default=True)


def test_lists() -> None:
    assert items({"l": [1]}, "l") == [1]
    assert items({"l": None}, "l") == []
    with pytest.raises(InvalidError, match="a list"):
        items({"l": {}}, "l")


@pytest.mark.parametrize(
    "found", ["2026-11-23T10:00:00Z", "2026-11-23T18:00:00+08:00", "2026-11-23T10:00:00", "2026-11-23T10:00:00.000Z"]
)
def test_times_become_utc(found: str) -> None:
    assert moment({"t": found}, "t") == datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize("found", ["", "yesterday", "0001-01-01T00:00:00+08:00", "2026-13-01"])
def test_what_is_no_time(found: str) -> None:
    with pytest.raises(InvalidError, match="a time"):
        moment({"t": found}, "t")


@pytest.mark.parametrize("found", [None, "", "0001-01-01T00:00:00Z"])
def test_no_time_at_all(found: str | None) -> None:
    assert moment_or_none({"t": found}, "t") is None


def test_a_time_that_is_there() -> None:
    assert moment_or_none({"t": "2026-11-23T10:00:00Z"}, "t") == datetime(2026, 11, 23, 10, tzinfo=UTC)


@given(st.text())
def test_clean_text_can_be_stored_anywhere(found: str) -> None:
    assert "\x00" not in clean(found).encode("utf-8").decode("utf-8")


def test_lone_surrogates_are_replaced_and_pairs_kept() -> None:
    assert clean("a\ud800b\x00😀") == "a\ufffdb😀"


def test_loads_json() -> None:
    assert loads('{"名": [1, null]}'.encode()) == {"名": [1, None]}


@pytest.mark.parametrize("raw", [b"", b"{", b"NaN", b"-Infinity", b"\xff", b"9" * 5000])
def test_refuses_what_is_no_json(raw: bytes) -> None:
    with pytest.raises(InvalidError, match="not JSON"):
        loads(raw)


def test_refuses_deep_nesting() -> None:
    with pytest.raises(InvalidError, match="too deeply"):
        loads(b"[" * 200_000)


@pytest.mark.parametrize("found", ["https://git.example.com/a", "http://127.0.0.1/a"])
def test_an_address_can_be_linked_to(found: str) -> None:
    assert address({"url": found}, "url") == found


@pytest.mark.parametrize("found", ["javascript:alert(1)", "", "/a", "ftp://x/a"])
def test_anything_else_is_no_address(found: str) -> None:
    with pytest.raises(InvalidError, match="a web address"):
        address({"url": found}, "url")

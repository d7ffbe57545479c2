from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InvalidError
from triage.ml.rows import (
    DUPLICATES,
    FEEDBACK,
    KINDS,
    PAIRS,
    SPAM,
    half_untitled,
    read,
    rows_of,
    spam_or_feedback,
    untitled,
)


@pytest.fixture
def file(tmp_path):
    def write(*rows, raw: bytes | None = None, name: str = "rows.jsonl"):
        path = tmp_path / name
        path.write_bytes("".join(json.dumps(row) + "\n" for row in rows).encode() if raw is None else raw)
        return path

    return write


def test_a_byte_order_mark_line_ends_of_windows_and_empty_lines_do_not_count(file):
    raw = b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \r\n{"a": 2}'
    assert [row["a"] for row in rows_of(file(raw=raw))] == [1, 2]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{bad", "rows.jsonl, line 1: Expecting"),
        (b"{}\n[1]", "rows.jsonl, line 2: not an object"),
        (b"\xff\xfe{\x00", "rows.jsonl is no UTF-8 text"),
        (b"[" * 100_000, "rows.jsonl, line 1: nested too deeply"),
    ],
)
def test_what_is_no_such_file_is_one_line(file, raw, said):
    with pytest.raises(InvalidError) as caught:
        list(rows_of(file(raw=raw)))
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InvalidError, match="can't be read"):
        list(rows_of(tmp_path / "none"))


@pytest.mark.parametrize(
    ("shape", "row", "said"),
    [
        (KINDS, {"title": "x"}, "“kind” is missing"),
        (KINDS, {"kind": None}, "“kind” is missing"),
        (KINDS, {"kind": 3}, "“kind” is no text"),
        (KINDS, {"kind": "bug", "body": ["x"]}, "“body” is no text"),
        (KINDS, {"kind": "bug", "title": float("nan")}, "“title” is no text"),
        (DUPLICATES, {"cluster": ["a"]}, "“cluster” is no text"),
        (PAIRS, {"a": "x", "b": "y"}, "“same” is missing"),
        (PAIRS, {"a": "x", "b": "y", "same": "1"}, "“same” is neither 0 nor 1"),
        (SPAM, {"text": "x", "spam": 2}, "“spam” is neither 0 nor 1"),
    ],
)
def test_a_field_that_is_missing_or_of_another_sort_is_named(file, shape, row, said):
    with pytest.raises(InvalidError) as caught:
        read(file(row), shape)
    assert str(caught.value) == f"rows.jsonl, line 1: {said}"


@pytest.mark.parametrize(
    ("shape", "row", "read_as"),
    [
        (KINDS, {"kind": "bug", "title": None}, {"kind": "bug", "title": "", "body": "", "project": ""}),
        (FEEDBACK, {}, {"kind": "", "cluster": None, "title": "", "body": "", "project": ""}),
        (SPAM, {"text": None, "spam": True}, {"text": "", "spam": 1}),
        (PAIRS, {"a": "\ud800", "b": None, "same": 0}, {"a": "\ufffd", "b": "", "same": 0}),
    ],
)
def test_null_is_nothing(file, shape, row, read_as):
    assert read(file(row), shape) == [read_as]


def test_a_cluster_may_be_a_number(file):
    assert [row["cluster"] for row in read(file({"cluster": 0}, {"cluster": "a"}, {"cluster": None}), DUPLICATES)] == [
        "0",
        "a",
        None,
    ]


def test_a_file_without_rows_is_said(file):
    with pytest.raises(InvalidError, match=r"rows\.jsonl holds no rows"):
        read(file(raw=b"\n\n"), KINDS)


def test_spam_files_may_hold_feedback(file):
    rows = spam_or_feedback(file({"text": "x", "spam": 1}, {"title": "t", "kind": "bug"}))
    assert rows[0]["spam"] == 1
    assert rows[1]["title"] == "t"
    with pytest.raises(InvalidError, match="row 2: “spam” is missing"):
        spam_or_feedback(file({"text": "x", "spam": 1}, {"text": "y"}))


@given(raw=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_rows_or_one_line(raw):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows"
        file.write_bytes(raw)
        for shape in (KINDS, FEEDBACK, DUPLICATES, PAIRS, SPAM):
            try:
                assert all(shape.keys() <= row.keys() for row in rows_of(file, shape))
            except InvalidError as error:
                assert len(str(error).splitlines()) == 1  # noqa: PT017 - either outcome will do


def test_half_of_the_titles_become_first_lines_and_no_word_is_lost():
    rows = [{"id": place, "title": f"title {place}", "body": f"body {place}"} for place in range(200)]
    told = half_untitled(rows, 1)
    bare = [row for row in told if not row["title"]]
    assert 70 < len(bare) < 130
    assert all(row in rows for row in told if row["title"])
    assert bare[0] == {"id": bare[0]["id"], "title": "", "body": f"title {bare[0]['id']}\nbody {bare[0]['id']}"}
    assert told == half_untitled(rows, 1)


def test_titles_move_into_the_text():
    assert untitled([{"title": "a", "body": "b", "id": 1}, {"title": None, "body": "c"}]) == [
        {"title": "", "body": "a\nb", "id": 1},
        {"title": "", "body": "c"},
    ]


def test_what_is_neither_a_message_nor_feedback_is_named(file):
    with pytest.raises(InvalidError, match="row 1: “text” is missing"):
        spam_or_feedback(file({"message": "x", "spam": 1}))

"""CSV, sound and broken."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.channels import delimited
from triage.channels.fields import LIMIT
from triage.channels.rows import Item, Refused, Row
from triage.errors import InvalidError


def read(text: str, *, tabs: bool = False) -> list[Item]:
    return list(delimited.read(io.StringIO(text, newline=""), tabs=tabs)[1])


def told(text: str) -> list[tuple[int, str]]:
    """Each row as its line and its text, or "refused"."""
    return [(item.line, item.fields["text"] if isinstance(item, Row) else "refused") for item in read(text)]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_found_in_the_header(sign: str, end: str) -> None:
    text = end.join([f"id{sign}text{sign}date", f'1{sign}"a, b; c\td"{sign}2026-03-01', ""])
    assert read(text) == [Row(2, {"id": "1", "text": "a, b; c\td", "date": "2026-03-01"})]


def test_signs_in_a_quoted_name_do_not_count() -> None:
    assert read('"a;b;c",text\n1,x\n') == [Row(2, {"a;b;c": "1", "text": "x"})]


def test_one_column_is_enough() -> None:
    assert read("text\nhello; world\n") == [Row(2, {"text": "hello; world"})]


def test_tsv_has_tabs_whatever_its_header_says() -> None:
    assert read("a,b,text\nx,y\n", tabs=True) == [Row(2, {"a,b,text": "x,y"})]


def test_quoted_line_ends_belong_to_the_row() -> None:
    assert told('text,n\n"one\ntwo\n\nthree",1\nfour,2\n') == [(2, "one\ntwo\n\nthree"), (6, "four")]


def test_empty_lines_count_but_say_nothing() -> None:
    assert told("\n\ntext,n\n\na,1\n,\n\nb,2\n") == [(5, "a"), (8, "b")]


def test_ragged_rows_are_refused_with_their_cells() -> None:
    assert read("a,text\n1\n1,x\n1,x,y\n") == [
        Refused(2, "the row has 1 cell where the header has 2"),
        Row(3, {"a": "1", "text": "x"}),
        Refused(4, "the row has 3 cells where the header has 2"),
    ]


def test_empty_cells_behind_the_last_column_are_nothing() -> None:
    assert told("text,n\nx,1,,\n") == [(2, "x")]


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    assert told('text,n\n"open,1\ngood,2\nbetter,3\n') == [(2, "refused"), (3, "good"), (4, "better")]


def test_a_quote_in_the_wrong_place_costs_one_row() -> None:
    assert told('text,n\n"a" b,1\ngood,2\n') == [(2, "refused"), (3, "good")]


def test_a_huge_field_costs_one_row() -> None:
    assert told(f'text,n\n"{"x" * (LIMIT + 10)}",1\ngood,2\n')[-1] == (3, "good")


def test_reading_again_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "SECOND_LOOKS", 20)
    (only,) = read('text,n\n"open,1\ngood,2\nbetter,3\n')
    assert isinstance(only, Refused)
    assert (only.line, "nothing up to line 4 was read" in only.reason) == (2, True)


@pytest.mark.parametrize("text", ["", "\n\n", " \n,,,\n", "\ufeff\n"])
def test_without_a_header_there_is_nothing_to_read(text: str) -> None:
    with pytest.raises(InvalidError, match="no header"):
        read(text)


def test_a_header_that_is_broken_is_refused() -> None:
    with pytest.raises(InvalidError, match="header row"):
        read('"text" x,n\n1,2\n')


def test_nul_bytes_are_refused_by_row() -> None:
    items = read("text\na\x00b\ngood\n")
    assert [type(item) for item in items] == [Refused, Row]


def test_undecoded_bytes_are_refused_by_row() -> None:
    assert read("text\na\udcffb\n") == [Refused(2, "the row is in another encoding than the file")]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@given(st.lists(st.tuples(CELLS.filter(str.strip), CELLS), max_size=6), st.sampled_from(",;\t"))
def test_what_csv_writes_is_read(rows: list[tuple[str, str]], sign: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=sign)
    writer.writerows([("text", "n"), *rows])
    assert [item.fields for item in read(out.getvalue()) if isinstance(item, Row)] == [
        {"text": text, "n": n} for text, n in rows
    ]


@given(st.text(st.sampled_from('ab",;\t\n\r\x00\udcff'), max_size=60))
def test_no_row_is_lost_or_told_twice(text: str) -> None:
    lines = [item.line for item in read(f"text,n\n{text}")]
    assert lines == sorted(set(lines))
    assert all(2 <= line <= 2 + text.count("\n") + text.count("\r") for line in lines)

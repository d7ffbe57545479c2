"""XLSX workbooks, sound and broken."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.channels import sheets
from triage.channels.rows import Item, Refused, Row
from triage.errors import InvalidError

# the library warns of what it can't make sense of; a workbook that lies is what these tests are about
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def workbook(rows: Iterable[Iterable[Any]]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(list(row))
    book.save(out)
    return out.getvalue()


def read(data: bytes) -> list[Item]:
    return list(sheets.Sheet(io.BytesIO(data)).rows())


def refused(data: bytes) -> str:
    with pytest.raises(InvalidError) as caught:
        read(data)
    return caught.value.code


def rewritten(data: bytes, part: str, change: Any, more: dict[str, bytes] | None = None) -> bytes:
    """The workbook with one part changed and `more` added; `change` takes and returns the part's bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
        for name, content in (more or {}).items():
            new.writestr(name, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
SMALL = workbook([["text", "n"], ["a", 1], ["b", 2]])


def test_cells_keep_their_types() -> None:
    then = dt.datetime(2026, 3, 1, 8, 30)  # noqa: DTZ001
    row = ["卡住了", then, 7, 7.5, True, None, dt.time(8, 30)]
    data = workbook([["内容", "时间", "id", "share", "ok", "none", "clock"], row])
    assert read(data) == [
        Row(2, dict(zip(["内容", "时间", "id", "share", "ok", "none", "clock"], [*row[:6], "08:30:00"], strict=True)))
    ]


def test_empty_rows_count_but_say_nothing() -> None:
    data = workbook([[], ["text", "n"], [], ["a", 1], [None, " "], ["b"]])
    assert read(data) == [Row(4, {"text": "a", "n": 1}), Row(6, {"text": "b", "n": None})]


def test_a_row_with_cells_beside_the_table_is_refused() -> None:
    assert read(workbook([["text"], ["a", "b"], ["c"]])) == [
        Refused(2, "the row has 2 cells where the header has 1"),
        Row(3, {"text": "c"}),
    ]


def test_a_formula_without_its_result_is_refused_and_not_passed_over() -> None:
    refused, kept = read(workbook([["title", "body"], ['="a"&"b"', "=1+1"], ["ours", "theirs"]]))
    assert (refused.line, "formula" in refused.reason) == (2, True)
    assert kept.fields == {"title": "ours", "body": "theirs"}


def test_a_column_whose_name_was_never_calculated_goes_by_its_number() -> None:
    (found,) = read(workbook([['="a"&"b"', "body"], ["ours", "theirs"]]))
    assert found.fields == {"column 1": "ours", "body": "theirs"}


def test_a_formula_with_its_result_is_read_as_that() -> None:
    data = workbook([["body"], ["=1+1"]])
    found = read(rewritten(data, SHEET, lambda content: re.sub(rb"<v\s*/>|<v></v>", b"<v>2</v>", content)))
    assert [row.fields for row in found] == [{"body": 2}]


def test_a_cell_that_is_there_and_empty() -> None:
    data = rewritten(SMALL, SHEET, lambda xml: xml.replace(b'<c r="B2" t="n"><v>1</v></c>', b'<c r="B2"/><c r="C2"/>'))
    assert read(data)[0] == Row(2, {"text": "a", "n": None})


def test_only_the_first_sheet_is_read() -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["text"])
    book.active.append(["a"])
    book.create_sheet("notes").append(["other"])
    book.save(out)
    assert read(out.getvalue()) == [Row(2, {"text": "a"})]


def test_how_far_it_is() -> None:
    sheet = sheets.Sheet(io.BytesIO(SMALL))
    shares = [sheet.share for _ in sheet.rows()]
    assert shares == pytest.approx([2 / 3, 1])


def test_a_false_size_neither_cuts_rows_off_nor_adds_columns() -> None:
    for claim in (b'ref="A1:A1"', b'ref="A1:XFD1048576"'):
        data = rewritten(SMALL, SHEET, lambda xml, claim=claim: xml.replace(b'ref="A1:B3"', claim))
        assert [item.line for item in read(data)] == [2, 3]


def test_rows_end_where_a_spreadsheet_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "ROWS", 2)
    assert read(SMALL) == [Row(2, {"text": "a", "n": 1})]


@pytest.mark.parametrize("rows", [[], [[None, None]], [[" "]]], ids=repr)
def test_without_a_header_there_is_nothing_to_read(rows: list[list[Any]]) -> None:
    assert refused(workbook(rows)) == "file_header"


def test_a_workbook_without_sheets() -> None:
    data = rewritten(
        SMALL, "xl/workbook.xml", lambda xml: xml[: xml.index(b"<sheets>")] + xml[xml.index(b"</sheets>") + 9 :]
    )
    assert refused(data) == "file_header"


@pytest.mark.parametrize("data", [b"text,n\na,1\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0" * 200, SMALL[:-30], SMALL[:500]])
def test_what_is_no_workbook(data: bytes) -> None:
    assert refused(data) == "file_damaged"


def test_a_zip_of_something_else() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "hello")
    assert refused(out.getvalue()) == "file_damaged"


@pytest.mark.parametrize(("limit", "value"), [("PACKED", 100), ("UNPACKED", 1000), ("STRINGS", 50)])
def test_a_bomb_is_refused_by_what_it_says_it_holds(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(sheets, limit, value)
    assert refused(SMALL) == "too_large"


def test_a_bomb_of_strings_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sharedStrings.xml", "w") as part:
        for _ in range(129):
            part.write(b"\x00" * 1024 * 1024)
    assert len(out.getvalue()) < 200_000
    assert refused(out.getvalue()) == "too_large"


def test_strings_that_are_shared_are_read() -> None:
    """As Excel writes them; the library that makes our workbooks doesn't."""
    space, kind = (
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        b"application/vnd.openxmlformats-officedocument",
    )
    strings = b'<sst xmlns="%s"><si><t>text</t></si><si><r><t>rich </t></r><r><t>text</t></r></si></sst>' % space
    override = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s.spreadsheetml.sharedStrings+xml"/></Types>' % kind
    )
    types = rewritten(
        workbook([["x"], ["y"]]),
        "[Content_Types].xml",
        lambda xml: xml.replace(b"</Types>", override),
        {"xl/sharedStrings.xml": strings},
    )
    for number, name in enumerate((b"x", b"y")):
        old, new = b't="inlineStr"><is><t>%s</t></is>' % name, b't="s"><v>%d</v>' % number
        types = rewritten(types, SHEET, lambda xml, old=old, new=new: xml.replace(old, new))
    assert read(types) == [Row(2, {"text": "rich text"})]


def test_entities_that_grow_are_refused() -> None:
    """Ten times ten times ten …: a hundred gigabytes out of a thousand bytes."""
    grown = (b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"lol") for n in range(12))
    doctype = b"<!DOCTYPE worksheet [" + b"".join(grown) + b"]>"
    data = rewritten(SMALL, SHEET, lambda xml: doctype + xml.replace(b"<t>text</t>", b"<t>&e11;</t>"))
    assert refused(data) == "file_damaged"


def test_damage_further_down_ends_the_rows_and_says_so() -> None:
    many = workbook([["text"], *([f"row {n}"] for n in range(3000))])
    items = read(rewritten(many, SHEET, lambda xml: xml[: len(xml) // 2]))
    assert len(items) > 500
    assert "damaged from here on" in str(items[-1])


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_damage_gives_rows_refusals_or_invalid(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SMALL)
    for at, value in changes:
        data[at] = value
    try:
        items = read(bytes(data))
    except InvalidError:
        items = []
    assert all(isinstance(item, Row | Refused) for item in items)


ODD = st.sampled_from(
    [b'r="A1"', b'r="ZZZZ9"', b'r="A99999999"', b't="s"', b't="d"', b't="n"', b't="e"', b"<v>99</v>", b"<v>x</v>"]
)


@given(st.lists(st.tuples(ODD, ODD), min_size=1, max_size=4))
def test_any_nonsense_in_the_sheet_gives_rows_refusals_or_invalid(pairs: list[tuple[bytes, bytes]]) -> None:
    def change(xml: bytes) -> bytes:
        for old, new in pairs:
            xml = xml.replace(old, new)
        return xml

    try:
        items = read(rewritten(SMALL, SHEET, change))
    except InvalidError:
        items = []
    assert all(isinstance(item, Row | Refused) for item in items)

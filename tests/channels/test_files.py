"""Files of feedback: kinds, encodings, JSON lines."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.test_sheets import workbook
from triage.channels.fields import LIMIT
from triage.channels.files import encoding_of, opened
from triage.channels.rows import Item, Refused, Row, named
from triage.errors import InvalidError

CSV = "标题,内容\n排队,任务排了两个小时队\n镜像,镜像拉取失败\n"
READ = [Row(2, {"标题": "排队", "内容": "任务排了两个小时队"}), Row(3, {"标题": "镜像", "内容": "镜像拉取失败"})]


def read(folder: Path, name: str, data: bytes) -> list[Item]:
    path = folder / name
    path.write_bytes(data)
    with opened(path) as rows:
        return list(rows.items)


def refused(folder: Path, name: str, data: bytes) -> str:
    with pytest.raises(InvalidError) as caught:
        read(folder, name, data)
    assert caught.value.field == "file"
    return caught.value.code


ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_csv_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, "a.csv", CSV.encode(encoding)) == READ


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_of_either_order(tmp_path: Path, order: str) -> None:
    mark = codecs.BOM_UTF16_LE if order == "le" else codecs.BOM_UTF16_BE
    assert read(tmp_path, "a.csv", mark + CSV.encode(f"utf-16-{order}")) == READ


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_lines_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    data = '{"内容": "卡住了"}\n\n{"内容": "又卡住了"}'.encode(encoding)
    assert read(tmp_path, "a.jsonl", data) == [Row(1, {"内容": "卡住了"}), Row(3, {"内容": "又卡住了"})]


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "a.tsv", "a.jsonl", "a.NDJSON"])
def test_the_name_says_the_kind(tmp_path: Path, name: str) -> None:
    data = b'{"text": "x"}' if "js" in name.lower() else b"text\nx\n"
    assert [item.line for item in read(tmp_path, name, data)] == [1 if "js" in name.lower() else 2]


def test_a_workbook_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook([["text"], ["a"], ["b"]]))
    with opened(path) as rows:
        assert rows.header == ("text",)
        assert list(rows.items) == [Row(2, {"text": "a"}), Row(3, {"text": "b"})]
        assert rows.done() == rows.size == path.stat().st_size


@pytest.mark.parametrize("name", ["a.txt", "a.xls", "a.json", "a", "a.csv.zip"])
def test_an_unknown_kind_is_refused(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, name, b"text\nx\n") == "file_type"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.xlsx"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, name, b"") == "file_empty"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="can't be read"), opened(tmp_path / "none.csv"):
        pass


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(InvalidError, match="can't be read"), opened(tmp_path / "a.csv"):
        pass


def test_wrong_lines_are_refused_and_the_others_read(tmp_path: Path) -> None:
    data = b'{"text": "a"}\nnot json\n[1]\n{"text": "b"\n\n{"x": NaN}\n{"text": "c"}\n'
    items = read(tmp_path, "a.jsonl", data)
    assert [(item.line, isinstance(item, Row)) for item in items] == [
        (1, True),
        (2, False),
        (3, False),
        (4, False),
        (6, False),
        (7, True),
    ]
    assert items[2] == Refused(3, "that is not a JSON object")


def test_one_line_in_another_encoding_is_refused_alone(tmp_path: Path) -> None:
    good = '{"text": "好的"}\n'.encode()
    items = read(tmp_path, "a.jsonl", good + '{"text": "不好"}\n'.encode("gbk") + good)
    assert [type(item) for item in items] == [Row, Refused, Row]


def test_a_very_long_line_is_refused_without_being_held(tmp_path: Path) -> None:
    long = json.dumps({"text": "x" * 3 * LIMIT}).encode()
    items = read(tmp_path, "a.jsonl", b'{"text": "a"}\n' + long + b'\n{"text": "b"}\n')
    assert [(item.line, type(item)) for item in items] == [(1, Row), (2, Refused), (3, Row)]


def test_a_line_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    line = b'{"text": "' + b"x" * (LIMIT - 13) + b'"}\n'
    assert len(line) == LIMIT
    assert [type(item) for item in read(tmp_path, "a.jsonl", line * 2)] == [Row, Row]


def test_rows_are_read_as_they_are_asked_for_and_the_bytes_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "x"}\n' * 50_000)
    with opened(path) as rows:
        next(rows.items)
        early = rows.done()
        assert sum(1 for _ in rows.items) == 49_999
        assert 0 < early < rows.size / 2
        assert rows.done() == rows.size == path.stat().st_size


def test_a_few_broken_characters_do_not_make_a_file_chinese(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("内容\n好的\n".encode() * 5 + b"\xff\xfe broken\n")
    with path.open("rb") as file:
        assert encoding_of(file) == "utf-8"
        assert file.tell() == 0


def test_names_are_made_different() -> None:
    assert named(["\ufefftext", "", "text", None, 5, " a "]) == ("text", "column 2", "text (3)", "column 4", "5", "a")


@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.tsv", "a.jsonl"]))
def test_any_bytes_are_rows_refusals_or_invalid(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        items = read(folder, name, data)
    except InvalidError as error:
        items = [Refused(1, str(error))]
    lines = [item.line for item in items]
    assert lines == sorted(set(lines))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@given(st.lists(st.fixed_dictionaries({"text": TEXT.filter(str.strip), "title": TEXT}), min_size=1, max_size=5))
def test_what_json_writes_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    data = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    assert read(tmp_path_factory.mktemp("any"), "a.jsonl", data) == [Row(n, row) for n, row in enumerate(rows, 1)]

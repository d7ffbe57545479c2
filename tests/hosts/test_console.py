from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from triage.domain.drafts import Draft
from triage.errors import OutsideError
from triage.hosts import Connection, Reason
from triage.hosts.console import Console
from triage.hosts.payload import loads

DRAFT = Draft("训练任务排队", "第一行\n第二行", ("bug",))


def console(folder: Path, **more: object) -> Console:
    connection = Connection((folder / "a b.json").as_uri(), "demo/demo", account="triage")
    return Console(connection, stream=more.pop("stream", io.StringIO()), **more)  # type: ignore[arg-type]


def test_creates_prints_and_remembers(tmp_path: Path) -> None:
    out = io.StringIO()
    made = console(tmp_path, stream=out).create(DRAFT)
    assert (made.number, made.labels, made.author, made.open) == ("1", ("bug",), "triage", True)
    assert out.getvalue() == "── issue 1: 训练任务排队\n   第一行\n   第二行\n"
    assert console(tmp_path).get("1") == made


def test_prints_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    console(tmp_path, stream=None).create(DRAFT)
    assert "训练任务排队" in capsys.readouterr().err


def test_edits_closes_and_opens(tmp_path: Path) -> None:
    host = console(tmp_path)
    host.create(DRAFT)
    assert host.edit("1", title="new").body == DRAFT.body
    closed = host.edit("1", open=False)
    assert (closed.open, closed.reason, bool(closed.closed_at)) == (False, Reason.COMPLETED, True)
    assert host.edit("1", open=True).closed_at is None


def test_a_reason_written_by_hand_is_read(tmp_path: Path) -> None:
    host = console(tmp_path)
    host.create(DRAFT)
    host.edit("1", open=False)
    path = tmp_path / "a b.json"
    path.write_text(path.read_text("utf-8").replace('"open": false', '"open": false, "reason": "not_planned"'), "utf-8")
    assert host.get("1").reason is Reason.NOT_PLANNED


def test_labels_are_added_once(tmp_path: Path) -> None:
    host = console(tmp_path)
    host.create(DRAFT)
    host.label("1", ("bug", "new"))
    assert host.get("1").labels == ("bug", "new")


def test_comments(tmp_path: Path) -> None:
    host = console(tmp_path)
    host.create(DRAFT)
    host.create(DRAFT)
    host.comment("1", "one")
    host.comment("2", "other")
    assert [(one.body, one.member) for one in host.comments("1")] == [("one", True)]


def test_lists_by_time_newest_first(tmp_path: Path) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    for day in range(3):
        console(tmp_path, now=lambda day=day: start + timedelta(days=day)).create(Draft(f"day {day}", "b"))
    host = console(tmp_path)
    assert [issue.title for issue in host.created_since(start + timedelta(days=1))] == ["day 2", "day 1"]
    assert [issue.number for issue in host.created_since(None)] == ["3", "2", "1"]
    assert [issue.number for issue in host.changed_since(start + timedelta(days=2))] == ["3"]
    assert len(list(host.changed_since(None))) == 3


def test_created_since_is_ours_only(tmp_path: Path) -> None:
    console(tmp_path).create(DRAFT)
    other = Console(Connection((tmp_path / "a b.json").as_uri(), "demo/demo", account="other"), stream=io.StringIO())
    assert not list(other.created_since(None))


@pytest.mark.parametrize("act", ["get", "comments"])
def test_an_unknown_issue_is_gone(tmp_path: Path, act: str) -> None:
    with pytest.raises(OutsideError, match="no issue 9") as caught:
        list(getattr(console(tmp_path), act)("9"))
    assert (caught.value.permanent, caught.value.status) == (True, 404)


def test_odd_characters_are_stored(tmp_path: Path) -> None:
    assert console(tmp_path).create(Draft("a\ud800\x00b", "😀\ud800")).title == "a\ufffdb"


def test_the_check_writes_nothing_but_its_file(tmp_path: Path) -> None:
    assert console(tmp_path).check().ok
    assert loads((tmp_path / "a b.json").read_bytes()) == {"issues": [], "comments": []}


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = Console(Connection((tmp_path / "file" / "x.json").as_uri(), "a/b")).check()
    assert "can't use" in found.missing[0]


@pytest.mark.parametrize("damage", [b"{", b'{"issues": 3}', b'{"issues": [{"number": "1"}]}', b'{"issues": [7]}'])
def test_a_damaged_file_says_so(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a b.json").write_bytes(damage)
    with pytest.raises(OutsideError, match="damaged") as caught:
        console(tmp_path).get("1")
    assert caught.value.permanent


def _file_some(folder: str) -> None:
    for _ in range(10):
        console(Path(folder)).create(DRAFT)


def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    workers = [get_context("spawn").Process(target=_file_some, args=(str(tmp_path),)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert {issue.number for issue in console(tmp_path).created_since(None)} == {str(n) for n in range(1, 21)}


def test_threads_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: console(tmp_path).create(DRAFT), range(20)))
    assert len(list(console(tmp_path).created_since(None))) == 20


def test_pictures_are_not_kept(tmp_path: Path) -> None:
    assert console(tmp_path).attach("1", "a.png", "image/png", b"x") is None

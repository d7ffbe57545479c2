"""Importing files: batches, identities, dry runs, refused rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import factories
from tests.channels.hostile import MAPPINGS, SENSIBLE
from tests.fakes.clock import START
from triage.channels.fields import submission
from triage.db.engine import Database
from triage.db.queries import project_by_slug
from triage.db.tables import Feedback
from triage.errors import InvalidError, NotFoundError
from triage.services import importing, intake
from triage.services.importing import Refusal, Report, import_file

Rows = list[dict[str, Any]]
Import = Callable[..., Report]


@pytest.fixture
def imported(db: Database, session: Session, tmp_path: Path) -> Import:
    """Import rows as JSON lines, or text as CSV, into the project “demo”."""
    factories.project(session, slug="demo")
    session.commit()

    def run(given: Rows | str, **more: Any) -> Report:
        path = tmp_path / ("a.csv" if isinstance(given, str) else "a.jsonl")
        text = given if isinstance(given, str) else "\n".join(json.dumps(row) for row in given)
        path.write_text(text, "utf-8", newline="")
        return import_file(db, "demo", path, now=START, **more)

    return run


def stored(session: Session) -> list[Feedback]:
    session.rollback()
    return list(session.scalars(select(Feedback).order_by(Feedback.id)))


def test_rows_become_feedback(imported: Import, session: Session) -> None:
    report = imported("标题,内容,时间,邮箱,版本\n排队,卡住了,2026/2/1 8:00,ann@example.com,2.4\n,好用,,,\n")
    first, second = stored(session)
    assert (first.title, first.body, first.context, first.channel) == ("排队", "卡住了", {"版本": "2.4"}, "import")
    assert (first.said_at, second.said_at) == (datetime(2026, 2, 1, 8, tzinfo=UTC), START)
    assert (first.reporter.email, second.body, second.context) == ("ann@example.com", "好用", {})
    assert report == Report(dry_run=False, added=2, feedback_ids=(first.id, second.id))


def test_the_same_file_twice_adds_nothing(imported: Import, session: Session) -> None:
    rows = [{"text": "a"}, {"text": "b", "id": 1}, {"text": "c", "source_url": "https://a.b/1"}, {"title": "only that"}]
    assert imported(rows).added == 4
    assert imported(rows) == Report(dry_run=False, skipped=4)
    assert len(stored(session)) == 4


@pytest.mark.parametrize(
    ("row", "identity"),
    [
        ({"source_url": "https://a.b/1", "id": "7"}, "url:https://a.b/1"),
        ({"id": "7"}, "id:import:7"),
    ],
)
def test_identity_by_column(imported: Import, session: Session, row: dict[str, Any], identity: str) -> None:
    imported([{"text": "x"} | row])
    assert stored(session)[0].identity == identity


def test_what_came_by_api_is_not_imported_again(imported: Import, session: Session) -> None:
    sent = submission({"text": "x", "source_url": "https://a.b/1"}, "api")
    intake.receive(session, project_by_slug(session, "demo"), sent, now=START)
    session.commit()
    assert imported([{"text": "y", "source_url": "https://a.b/1"}]) == Report(dry_run=False, skipped=1)


def test_another_projects_feedback_is_another(imported: Import, session: Session, db: Database, tmp_path: Path) -> None:
    factories.project(session, slug="other")
    session.commit()
    imported([{"text": "x", "id": 1}])
    assert import_file(db, "other", tmp_path / "a.jsonl", now=START).added == 1


SAME = {"text": "打不开", "date": "2026-02-01", "reporter": "lin", "email": "lin@example.com", "version": "1"}


def test_the_same_words_at_the_same_time_by_the_same_person_are_one(imported: Import) -> None:
    report = imported([SAME, SAME | {"version": "2"}])
    assert (report.added, report.skipped) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [{"text": "打不开！"}, {"date": "2026-02-02"}, {"reporter": "wang"}, {"email": "w@example.com"}, {"title": "t"}],
)
def test_other_words_another_time_or_another_person_are_two(imported: Import, other: dict[str, Any]) -> None:
    assert imported([SAME, SAME | other]).added == 2


def test_a_dry_run_stores_nothing_and_tells_the_same(imported: Import, session: Session) -> None:
    imported([{"text": "old", "id": 1}])
    rows = [{"text": "old", "id": 1}, {"text": "a"}, {"text": "a"}, {"text": 5}, {"text": "b", "source_url": "u" * 500}]
    dry = imported(rows, dry_run=True)
    assert len(stored(session)) == 1
    wet = imported(rows)
    assert dry == replace(wet, dry_run=True, feedback_ids=())
    assert (wet.added, wet.skipped, wet.refused, wet.total) == (2, 2, 1, 5)


def test_a_dry_run_remembers_over_batches(imported: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    assert imported([{"text": "a"}, {"text": "a"}], dry_run=True) == Report(dry_run=True, added=1, skipped=1)


BAD: Rows = [
    {"text": ""},
    {"text": "x" * 20_001},
    {"text": "x", "title": "x" * 201},
    {"text": "x", "email": "nobody"},
    {"text": "x", "date": "soon"},
    {"text": ["x"]},
    {"text": "x", "n": 2**70},
    {"text": "x", "tree": {"a": "x" * 9_000, "b": ["y" * 9_000]}},
]


def test_rows_that_cannot_be_stored_stop_no_others(imported: Import, session: Session) -> None:
    report = imported([row for bad in BAD for row in (bad, {"text": f"good {BAD.index(bad)}"})])
    assert (report.added, report.refused) == (len(BAD), len(BAD))
    assert [refusal.line for refusal in report.refusals] == list(range(1, 2 * len(BAD), 2))
    assert len(stored(session)) == len(BAD)


def test_a_refusal_says_where_and_why(imported: Import) -> None:
    report = imported("text,email\nx\ny,nobody\n,a@b.co\n")
    assert report.refusals == (
        Refusal(2, "the row has 1 cell where the header has 2"),
        Refusal(3, "email: this is not a mail address"),
        Refusal(4, "body: the text is empty"),
    )


def test_a_report_as_json(imported: Import) -> None:
    refusals = [{"line": 3, "reason": "the row has 2 cells where the header has 1"}]
    counts = {"added": 1, "skipped": 1, "refused": 1, "total": 3}
    assert imported("text\nx\ny,z\nx\n").as_dict() == counts | {"refusals": refusals, "dry_run": False}


def test_labels_of_others_are_context_and_no_truth(imported: Import, session: Session) -> None:
    imported(
        [{"title": "t", "body": "b", "project": "a/b", "kind": "bug", "cluster": 3, "source_url": "https://a.b/1"}]
    )
    row = stored(session)[0]
    assert (row.kind, row.topic_id) == ("", None)
    assert row.context == {"project": "a/b", "kind": "bug", "cluster": 3, "source_url": "https://a.b/1"}


def test_long_values_of_unknown_columns_are_cut(imported: Import, session: Session) -> None:
    imported([{"text": "x", "reply": "r" * 5_000}])
    assert stored(session)[0].context["reply"] == "r" * 999 + "…"


def test_each_batch_is_kept_by_itself(imported: Import, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)

    def stop(_: int) -> None:
        if len(stored(session)) >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imported([{"text": str(n)} for n in range(7)], progress=stop)
    assert 2 <= len(stored(session)) < 7
    assert imported([{"text": str(n)} for n in range(7)]).total == 7
    assert len(stored(session)) == 7


def test_progress_adds_up_to_the_file(imported: Import, tmp_path: Path) -> None:
    steps: list[int] = []
    imported([{"text": f"{n} " + "x" * 500} for n in range(300)], progress=steps.append)
    assert sum(steps) == (tmp_path / "a.jsonl").stat().st_size
    assert min(steps) >= 0
    assert len([step for step in steps if step]) > 5


def test_nothing_is_said_in_the_future(imported: Import, session: Session) -> None:
    imported([{"text": "x", "date": "2030-01-01"}])
    assert stored(session)[0].said_at == START


def test_a_workbook(db: Database, session: Session, imported: Import, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["内容", "提交时间", "id"],
        ["卡住了", START.replace(tzinfo=None) - timedelta(days=1), 12],
        [404, None, 13],
    ):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    report = import_file(db, "demo", tmp_path / "a.xlsx", now=START)
    (row,) = stored(session)
    assert (row.body, row.said_at, row.identity) == ("卡住了", START - timedelta(days=1), "id:import:12")
    assert report.refusals == (Refusal(3, "body: this must be text"),)


def test_a_file_without_a_text_is_refused_whole(imported: Import) -> None:
    with pytest.raises(InvalidError, match="no column") as caught:
        imported("name,kind\na,b\n")
    assert caught.value.code == "file_header"


def test_an_unknown_project(db: Database, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        import_file(db, "none", tmp_path / "a.csv", now=START)


@settings(max_examples=40)
@given(given=st.lists(MAPPINGS | SENSIBLE, min_size=1, max_size=6))
def test_any_rows_are_stored_or_refused(imported: Import, session: Session, given: Rows) -> None:
    rows = json.loads(json.dumps(given, default=str))
    before = len(stored(session))
    dry, wet, again = imported(rows, dry_run=True), imported(rows), imported(rows)
    assert len(stored(session)) == before + wet.added
    assert (dry.added, dry.skipped, dry.refusals) == (wet.added, wet.skipped, wet.refusals)
    assert (again.added, again.skipped) == (0, wet.added + wet.skipped)

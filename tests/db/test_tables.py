from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import IntegrityError, StatementError

from tests import factories
from triage.db.tables import Filing, Project


def stored(session, **fields):
    row = factories.project(session, **fields)
    session.commit()
    session.expire_all()
    return session.get_one(Project, row.id)


def test_times_come_back_in_utc(session):
    beijing = timezone(timedelta(hours=8))
    row = stored(session, polled_at=datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=beijing))
    assert row.polled_at == datetime(2026, 3, 2, 1, 0, 0, 123456, tzinfo=UTC)
    assert row.polled_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(session):
    with pytest.raises(StatementError, match="without a zone"):
        factories.project(session, polled_at=datetime(2026, 3, 2))  # noqa: DTZ001


def test_no_time_stays_none(session):
    assert stored(session, polled_at=None).polled_at is None


def test_json_keeps_chinese_and_nesting(session):
    assert stored(session, words={"训练": ["显存", {"深": [1, None]}]}).words == {"训练": ["显存", {"深": [1, None]}]}


def test_a_topic_is_filed_by_one_row_only(session):
    row = factories.filed(session)
    session.expire(row, ["filing"])
    session.add(Filing(topic_id=row.id, next_try_at=row.created_at, created_at=row.created_at))
    with pytest.raises(IntegrityError):
        session.flush()


def test_an_issue_belongs_to_one_topic_only(session):
    project = factories.project(session)
    factories.filed(session, project, "7")
    with pytest.raises(IntegrityError):
        factories.filed(session, project, "7")

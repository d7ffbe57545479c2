"""Times as they are written."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.channels.moments import moment
from triage.errors import InvalidError

NINE = datetime(2024, 5, 3, 9, 7, tzinfo=UTC)
DAY = datetime(2024, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        *("2024-05-03T09:07:00Z", "2024-05-03T09:07", "2024-05-03 09:07", "2024-05-03T17:07:00+08:00"),
        *("2024/5/3 9:07", "2024/05/03 09:07:00", "2024.5.3 9:07", "2024-5-3 9:7", " 2024-5-3T9:07Z "),
        *("2024年5月3日 9:07", "2024年5月3日 9时7分", "2024年05月03日 09时07分00秒", "2024年5月3日 17:07 +0800"),
        *("2024-05-03 09:07:00 UTC", "2024/5/3 9:07:00.5 +00:00", "2024/5/3 4:07 -05:00"),
        *("1714727220", "1714727220000", "1714727220.0", 1714727220, 1714727220000, 1714727220.0),
        *(NINE, NINE.replace(tzinfo=None), NINE.astimezone(timezone(timedelta(hours=8)))),
    ],
)
def test_a_time(written: Any) -> None:
    assert moment(written) == NINE
    assert moment(written).tzinfo is UTC


@pytest.mark.parametrize("written", ["2024-05-03", "2024/5/3", "2024年5月3日", "20240503", date(2024, 5, 3)])
def test_a_day(written: Any) -> None:
    assert moment(written) == DAY


def test_seconds_are_kept() -> None:
    assert moment("2024年5月3日 9:07:21") == moment("2024年5月3日 9时07分21秒") == NINE.replace(second=21)
    assert moment("2024-05-03T09:07:21.500Z") == NINE.replace(second=21, microsecond=500_000)


@pytest.mark.parametrize(
    "written",
    [
        *("", "soon", "2024", "2024-13-01", "2024-02-30", "2024/2/3 25:00", "5/3/2024", "3 May 2024", "昨天", "12345"),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1989-12-31", "2201-01-01"),
        *(0, 45000.5, -1, 10**18, 10**400, 1e308, float("nan"), float("inf"), True, None, [], {}, b"2024-05-03"),
        *(
            "٢٠٢٤-٠٥-٠٣ ٠٩:٠٧",
            "2024-05-03 09:07 +99:99",
            "2024/5/3 9:07 +99:00",
            date(1, 1, 1),
            datetime(1, 1, 1),  # noqa: DTZ001
            datetime(9999, 12, 31),  # noqa: DTZ001
        ),
    ],
    ids=repr,
)
def test_nonsense_is_no_time(written: Any) -> None:
    with pytest.raises(InvalidError) as caught:
        moment(written)
    assert (caught.value.field, caught.value.code) == ("created_at", "date")


@given(st.text(max_size=30) | st.floats() | st.integers() | st.datetimes() | st.dates())
def test_anything_is_a_time_of_ours_or_invalid(written: Any) -> None:
    with suppress(InvalidError):
        assert 1990 <= moment(written).year <= 2200


@given(st.datetimes(datetime(1991, 1, 1), datetime(2199, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_what_iso_writes_is_read(then: datetime) -> None:
    assert moment(then.isoformat()) == then.astimezone(UTC)

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain.retry import LONGEST, next_try

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 30), (1, 30), (2, 60), (3, 120), (10, 15_360), (11, 21_600)])
def test_waits_double_up_to_a_ceiling(attempts, seconds):
    assert next_try(NOW, attempts) == NOW + timedelta(seconds=seconds)


def test_the_other_side_may_ask_for_longer_but_not_for_sooner():
    assert next_try(NOW, 1, 3_600) == NOW + timedelta(hours=1)
    assert next_try(NOW, 1, 1) == NOW + timedelta(seconds=30)


def test_who_was_asked_to_wait_often_waits_no_longer_for_it():
    assert next_try(NOW, 9, 60) == NOW + timedelta(seconds=60)


@given(st.integers(0, 10**9), st.none() | st.floats())
def test_a_wait_is_never_longer_than_a_week(attempts, asked):
    assert timedelta(seconds=30) <= next_try(NOW, attempts, asked) - NOW <= max(LONGEST, timedelta(days=7))

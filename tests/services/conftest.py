"""A Git host in memory, on the same clock."""

from __future__ import annotations

import pytest

from tests.fakes.clock import Clock
from tests.fakes.host import FakeHost


@pytest.fixture
def host(clock: Clock) -> FakeHost:
    made = FakeHost()
    made.clock = clock
    return made

"""A Git host in memory, on the same clock; and the shipped models, loaded once."""

from __future__ import annotations

import pytest

from tests.fakes.clock import Clock
from tests.fakes.host import FakeHost
from triage.config import data
from triage.services.models import Models


@pytest.fixture
def host(clock: Clock) -> FakeHost:
    made = FakeHost()
    made.clock = clock
    return made


@pytest.fixture(scope="session")
def shipped() -> Models:
    """The shipped models; a test that changes a part of them makes a copy."""
    return Models.load(data("models"))

"""A fake Git host of each flavour, running on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.githost import GitHost, flavours


@pytest.fixture(params=sorted(flavours()))
def fake(request: pytest.FixtureRequest) -> Iterator[GitHost]:
    with GitHost(request.param) as host:
        yield host


@pytest.fixture
def gitea() -> Iterator[GitHost]:
    with GitHost("gitea-1.22") as host:
        yield host


@pytest.fixture
def old() -> Iterator[GitHost]:
    with GitHost("gitea-1.12") as host:
        yield host

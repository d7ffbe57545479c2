"""Ways in and back, one file each: what every way in can do, and the list of those there are.

A way in is any class with the methods of `Channel` in a module of this folder that lists itself in `CHANNELS`; nothing
is registered by hand. Channels know neither the database nor the clock.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from triage.domain.feedback import Submission


class Channel(Protocol):
    """What every way in over HTTP can do; `secret` is what the project and the sender share."""

    def __init__(self, secret: str) -> None: ...

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Raise ForbiddenError unless the raw `body` is signed rightly and freshly; without a secret nothing is."""
        ...

    def parse(self, headers: Mapping[str, str], body: bytes) -> Submission:
        """Return what a verified message says; its identity is the same each time it is sent. Or InvalidError."""
        ...


def kinds() -> dict[str, type[Channel]]:
    """Return every way in by its name, read from the modules of this folder (`CHANNELS: dict[str, type]`)."""
    found: dict[str, type[Channel]] = {}
    for module in pkgutil.iter_modules(__path__):
        found.update(getattr(importlib.import_module(f"{__name__}.{module.name}"), "CHANNELS", {}))
    return found

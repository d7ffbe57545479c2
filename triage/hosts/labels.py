"""Labels by name: made once where they lack, and what they tell of a closed issue."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from triage.errors import OutsideError
from triage.hosts import Reason
from triage.hosts.payload import clean, part

COLOUR = "ededed"  # of labels that we have to make

_REASONS = {
    Reason.DUPLICATE: {"duplicate", "重复", "重复问题"},
    Reason.NOT_PLANNED: {
        "wontfix",
        "invalid",
        "notplanned",
        "rejected",
        "declined",
        "不修复",
        "不予修复",
        "无效",
        "不采纳",
    },
}


class Labels:
    """A repository's labels, read once: `read` returns what the host calls each name, `make` adds one."""

    def __init__(self, read: Callable[[], dict[str, Any]], make: Callable[[str], Any]) -> None:
        self._read = read
        self._make = make
        self._known: dict[str, Any] | None = None

    def ensure(self, wanted: tuple[str, ...], *, lenient: bool) -> list[Any]:
        """Return what the host calls each of `wanted`; a lenient caller goes without those that may not be made."""
        found = []
        for name in dict.fromkeys(wanted):
            try:
                found.append(self._one(name))
            except OutsideError as err:
                if not (lenient and err.permanent):
                    raise
        return found

    def forget(self) -> None:
        """Read anew the next time, for someone has changed them."""
        self._known = None

    def _one(self, name: str) -> Any:
        if self._known is None:
            self._known = self._read()
        if name not in self._known:
            self._known[name] = self._make(name)
        return self._known[name]


def told_by_labels(labels: tuple[str, ...]) -> Reason:
    """Return why an issue was closed as far as its labels tell, for hosts that have no word of their own for it.

    Scopes ("Reviewed/Duplicate", "status::wontfix") and punctuation ("won't fix") don't matter.
    """
    bare = {re.sub(r"[\W_]", "", re.split("/|::", label)[-1]).casefold() for label in labels}
    return next((reason for reason, words in _REASONS.items() if words & bare), Reason.UNKNOWN)


def names(found: Any, key: str) -> tuple[str, ...]:
    """Return the text at `key` of each object in the list `found`, or the item itself where it is text."""
    listed = found if isinstance(found, list) else []
    texts = (item if isinstance(item, str) else part(item, key) for item in listed)
    return tuple(clean(item) for item in texts if isinstance(item, str) and item)

"""What reporters are told, event by event."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """Something that a reporter hears about."""

    RECEIVED = "received"  # never mailed: anybody can type an address, and its owner asked for nothing
    FILED = "filed"  # the team took it up: there is an issue now
    ANSWERED = "answered"  # the team wrote to the reporters, here
    COMMENTED = "commented"  # the team wrote on the issue
    RESOLVED = "resolved"  # closed as completed
    DECLINED = "declined"  # said no, here or by closing as not planned
    DUPLICATE = "duplicate"  # the host closed it as a duplicate of another issue
    CLOSED = "closed"  # closed and the host doesn't say why
    REOPENED = "reopened"

"""A letter box that keeps what is sent, and refuses on command."""

from __future__ import annotations

from triage.channels.mail import Letter
from triage.errors import OutsideError


class Letters:
    """A Mailer: `sent` holds every letter that went out; each error in `refusals` spoils one attempt."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.refusals: list[OutsideError] = []

    def send(self, letter: Letter) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append(letter)

    def to(self, address: str) -> list[Letter]:
        return [letter for letter in self.sent if letter.to == address]

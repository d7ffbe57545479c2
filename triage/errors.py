"""Every error that this service raises on purpose, as one tree.

TriageError
├── SettingError      a setting is missing or makes no sense
├── NotFoundError     no such project, topic, receipt …
├── InvalidError      what was sent can't be taken; names the field
├── ConflictError     the move is not allowed in this state
├── ForbiddenError    a wrong token or signature, or no right to do it
├── ModelError        a model or index file is missing or damaged
└── OutsideError      a host, mail server or chat answered badly; says whether trying again makes sense
"""

from __future__ import annotations


class TriageError(Exception):
    """Anything that this service raises on purpose; its text is fit to be shown to the person who caused it."""


class SettingError(TriageError):
    """A setting is missing or makes no sense."""


class NotFoundError(TriageError):
    """There is no such thing, or this caller may not know of it."""


class InvalidError(TriageError):
    """What was sent can't be taken.

    `field` names the part at fault; `code` is the stable word for machines and the key of the translated sentence.
    """

    def __init__(self, message: str, *, field: str = "", code: str = "invalid") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


class ConflictError(TriageError):
    """The move is not allowed in the state that the thing is in."""


class ForbiddenError(TriageError):
    """A wrong token, a wrong signature, or no right to do it."""


class ModelError(TriageError):
    """A model or index file is missing or damaged; the caller falls back and says so."""


class OutsideError(TriageError):
    """Something outside (a Git host, a mail server, a chat) failed.

    `permanent` is true when the same call can never succeed; `retry_after` is the wait in seconds that the other side
    asked for, if it did; `status` is its HTTP status, 0 where there was no answer at all. `code` is the stable word for
    what happened, "" where there is none; by it the pages know the sentence (see triage.web.refusals).
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        status: int = 0,
        code: str = "",
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.status = status
        self.code = code

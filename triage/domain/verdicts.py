"""What may be done without asking: a project's policy, what a matching issue means, and the gates of filing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from triage.errors import InvalidError

DAY = timedelta(days=1)
SOON = timedelta(minutes=10)  # how often a switch that is off is looked at again
REFUSALS = ("wontfix", "won't fix", "invalid", "not planned", "不处理", "不予处理", "无效", "暂不处理")


class Filing(StrEnum):
    """Whether issues are filed: for real, only in words, or not at all."""

    ON = "on"
    DRY = "dry"
    OFF = "off"


class Comments(StrEnum):
    """Which comments of the team's on an issue its reporters read; one that is marked for them they read but by none.

    Confidential issues and internal notes are never read without a mark.
    """

    PUBLIC = "public"  # those that everybody can read on the host anyway
    ALL = "all"  # in a private repository too
    MARKED = "marked"
    NONE = "none"


class Standing(StrEnum):
    """What an issue that is about the same thing means for a topic."""

    SAME = "same"  # it is open: the topic can be linked to it
    REGRESSION = "regression"  # it was closed as done, or without a word: what comes back is no duplicate
    REFUSED = "refused"  # it was closed because nobody will do it
    DUPLICATE = "duplicate"  # it goes on in another issue


class Gate(StrEnum):
    """What can hold a filing back."""

    SWITCH = "switch"
    DRY = "dry"
    NEVER = "never"
    MATCH = "match"
    FRESH = "fresh"
    CAP = "cap"


OPENABLE = frozenset({Gate.NEVER, Gate.MATCH, Gate.FRESH, Gate.CAP})  # what a maintainer may decide otherwise


@dataclass(frozen=True, slots=True)
class Policy:
    """A project's rules, with their defaults; each can be set as `policy.NAME` and is checked by `parse`."""

    filing: str = Filing.ON
    cap_per_day: int = 50
    never_labels: tuple[str, ...] = ("triage:never", "不再提交")
    fresh_days: int = 3
    link_first: bool = True
    reopen_on_objection: bool = False
    evidence_minutes: int = 30
    comments: str = Comments.PUBLIC
    public_marks: tuple[str, ...] = ("@reporters", "@反馈者", "[public]", "[公开]")
    comment_at: tuple[int, ...] = (10, 25, 50)
    refusal_labels: tuple[str, ...] = REFUSALS
    private_components: tuple[str, ...] = ("security", "安全")
    spam_percent: int = 0  # probability from which a text goes into quarantine; 0: as learned

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Policy:
        """Return the policy that a project's JSON says; what it doesn't say, or says in no sensible way, is default."""
        given: dict[str, Any] = {}
        for name in cls.__dataclass_fields__:
            value = stored.get(name)
            value = tuple(value) if isinstance(value, list) else value
            if name in stored and type(value) is type(_default(name)):
                given[name] = value
        return cls(**given)

    def for_reporters(self, comment: str, *, public: bool, confidential: bool) -> str:
        """Return what reporters read of a comment by the team, without its mark; "" where it is not for them.

        `public` says that everybody can read the repository, `confidential` that the issue or the note is kept from it.
        """
        marks = [mark for mark in self.public_marks if mark.casefold() in comment.casefold()]
        unmarked = self.comments == Comments.ALL or (self.comments == Comments.PUBLIC and public)
        if self.comments == Comments.NONE or not (marks or (unmarked and not confidential)):
            return ""
        pattern = "|".join(map(re.escape, marks))
        return re.sub(pattern, "", comment, flags=re.IGNORECASE).strip() if marks else comment

    def told(self, *, public: bool) -> str:
        """Return in words which of the team's comments reporters read."""
        return _TOLD_BY_PUBLIC[public] if self.comments == Comments.PUBLIC else _TOLD[Comments(self.comments)]


_SAVE = "of confidential issues and internal notes only those that are marked for them"
_TOLD = {  # known to triage.web.refusals too
    Comments.ALL: f"reporters read all comments by the team, {_SAVE}",
    Comments.MARKED: "reporters read those comments by the team that are marked for them",
    Comments.NONE: "reporters read no comments by the team",
}
_TOLD_BY_PUBLIC = {
    True: f"everybody can read the repository, so reporters read the comments by the team, {_SAVE}",
    False: "it is not known that everybody can read the repository, so reporters read only those comments by the team "
    "that are marked for them",
}


def _default(name: str) -> Any:
    default = Policy.__dataclass_fields__[name].default
    return str(default) if isinstance(default, StrEnum) else default


_CHOICES: Mapping[str, type[StrEnum]] = {"filing": Filing, "comments": Comments}


def parse(name: str, written: str) -> Any:
    """Return what an operator wrote for the rule `name`, as it is stored. Raises InvalidError that says what fits."""
    if name not in Policy.__dataclass_fields__:
        known = ", ".join(Policy.__dataclass_fields__)
        raise InvalidError(f"there is no rule “{name}”; there are {known}", field=f"policy.{name}", code="unknown")
    default = _default(name)
    if name in _CHOICES:
        return _chosen(name, written, [one.value for one in _CHOICES[name]])
    if isinstance(default, bool):
        return _chosen(name, written, ["yes", "no"]) == "yes"
    if isinstance(default, int):
        return _number(name, written)
    parts = [part.strip() for part in written.replace("，", ",").replace("、", ",").split(",") if part.strip()]
    return sorted({_number(name, part) for part in parts}) if name == "comment_at" else parts


def _chosen(name: str, written: str, choices: Sequence[str]) -> str:
    if written.strip().lower() not in choices:
        raise InvalidError(f"policy.{name} is one of {', '.join(choices)}", field=f"policy.{name}", code="choice")
    return written.strip().lower()


def _number(name: str, written: str) -> int:
    if not (written.strip().isascii() and written.strip().isdigit() and len(written.strip()) <= 6):  # noqa: PLR2004
        raise InvalidError(f"policy.{name} is a whole number", field=f"policy.{name}", code="number")
    return int(written)


@dataclass(frozen=True, slots=True)
class Known:
    """An issue of the host that is about the same thing as a topic, as far as the gates need it."""

    number: str
    open: bool
    reason: str
    labels: tuple[str, ...]
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates look at: the site's switch, how many were filed in the last day and when the first of these."""

    site: str
    filed: int
    oldest: datetime | None
    matches: tuple[Known, ...]
    opened: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a filing is held back, when to look again, and the issue that it is about, if it is about one."""

    gate: Gate
    reason: str
    until: datetime
    number: str = ""


def standing(known: Known, refusals: Iterable[str] = REFUSALS) -> Standing:
    """Return what a matching issue means. Closed without a word counts as done unless a label of `refusals` says no."""
    if known.open:
        return Standing.SAME
    if known.reason == "duplicate":
        return Standing.DUPLICATE
    said_no = {label.casefold() for label in known.labels} & {label.casefold() for label in refusals}
    return Standing.REFUSED if known.reason == "not_planned" or said_no else Standing.REGRESSION


def stop(policy: Policy, facts: Facts, *, now: datetime) -> Stop | None:
    """Return the first gate that holds a filing back, or None; a switch can't be opened for one topic, the rest can."""
    for gate, look in _GATES.items():
        found = look(policy, facts, now)
        if found is not None and not (gate in OPENABLE and gate in facts.opened):
            return found
    return None


def _switch(policy: Policy, facts: Facts, now: datetime) -> Stop | None:
    if facts.site == Filing.OFF:
        return Stop(Gate.SWITCH, "filing is switched off for the whole site", now + SOON)
    if policy.filing == Filing.OFF:
        return Stop(Gate.SWITCH, "filing is switched off for this project", now + SOON)
    return None


def _never(policy: Policy, facts: Facts, now: datetime) -> Stop | None:
    wanted = {label.casefold() for label in policy.never_labels}
    for known in facts.matches:
        if wanted & {label.casefold() for label in known.labels}:
            return Stop(Gate.NEVER, f"issue {known.number} is marked never to be filed again", now + DAY, known.number)
    return None


def _match(policy: Policy, facts: Facts, now: datetime) -> Stop | None:
    for known in facts.matches:
        if policy.link_first and standing(known, policy.refusal_labels) == Standing.SAME:
            reason = f"issue {known.number} is open and may be this already: link it, or file all the same"
            return Stop(Gate.MATCH, reason, now + DAY, known.number)
    return None


def _fresh(policy: Policy, facts: Facts, now: datetime) -> Stop | None:
    for known in facts.matches:
        until = known.closed_at + policy.fresh_days * DAY if known.closed_at else now
        if until > now and standing(known, policy.refusal_labels) == Standing.REGRESSION:
            reason = f"issue {known.number} was closed only just: the fix may not have reached people yet"
            return Stop(Gate.FRESH, reason, until, known.number)
    return None


def _cap(policy: Policy, facts: Facts, now: datetime) -> Stop | None:
    if facts.filed < policy.cap_per_day:
        return None
    until = max(facts.oldest + DAY, now + timedelta(minutes=1)) if facts.oldest else now + DAY
    return Stop(Gate.CAP, f"{facts.filed} were filed in the last day, and no more than that may be", until)


def _dry(policy: Policy, facts: Facts, now: datetime) -> Stop | None:
    if Filing.DRY in (facts.site, policy.filing):
        return Stop(Gate.DRY, "dry run: it would be filed now", now + SOON)
    return None


# The switch first; the dry run last, so that it says what would have been held back anyway
_GATES = {
    Gate.SWITCH: _switch,
    Gate.NEVER: _never,
    Gate.MATCH: _match,
    Gate.FRESH: _fresh,
    Gate.CAP: _cap,
    Gate.DRY: _dry,
}

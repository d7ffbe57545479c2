"""Why a decision can't be made any more, in the reader's language: each reason is known by the words of its service."""

from __future__ import annotations

import re

from flask_babel import gettext

from triage.services import attaching, replies
from triage.web import refusals


def _(sentence: str) -> str:
    """Mark a sentence for the translators; it is translated when it is shown."""
    return sentence


SENTENCES = {  # what a service says, with its gaps: what people read
    "a topic can't be merged into itself": _("A topic can't be merged into itself."),
    "the two topics belong to different projects": _("The two topics belong to different projects."),
    "the other topic is in quarantine": _("The other topic is in quarantine."),
    "the issue belongs to another project": _("The issue belongs to another project."),
    "issue %(number)s belongs to topic %(key)s already: merge into that one": _(
        "Issue %(number)s belongs to topic %(key)s already: merge into that one."
    ),
    "issue %(number)s can't be read: %(why)s": _("Issue %(number)s can't be read: %(why)s"),
    "issue %(number)s was closed as done: what comes back is filed anew, not linked": _(
        "Issue %(number)s was closed as done: what comes back is filed anew, not linked."
    ),
    "this decision is undone already": _("This decision is undone already."),
    "something was decided after it: undo that first": _("Something was decided after it: undo that first."),
    "its feedback was moved on since: undo that first": _("Its feedback was moved on since: undo that first."),
    "nothing would be left in %(key)s: undo what was decided on it first": _(
        "Nothing would be left in %(key)s: undo what was decided on it first."
    ),
    "the topic split off (%(key)s) was decided on since: undo that first": _(
        "The topic split off (%(key)s) was decided on since: undo that first."
    ),
    "other feedback joined the topic split off (%(key)s): merge it instead": _(
        "Other feedback joined the topic split off (%(key)s): merge it instead."
    ),
    "this version is in force already": _("This version is in force already."),
    "there is nothing in this version: there were too few decisions to train on": _(
        "There is nothing in this version: there were too few decisions to train on."
    ),
    "the shipped models are in force: there is nothing to roll back": _(
        "The shipped models are in force: there is nothing to go back to."
    ),
    "this gate is opened for the whole project or site, not for one topic": _(
        "Filing is switched off for the whole project or site: an operator switches it on."
    ),
    attaching.NO_ISSUE: _("The topic has no issue yet."),
    attaching.PRIVATE: _("This feedback is private, and the issue is not: its pictures stay here."),
    attaching.BUSY: _("Somebody is adding this picture right now."),
    replies.ENOUGH: _("That is enough for today: the team has what you added before. Write again tomorrow."),
    # who is held back for spam is not told so
    replies.QUARANTINE: _("The team still looks at what you wrote first. Please add more later."),
}


def _pattern(said: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", said)
    return re.compile("".join(f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))


_PATTERNS = [(_pattern(said), sentence) for said, sentence in SENTENCES.items()]


def words(said: str) -> str:
    """Return the sentence for what a service said, "" where all there is to say is that somebody was quicker."""
    for pattern, sentence in _PATTERNS:
        if found := pattern.fullmatch(said):
            gaps = {name: refusals.words(value) for name, value in found.groupdict().items()}
            return str(gettext(sentence, **gaps) if gaps else gettext(sentence))
    return ""

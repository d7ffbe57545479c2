"""The words of the pages for what the code calls by short names, and the filters that templates use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Flask, request
from flask_babel import format_datetime, format_timedelta, gettext, lazy_gettext

from triage.domain.feedback import suggested_title
from triage.domain.text import plain
from triage.render import markdown
from triage.services.vocabulary import component_name
from triage.web import language, refusals
from triage.web.context import site

KINDS = {
    "bug": lazy_gettext("Bug"),
    "feature": lazy_gettext("Wish"),
    "question": lazy_gettext("Question"),
    "praise": lazy_gettext("Praise"),
    "complaint": lazy_gettext("Complaint"),
    "other": lazy_gettext("Other"),
}
STATES = {
    "new": lazy_gettext("To decide"),
    "snoozed": lazy_gettext("Snoozed"),
    "accepted": lazy_gettext("Accepted, being filed"),
    "filed": lazy_gettext("Filed"),
    "resolved": lazy_gettext("Resolved"),
    "closed": lazy_gettext("Closed, no reason given"),
    "declined": lazy_gettext("Declined"),
    "merged": lazy_gettext("Merged"),
    "spam": lazy_gettext("In quarantine"),
}
CHANNELS = {
    "form": lazy_gettext("Form"),
    "api": lazy_gettext("API"),
    "webhook": lazy_gettext("Webhook"),
    "import": lazy_gettext("Import"),
    "mail": lazy_gettext("Mail"),
}
VERBS = {
    "accept": lazy_gettext("Accepted"),
    "merge": lazy_gettext("Merged"),
    "split": lazy_gettext("Split off"),
    "decline": lazy_gettext("Declined"),
    "snooze": lazy_gettext("Snoozed"),
    "spam": lazy_gettext("Marked as spam"),
    "not_spam": lazy_gettext("Taken out of quarantine"),
    "change_kind": lazy_gettext("Changed the kind"),
    "change_component": lazy_gettext("Changed the component"),
    "link": lazy_gettext("Linked to an issue"),
    "follow": lazy_gettext("Went on in the issue of which its own is a duplicate"),
    "answer": lazy_gettext("Answered the reporters"),
    "dismiss": lazy_gettext("Dismissed a proposal"),
}
RULES = {
    "private key": lazy_gettext("a private key"),
    "key": lazy_gettext("an access key"),
    "password": lazy_gettext("a password or token"),
    "mail": lazy_gettext("a mail address"),
    "identity number": lazy_gettext("an identity number"),
    "bank card": lazy_gettext("a bank card number"),
    "phone": lazy_gettext("a phone number"),
    "chat account": lazy_gettext("a chat account"),
    "address": lazy_gettext("an inner network address"),
    "home folder": lazy_gettext("a user name in a path"),
}
LANGUAGES = {"zh": lazy_gettext("Chinese"), "en": lazy_gettext("English"), "mixed": lazy_gettext("Mixed")}


def attach(app: Flask) -> None:
    """Give the templates of `app` their filters and words."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        age=age,
        component=component,
        moment=moment,
        day=day,
        markdown=markdown,
        refusal=refusals.words,
        excerpt=excerpt,
        said=said,
        listed=listed,
    )
    app.jinja_env.globals.update(
        KINDS=KINDS, STATES=STATES, CHANNELS=CHANNELS, VERBS=VERBS, RULES=RULES, LANGUAGES=LANGUAGES
    )
    app.context_processor(_values)


def _values() -> dict[str, Any]:
    here = request.full_path.rstrip("?") if request.method == "GET" else request.path
    chosen = language.chosen()
    return {"language": chosen, "here": here, "gap": "" if chosen == "zh" else " "}  # between two sentences


def said(name: str, words: Mapping[str, Any]) -> str:
    """Return the word for `name`, or the name itself where there is none yet."""
    return str(words.get(name, name))


def component(name: str) -> str:
    """Return the name of a shipped component in the reader's language; a project's own are shown as written."""
    return component_name(name, language.chosen())


def age(then: datetime) -> str:
    """Return how long ago `then` was, in words."""
    seconds = (then - site().now()).total_seconds()
    return str(gettext("just now") if seconds > -60 else format_timedelta(seconds, add_direction=True))  # noqa: PLR2004


def moment(then: datetime) -> str:
    """Return the time in the zone that goes with the language; the page's script puts the browser's in its place."""
    written = format_datetime(then, "yyyy-MM-dd HH:mm")
    return written if language.chosen() == "zh" else f"{written} UTC"


def day(then: datetime) -> str:
    """Return the day."""
    return str(format_datetime(then, "yyyy-MM-dd"))


def excerpt(body: str, length: int = 160) -> str:
    """Return the beginning of what was said, without template headings, on one line."""
    line = " ".join(plain(body).split()) or suggested_title(body)
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def listed(names: list[str]) -> str:
    """Return `names` as one enumeration in the reader's language."""
    return ("、" if language.chosen() == "zh" else ", ").join(str(name) for name in names)

"""Why a label or a match is there, in words: what the models wrote beside it, confidence as a word, no decimal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext
from markupsafe import Markup, escape

from triage.db.tables import Feedback
from triage.domain.feedback import FeedbackState
from triage.ml.clusters import Policy
from triage.ml.kinds import MEANING
from triage.services.vocabulary import telling
from triage.web.words import KINDS, component, said

SURELY = 0.85  # of a kind's score, which is calibrated: nine in ten of these are right or better
MAYBE = 0.5
MOST = 5
SURENESS = {
    "likely": lazy_gettext("very likely"),
    "maybe": lazy_gettext("possibly"),
    "unsure": lazy_gettext("unsure"),
}
CHANGED = lazy_gettext("taken for that at first, then changed")
SAMENESS = {
    "likely": lazy_gettext("Very likely the same"),
    "maybe": lazy_gettext("Possibly the same"),
    "unsure": lazy_gettext("A little alike"),
}
PLACED = {
    "alike": lazy_gettext("It was added here because it says the same as the others."),
    "must-link": lazy_gettext("A person put it here."),
    "contradicted": lazy_gettext("It resembles another topic, but a fact contradicts: it was left for you to decide."),
    "close-call": lazy_gettext("It resembles several topics about equally: it was left for you to decide."),
    "unsure": lazy_gettext("It resembles another topic, but not clearly: it was left for you to decide."),
    "settled": lazy_gettext(
        "What it resembles is decided on already, or a person told the two apart: it was left for you to decide."
    ),
    "nothing-alike": lazy_gettext("Nothing like it was here before."),
}
FACTS = {
    "version": lazy_gettext("version"),
    "code": lazy_gettext("error code"),
    "device": lazy_gettext("device"),
}


WEIGHTS = {
    3: lazy_gettext("counts much"),
    2: lazy_gettext("counts some"),
    1: lazy_gettext("counts little"),
}
# what the models name that is no word of the text
NAMED = {
    "sign:link": lazy_gettext("a link"),
    "sign:signature": lazy_gettext("a sender in brackets"),
    "sign:contact": lazy_gettext("a way to get in touch"),
    "sign:money": lazy_gettext("a price or discount"),
    "sign:code": lazy_gettext("code or an error"),
    "‹url›": lazy_gettext("a link"),
    "‹mail›": lazy_gettext("a mail address"),
    "‹id›": lazy_gettext("an id"),
    "‹time›": lazy_gettext("a time"),
    "‹num›": lazy_gettext("a long number"),
    MEANING: lazy_gettext("what it means, taken as a whole"),
}


class Word(str):
    """A word that speaks for or against something; `weight` 1 to 3 beside the strongest word of the same reason."""

    weight: int

    def __new__(cls, text: str, weight: int = 2) -> Word:
        """Return `text` with its weight."""
        made = super().__new__(cls, text)
        made.weight = weight
        return made

    @property
    def said(self) -> str:
        """How much it counts, in the reader's language."""
        return str(WEIGHTS[self.weight])


@dataclass(frozen=True, slots=True)
class Reason:
    """One label: what it is about, what it says, how sure, and the words that speak for it and against it."""

    about: str
    label: str
    sure: str
    words: tuple[Word, ...]
    against: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Apart:
    """What tells two texts apart: the words that only this or the other one says; what an encoder thought."""

    here: tuple[Word, ...] = ()
    there: tuple[Word, ...] = ()
    meaning: str = ""


def reasons(feedback: Feedback) -> list[Reason]:
    """Return why `feedback` bears its labels; nothing for a label that no model gave."""
    found = [_kind(feedback), _component(feedback), _spam(feedback)]
    return [reason for reason in found if reason is not None]


def placed(feedback: Feedback) -> str:
    """Return why the feedback stands in its topic, as one sentence, or nothing."""
    return str(PLACED.get(feedback.labels.get("placement", {}).get("why", ""), ""))


def _kind(feedback: Feedback) -> Reason | None:
    label = feedback.labels.get("kind")
    if not label or label.get("guess") == "" or not feedback.kind:
        return None  # there was nothing in the text to judge by
    guess = label.get("guess") or (label["ranked"][0][0] if label.get("ranked") else feedback.kind)
    sure = "likely" if label.get("sure") else "maybe" if label.get("likely") else "unsure"
    told = CHANGED if feedback.kind != guess else SURENESS[sure]
    return Reason(gettext("Kind"), said(guess, KINDS), str(told), *_both(label))


def _component(feedback: Feedback) -> Reason | None:
    label = feedback.labels.get("component", {})
    guess = label.get("guess") or feedback.component
    if not label.get("why") or not guess:
        return None
    told = str(CHANGED) if feedback.component != guess else ""
    return Reason(gettext("Component"), component(guess), told, *_both(label))


def _spam(feedback: Feedback) -> Reason | None:
    label = feedback.labels.get("spam")
    if not label or (feedback.state != FeedbackState.QUARANTINED and label["score"] < MAYBE):
        return None
    sure = _sureness(label["score"], SURELY, MAYBE)
    return Reason(gettext("Spam"), gettext("looks like advertising"), str(SURENESS[sure]), *_both(label))


def _both(label: Mapping[str, Any]) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """Return the words for a label and those against it, weighed on one scale."""
    why, against = label.get("why", []), label.get("against", [])
    return words(why, against), words(against, why)


def sameness(score: float, differing: Sequence[Any] = ()) -> str:
    """Return how sure it is that two are about the same, in words; never very where facts are `differing`."""
    sure = _sureness(score, Policy().join, _middle())
    return str(SAMENESS["maybe" if differing and sure == "likely" else sure])


def suggests(score: float) -> bool:
    """Return whether two are so much alike that merging them is worth a button, and not only a mention."""
    return score >= _middle()


def _middle() -> float:
    policy = Policy()
    return (policy.join + policy.suggest) / 2


def differing(pairs: Sequence[Any]) -> list[str]:
    """Return facts that contradict, such as “version: 2.1 ≠ 2.3”."""
    found = []
    for pair in pairs:
        match pair:
            case [str(what), str(left), str(right)]:
                found.append(f"{said(what, FACTS)} {left} ≠ {right}")
            case _:
                found += map(str, words([pair]))
    return found


def apart(feedback: Feedback, of: str) -> Apart:
    """Return what tells `feedback` and its match `of` (`topic:ID` or `issue:ID`) apart, as far as it is known."""
    kept = feedback.labels.get("apart", {}).get(of)
    if not kept:
        return Apart()
    near = kept.get("meaning")
    meaning = "" if near is None else gettext("alike in meaning") if near > 0 else gettext("not alike in meaning")
    return Apart(words(kept["here"]), words(kept["there"]), meaning)


def _sureness(score: float, surely: float, maybe: float) -> str:
    return "likely" if score >= surely else "maybe" if score >= maybe else "unsure"


def words(pairs: Sequence[Any], beside: Sequence[Any] = ()) -> tuple[Word, ...]:
    """Return the weightiest words of [word, weight] pairs, or plain words; of nothing but dull ones the weightiest.

    How much each counts is measured by the weightiest of them and of `beside`.
    """
    weighed = [(str(pair[0]), float(pair[1])) if isinstance(pair, list | tuple) else (str(pair), 1.0) for pair in pairs]
    top = max([weight for _, weight in weighed] + [float(pair[1]) for pair in beside], default=0.0)
    found = [pair for pair in weighed if telling(pair[0])] or [pair for pair in weighed if pair[0].strip()][:1]
    return tuple(Word(said(name, NAMED), _weight(weight, top)) for name, weight in found[:MOST])


def both_say(pairs: Sequence[Any]) -> tuple[Word, ...]:
    """Return the weightiest words that two texts share, without those that are part of another one: 误码 of 错误码."""
    names = [str(pair[0]) for pair in pairs if isinstance(pair, list | tuple)]
    return words([pair for pair in pairs if not any(_is_part(str(pair[0]), name) for name in names)])


def _is_part(name: str, whole: str) -> bool:
    if name == whole or name not in whole:
        return False
    return not name.isascii() or re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", whole) is not None


def _weight(weight: float, top: float) -> int:
    return 1 + (weight >= top / 3) + (weight >= top * 2 / 3)


def highlight(text: str, common: Sequence[str]) -> Markup:
    """Return `text` safe for a page, with the `common` words marked."""
    found = [re.escape(word) for word in sorted(common, key=len, reverse=True)]
    if not found:
        return escape(text)
    parts = re.split(f"({'|'.join(found)})", text, flags=re.IGNORECASE)
    marked = [Markup("<mark>{}</mark>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)]
    return Markup("").join(marked)

"""A project's components: which there are, what people said of which feedback is of which, and the words of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from triage.db.tables import Decision, Project
from triage.domain.text import PLACEHOLDER
from triage.domain.topics import AGREEING, Verb
from triage.errors import ModelError
from triage.ml.components import Listed, telling_words
from triage.ml.weights import Bundle, load, save
from triage.services.vocabulary import components, telling

NAME = "components"
CORRECTED = 2  # how often a corrected component counts beside one that was left in place


@dataclass(frozen=True, slots=True)
class ComponentExample:
    """A text and its component, "" for none; `confirmed` where a person decided and left it as it was."""

    feedback_id: int
    text: str
    component: str
    at: datetime
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of one feedback's component, when, and whether they only left it in place."""

    component: str
    at: datetime
    confirmed: bool


def vocabulary(project_words: Listed) -> Listed:
    """Return the components that a project has with the words listed for each: its own, else the shipped ones."""
    return project_words or {name: part["words"] for name, part in components().items()}


def choices(project: Project) -> list[str]:
    """Return the components that a person can choose from."""
    return list(vocabulary(project.words))


def said(decided: Iterable[Decision]) -> dict[int, Said]:
    """Return the latest word on each feedback's component; who decides and leaves one in place confirms it."""
    known: dict[int, Said] = {}
    for decision in decided:
        if decision.verb == Verb.CHANGE_COMPONENT:
            name, at = str(decision.detail["component"]), decision.made_at
            known |= {int(row): Said(name, at, confirmed=False) for row, *_ in decision.before["feedback"]}
        elif decision.verb in AGREEING:
            known |= {row: one for row, one in _left(decision).items() if row not in known}
    return known


def _left(decision: Decision) -> dict[int, Said]:
    """Return the feedback that bore the topic's component when somebody decided and left it so."""
    whole = decision.before.get("component")
    rows = decision.before.get("components", {}) if whole else {}
    return {int(row): Said(name, decision.made_at, confirmed=True) for row, name in rows.items() if name == whole}


def learned(rows: Sequence[ComponentExample], cut: Callable[[str], Iterable[str]]) -> dict[str, list[str]]:
    """Return the words that people's decisions give each component; texts of none only speak against a word."""
    examples = [(one.component, told(one.text, cut)) for one in rows for _ in range(1 if one.confirmed else CORRECTED)]
    return {name: list(words) for name, words in telling_words(examples).items() if name}


def told(text: str, cut: Callable[[str], Iterable[str]]) -> list[str]:
    """Return the words of `text` that can tell a component."""
    return [word for word in cut(text) if telling(word) and not PLACEHOLDER.search(word)]


def keep(folder: Path, words: Listed) -> None:
    """Write what was learned to `folder` as data."""
    save(folder, NAME, Bundle({}, {"words": words}))


def kept(folder: Path) -> Listed:
    """Return what `keep` wrote. Raises ModelError where it is missing or damaged."""
    found = load(folder, NAME).facts.get("words")
    if not isinstance(found, dict) or not all(isinstance(one, list) for one in found.values()):
        raise ModelError(f"the model {NAME} is damaged: it names no words")
    return {str(name): [str(word) for word in words] for name, words in found.items()}

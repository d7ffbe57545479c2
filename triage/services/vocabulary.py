"""The shipped components: their names in each language, and the words that give them away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from triage.config import data
from triage.errors import ModelError


def read_components(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the components of `file` as {zh, en, words}. Raises ModelError where it is missing or damaged."""
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"the list of components can't be read: {error}") from error
    if not isinstance(loaded, dict) or not all(isinstance(part, dict) and _words(part) for part in loaded.values()):
        raise ModelError("the list of components is damaged: it names no words")
    return loaded


def _words(part: Mapping[str, Any]) -> bool:
    words = part.get("words")
    return isinstance(words, list) and all(isinstance(word, str) for word in words)


@cache
def components() -> Mapping[str, Mapping[str, Any]]:
    """Return each shipped component as {zh, en, words}; none where the file is missing or damaged."""
    try:
        return read_components(data("models") / "words" / "components.json")
    except ModelError:
        return {}


@cache
def function_words() -> frozenset[str]:
    """Return the words in Latin letters that carry nothing ("the", "every"); none where the list can't be read."""
    try:
        lines = (data("models") / "words" / "stopwords.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(line.strip() for line in lines if line.strip().isascii())


def telling(name: str) -> bool:
    """Return whether a word (or a pair, with a space) tells a person something: no function words, no half words."""
    parts = name.split()
    if len(parts) > 1 and any(len(part) == 1 and not part.isascii() for part in parts):
        return False
    return len(name.strip()) > 1 and not all(part in function_words() for part in parts)


def component_name(name: str, language: str) -> str:
    """Return what a shipped component is called in `language`; a project's own are called as they are written."""
    return str(components().get(name, {}).get(language, name))

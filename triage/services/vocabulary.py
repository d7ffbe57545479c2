"""The shipped components: their names in each language, and the words that give them away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from triage.config import data


@cache
def components() -> Mapping[str, Mapping[str, Any]]:
    """Return each shipped component as {zh, en, words}; none where the file is missing or damaged."""
    try:
        loaded = json.loads((data("models") / "words" / "components.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


@cache
def function_words() -> frozenset[str]:
    """Return the words in Latin letters that carry nothing ("the", "every"); none where the list is missing."""
    try:
        lines = (data("models") / "words" / "stopwords.txt").read_text(encoding="utf-8").splitlines()
    except OSError:
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

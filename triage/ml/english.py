"""Latin words: their parts, and one form for plural and singular, -ing and -ed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

SHORT = 4  # letters; such words have no ending worth cutting
ROOT = 3  # letters that must be left when an ending goes

_PART = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NAME_BEFORE_NUMBER = re.compile(r"([a-z]{2,})\d")
_NAMED_VERSION = re.compile(r"([a-z][a-z+]{1,30})[-_/@]?v?(\d{1,4}(?:\.\d{1,5})+)")
_PLURALS = (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", ""))
_NEEDS_E = ("at", "iz", "bl", "eiv", "rg", "ur", "ag", "rs", "uc", "v")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return an English `word` (lower case) without its plural, -ing or -ed; short words stay as they are.

    Lighter than Porter on purpose: two words that become one by mistake are a false match that nobody can explain.
    """
    if len(word) <= SHORT or not word.isascii() or not word.isalpha():
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= ROOT and any(vowel in root for vowel in "aeiouy"):
            return _closed(root)
    return word


def latin_parts(piece: str) -> Iterator[str]:
    """Yield what else `piece` (a word as written) is found by: its parts at . _ -, its humps, names before numbers.

    A version behind a name is one thing however they are joined: “cuda-12.4” is found by “cuda12.4” and by “12.4”.
    """
    seen = {piece.lower()}
    versioned = _NAMED_VERSION.fullmatch(piece.lower())
    for form in (versioned[2], versioned[1] + versioned[2]) if versioned else ():
        if form not in seen:
            seen.add(form)
            yield form
    humps = [] if piece.islower() or piece.isupper() else _CAMEL.findall(piece)
    for part in (*_PART.findall(piece), *humps):
        word = part.lower()
        named = _NAME_BEFORE_NUMBER.match(word)
        for form in (word, named[1] if named else word):
            if form not in seen and _says_something(form):
                seen.add(form)
                yield form


def _says_something(form: str) -> bool:
    return len(form) >= (ROOT if form.isdigit() else 2)


def _singular(word: str) -> str:
    if word.endswith(("ss", "us", "is")):
        return word
    for ending, instead in _PLURALS:
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word


def _closed(root: str) -> str:
    if len(root) > ROOT and root[-1] == root[-2] and root[-1] not in "lsz":
        return root[:-1]
    return root + "e" if root.endswith(_NEEDS_E) else root

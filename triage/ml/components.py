"""Which part of the product a feedback is about, by the words that the project lists for each part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from triage.domain.text import normalise
from triage.ml.segment import simplify

READ = 4_000  # characters looked at
LONGEST = 24  # characters of a listed word
LEAST_TEXTS = 4  # of a component that must hold a word before it counts as telling
LEAST_SHARE = 0.75  # of the texts that hold a telling word are the component's
LEAST_LIFT = 2.0  # times as often as among all texts
MOST_WORDS = 12  # learned for one component

TAUGHT = 2.0  # times as much as a listed word counts one that people's decisions gave a component

Words = tuple[tuple[str, float], ...]
Listed = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Part:
    """The component that a text is about, None where none is ahead; the words for it and those for others alone.

    The weight of a word is 1 over the number of components that it is listed for, `TAUGHT` for one that was taught.
    """

    name: str | None = None
    why: Words = ()
    against: Words = ()


def component_of(text: str, words: Listed, taught: Listed = MappingProxyType({})) -> Part:
    """Return the component whose listed `words` the text uses most.

    A word listed for several components counts for each in part; one inside a longer listed word doesn't count. What
    was `taught` of components that are listed goes before: such a word is theirs alone, whoever listed it.
    """
    outranking = _owners({name: taught[name] for name in words if name in taught})
    owners = _owners(words) | outranking
    found = _found(simplify(normalise(text[: READ * 2]))[:READ], owners)
    weights = {word: (TAUGHT if word in outranking else 1.0) / len(owners[word]) for word in found}
    scores: dict[str, float] = {}
    for word in found:
        for name in owners[word]:
            scores[name] = scores.get(name, 0.0) + weights[word]
    best = max(scores.values(), default=0.0)
    ahead = [name for name, score in scores.items() if score == best]
    if len(ahead) != 1:
        return Part()
    weighed = sorted(weights.items(), key=lambda pair: -pair[1])
    why = tuple(pair for pair in weighed if ahead[0] in owners[pair[0]])
    return Part(ahead[0], why, tuple(pair for pair in weighed if pair not in why))


def telling_words(examples: Sequence[tuple[str, Collection[str]]]) -> dict[str, tuple[str, ...]]:
    """Return the words that give each component away, the commonest first; `examples` are (component, words of a text).

    Where all texts are of one component no word tells anything.
    """
    texts = Counter(name for name, _ in examples)
    held = Counter((name, word) for name, words in examples for word in set(words))
    anywhere = Counter(word for _, words in examples for word in set(words))
    found: dict[str, list[str]] = {}
    for (name, word), count in sorted(held.items(), key=lambda one: (-one[1], one[0])):
        share, usual = count / anywhere[word], texts[name] / len(examples)
        if usual < 1 and count >= LEAST_TEXTS and share >= _least_share(usual) and len(word) > 1:
            found.setdefault(name, []).append(word)
    return {name: tuple(words[:MOST_WORDS]) for name, words in found.items()}


def _least_share(usual: float) -> float:
    """Return the share of a word's texts from which it tells a component of which the share `usual` of all texts is.

    Nothing can be twice as often as what is more than half of everything: there it is half of what is left to gain.
    """
    return max(LEAST_SHARE, min(LEAST_LIFT * usual, (1 + usual) / 2))


def _owners(words: Listed) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    for name, listed in words.items():
        for word in dict.fromkeys(map(_spelled, listed)):
            if word:
                owners.setdefault(word, []).append(name)
    return owners


@lru_cache(maxsize=16_384)  # some hundred words are listed for each project, and asked for with each text
def _spelled(word: str) -> str:
    return simplify(normalise(word[: 4 * LONGEST]))[:LONGEST]


def _found(text: str, owners: Mapping[str, Sequence[str]]) -> list[str]:
    lengths = sorted({len(word) for word in owners}, reverse=True)
    found: dict[str, None] = {}
    start = 0
    while start < len(text):
        pieces = (text[start : start + length] for length in lengths)
        word = next((piece for piece in pieces if piece in owners and _whole(text, start, piece)), "")
        if word:
            found[word] = None
        start += len(word) or 1
    return list(found)


def _whole(text: str, start: int, word: str) -> bool:
    # a Latin word must end where it ends: “api” isn't in “rapid”; Chinese has no such borders
    before, after = text[start - 1 : start] if start else "", text[start + len(word) : start + len(word) + 1]
    return not (_latin(word[0]) and _latin(before)) and not (_latin(word[-1]) and _latin(after))


def _latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()

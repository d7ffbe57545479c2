"""Advertisements: one model for the form and for chat, that reads through the usual disguises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triage.domain.text import is_empty, normalise, plain, unmask
from triage.errors import ModelError
from triage.ml.calibration import Calibration
from triage.ml.features import Blocks
from triage.ml.kinds import LEAST_GAIN, Words, beside
from triage.ml.linear import Linear
from triage.ml.segment import Segmenter, simplify
from triage.ml.vocabulary import Block, Vector, Vocabulary
from triage.ml.weights import Bundle, load, save

NAME = "spam"
SPAM, HAM = "spam", "ham"
READ = 2_000  # characters; an advertisement comes to the point before that
WHY = 6

BLOCKS = (Block("words", 0.8, 3), Block("grams", 1.0, 4), Block("signs", 0.5, 2))

_DIGITS = re.compile(r"\d+")
_HAN = re.compile("[\u4e00-\u9fff]")
_LATIN = re.compile("[a-z]+")
_RUN = re.compile("[\u4e00-\u9fff]{2,4}|[a-z]{3,4}")
_SIGNS = (
    ("link", re.compile(r"https?:|www\.|[a-z0-9]\.(?:com|cn|cc|net|top|vip|me)\b")),
    ("signature", re.compile(r"[【\[][^】\]]{2,20}[】\]]\s*$|^\s*[【\[][^】\]]{2,20}[】\]]")),
    ("contact", re.compile(r"微信|qq|电话|热线|咨询|详询|致电|联系|加群|群号|回复|退订")),
    ("money", re.compile(r"\d+\s*(?:元|万|折|%|折起|元起)|￥\s*\d|\$\s*\d")),
    ("code", re.compile(r"`|::|\(\)|_\w+\(|traceback|exception|\berror\b|报错|</?\w+>|==|\{\}")),
)
SIGNS = frozenset(name for name, _ in _SIGNS)
# without Chinese an advertisement must be in English, or say where to turn to: the model has read hardly any other
_TURN_TO = re.compile(
    r"https?:|www\.|[\w.]@[\w.]|[$€£￥]\s?\d|\d\s?%|\d{7}|\d\s?usd|whatsapp|telegram|wechat|\bqq\b|[a-z0-9]\.(?:com|top|vip|me)\b"
)
_ENGLISH = re.compile(
    r"\b(?:the|you|your|our|this|that|with|and|from|get|here|now|any|buy|sell|need|cheap|free|best|want)\b"
)
ABSTAINS = 0.3  # the most that is said of others
_QUOTED = re.compile(
    r"“[^”]{4,}”|「[^」]{4,}」|『[^』]{4,}』|《[^》]{4,}》|\"[^\"]{4,}\"|(?<!\w)'[^'\n]{4,}'(?!\w)|(?:^|(?<=[:：]))\s*>.*$",
    re.MULTILINE,
)
_TELLS = re.compile(
    r"广告|举报|投诉|垃圾(?:信息|邮件|短信|评论)|刷屏|骚扰|诈骗|骗子|封[号禁]|下架|\b(?:spam|scam|ads?|ban|report)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SpamVerdict:
    """Whether a text is an advertisement: `score` is the probability.

    `why` is what speaks for it and `against` what speaks against it, with weights in log-odds: words, and what `SIGNS`
    names, as “sign:money”.
    """

    spam: bool
    score: float
    why: Words = ()
    against: Words = ()


@dataclass(frozen=True)
class SpamModel:
    """A trained model; `threshold` is the probability from which a text is put into quarantine."""

    segmenter: Segmenter
    vocabulary: Vocabulary
    linear: Linear
    calibration: Calibration
    threshold: float
    trained: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path, name: str = NAME, *, segmenter: Segmenter | None = None) -> SpamModel:
        """Return the model in `folder` (`name`.npz and .json). Raises ModelError where it is missing or damaged."""
        bundle = load(folder, name)
        facts = bundle.facts
        try:
            blocks = [Block(str(part), float(weight), int(least)) for part, weight, least in facts["blocks"]]
            calibration = Calibration(float(facts["slope"]), float(facts["offset"]), int(facts["decisions"]))
            threshold = float(facts["threshold"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the model {name} is damaged: {error}") from error
        vocabulary = Vocabulary.load(blocks, bundle.arrays)
        linear = Linear.load(bundle.arrays, facts, len(vocabulary))
        if set(linear.labels) != {HAM, SPAM}:
            raise ModelError(f"the model {name} is damaged: it doesn't know spam from ham")
        return cls(segmenter or beside(folder), vocabulary, linear, calibration, threshold, facts.get("trained", {}))

    def save(self, folder: Path, name: str = NAME) -> None:
        """Write the model to `folder` so that `load` takes it back."""
        facts = {
            "labels": self.linear.labels,
            "projects": self.linear.projects,
            "blocks": [[block.name, block.weight, block.least] for block in self.vocabulary.blocks],
            "slope": self.calibration.slope,
            "offset": self.calibration.offset,
            "decisions": self.calibration.decisions,
            "threshold": self.threshold,
            "trained": dict(self.trained),
        }
        save(folder, name, Bundle({**self.vocabulary.arrays(), **self.linear.arrays()}, facts))

    def predict(self, text: str, *, threshold: float | None = None) -> SpamVerdict:
        """Return the verdict on one text; `threshold` is a project's own.

        What has no letters is never spam, nor what no reason can be told for: the quarantine says why. Of a text that
        is neither Chinese nor English and names no address, number or price the model knows too little. Who quotes an
        advertisement to complain of it is judged by their own words.
        """
        limit = self.threshold if threshold is None else threshold
        verdict = self._verdict(text, limit)
        said = complaint(text) if verdict.spam else ""
        own = self._verdict(said, limit) if said else verdict
        return verdict if own.spam else own

    def _verdict(self, text: str, limit: float) -> SpamVerdict:
        if is_empty(text):
            return SpamVerdict(spam=False, score=0.0)
        vector = self.vocabulary.vector(spam_blocks(text, self.segmenter))
        score = self.calibration.probability(odds(self.linear, vector))
        why, against = self._reasons(vector)
        if _is_known(text):
            return SpamVerdict(score >= limit and bool(why), score, why, against)
        return SpamVerdict(spam=False, score=min(score, ABSTAINS), why=why, against=against)

    def _reasons(self, vector: Vector) -> tuple[Words, Words]:
        weights = self.linear.weights[0][vector.places]
        gains = vector.values * (weights @ _direction(self.linear)) * self.calibration.slope
        told = {_readable(*self.vocabulary.names[vector.places[row]]): float(gains[row]) for row in _counting(gains)}
        told.pop("", None)
        # where no word speaks for it, a few signs in a row do: “进群”
        return _strongest(told, 1) or self._signs_in_a_row(vector, gains), _strongest(told, -1)

    def _signs_in_a_row(self, vector: Vector, gains: Any) -> Words:
        names = {self.vocabulary.names[vector.places[row]]: float(gains[row]) for row in _counting(gains)}
        runs = {term: gain for (block, term), gain in names.items() if block == "grams" and _RUN.fullmatch(term)}
        return _strongest(runs, 1)[:1]


def _counting(gains: Any) -> Any:
    return np.flatnonzero(np.abs(gains) > LEAST_GAIN)


def _readable(block: str, term: str) -> str:
    """Return `term` as it is told to a person, "" for what is none: single characters, n-grams, lengths, absences."""
    if block == "words":
        return term if len(term) > 1 else ""
    name, _, count = term.partition(" ")
    return f"sign:{name}" if block == "signs" and name in SIGNS and count != "0" else ""


def _strongest(words: Mapping[str, float], sign: int) -> Words:
    own = [(word, round(sign * gain, 3)) for word, gain in words.items() if sign * gain > 0]
    return tuple(sorted(own, key=lambda pair: (-pair[1], pair[0]))[:WHY])


def _is_known(text: str) -> bool:
    if _HAN.search(text):
        return True
    bare = unmask(text[:READ])
    return _ENGLISH.search(bare) is not None or _TURN_TO.search(bare) is not None


def complaint(text: str) -> str:
    """Return what is said around what `text` quotes, where that speaks of advertisements; else ""."""
    around = _QUOTED.sub(" ", text[:READ])
    return around if around != text[:READ] and _TELLS.search(around) else ""


def odds(linear: Linear, vector: Vector) -> float:
    """Return how much more the raw scores speak for spam than for ham."""
    return float(linear.scores(vector) @ _direction(linear))


def spam_blocks(text: str, segmenter: Segmenter) -> Blocks:
    """Return what the spam model sees of `text`, `READ` characters of what was written, with the disguises undone."""
    bare = unmask(simplify(normalise(plain(text[: READ * 4])[: READ * 2])))[:READ]
    return {"words": segmenter.words(bare), "grams": _grams(bare), "signs": _signs(text[:READ], bare)}


def _grams(bare: str) -> list[str]:
    text = _DIGITS.sub("0", bare)
    return [text[start : start + size] for size in (1, 2, 3, 4) for start in range(len(text) - size + 1)]


def _signs(text: str, bare: str) -> list[str]:
    longest = max(map(len, _DIGITS.findall(bare)), default=0)
    found = [f"digits {min(longest, 12)}", f"length {len(bare).bit_length()}"]
    found += [f"{name} {min(2, len(pattern.findall(bare)))}" for name, pattern in _SIGNS]
    found += [f"han {10 * len(_HAN.findall(bare)) // (len(bare) + 1)}", f"lines {min(5, text.count(chr(10)))}"]
    return [*found, f"latin {min(9, len(_LATIN.findall(bare)))}"]


def _direction(linear: Linear) -> Any:
    return np.array([0.5 if label == SPAM else -0.5 for label in linear.labels], np.float32)

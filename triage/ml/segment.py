"""Cutting text into words: Chinese by jieba, everything else by its shape, index and query alike."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from triage.domain.text import PLACEHOLDER, normalise, placeholders
from triage.errors import ModelError
from triage.ml.english import latin_parts, stem

HAN_RUN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003fffd〇"
LONG_WORD = 4  # a Chinese word this long also gives its parts of three characters, a shorter one those of two

_CHIPS = "昇腾|寒武纪|海光|鲲鹏|飞腾|天数|沐曦|摩尔线程|燧原|壁仞"
_CHIP = rf"(?:{_CHIPS})[ -]?[A-Za-z]{{0,4}}\d[0-9A-Za-z]*"
_SIGN = rf"[^\W_{HAN_RUN}]"
_PIECE = re.compile(
    rf"(?P<mark>‹[a-z]+›)|(?P<chip>{_CHIP})|(?P<han>(?:(?!{_CHIP})[{HAN_RUN}])+)"
    rf"|(?P<word>{_SIGN}+(?:[._+#/\-]+{_SIGN}+)*(?:\+\+|#)?)"
)
_HAN = re.compile(f"[{HAN_RUN}]")
_PART = re.compile(rf"[^\W_{HAN_RUN}]+|[{HAN_RUN}]+")
_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,5})+")
_ENTRY = re.compile(r"(\S.*?)(?:\s+\d+(?:\s+[a-z]+)?)?\s*")

# the few words that carry nothing in either language; a fuller list is shipped beside the weights
FALLBACK_STOPWORDS = frozenset(
    "的 了 在 是 和 就 都 也 很 啊 吧 呢 嘛 吗 把 被 与 及 或 这 那 其 之"  # noqa: SIM905 - a list is no easier to read
    " a an the of to in on is are was be and or for it this that i we".split()
)


@cache
def _table(words: tuple[str, ...]) -> Any:
    """Return jieba's dictionary with `words` in it, for all who begin with these to share."""
    # Read straight from jieba's own file: its loader would trust a cache in a folder that everybody may write
    import jieba

    jieba.setLogLevel(logging.WARNING)
    made = jieba.Tokenizer()
    made.FREQ, made.total = jieba.Tokenizer.gen_pfdict(made.get_dict_file())
    made.initialized = True
    for word in words:
        made.suggest_freq(word, tune=True)
    return made


def _pure(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if _HAN.match(word) and re.fullmatch(f"[{HAN_RUN}]+", word))


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Return `text` with traditional Chinese characters replaced by simplified ones (OpenCC t2s)."""
    # OpenCC also simplifies the name of a chip that is written with the traditional character in simplified text
    return str(_converter().convert(text)).replace("升腾", "昇腾") if _HAN.search(text) else text


def read_words(file: Path) -> tuple[str, ...]:
    """Return the entries of a word list: one a line, a frequency and a tag after it (jieba's format) are ignored.

    Lines that start with # and empty lines are skipped. Raises ModelError when the file can't be read as UTF-8.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"the word list {file.name} can't be read: {error}") from error
    found = (_ENTRY.fullmatch(line) for line in lines if not line.startswith("#"))
    return tuple(match[1] for match in found if match)


def grams(text: str, low: int = 2, high: int = 3) -> list[str]:
    """Return the n-grams of `low` to `high` characters of `text`, normalised and simplified; none spans punctuation."""
    found: list[str] = []
    for run in _PART.findall(simplify(normalise(text))):
        for size in range(low, high + 1):
            found += [run[start : start + size] for start in range(len(run) - size + 1)]
    return found


class Segmenter:
    """Cuts text with jieba's dictionary and a project's own words; make one per project and keep it.

    The dictionary (about 70 MB, a second to read) is shared by all, with the words `common` to all; own `words` of
    Chinese characters cost a copy of its table. Words with Latin letters, digits or spaces (`RPC failed`) are found as
    sequences and cost nothing.
    """

    def __init__(
        self,
        words: Iterable[str] = (),
        *,
        common: Iterable[str] = (),
        stopwords: Iterable[str] = FALLBACK_STOPWORDS,
    ) -> None:
        self._common = tuple(dict.fromkeys(simplify(normalise(word)) for word in common))
        self._words = tuple(dict.fromkeys([*self._common, *(simplify(normalise(word)) for word in words)]))
        self._stopwords = frozenset(stopwords)
        self._phrases: dict[str, list[tuple[str, ...]]] = {}
        self._jieba: Any = None

    @classmethod
    def shipped(cls, models: Path, words: Iterable[str] = ()) -> Segmenter:
        """Return a segmenter with the dictionary and stop words of the folder `models`/words and `words` on top."""
        folder = models / "words"
        common, stopwords = read_words(folder / "dictionary.txt"), read_words(folder / "stopwords.txt")
        return cls(words, common=common, stopwords=stopwords)

    def rest(self) -> None:
        """Let go of the dictionary: the next text brings it back, if one comes."""
        self._jieba = None
        _table.cache_clear()

    def tokens(self, text: str) -> list[str]:
        """Return what is indexed and asked for: words, parts, phrases; stemmed; no stop words, no placeholders."""
        return [
            stem(word)
            for word in self._with_phrases(list(self._pieces(text, parts=True)))
            if word not in self._stopwords and not PLACEHOLDER.fullmatch(word)
        ]

    def words(self, text: str) -> list[str]:
        """Return the words of `text` in order, stop words and placeholders kept: for features."""
        return list(self._pieces(text, parts=False))

    def _pieces(self, text: str, *, parts: bool) -> Iterator[str]:
        text = simplify(placeholders(normalise(text, lower=False)))
        before = ""
        for found in _PIECE.finditer(text):
            piece = found[0]
            if found["han"]:
                yield from self._han(piece, parts=parts)
            elif found["word"]:
                yield piece.lower()
                yield from latin_parts(piece) if parts else ()
                if parts and before and _VERSION.fullmatch(piece):
                    yield before + piece  # “CUDA 12.4” is found by “cuda12.4”
            else:
                yield from _marked(piece.lower(), parts=parts)
            before = piece.lower() if found["word"] and piece.isalpha() else ""

    def _han(self, run: str, *, parts: bool) -> Iterator[str]:
        cut = self._tokenizer().cut
        for word in cut(run, HMM=False):
            yield word
            yield from self._inner(word) if parts else ()

    def _inner(self, word: str) -> Iterator[str]:
        known = self._jieba.FREQ
        for size in range(2, min(len(word), LONG_WORD)):
            for start in range(len(word) - size + 1):
                part = word[start : start + size]
                if known.get(part):
                    yield part

    def _with_phrases(self, words: list[str]) -> list[str]:
        self._tokenizer()
        if not self._phrases:
            return words
        return words + [
            " ".join(phrase)
            for start, word in enumerate(words)
            for phrase in self._phrases.get(word, ())
            if tuple(words[start : start + len(phrase)]) == phrase
        ]

    def _tokenizer(self) -> Any:
        if self._jieba is None:
            self._jieba = self._made()
        return self._jieba

    def _made(self) -> Any:
        import jieba

        common, pure = _pure(self._common), _pure(self._words)
        shared, own = _table(common), pure[len(common) :]
        made = jieba.Tokenizer()
        made.FREQ, made.total, made.initialized = (dict(shared.FREQ) if own else shared.FREQ), shared.total, True
        for word in own:
            made.suggest_freq(word, tune=True)
        self._jieba = made
        self._phrases = self._sequences(set(pure))
        return made

    def _sequences(self, pure: set[str]) -> dict[str, list[tuple[str, ...]]]:
        table: dict[str, list[tuple[str, ...]]] = {}
        for word in self._words:
            parts = tuple(self._pieces(word, parts=False)) if word not in pure else ()
            if len(parts) > 1:
                table.setdefault(parts[0], []).append(parts)
        return table


def _marked(piece: str, *, parts: bool) -> Iterator[str]:
    whole = re.sub("[ -]", "", piece)
    yield whole
    found = re.match(_CHIPS, whole) if parts else None
    if found:
        yield found[0]
        yield whole[found.end() :]

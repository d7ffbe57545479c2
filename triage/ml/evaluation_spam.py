"""Measuring the spam model, also on the same texts under every disguise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from triage.ml.obfuscation import DISGUISES
from triage.ml.segment import Segmenter
from triage.ml.spam import SpamModel
from triage.ml.spam_training import Text, learn_spam
from triage.ml.training import spam_texts

SEED = 20_260


@dataclass(frozen=True, slots=True)
class SpamRow:
    """The answer for one row; `row` counts from 0."""

    row: int
    prediction: int
    score: float

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        return {"row": self.row, "prediction": self.prediction, "score": round(self.score, 6), "ranked": []}


@dataclass(frozen=True, slots=True)
class SpamResult:
    """Figures of one run; `recall_obfuscated` is the recall under all disguises at once, None where not asked for.

    `recall_by_disguise` names each; `false_positive_rate_obfuscated` is that of the ham under all disguises.
    """

    n: int
    precision: float
    recall: float
    false_positive_rate: float
    threshold: float
    recall_obfuscated: float | None
    recall_by_disguise: Mapping[str, float]
    false_positive_rate_obfuscated: float | None
    rows: tuple[SpamRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures without the rows, rounded to four places."""
        found: dict[str, Any] = {
            "n": self.n,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "false_positive_rate": round(self.false_positive_rate, 4),
            "threshold": round(self.threshold, 4),
        }
        if self.recall_obfuscated is not None and self.false_positive_rate_obfuscated is not None:
            found["recall_obfuscated"] = round(self.recall_obfuscated, 4)
            found["false_positive_rate_obfuscated"] = round(self.false_positive_rate_obfuscated, 4)
            found["recall_by_disguise"] = {name: round(value, 4) for name, value in self.recall_by_disguise.items()}
        return found


def train_spam(rows: Sequence[Mapping[str, Any]], segmenter: Segmenter, *, seeds: Path | None = None) -> SpamModel:
    """Return a model of `rows` ({text, spam} or, for feedback, {title, body}, which is software ham).

    The examples in the folder `seeds` are added: a model of text messages alone takes every other report for spam.
    """
    own = spam_texts(None, seeds)[0] if seeds else []
    return learn_spam([*own, *(_text(row) for row in rows)], segmenter)


def evaluate_spam(
    rows: Sequence[Mapping[str, Any]], model: SpamModel, *, obfuscate: bool = False, seed: int = SEED
) -> SpamResult:
    """Return how `model` judges `rows` ({text, spam: 0|1}, or feedback {title, body}, which counts as ham)."""
    texts = [_text(row) for row in rows]
    verdicts = [model.predict(one.text) for one in texts]
    answers = tuple(SpamRow(row, int(one.spam), one.score) for row, one in enumerate(verdicts))
    spam = [one.text for one in texts if one.spam]
    ham = [one.text for one in texts if not one.spam]
    flagged = sum(answer.prediction for answer in answers)
    hits = sum(answer.prediction for answer, one in zip(answers, texts, strict=True) if one.spam)
    by_disguise = {name: _share(model, spam, name, seed) for name in DISGUISES} if obfuscate else {}
    return SpamResult(
        n=len(rows),
        precision=hits / flagged if flagged else 0.0,
        recall=hits / len(spam) if spam else 0.0,
        false_positive_rate=(flagged - hits) / len(ham) if ham else 0.0,
        threshold=model.threshold,
        recall_obfuscated=by_disguise.get("all"),
        recall_by_disguise=by_disguise,
        false_positive_rate_obfuscated=_share(model, ham, "all", seed) if obfuscate else None,
        rows=answers,
    )


def _share(model: SpamModel, texts: Sequence[str], disguise: str, seed: int) -> float:
    random = Random(seed)  # noqa: S311 - disguises, no secrets
    flagged = sum(model.predict(DISGUISES[disguise](text, random)).spam for text in texts)
    return flagged / len(texts) if texts else 0.0


def _text(row: Mapping[str, Any]) -> Text:
    if "text" in row:
        return Text(str(row["text"]), bool(row.get("spam")))
    spam = bool(row.get("spam")) or row.get("kind") == "spam"
    return Text(f"{row.get('title') or ''}\n{row.get('body') or ''}", spam, software=not spam)

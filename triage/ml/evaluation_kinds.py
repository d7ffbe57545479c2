"""Measuring kinds: trained on some rows and asked about others, or the shipped model asked about real feedback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage.domain.feedback import Kind
from triage.ml.duplicates import meant
from triage.ml.encoder import Encoder, Meaning
from triage.ml.examples import Example
from triage.ml.features import Reader
from triage.ml.kind_groups import KindModels, learn_groups
from triage.ml.kinds import KindModel, Prediction
from triage.ml.segment import Segmenter

Rows = Sequence[Mapping[str, Any]]
FEEDBACK_KINDS = (Kind.BUG, Kind.FEATURE, Kind.QUESTION, Kind.PRAISE, Kind.COMPLAINT)


@dataclass(frozen=True, slots=True)
class KindRow:
    """The answer for one row of the test file; `row` counts from 0, `label` is None where the model abstained."""

    row: int
    prediction: str
    score: float
    label: str | None
    ranked: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        return {
            "row": self.row,
            "prediction": self.prediction,
            "score": round(self.score, 6),
            "label": self.label,
            "ranked": list(self.ranked),
        }


@dataclass(frozen=True, slots=True)
class KindResult:
    """`macro_f1` is the mean of the projects' macro-F1; coverage and precision are those of the labels acted on."""

    n: int
    macro_f1: float
    accuracy: float
    per_project: Mapping[str, float]
    coverage_at_95: float
    precision_at_95: float
    threshold: float
    rows: tuple[KindRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures without the rows, rounded to four places."""
        return {
            "n": self.n,
            "macro_f1": round(self.macro_f1, 4),
            "accuracy": round(self.accuracy, 4),
            "per_project": {name: round(score, 4) for name, score in self.per_project.items()},
            "coverage_at_95": round(self.coverage_at_95, 4),
            "precision_at_95": round(self.precision_at_95, 4),
            "threshold": round(self.threshold, 4),
        }


@dataclass(frozen=True, slots=True)
class FeedbackKindResult:
    """Macro-F1 over the kinds that people act on; a row of another kind is an error of what it was taken for."""

    n: int
    kind_macro_f1: float
    kind_accuracy: float
    per_kind: Mapping[str, float]
    rows: tuple[KindRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures without the rows, rounded to four places."""
        return {
            "n": self.n,
            "kind_macro_f1": round(self.kind_macro_f1, 4),
            "kind_accuracy": round(self.kind_accuracy, 4),
            "per_kind": {name: round(score, 4) for name, score in self.per_kind.items()},
        }


def evaluate_kinds(
    train: Sequence[Mapping[str, Any]],
    test: Sequence[Mapping[str, Any]],
    segmenter: Segmenter,
    encoder: Encoder | None = None,
) -> KindResult:
    """Return how well a model of the rows `train` labels the rows `test` ({project, title, body, kind} each).

    Nothing of `test` is looked at in training; the threshold for .95 comes from cross-validation within `train`.
    Projects that share no kind are trained apart, each with a threshold of its own; told is the lowest. An `encoder`
    says what the texts mean, some 30 ms each.
    """
    model = learn_groups([_example(row, encoder) for row in train], Reader(segmenter))
    rows = _asked(model, test, encoder)
    truth = [str(row["kind"]) for row in test]
    guesses = [row.prediction for row in rows]
    per_project = {}
    for project in sorted({_project(row) for row in test}):
        own = [number for number, row in enumerate(test) if _project(row) == project]
        per_project[project] = macro_f1([truth[row] for row in own], [guesses[row] for row in own])
    acted = [row for row in rows if row.label is not None]
    return KindResult(
        n=len(rows),
        macro_f1=_mean(list(per_project.values())),
        accuracy=_mean([float(a == b) for a, b in zip(truth, guesses, strict=True)]),
        per_project=per_project,
        coverage_at_95=len(acted) / len(rows) if rows else 0.0,
        precision_at_95=_mean([float(truth[row.row] == row.label) for row in acted]),
        threshold=model.act,
        rows=rows,
    )


def evaluate_feedback_kinds(rows: Sequence[Mapping[str, Any]], model: KindModel) -> FeedbackKindResult:
    """Return how well `model`, which must not have seen `rows` ({title, body, kind}), names kinds of real feedback."""
    answers = _asked(model, rows, shipped=True)
    truth, guesses = [str(row["kind"]) for row in rows], [answer.prediction for answer in answers]
    per_kind = {str(kind): f1(truth, guesses, kind.value) for kind in FEEDBACK_KINDS if kind.value in truth}
    accuracy = _mean([float(a == b) for a, b in zip(truth, guesses, strict=True)])
    return FeedbackKindResult(len(rows), _mean(list(per_kind.values())), accuracy, per_kind, answers)


def macro_f1(truth: Sequence[str], guesses: Sequence[str]) -> float:
    """Return the mean F1 over every label that occurs in `truth` or `guesses`, as scikit-learn counts it."""
    return _mean([f1(truth, guesses, label) for label in sorted(set(truth) | set(guesses))])


def f1(truth: Sequence[str], guesses: Sequence[str], label: str) -> float:
    """Return the F1 of one label, 0 where it occurs in neither."""
    both = sum(a == b == label for a, b in zip(truth, guesses, strict=True))
    either = truth.count(label) + guesses.count(label)
    return 2 * both / either if either else 0.0


def _asked(
    model: KindModel | KindModels, rows: Rows, encoder: Encoder | None = None, *, shipped: bool = False
) -> tuple[KindRow, ...]:
    answers = []
    for number, row in enumerate(rows):
        # a shipped model knows no project of this site
        project, (title, body) = "" if shipped else _project(row), _said(row)
        found = model.predict(title, body, project=project, meaning=_meaning(row, encoder))
        answers.append(_row(number, found))
    return tuple(answers)


def _row(number: int, found: Prediction) -> KindRow:
    """Return the answer; a text that says nothing is “other”, or where there is no such kind the likeliest."""
    ranked = tuple(label for label, _ in found.ranked)
    nothing = Kind.OTHER.value if Kind.OTHER.value in ranked else ranked[0]
    return KindRow(number, found.guess or nothing, found.score, found.label, ranked)


def _example(row: Mapping[str, Any], encoder: Encoder | None) -> Example:
    return Example(*_said(row), str(row["kind"]), _project(row), _meaning(row, encoder))


def _meaning(row: Mapping[str, Any], encoder: Encoder | None) -> Meaning | None:
    return encoder.remembered(meant(*_said(row)), look=True) if encoder else None


def _said(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("title") or ""), str(row.get("body") or "")


def _project(row: Mapping[str, Any]) -> str:
    return str(row.get("project") or "")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0

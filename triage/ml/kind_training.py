"""Training a kind model: fit, then calibrate and choose the thresholds on what each part had not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.errors import InvalidError
from triage.ml.confidence import calibrated
from triage.ml.examples import Example, Rows
from triage.ml.features import Reader
from triage.ml.kinds import KindModel
from triage.ml.linear import Fit, Linear, decide, fit_together
from triage.ml.sense import Parts, learn_sense
from triage.ml.vocabulary import Block, Vocabulary

BLOCKS = (
    Block("title", 1.0),
    Block("body", 1.0, 2),
    Block("opening", 0.7),
    Block("title grams", 0.5, 2),
    Block("body grams", 1.0, 3),
    Block("lines", 0.7, 2),
    Block("headings", 0.4, 2),
    Block("starts", 0.4),
    Block("cues", 0.5),
    Block("links", 0.5, 2),
    Block("versions", 0.4, 2),
    Block("shape", 0.5),
    Block("project", 0.4, 2),
)
# for many topics of short messages; measured on 118 intents: 1.3 % better than the blocks above
TOPIC_BLOCKS = (
    Block("title", 1.0),
    Block("body", 1.0),
    Block("characters", 1.2),
    Block("starts", 0.4),
    Block("cues", 0.3),
    Block("lines", 0.4, 2),
)
FOLDS = 5
MANY = 20  # labels; from here on they are topics rather than kinds, rare ones among them, and often wrong
# three that err differently; measured on the issues of five projects: 3 % more labels at the same precision
FEW_LABELS = (Fit(0.2, 0.8, 1.0), Fit(0.1, 0.8, 0.0), Fit(0.2, 1.2, 1.0))
MANY_LABELS = (Fit(0.1, 0.8, 0.0, balanced=True),)
BELIEVED_LABELS = (Fit(0.4, 0.8, 0.0, balanced=True),)  # once the doubted are out, the rest deserves more trust
DOUBT = 0.2  # by so much must another label's score lead before an example's own label is doubted
CLEAR = 0.3  # by so much must that one lead the next one before it is taken instead


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train (`hows` empty: by the number of labels); `trained` is kept with the model and tells what on."""

    blocks: Sequence[Block] = BLOCKS
    hows: Sequence[Fit] = ()
    seed: int = 0
    trained: Mapping[str, Any] = field(default_factory=dict)


def learn(
    examples: Sequence[Example],
    reader: Reader,
    plan: Plan = Plan(),
    *,
    weights: NDArray[np.intp] | None = None,
    asked: NDArray[np.bool_] | None = None,
) -> KindModel:
    """Return the model of `examples`, the same for the same input. Raises InvalidError for fewer than two kinds.

    Each counts `weights` times (None: once), and those `asked` (None: all) say how sure the model may be.
    """
    rows = Rows.of(examples, reader, weights, asked)
    names, truth = rows.names, rows.truth
    if len(names) < 2:  # noqa: PLR2004
        raise InvalidError("a kind model needs examples of two kinds", field="kind", code="too_few_kinds")
    plan = _fitting(plan, len(names))
    parts = folds([f"{project} {label}" for project, label in zip(rows.projects, rows.labels, strict=True)], plan.seed)
    scores = _unseen(rows, parts, plan)
    kept, meant = _believed(scores, truth) if len(names) >= MANY else (np.arange(len(truth)), truth)
    final = replace(rows, labels=[names[place] for place in meant]).only(kept)
    hows = BELIEVED_LABELS if plan.hows is MANY_LABELS else plan.hows
    vocabulary, linear = fitted(final, replace(plan, hows=hows))
    changed = int((meant[kept] != truth[kept]).sum())
    trained = {**plan.trained, "examples": len(truth), "left_out": len(truth) - len(kept), "relabelled": changed}
    sure = calibrated(scores[rows.asked], truth[rows.asked])
    return KindModel(reader, vocabulary, linear, sure, trained, learn_sense(rows, scores, parts))


def fitted(rows: Rows, plan: Plan) -> tuple[Vocabulary, Linear]:
    """Return what `rows` teach, without asking how sure it is."""
    # a text that counts thrice stands in the matrix thrice; what is rare is counted once a text all the same
    vocabulary, places = Vocabulary.fitted(plan.blocks, rows.texts), rows.repeated.tolist()
    labels, projects = ([part[row] for row in places] for part in (rows.labels, rows.projects))
    return vocabulary, fit_together(vocabulary.matrix(rows.texts)[places], labels, projects, plan.hows)


def _fitting(plan: Plan, labels: int) -> Plan:
    few = labels < MANY
    blocks = plan.blocks if few or plan.blocks is not BLOCKS else TOPIC_BLOCKS
    return replace(plan, blocks=blocks, hows=plan.hows or (FEW_LABELS if few else MANY_LABELS))


def _believed(scores: NDArray[np.float32], truth: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to train on and every row's label, as far as models that hadn't seen them bear it out.

    A doubted label gives way to the one that leads all others clearly; where none does, the row is left out. Each
    label keeps one row at least.
    """
    own = scores[np.arange(len(truth)), truth]
    second, best = np.sort(scores, axis=1)[:, -2:].T
    doubted = best - own > DOUBT
    clear = doubted & (best - second > CLEAR)
    meant = np.where(clear, scores.argmax(axis=1), truth)
    kept = clear | ~doubted
    for label in set(truth) - set(meant[kept]):
        row = np.flatnonzero(truth == label)[0]
        kept[row], meant[row] = True, label
    return np.flatnonzero(kept), meant


def _unseen(rows: Rows, parts: Parts, plan: Plan) -> NDArray[np.float32]:
    """Return the scores (texts, labels) of each text by a model that has not seen it; -inf where that knows no such."""
    names = rows.names
    scores = np.full((len(rows.texts), len(names)), -np.inf, np.float32)
    for part, rest in parts:
        vocabulary, model = fitted(rows.only(rest), plan)
        places = np.array([names.index(label) for label in model.labels])
        matrix = vocabulary.matrix(rows.texts[row] for row in part)
        scores[np.ix_(part, places)] = decide(model, matrix, [rows.projects[row] for row in part])
    return scores


def folds(strata: Sequence[str], seed: int, count: int = FOLDS) -> Parts:
    """Return (held out, kept) row numbers of each fold that holds any; strata are spread as evenly as they can be."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(strata))
    ordered = shuffled[np.argsort(np.array(strata, object)[shuffled], kind="stable")]
    part = np.empty(len(strata), np.intp)
    part[ordered] = np.arange(len(strata)) % count
    return [(np.flatnonzero(part == one), np.flatnonzero(part != one)) for one in range(count) if (part == one).any()]
